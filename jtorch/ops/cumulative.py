"""Running sums, products and extremes along a dimension."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from .gather_scatter import put_along
from .kinds import is_complex, is_exact, is_floating, not_implemented, refuse_complex, widened
from .registry import Array, Dim, DType, op


def _in_dtype(kernel, input, dtype):
    if dtype == np.bool_:
        raise not_implemented(kernel, input.astype(dtype))
    if dtype is not None:
        return input.astype(dtype)
    return input.astype(jnp.int64) if is_exact(input) else input


@op(promote="none", variants="function method inplace out")
def cumsum(input: Array, dim: Dim, *, dtype: DType = None):
    """Sums of all elements up to each along `dim`; integers and bool add up in int64."""
    x = _in_dtype("cumsum_out_cpu", input, dtype)
    return lax.cumsum(widened(x), dim).astype(x.dtype) if x.ndim else x


@cumsum.backward
def cumsum_backward(grad, dim):
    return lax.cumsum(widened(grad), dim, reverse=True) if grad.ndim else grad


@op(promote="none", variants="function method inplace out")
def cumprod(input: Array, dim: Dim, *, dtype: DType = None):
    """Products of all elements up to each along `dim`; integers and bool multiply in int64."""
    x = _in_dtype("cumprod_out_cpu", input, dtype)
    return lax.cumprod(widened(x), dim).astype(x.dtype) if x.ndim else x


def _running(name: str, beats, input, dim):
    """Extremes so far and where they were met: of equals the last, and NaN beats everything after it."""
    refuse_complex(f"{name}_cpu", input)
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    if input.size == 0:
        return input, jnp.zeros(input.shape, jnp.int64)
    places = lax.broadcasted_iota(jnp.int64, input.shape, dim)

    def later(a, b):
        (value_a, place_a), (value_b, place_b) = a, b
        wins = beats(value_b, value_a)
        if is_floating(input):
            wins = jnp.isnan(value_b) | (~jnp.isnan(value_a) & wins)
        return jnp.where(wins, value_b, value_a), jnp.where(wins, place_b, place_a)

    return lax.associative_scan(later, (input, places), axis=dim)


@op(promote="none", variants="function method out", outputs=("values", "indices"))
def cummax(input: Array, dim: Dim):
    """Maximum of all elements up to each along `dim`, and where it stands."""
    return _running("cummax", jnp.greater_equal, input, dim)


@op(promote="none", variants="function method out", outputs=("values", "indices"))
def cummin(input: Array, dim: Dim):
    """Minimum of all elements up to each along `dim`, and where it stands."""
    return _running("cummin", jnp.less_equal, input, dim)


@cummax.backward
@cummin.backward
def cummax_backward(grads, result1, dim):
    return put_along("add", jnp.zeros(result1.shape, grads[0].dtype), dim, result1, grads[0])


@op(promote="float", variants="function method out", elementwise=False)
def logcumsumexp(input: Array, dim: Dim):
    """log(cumsum(exp(input))) along `dim` without overflow on the way."""
    if input.ndim == 0 or input.size == 0:
        return input
    if is_complex(input):
        return _complex_logcumsumexp(input, dim)
    return lax.cumlogsumexp(widened(input), dim).astype(input.dtype)


def _complex_logcumsumexp(input, dim):
    """A running maximum cannot be taken out of a running sum: the pairs are joined one by one instead."""

    def join(a, b):
        large = jnp.where(jnp.real(a) >= jnp.real(b), a, b)
        small = jnp.where(jnp.real(a) >= jnp.real(b), b, a)
        empty = jnp.isneginf(jnp.real(large))
        shifted = jnp.log1p(jnp.exp(jnp.where(empty, 0, small - jnp.where(empty, 0, large))))
        return jnp.where(empty, large, large + shifted)

    return lax.associative_scan(join, input, axis=dim)


@logcumsumexp.backward
def logcumsumexp_backward(grad, input, result, dim):
    """d result[j] / d input[i] = exp(input[i] - result[j]) for i <= j, so the sum over j runs backwards.

    Positive and negative gradients are summed apart, by their logarithms, which keeps large results from overflowing.
    """
    if input.ndim == 0 or input.size == 0:
        return grad
    x, y, g = widened(input), widened(result), widened(grad)
    if is_complex(input):
        return _complex_slope(jnp.conj(x), -jnp.conj(y), g, dim)
    nothing = jnp.finfo(x.dtype).min

    def sum_of(part):
        power = jnp.where(part > 0, jnp.log(jnp.where(part > 0, part, 1)), nothing)
        return jnp.exp(lax.associative_scan(jnp.logaddexp, power - y, reverse=True, axis=dim) + x)

    return sum_of(g) - sum_of(-g)


def _complex_slope(x, power, size, dim):
    """A partial sum is a pair here: a size, and the power of e it is to be multiplied with, which alone may become large."""

    def join(a, b):
        (power_a, size_a), (power_b, size_b) = a, b
        largest = jnp.where(jnp.real(power_a) >= jnp.real(power_b), power_a, power_b)
        return largest, size_a * jnp.exp(power_a - largest) + size_b * jnp.exp(power_b - largest)

    empty = jnp.isposinf(jnp.real(power))
    pairs = jnp.where(empty, 0, power), jnp.where(empty, 0, size)
    power, size = lax.associative_scan(join, pairs, reverse=True, axis=dim)
    return size * jnp.exp(power + x)
