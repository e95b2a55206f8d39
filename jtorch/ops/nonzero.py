"""Positions of elements that are not zero, in a number that is known beforehand: a result whose shape does not depend on data."""

import jax.numpy as jnp

from .registry import Array, op


@op(promote="none", variants="function method out", differentiable=False)
def nonzero_static(input: Array, *, size, fill_value=-1):
    """The first `size` positions of nonzero elements, one row each; rows of `fill_value` where there are fewer.

    >>> import jtorch as torch
    >>> torch.nonzero_static(torch.tensor([[1, 0], [0, 2]]), size=3)
    tensor([[ 0,  0],
            [ 1,  1],
            [-1, -1]])
    """
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    if input.ndim == 0:
        return jnp.zeros((size, 0), jnp.int64)
    if size == 0:
        return jnp.zeros((0, input.ndim), jnp.int64)
    if input.size == 0:
        return jnp.full((size, input.ndim), fill_value, jnp.int64)
    return jnp.argwhere(input, size=size, fill_value=fill_value).astype(jnp.int64)
