"""Updates by sparse gradients: only what a gradient has entries for is moved.

A rule gets lists of one parameter, of its state, and of the indices (sparse dimensions, entries) and values of the gradient, and gives those of the parameter
and the state. Entries of one place are summed here, in room for as many as there are entries: the program depends on their number, not on how many
places they have, so that it stays the same from step to step.
"""

import math

import jax.numpy as jnp

from .kinds import widened


def _summed(param, indices, values, maximize):
    """The parameter as rows, the numbers of those that have entries (past the end where there are fewer), and the sum of the entries of each."""
    sparse = indices.shape[0]
    sizes, dense = param.shape[:sparse], param.shape[sparse:]
    count, rows = values.shape[0], math.prod(sizes)
    place = jnp.zeros(count, indices.dtype)
    for row, size in zip(indices, sizes, strict=True):
        place = place * size + row
    distinct, group = jnp.unique(place, return_inverse=True, size=count, fill_value=rows)
    wide = widened(values)
    total = jnp.zeros((count, *dense), wide.dtype).at[group.reshape(-1)].add(-wide if maximize else wide)
    return (rows, *dense), distinct, total


def _take(array, shape, places):
    return widened(array).reshape(shape).at[places].get(mode="fill", fill_value=0)


def _put(array, shape, places, added):
    return array.reshape(shape).at[places].add(added.astype(array.dtype), mode="drop").reshape(array.shape)


def adagrad(params, sums, indices, values, *, rate, eps, maximize):
    """Adagrad (Duchi et al., 2011) of the entries."""
    (param,), (total,) = params, sums
    shape, places, grad = _summed(param, indices[0], values[0], maximize)
    rate, eps = rate.astype(grad.dtype), eps.astype(grad.dtype)
    spread = jnp.sqrt(_take(total, shape, places) + grad * grad) + eps
    return [_put(param, shape, places, -rate * grad / spread)], [_put(total, shape, places, grad * grad)]


def adam(params, averages, squares, indices, values, *, step_size, beta1, beta2, eps, maximize):
    """Adam (Kingma and Ba, 2014) of the entries: the moments of all else stay as they are. `step_size` has the bias correction in it."""
    (param,), (average,), (square,) = params, averages, squares
    shape, places, grad = _summed(param, indices[0], values[0], maximize)
    step_size, beta1, beta2, eps = (x.astype(grad.dtype) for x in (step_size, beta1, beta2, eps))
    before, before_square = _take(average, shape, places), _take(square, shape, places)
    moved, moved_square = (grad - before) * (1 - beta1), (grad * grad - before_square) * (1 - beta2)
    change = (before + moved) / (jnp.sqrt(before_square + moved_square) + eps)
    return (
        [_put(param, shape, places, -step_size * change)],
        [_put(average, shape, places, moved)],
        [_put(square, shape, places, moved_square)],
    )
