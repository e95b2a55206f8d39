"""The gradient of a max pool by the places of its maxima, as a function of its own."""

import jax.numpy as jnp

from .registry import Array, op


def _rows(x, n):
    """One row for each plane: the last `n` dimensions flattened."""
    return x.reshape(*x.shape[: x.ndim - n], -1)


@op("max_pool2d_with_indices_backward", promote="none", variants="", node="MaxPool2DWithIndicesBackward")
def max_pool2d_with_indices_backward(grad_output: Array, input: Array, indices: Array):
    """Each gradient added where its maximum was; indices count through the plane of the input."""
    rows = jnp.zeros_like(_rows(input, 2))
    planes, places, given = rows.reshape(-1, rows.shape[-1]), _rows(indices, 2), _rows(grad_output, 2)
    lines = jnp.arange(planes.shape[0])[:, None]
    places, given = (x.reshape(planes.shape[0], -1) for x in (places, given))
    return planes.at[lines, places].add(given.astype(input.dtype)).reshape(input.shape)


@max_pool2d_with_indices_backward.backward
def _(grad, grad_output_shape, input, indices):
    """Of the input only the shape counts, so that its gradient is zero and not missing, as in torch."""
    taken = jnp.take_along_axis(_rows(grad, 2), _rows(indices, 2), -1)
    return taken.reshape(grad_output_shape), jnp.zeros_like(input), None
