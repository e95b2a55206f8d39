"""Norms of vectors and distances between them."""

import math

import jax.numpy as jnp

from .extremes import highest, lowest
from .kinds import direction, is_complex, is_exact, real_dtype, scalar_name, widened
from .matmul import product
from .registry import Array, Dim, Dims, DType, op
from .shapes import axes_of, broadcast_shapes, restore


def norm_over(x, order: float, axes: tuple[int, ...], keepdim: bool):
    """The p-norm over `axes`: order 0 counts what is not zero, +-inf takes the largest or smallest magnitude."""
    size = jnp.abs(x)
    if order == 0:
        return jnp.sum(size != 0, axis=axes, keepdims=keepdim).astype(size.dtype)
    if math.isinf(order):
        return (highest if order > 0 else lowest)(size, axis=axes, keepdims=keepdim)
    if order == 1:
        return jnp.sum(size, axis=axes, keepdims=keepdim)
    if order == 2:
        squares = jnp.real(x) ** 2 + jnp.imag(x) ** 2 if is_complex(x) else x * x
        return jnp.sqrt(jnp.sum(squares, axis=axes, keepdims=keepdim))
    return jnp.sum(size**order, axis=axes, keepdims=keepdim) ** (1 / order)


def _ratio(a, b):
    """a / b, and 0 where b is 0."""
    return jnp.where(b == 0, 0, a / jnp.where(b == 0, 1, b))


def norm_slope(grad, x, order: float, result, axes: tuple[int, ...]):
    """Gradient of the p-norm, with `grad` and `result` in the broadcastable shape; 0 where the norm is 0.

    The terms and their masks are torch's, so that second derivatives are NaN where torch's are: at a norm of 0.
    """
    if order == 0:
        return jnp.zeros_like(x)
    if order == 1:
        return direction(x) * grad
    if order == 2:
        return grad * jnp.where(result == 0, 0, x / result)
    size = jnp.abs(x)
    if math.isinf(order):
        # Equal largest elements share; NaN is equal to NaN here.
        attained = (size == result) | jnp.isnan(size)
        count = jnp.sum(attained, axis=axes, keepdims=True).astype(size.dtype)
        return direction(x) * attained * (grad / count)
    if order < 1:
        return jnp.where(size == 0, 0, direction(x) * size ** (order - 1)) * grad * result ** (1 - order)
    scaled = direction(x) * size ** (order - 1) if order < 2 else x * size ** (order - 2)
    return scaled * jnp.where(result == 0, 0, grad / result ** (order - 1))


def _check_norm(input, order: float, axes, dtype) -> None:
    if is_exact(input):
        raise RuntimeError(
            f"linalg.vector_norm: Expected a floating point or complex tensor as input. Got {scalar_name(input)}"
        )
    if dtype is not None:
        _check_norm_dtype(input, jnp.zeros((), dtype))
    empty = [d for d in axes if input.ndim and input.shape[d] == 0]
    if empty and (order < 0 or math.isinf(order)):
        where = (
            "on an empty tensor because"
            if len(axes) == input.ndim
            else f"on the dimension {empty[0]}because this dimension is empty and"
        )
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {order:g} norm {where} the operation does not have an identity"
        )


def _check_norm_dtype(input, wanted) -> None:
    if is_exact(wanted):
        raise RuntimeError(
            f"linalg.vector_norm: dtype should be floating point or complex, but got {scalar_name(wanted)}"
        )
    if is_complex(input) != is_complex(wanted):
        kind = "complex" if is_complex(input) else "real"
        raise RuntimeError(
            f"linalg.vector_norm: dtype should be {kind} for {kind} inputs, but got {scalar_name(wanted)}"
        )
    if jnp.promote_types(input.dtype, wanted.dtype) != wanted.dtype:
        raise RuntimeError(
            f"linalg.vector_norm: the dtype of the input ({scalar_name(input)}) should be convertible without narrowing "
            f"to the specified dtype ({scalar_name(wanted)})"
        )


@op("linalg.vector_norm", promote="none", variants="function out", node="LinalgVectorNorm")
def vector_norm(input: Array, ord=2, dim: Dims = None, keepdim=False, *, dtype: DType = None):
    """The p-norm of vectors along `dim`, or of all elements as one vector."""
    axes = axes_of(input, dim)
    _check_norm(input, ord, axes, dtype)
    x = input if dtype is None else input.astype(dtype)
    return norm_over(widened(x), ord, axes, keepdim).astype(real_dtype(x.dtype))


@vector_norm.backward
def vector_norm_backward(grad, input, ord, result, dim, keepdim):
    axes = axes_of(input, dim)
    g, r = (restore(widened(x), axes, keepdim) for x in (grad, result))
    return norm_slope(g, widened(input).astype(_wide_like(input, r)), ord, r, axes)


def _wide_like(input, result):
    """The dtype a norm with its own `dtype` was computed in."""
    return jnp.promote_types(widened(input).dtype, result.dtype)


@op(promote="none", variants="function method")
def dist(input: Array, other: Array, p=2):
    """The p-norm of input - other."""
    difference = input - other
    x = widened(difference)
    return norm_over(x, p, tuple(range(x.ndim)), False).astype(real_dtype(input.dtype))


@dist.backward
def dist_backward(grad, input, other, p, result):
    difference = widened(input) - widened(other)
    slope = norm_slope(widened(grad), difference, p, widened(result), tuple(range(difference.ndim)))
    return slope, -slope


# --- distances between all pairs -----------------------------------------------------------------------------------


def _check_pairs(x1, x2, p) -> None:
    for place, x in (("X1", x1), ("X2", x2)):
        if is_exact(x) or is_complex(x):
            raise RuntimeError(f"cdist only supports floating-point dtypes, {place} got: {scalar_name(x)}")
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {place} got: {x.ndim}D")
    if x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    broadcast_shapes(x1.shape[:-2], x2.shape[:-2])


def _differences(x1, x2):
    return x1[..., :, None, :] - x2[..., None, :, :]


@op("direct.cdist", promote="none", variants="", node="CdistBackward0")
def cdist(x1: Array, x2: Array, p=2.0):
    """The p-norm of the difference of every row of `x1` with every row of `x2`."""
    _check_pairs(x1, x2, p)
    differences = _differences(x1, x2)
    if math.isinf(p) and not x1.shape[-1]:
        return jnp.zeros(differences.shape[:-1], x1.dtype)
    if math.isinf(p):  # torch's comparisons pass over NaN
        differences = jnp.where(jnp.isnan(differences), 0, differences)
    return _pair_norm(differences, p)


def _pair_norm(differences, p):
    """The p-norm of differences; order 0 counts them, and torch's way of counting keeps NaN."""
    if p == 0:
        return jnp.sum(jnp.minimum(jnp.ceil(jnp.abs(differences)), 1), -1)
    return norm_over(differences, p, (-1,), False)


@cdist.backward
def cdist_backward(grad, x1, x2, p, result):
    slope = norm_slope(grad[..., None], _differences(x1, x2), p, result[..., None], (-1,))
    return slope.sum(-2), -slope.sum(-3)


@op("product.cdist", promote="none", variants="", node="EuclideanDistBackward0")
def euclidean_dist(x1: Array, x2: Array):
    """Euclidean distances of all pairs of rows as one matrix product: fast, and inexact for rows that are close."""
    _check_pairs(x1, x2, 2)
    squares1 = jnp.sum(x1 * x1, axis=-1, keepdims=True)
    squares2 = jnp.sum(x2 * x2, axis=-1, keepdims=True)
    left = jnp.concatenate([-2 * x1, squares1, jnp.ones_like(squares1)], -1)
    right = jnp.concatenate([x2, jnp.ones_like(squares2), squares2], -1)
    return jnp.sqrt(jnp.maximum(product(left, jnp.swapaxes(right, -1, -2)), 0))


@euclidean_dist.backward
def euclidean_dist_backward(grad, x1, x2, result):
    ratio = _ratio(grad, result)
    to_x1 = x1 * jnp.sum(ratio, -1, keepdims=True) - product(ratio, x2)
    across = jnp.swapaxes(ratio, -1, -2)
    return to_x1, x2 * jnp.sum(across, -1, keepdims=True) - product(across, x1)


@op("nn.functional.pdist", promote="none", variants="function", aliases=("pdist",), node="PdistBackward0")
def pdist(input: Array, p=2.0):
    """The p-norm of the difference of every two rows, in the order of `torch.combinations`."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if is_exact(input):
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = jnp.triu_indices(input.shape[0], 1)
    return _pair_norm(input[first] - input[second], p)


@pdist.backward
def pdist_backward(grad, input, p, result):
    first, second = jnp.triu_indices(input.shape[0], 1)
    slope = norm_slope(grad[:, None], input[first] - input[second], p, result[:, None], (-1,))
    return jnp.zeros_like(input).at[first].add(slope).at[second].add(-slope)


# --- limits on norms -----------------------------------------------------------------------------------------------


@op(promote="none", variants="function method inplace out")
def renorm(input: Array, p, dim: Dim, maxnorm):
    """Slices along `dim` whose p-norm exceeds `maxnorm` scaled down to it."""
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if input.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions")
    x = widened(input)
    axes = tuple(d for d in range(input.ndim) if d != dim)
    norm = norm_over(x, p, axes, True)
    factor = jnp.where(norm > maxnorm, maxnorm / (norm + 1e-7), 1).astype(norm.dtype)
    return (x * factor).astype(input.dtype)


@renorm.backward
def renorm_backward(grad, input, p, dim, maxnorm):
    x, g = widened(input), widened(grad)
    axes = tuple(d for d in range(input.ndim) if d != dim)
    norm = norm_over(x, p, axes, True)
    along = jnp.real(jnp.sum(jnp.conj(x) * g, axis=axes, keepdims=True))
    bent = norm_slope(along, x, p, norm, axes)
    inverse = 1 / (norm + 1e-7)
    return jnp.where(norm > maxnorm, maxnorm * inverse * (g - inverse * bent), g)


@op("norm_except_dim", variants="function", promote="none")
def norm_except_dim(v: Array, pow=2, dim=0):
    """The p-norm over all dimensions but `dim`, which stays; over all of them, without dimensions, for -1."""
    if dim == -1:
        return norm_over(v, pow, tuple(range(v.ndim)), False)
    return norm_over(v, pow, tuple(d for d in range(v.ndim) if d != dim % v.ndim), True)


@op(
    "_weight_norm",
    variants="function",
    promote="none",
    node=lambda given: "Mul" if given["dim"] == -1 else "WeightNormInterface",
)
def weight_norm(v: Array, g: Array, dim=0):
    """g * v / |v|, the norm that of `norm_except_dim` (Salimans and Kingma 2016)."""
    return (widened(v) * (widened(g) / norm_except_dim(widened(v), 2, dim))).astype(v.dtype)
