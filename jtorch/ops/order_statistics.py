"""Medians, quantiles, the k-th smallest, the most frequent."""

import jax.numpy as jnp
from jax import lax

from .kinds import is_complex, is_floating, not_implemented
from .reduce import pick, refuse_empty, spread, unpick
from .registry import Array, Dim, op
from .shapes import restore
from .sorting import ordered


def _count_nan(input, dim):
    """How many NaN each line holds, with the dimension kept."""
    if not is_floating(input):
        return jnp.zeros((), jnp.int64)
    return jnp.sum(jnp.isnan(input), axis=dim, keepdims=True, dtype=jnp.int64)


def _middle(input, dim, skip_nan: bool):
    """Index of the lower median along `dim`, with the dimension kept. NaN is last in order, and wins unless skipped."""
    _, order = ordered(input, dim)
    length = input.shape[dim]
    nans = _count_nan(input, dim)
    if skip_nan:
        place = jnp.maximum(length - nans - 1, 0) // 2
    else:
        place = jnp.where(nans > 0, length - nans, (length - 1) // 2)
    shape = tuple(1 if d == dim else n for d, n in enumerate(input.shape))
    return jnp.take_along_axis(order, jnp.broadcast_to(place, shape).astype(jnp.int64), axis=dim, mode="clip")


def _median(name, input, dim, keepdim, skip_nan):
    if is_complex(input):
        raise not_implemented("median_out_impl", input)
    refuse_empty(name, input, (dim,), whole=False)
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    index = _middle(input, dim, skip_nan)
    index = index if keepdim else jnp.squeeze(index, dim)
    return pick(input, index, dim, keepdim), index


def _median_all(input, skip_nan):
    if is_complex(input):
        raise not_implemented("median_cpu", input)
    if input.size == 0:
        return jnp.full((), jnp.nan if is_floating(input) else jnp.iinfo(input.dtype).min, input.dtype)
    flat = input.reshape(-1)
    return flat[_middle(flat, 0, skip_nan)[0]]


@op("all.median", promote="none", variants="", node="MedianBackward0")
def median_all(input: Array):
    """Median of all elements, the lower one of two; NaN if there is one. Equal elements share the gradient."""
    return _median_all(input, False)


@op("all.nanmedian", promote="none", variants="", node="NanmedianBackward0")
def nanmedian_all(input: Array):
    """Median of all elements that are not NaN, the lower one of two."""
    return _median_all(input, True)


@median_all.backward
@nanmedian_all.backward
def median_all_backward(grad, input, result):
    return spread(grad, input, result)


@op("dim.median", promote="none", variants="", node="MedianBackward1", outputs=("values", "indices"))
def median_dim(input: Array, dim: Dim, keepdim=False):
    """Median along `dim`, the lower one of two, and where it stands; NaN if there is one."""
    return _median("median", input, dim, keepdim, False)


@op("dim.nanmedian", promote="none", variants="", node="NanmedianBackward1", outputs=("values", "indices"))
def nanmedian_dim(input: Array, dim: Dim, keepdim=False):
    """Median along `dim` of what is not NaN, the lower one of two, and where it stands."""
    return _median("nanmedian", input, dim, keepdim, True)


@op(promote="none", variants="function method out", outputs=("values", "indices"))
def kthvalue(input: Array, k, dim: Dim = -1, keepdim=False):
    """The `k`-th smallest element along `dim`, counted from 1, and where it stands."""
    if is_complex(input):
        raise not_implemented("kthvalue_cpu", input)
    refuse_empty("kthvalue", input, (dim,), whole=False)
    if not 1 <= k <= (input.shape[dim] if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    values, indices = (lax.index_in_dim(x, k - 1, axis=dim, keepdims=keepdim) for x in ordered(input, dim))
    return values, indices


@op(promote="none", variants="function method out", outputs=("values", "indices"))
def mode(input: Array, dim: Dim = -1, keepdim=False):
    """The most frequent element along `dim`, the smallest of several, and where it stands last."""
    if is_complex(input):
        raise not_implemented("mode_cpu", input)
    refuse_empty("mode", input, (dim,), whole=False)
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    values, order = ordered(input, dim)
    place = lax.broadcasted_iota(jnp.int64, input.shape, dim)
    before = jnp.roll(values, 1, dim)
    starts = (place == 0) | (values != before)
    run = place - lax.cummax(jnp.where(starts, place, 0), dim)
    best = jnp.argmax(run, axis=dim, keepdims=True)
    index = jnp.take_along_axis(order, best, axis=dim, mode="clip")
    index = index if keepdim else jnp.squeeze(index, dim)
    return pick(input, index, dim, keepdim), index


@median_dim.backward
@nanmedian_dim.backward
@kthvalue.backward
@mode.backward
def chosen_backward(grads, input_shape, result1, dim, keepdim):
    return unpick(grads[0], result1, input_shape, dim, keepdim)


@op("tensor.quantile", promote="none", variants="", node="Squeeze")
def quantile(input: Array, q: Array, dim: Dim = None, keepdim=False, *, interpolation="linear", skip_nan=False):
    """Values below which the fractions `q` of the elements lie, along `dim` or of all; fractions lead the result's shape."""
    x = input.reshape(-1) if dim is None else input.reshape(1) if input.ndim == 0 else input
    axis = 0 if dim is None else dim
    values, _ = ordered(x, axis)
    values = jnp.moveaxis(values, axis, -1)
    nans = _count_nan(values, values.ndim - 1)
    length = values.shape[-1]
    last = (length - nans - 1 if skip_nan else jnp.asarray(length - 1)).astype(q.dtype)
    rank = q.reshape(-1) * jnp.broadcast_to(last, (*values.shape[:-1], 1))
    rank = jnp.maximum(rank, 0)
    if interpolation == "lower":
        rank = jnp.floor(rank)
    elif interpolation == "higher":
        rank = jnp.ceil(rank)
    elif interpolation == "nearest":
        rank = jnp.round(rank)
    if not skip_nan:
        rank = jnp.where(nans > 0, (length - 1), rank).astype(q.dtype)
    below = jnp.floor(rank)
    low = jnp.take_along_axis(values, below.astype(jnp.int64), axis=-1, mode="clip")
    result = low
    if interpolation in ("linear", "midpoint"):
        high = jnp.take_along_axis(values, jnp.ceil(rank).astype(jnp.int64), axis=-1, mode="clip")
        weight = jnp.full_like(rank, 0.5) if interpolation == "midpoint" else rank - below
        result = jnp.where(weight < 0.5, low + weight * (high - low), high - (high - low) * (1 - weight))
    result = jnp.moveaxis(result, -1, 0)
    if keepdim:
        result = result.reshape(-1, *([1] * input.ndim)) if dim is None else restore(result, (dim + 1,), False)
        if input.ndim == 0:
            result = result.reshape(-1)
    return result[0] if q.ndim == 0 else result


@quantile.layout
def quantile_layout(shapes, *, q_shape):
    """Fractions lie next to each other: torch finds them along the last dimension, which it then moves to the front."""
    (shape,) = shapes
    if not q_shape:
        return [None]
    strides, step = [1], max(shape[0], 1)
    for size in reversed(shape[1:]):
        strides.insert(1, step)
        step *= max(size, 1)
    return [tuple(strides)]


@quantile.check
def quantile_check(xp, *, q):
    return ((q < 0) | (q > 1)).any(), RuntimeError, "quantile() q values must be in the range [0, 1]"
