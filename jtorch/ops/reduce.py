"""Reductions: sums, means, variances, extremes, truth, norms over some or all dimensions."""

import warnings

import jax.numpy as jnp
from jax import lax

from .extremes import highest, lowest
from .kinds import (
    divisor,
    is_bool,
    is_complex,
    is_exact,
    is_floating,
    not_implemented,
    real_dtype,
    scalar_name,
    widened,
)
from .registry import Array, Dim, Dims, DType, op
from .shapes import axes_of, count_of, restore

# --- sums, products, means -----------------------------------------------------------------------------------------


def _accumulated(input, dtype):
    """`input` in the dtype a sum or product of it has: integers add up in int64 unless told otherwise."""
    if dtype is not None:
        return input.astype(dtype)
    return input.astype(jnp.int64) if is_exact(input) else input


def _sum(x, axes: tuple[int, ...], keepdim: bool = False):
    """Sum in the dtype of `x`; 16-bit floats add up in float32, bool and integers in their own width."""
    return jnp.sum(widened(x), axis=axes, keepdims=keepdim, dtype=widened(x).dtype).astype(x.dtype)


def _by_dim(name: str):
    """Torch numbers the autograd nodes of overloads: 0 over everything, 1 over dimensions."""
    return lambda statics: f"{name}Backward{0 if statics['dim'] is None else 1}"


@op(promote="none", variants="function method out", node=_by_dim("Sum"))
def sum(input: Array, dim: Dims = None, keepdim=False, *, dtype: DType = None):
    """Sum over `dim`, over all dimensions by default; integers and bool add up in int64."""
    return _sum(_accumulated(input, dtype), axes_of(input, dim), keepdim)


@op(promote="none", variants="function method out")
def nansum(input: Array, dim: Dims = None, keepdim=False, *, dtype: DType = None):
    """Sum over `dim` that takes NaN as 0."""
    if is_complex(input):
        raise RuntimeError("nansum does not support complex inputs")
    x = _accumulated(input, dtype)
    if is_exact(x) and not is_exact(input):
        raise not_implemented("nansum_cpu", x)
    if not is_exact(input):
        x = jnp.where(jnp.isnan(input), 0, x)
    return _sum(x, axes_of(input, dim), keepdim)


@op(promote="none", variants="function method out", node=_by_dim("Mean"))
def mean(input: Array, dim: Dims = None, keepdim=False, *, dtype: DType = None):
    """Mean over `dim`, over all dimensions by default; integers are refused unless `dtype` is given."""
    x = input if dtype is None else input.astype(dtype)
    if is_exact(x):
        kind = "optional" if dtype is not None else "input"
        if kind == "optional":
            raise RuntimeError(
                "mean(): could not infer output dtype. Optional dtype must be either a floating point or complex "
                f"dtype. Got: {scalar_name(x)}"
            )
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
            f"Got: {scalar_name(x)}"
        )
    axes = axes_of(input, dim)
    wide = widened(x)
    total = jnp.sum(wide, axis=axes, keepdims=keepdim)
    return (total / divisor(count_of(input, axes), real_dtype(wide.dtype))).astype(x.dtype)


@op(promote="none", variants="function method out")
def nanmean(input: Array, dim: Dims = None, keepdim=False, *, dtype: DType = None):
    """Mean over `dim` of the elements that are not NaN."""
    if is_exact(input):
        raise RuntimeError(
            f"nanmean(): expected input to have floating point or complex dtype but got {scalar_name(input)}"
        )
    x = input if dtype is None else input.astype(dtype)
    axes = axes_of(input, dim)
    present = ~jnp.isnan(input)
    wide = widened(x)
    total = jnp.sum(jnp.where(present, wide, 0), axis=axes, keepdims=keepdim)
    count = jnp.sum(present, axis=axes, keepdims=keepdim).astype(real_dtype(wide.dtype))
    return (total / count).astype(x.dtype)


@op(promote="none", variants="function method out", node=_by_dim("Prod"))
def prod(input: Array, dim: Dim = None, keepdim=False, *, dtype: DType = None):
    """Product over `dim`, over all dimensions by default; integers and bool multiply in int64."""
    x = _accumulated(input, dtype)
    wide = widened(x)
    return jnp.prod(wide, axis=axes_of(input, dim), keepdims=keepdim, dtype=wide.dtype).astype(x.dtype)


@op(promote="none", variants="function method out", differentiable=False)
def count_nonzero(input: Array, dim: Dims = None):
    """Number of nonzero elements over `dim`."""
    return jnp.sum(input != 0, axis=axes_of(input, dim), dtype=jnp.int64)


# --- variances -----------------------------------------------------------------------------------------------------


def _variance(name: str, input, dim, correction, keepdim):
    """Mean and variance, both with their reduced dimensions as `keepdim` says, in the computing dtype."""
    if is_exact(input):
        raise RuntimeError(f"{name} only support floating point and complex dtypes")
    axes = axes_of(input, dim)
    count = count_of(input, axes)
    freedom = count - (1 if correction is None else correction)
    if freedom <= 0:
        warnings.warn(
            f"{name.split(' ')[0]}(): degrees of freedom is <= 0. Correction should be strictly less than the "
            "reduction factor (input numel divided by output numel).",
            UserWarning,
            stacklevel=2,
        )
    x = widened(input)
    average = jnp.sum(x, axis=axes, keepdims=True) / jnp.asarray(count, real_dtype(x.dtype))
    away = x - average
    squares = jnp.real(away) ** 2 + jnp.imag(away) ** 2 if is_complex(x) else away * away
    total = jnp.sum(squares, axis=axes, keepdims=keepdim)
    variance = total / jnp.asarray(max(freedom, 0), total.dtype)
    return (average if keepdim else jnp.sum(average, axis=axes)), variance


def _real_like(input):
    return real_dtype(input.dtype)


def _variance_slope(grad, input, dim, correction, keepdim):
    """2 / (n - correction) * grad * (input - mean), the gradient of the variance."""
    axes = axes_of(input, dim)
    count = count_of(input, axes)
    x = widened(input)
    average = jnp.sum(x, axis=axes, keepdims=True) / jnp.asarray(count, real_dtype(x.dtype))
    freedom = jnp.asarray(count - (1 if correction is None else correction), real_dtype(x.dtype))
    return (2 / freedom) * restore(widened(grad), axes, keepdim) * (x - average)


def _deviation_slope(grad, result, input, dim, correction, keepdim):
    """As above for the standard deviation; 0 where it is 0."""
    flat = result == 0
    scaled = jnp.where(flat, 0, widened(grad) / (2 * jnp.where(flat, 1, widened(result))))
    return _variance_slope(scaled, input, dim, correction, keepdim)


@op("correction.var", promote="none", variants="")
def var(input: Array, dim: Dims = None, *, correction=None, keepdim=False):
    """Variance over `dim`: squared distances from the mean, divided by n - correction (1 by default)."""
    return _variance("std and var", input, dim, correction, keepdim)[1].astype(_real_like(input))


@var.backward
def var_backward(grad, input, dim, correction, keepdim):
    return _variance_slope(grad, input, dim, correction, keepdim)


@op("correction.std", promote="none", variants="")
def std(input: Array, dim: Dims = None, *, correction=None, keepdim=False):
    """Standard deviation over `dim`: square root of `var`."""
    return jnp.sqrt(_variance("std and var", input, dim, correction, keepdim)[1]).astype(_real_like(input))


@std.backward
def std_backward(grad, input, result, dim, correction, keepdim):
    return _deviation_slope(grad, result, input, dim, correction, keepdim)


@op("correction.var_mean", promote="none", variants="", outputs=("var", "mean"))
def var_mean(input: Array, dim: Dims = None, *, correction=None, keepdim=False):
    """Variance and mean over `dim`."""
    average, variance = _variance("var_mean", input, dim, correction, keepdim)
    return variance.astype(_real_like(input)), average.astype(input.dtype)


@op("correction.std_mean", promote="none", variants="", outputs=("std", "mean"))
def std_mean(input: Array, dim: Dims = None, *, correction=None, keepdim=False):
    """Standard deviation and mean over `dim`."""
    average, variance = _variance("std_mean", input, dim, correction, keepdim)
    return jnp.sqrt(variance).astype(_real_like(input)), average.astype(input.dtype)


def _mean_slope(grad, input, dim, keepdim):
    axes = axes_of(input, dim)
    return jnp.broadcast_to(restore(grad, axes, keepdim) / count_of(input, axes), input.shape)


@var_mean.backward
def var_mean_backward(grads, input, dim, correction, keepdim):
    return _variance_slope(grads[0], input, dim, correction, keepdim) + _mean_slope(grads[1], input, dim, keepdim)


@std_mean.backward
def std_mean_backward(grads, input, result0, dim, correction, keepdim):
    slope = _deviation_slope(grads[0], result0, input, dim, correction, keepdim)
    return slope + _mean_slope(grads[1], input, dim, keepdim)


# --- extremes ------------------------------------------------------------------------------------------------------


def refuse_empty(name: str, input, axes: tuple[int, ...], *, whole: bool) -> None:
    """Torch's errors for an extreme of no elements."""
    if whole and input.size == 0:
        raise RuntimeError(
            f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
            "Specify the reduction dim with the 'dim' argument."
        )
    for d in axes:
        if input.ndim and input.shape[d] == 0:
            shown = name if name == "aminmax" else f"{name}()"
            raise IndexError(f"{shown}: Expected reduction dim {d} to have non-zero size.")


def _shared(grad, input, result, axes, keepdim):
    """The gradient in equal parts to all elements that attain the extreme."""
    attained = input == restore(result, axes, keepdim)
    count = jnp.sum(attained, axis=axes, keepdims=True).astype(widened(grad).dtype)
    return restore(widened(grad), axes, keepdim) * attained / count


@op(promote="none", variants="function method out")
def amax(input: Array, dim: Dims = (), keepdim=False):
    """Maximum over `dim`, over all dimensions by default. Equal maxima share the gradient."""
    axes = axes_of(input, dim)
    if is_complex(input):
        raise not_implemented("max_values_cpu", input)
    refuse_empty("amax", input, axes, whole=not dim and input.ndim > 0)
    return highest(input, axis=axes, keepdims=keepdim)


@op(promote="none", variants="function method out")
def amin(input: Array, dim: Dims = (), keepdim=False):
    """Minimum over `dim`, over all dimensions by default. Equal minima share the gradient."""
    axes = axes_of(input, dim)
    if is_complex(input):
        raise not_implemented("min_values_cpu", input)
    refuse_empty("amin", input, axes, whole=not dim and input.ndim > 0)
    return lowest(input, axis=axes, keepdims=keepdim)


@amax.backward
@amin.backward
def amax_backward(grad, input, result, dim, keepdim):
    return _shared(grad, input, result, axes_of(input, dim), keepdim)


def spread(grad, input, result):
    """Gradient of one value taken from all elements: in equal parts to those equal to it (a NaN to the NaNs)."""
    attained = input == result
    if is_floating(input):
        attained = attained | (jnp.isnan(result) & jnp.isnan(input))
    return widened(grad) * attained / jnp.sum(attained).astype(widened(grad).dtype)


@op("all.max", promote="none", variants="", node="MaxBackward1")
def max_all(input: Array):
    """Maximum of all elements; NaN if there is one. Equal maxima share the gradient."""
    if is_complex(input):
        raise not_implemented("max_all", input)
    refuse_empty("max", input, (), whole=True)
    return highest(input)


@op("all.min", promote="none", variants="", node="MinBackward1")
def min_all(input: Array):
    """Minimum of all elements; NaN if there is one. Equal minima share the gradient."""
    if is_complex(input):
        raise not_implemented("min_all", input)
    refuse_empty("min", input, (), whole=True)
    return lowest(input)


@max_all.backward
@min_all.backward
def max_all_backward(grad, input, result):
    return spread(grad, input, result)


def pick(input, indices, dim: int, keepdim: bool):
    """Elements of `input` at one index along `dim`."""
    if input.ndim == 0:
        return input
    index = restore(indices, (dim,), keepdim)
    value = jnp.take_along_axis(input, index, axis=dim, mode="clip")
    return value if keepdim else jnp.squeeze(value, dim)


def unpick(grad, indices, shape: tuple[int, ...], dim: int, keepdim: bool):
    """Transpose of `pick`: the gradient at the chosen index, 0 elsewhere. A selection is faster than a scatter."""
    if not shape:
        return grad
    place = lax.broadcasted_iota(indices.dtype, shape, dim)
    here = place == restore(indices, (dim,), keepdim)
    return jnp.where(here, restore(grad, (dim,), keepdim), 0)


def _first_extreme(search, input, axis: int):
    """Index along `axis` of the first extreme or NaN, the axis kept.

    The extreme first and then its first place: both loops are vectorised, where XLA's search for both at once is not.
    """
    found = input == search(input, axis=axis, keepdims=True)
    if is_floating(input):
        found = found | jnp.isnan(input)
    length = input.shape[axis]
    dtype = jnp.int32 if length < 2**31 else jnp.int64
    place = lax.broadcasted_iota(dtype, input.shape, axis)
    return jnp.min(jnp.where(found, place, length), axis=axis, keepdims=True).astype(jnp.int64)


def _extreme(name: str, search, input, dim, keepdim):
    if is_complex(input):
        raise not_implemented(f"{name}_cpu", input)
    refuse_empty(name, input, (dim,), whole=False)
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    indices = _first_extreme(search, lax.stop_gradient(input), dim)
    indices = indices if keepdim else jnp.squeeze(indices, dim)
    return pick(input, indices, dim, keepdim), indices


@op("dim.max", promote="none", variants="", node="Max", outputs=("values", "indices"))
def max_dim(input: Array, dim: Dim, keepdim=False):
    """Maximum over one dimension and where it stands: the first of equals, the first NaN."""
    return _extreme("max", highest, input, dim, keepdim)


@op("dim.min", promote="none", variants="", node="Min", outputs=("values", "indices"))
def min_dim(input: Array, dim: Dim, keepdim=False):
    """Minimum over one dimension and where it stands: the first of equals, the first NaN."""
    return _extreme("min", lowest, input, dim, keepdim)


@max_dim.backward
@min_dim.backward
def max_dim_backward(grads, input_shape, result1, dim, keepdim):
    return unpick(grads[0], result1, input_shape, dim, keepdim)


def _argument(name: str, search, input, dim, keepdim):
    if is_bool(input):
        raise RuntimeError(f"{name}(): does not support bool input")
    if is_complex(input):
        raise not_implemented(f"{name}_cpu", input)
    if dim is None and input.size == 0:
        raise IndexError(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.")
    if dim is not None:
        refuse_empty(name, input, (dim,), whole=False)
    if input.ndim == 0:
        return jnp.zeros((), jnp.int64)
    if dim is not None:
        index = _first_extreme(search, input, dim)
        return index if keepdim else jnp.squeeze(index, dim)
    index = _first_extreme(search, input.reshape(-1), 0)
    return index.reshape((1,) * input.ndim if keepdim else ())


@op(promote="none", variants="function method out", differentiable=False)
def argmax(input: Array, dim: Dim = None, keepdim=False):
    """Index of the maximum over `dim`, or in the flattened tensor; the first of equals, the first NaN."""
    return _argument("argmax", highest, input, dim, keepdim)


@op(promote="none", variants="function method out", differentiable=False)
def argmin(input: Array, dim: Dim = None, keepdim=False):
    """Index of the minimum over `dim`, or in the flattened tensor; the first of equals, the first NaN."""
    return _argument("argmin", lowest, input, dim, keepdim)


@op(promote="none", variants="function method out", outputs=("min", "max"))
def aminmax(input: Array, *, dim: Dim = None, keepdim=False):
    """Minimum and maximum in one pass, over `dim` or everything. Equal extremes share the gradient."""
    if is_complex(input):
        raise not_implemented("aminmax_cpu", input)
    if input.ndim > 64:
        raise RuntimeError("only tensors with up to 64 dims are supported")
    axes = axes_of(input, dim)
    if dim is None and input.size == 0:
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    refuse_empty("aminmax", input, axes, whole=False)
    return lowest(input, axis=axes, keepdims=keepdim), highest(input, axis=axes, keepdims=keepdim)


@aminmax.backward
def aminmax_backward(grads, input, results, dim, keepdim):
    axes = axes_of(input, dim)
    low, high = (_shared(g, input, r, axes, keepdim) for g, r in zip(grads, results, strict=True))
    return low + high


# --- truth ---------------------------------------------------------------------------------------------------------


def _truth(reduce, input, dim, keepdim):
    """bool, except that torch keeps uint8 as uint8."""
    result = reduce(input != 0, axis=axes_of(input, dim), keepdims=keepdim)
    return result.astype(jnp.uint8) if input.dtype == jnp.uint8 else result


@op(promote="none", variants="function method out", differentiable=False)
def all(input: Array, dim: Dims = None, keepdim=False):
    """True where all elements over `dim` are nonzero; uint8 in, uint8 out."""
    return _truth(jnp.all, input, dim, keepdim)


@op(promote="none", variants="function method out", differentiable=False)
def any(input: Array, dim: Dims = None, keepdim=False):
    """True where some element over `dim` is nonzero; uint8 in, uint8 out."""
    return _truth(jnp.any, input, dim, keepdim)


# --- logarithms of sums --------------------------------------------------------------------------------------------


@op(promote="float", variants="function method out", aliases=("special.logsumexp",), elementwise=False)
def logsumexp(input: Array, dim: Dims, keepdim=False):
    """log(sum(exp(input))) over `dim` without overflow on the way."""
    axes = axes_of(input, dim)
    x = widened(input)
    if input.size == 0:
        return jnp.log(jnp.sum(jnp.exp(x), axis=axes, keepdims=keepdim)).astype(input.dtype)
    top = jnp.max(jnp.real(x), axis=axes, keepdims=True)
    top = lax.stop_gradient(jnp.where(jnp.isinf(top), 0, top))
    total = jnp.log(jnp.sum(jnp.exp(x - top), axis=axes, keepdims=True)) + top
    return (total if keepdim else jnp.squeeze(total, axes)).astype(input.dtype)


@logsumexp.backward
def logsumexp_backward(grad, input, result, dim, keepdim):
    axes = axes_of(input, dim)
    total = restore(widened(result), axes, keepdim)
    return restore(widened(grad), axes, keepdim) * jnp.conj(jnp.exp(widened(input) - total))
