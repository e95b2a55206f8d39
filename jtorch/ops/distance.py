"""Distances and similarities of vectors."""

import jax.numpy as jnp

from ..dtypes import default_dtype
from .kinds import is_bool, is_exact, real_dtype, scalar_name, widened
from .norms import norm_over, norm_slope
from .registry import Array, op
from .shapes import fit, restore


@op("cosine_similarity", variants="function", promote="arith", node="SumBackward1", elementwise=False)
def cosine_similarity(x1: Array, x2: Array, dim=1, eps=1e-8):
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along a dimension of their common shape."""
    x1, x2 = jnp.broadcast_arrays(*fit(x1, x2))
    extent = max(x1.ndim, 1)
    if not -extent <= dim < extent:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-extent}, {extent - 1}], but got {dim})"
        )
    if x1.ndim == 0:
        x1, x2 = x1[None], x2[None]
    if is_exact(x1):
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {scalar_name(x1)}")

    def unit(x):
        square = jnp.square(x).sum(dim, keepdims=True)
        long = square > eps * eps
        return x / jnp.where(long, jnp.sqrt(jnp.where(long, square, 1)), eps)

    return (unit(widened(x1)) * unit(widened(x2))).sum(dim).astype(x1.dtype)


@op("vectors.pairwise_distance", variants="", promote="arith", node="NormBackward1", elementwise=False)
def pairwise_distance(x1: Array, x2: Array, p, eps, keepdim):
    """The p-norm of x1 - x2 + eps along the last dimension."""
    x1, x2 = fit(x1, x2)
    if is_bool(x1):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead."
        )
    difference = x1 - x2  # of integers, where it may wrap around
    if is_exact(x1):
        difference = difference.astype(default_dtype().numpy)
    difference = difference + jnp.asarray(eps, difference.dtype)
    length = norm_over(widened(difference), p, (difference.ndim - 1,), keepdim)
    return length.astype(real_dtype(difference.dtype))


@pairwise_distance.backward
def _(grad, x1, x2, p, eps, keepdim, result):
    difference = widened(x1) - widened(x2) + eps
    axes = (difference.ndim - 1,)
    g, r = (restore(widened(x), axes, keepdim) for x in (grad, result))
    slope = norm_slope(g, difference, p, r, axes).astype(x1.dtype)
    return slope, -slope
