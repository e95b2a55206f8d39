"""Elementwise functions of one tensor."""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import (
    as_number,
    direction,
    is_bool,
    is_complex,
    is_exact,
    is_floating,
    not_implemented,
    refuse_bool,
    require_integral,
    widened,
)
from .registry import Array, Number, op

EVERYWHERE = "function method inplace out"


def _widely(function, x):
    """A function of 16-bit floats, and with it its gradient, computed in float32 and rounded once."""
    return function(widened(x)).astype(x.dtype)


# --- sign, magnitude, rounding -------------------------------------------------------------------------------------


@op(promote="arith", variants=EVERYWHERE, aliases=("absolute",))
def abs(input: Array):
    """Absolute value; the magnitude of a complex number, with a real dtype."""
    refuse_bool("abs_cpu", input)
    return jnp.abs(input)


@abs.backward
def _(grad, input):
    # JAX's slope at 0 is 1, torch's 0; of a complex number the sign is z / |z|.
    return grad * direction(input)


@op(promote="arith", variants=EVERYWHERE, aliases=("negative",))
def neg(input: Array):
    """-input."""
    if is_bool(input):
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, "
            "use the `~` or `logical_not()` operator instead."
        )
    return jnp.negative(input)


@op(promote="arith", variants="function method")
def positive(input: Array):
    """The input itself; bool tensors are refused."""
    if is_bool(input):
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@op(promote="arith", variants=EVERYWHERE)
def sign(input: Array):
    """-1, 0 or 1; 0 for NaN."""
    if is_complex(input):
        raise NotImplementedError(
            "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use torch.sgn instead."
        )
    if is_bool(input):
        return input
    return lax.stop_gradient((input > 0).astype(input.dtype) - (input < 0).astype(input.dtype))


@op(promote="arith", variants=EVERYWHERE)
def sgn(input: Array):
    """Sign of a real number, z / |z| of a complex one."""
    if not is_complex(input):
        return sign.fn(input)
    size = jnp.abs(input)
    zero = size == 0
    # lax.sign has no derivative for complex numbers; the inner where keeps NaN out of it at 0.
    return jnp.where(zero, 0, input / jnp.where(zero, 1, size))


@op(promote="none", variants="function method out", differentiable=False, elementwise=True)
def signbit(input: Array):
    """True where the sign bit is set, so also for -0.0."""
    if is_complex(input):
        raise NotImplementedError("signbit is not implemented for complex tensors.")
    if is_floating(input):
        return jnp.signbit(input)
    return jnp.zeros(input.shape, bool) if is_bool(input) else input < 0


def _rounding(name: str, function, input):
    """Integers are whole already; bool and complex have no kernel in torch."""
    if is_complex(input) and name != "round":
        raise NotImplementedError(f"{name} is not supported for complex inputs")
    if is_bool(input) or is_complex(input):
        raise not_implemented(f"{name}_vml_cpu", input)
    return input if is_exact(input) else lax.stop_gradient(function(input))


@op(promote="arith", variants=EVERYWHERE)
def ceil(input: Array):
    """Smallest whole number not below the input."""
    return _rounding("ceil", jnp.ceil, input)


@op(promote="arith", variants=EVERYWHERE)
def floor(input: Array):
    """Largest whole number not above the input."""
    return _rounding("floor", jnp.floor, input)


@op(promote="arith", variants=EVERYWHERE, aliases=("fix",))
def trunc(input: Array):
    """The whole part, rounded towards 0."""
    return _rounding("trunc", jnp.trunc, input)


@op(
    promote="arith",
    variants=EVERYWHERE,
    aliases=("special.round",),
    node=lambda given: f"RoundBackward{int(given['decimals'] != 0)}",
)
def round(input: Array, *, decimals=0):
    """Nearest whole number, halves to the even one; with `decimals`, nearest multiple of 10 ** -decimals."""
    if decimals == 0:
        return _rounding("round", jnp.round, input)
    if not is_floating(input):
        raise not_implemented("round_cpu", input)
    # Torch multiplies by a whole power of ten both ways: 10 ** -decimals itself is not exact.
    ten = jnp.asarray(10.0 ** np.abs(decimals), widened(input).dtype)
    x = widened(input)
    scaled = jnp.round(x * ten) / ten if decimals > 0 else jnp.round(x / ten) * ten
    return lax.stop_gradient(scaled.astype(input.dtype))


@op(promote="arith", variants=EVERYWHERE)
def frac(input: Array):
    """input - trunc(input)."""
    if not is_floating(input):
        raise not_implemented("frac_cpu", input)
    return input - lax.stop_gradient(jnp.trunc(input))


@op(promote="arith", variants=EVERYWHERE, node="Pow")
def square(input: Array):
    """input * input."""
    x = input.astype(jnp.int64) if is_bool(input) else input
    return x * x


@op(promote="float", variants=EVERYWHERE)
def reciprocal(input: Array):
    """1 / input."""
    return 1 / input


@reciprocal.backward
def reciprocal_backward(grad, result):
    y = widened(result)
    return -widened(grad) * jnp.conj(y * y)


@op(promote="arith", variants=EVERYWHERE)
def nan_to_num(input: Array, nan: Number = None, posinf: Number = None, neginf: Number = None):
    """NaN and infinities replaced, by 0 and the extreme finite numbers unless told; complex numbers part by part."""
    if is_exact(input):
        return input
    if is_complex(input):
        parts = (nan_to_num.fn(part, nan, posinf, neginf) for part in (jnp.real(input), jnp.imag(input)))
        return lax.complex(*parts)
    limits = jnp.finfo(input.dtype)
    nan = 0 if nan is None else nan
    posinf = limits.max if posinf is None else posinf
    neginf = limits.min if neginf is None else neginf
    finite = jnp.where(jnp.isnan(input), as_number(nan, input.dtype), input)
    finite = jnp.where(input == jnp.inf, as_number(posinf, input.dtype), finite)
    return jnp.where(input == -jnp.inf, as_number(neginf, input.dtype), finite)


# --- exponentials, logarithms, roots -------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE)
def exp(input: Array):
    """e ** input."""
    return jnp.exp(input)


@exp.backward
def exp_backward(grad, result):
    return grad * jnp.conj(result)


@op(promote="float", variants=EVERYWHERE, aliases=("special.exp2",))
def exp2(input: Array):
    """2 ** input."""
    if is_complex(input):
        return jnp.exp(input * math.log(2))
    return jnp.exp2(widened(input)).astype(input.dtype)


@exp2.backward
def exp2_backward(grad, result):
    return widened(grad) * jnp.conj(widened(result)) * math.log(2)


@op(promote="float", variants=EVERYWHERE, aliases=("special.expm1",))
def expm1(input: Array):
    """e ** input - 1, exact near 0."""
    return _widely(jnp.expm1, input)


@expm1.backward
def expm1_backward(grad, result):
    return widened(grad) * (jnp.conj(widened(result)) + 1)


@op(promote="float", variants=EVERYWHERE)
def log(input: Array):
    """Natural logarithm."""
    return _widely(jnp.log, input)


@op(promote="float", variants=EVERYWHERE, aliases=("special.log1p",), node="Log1P")
def log1p(input: Array):
    """Natural logarithm of 1 + input, exact near 0."""
    return _widely(jnp.log1p, input)


@op(promote="float", variants=EVERYWHERE)
def log2(input: Array):
    """Logarithm to base 2."""
    return _logarithm(input, 2)


@op(promote="float", variants=EVERYWHERE)
def log10(input: Array):
    """Logarithm to base 10."""
    return _logarithm(input, 10)


def _logarithm(input, base: int):
    # XLA has the natural logarithm alone; its last bit must not turn log10(1000) into 2.9999998.
    x = widened(input)
    result = jnp.log(x) / jnp.asarray(math.log(base), x.dtype)
    if is_complex(input):
        return result
    nearest = lax.stop_gradient(jnp.round(result))
    exact = (lax.stop_gradient(jnp.asarray(base, x.dtype) ** nearest) == x) & jnp.isfinite(result)
    return jnp.where(exact, nearest + (result - lax.stop_gradient(result)), result).astype(input.dtype)


@op(promote="float", variants=EVERYWHERE)
def sqrt(input: Array):
    """Square root; NaN for negative real numbers."""
    return jnp.sqrt(input)


@sqrt.backward
def sqrt_backward(grad, result):
    return widened(grad) / (2 * jnp.conj(widened(result)))


@op(promote="float", variants=EVERYWHERE)
def rsqrt(input: Array):
    """1 / sqrt(input)."""
    return 1 / jnp.sqrt(input) if is_complex(input) else _widely(lax.rsqrt, input)


@rsqrt.backward
def rsqrt_backward(grad, result):
    y = widened(result)
    return -0.5 * widened(grad) * jnp.conj(y * y * y)


# --- trigonometry --------------------------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE)
def sin(input: Array):
    """Sine of radians."""
    return _widely(jnp.sin, input)


@op(promote="float", variants=EVERYWHERE)
def cos(input: Array):
    """Cosine of radians."""
    return _widely(jnp.cos, input)


@op(promote="float", variants=EVERYWHERE)
def tan(input: Array):
    """Tangent of radians."""
    if input.dtype == jnp.complex64:  # near a pole JAX's loses digits, which the derivative multiplies
        return jnp.tan(input.astype(jnp.complex128)).astype(input.dtype)
    return _widely(jnp.tan, input)


@tan.backward
def tan_backward(grad, result):
    y = widened(result)
    return widened(grad) * jnp.conj(1 + y * y)


@op(promote="float", variants=EVERYWHERE, aliases=("arcsin",))
def asin(input: Array):
    """Inverse sine, in radians."""
    return _widely(jnp.arcsin, input)


@op(promote="float", variants=EVERYWHERE, aliases=("arccos",))
def acos(input: Array):
    """Inverse cosine, in radians."""
    return _widely(jnp.arccos, input)


@op(promote="float", variants=EVERYWHERE, aliases=("arctan",))
def atan(input: Array):
    """Inverse tangent, in radians."""
    return _widely(jnp.arctan, input)


@op(promote="float", variants=EVERYWHERE)
def sinh(input: Array):
    """Hyperbolic sine."""
    return _widely(jnp.sinh, input)


@op(promote="float", variants=EVERYWHERE)
def cosh(input: Array):
    """Hyperbolic cosine."""
    return _widely(jnp.cosh, input)


@op(promote="float", variants=EVERYWHERE)
def tanh(input: Array):
    """Hyperbolic tangent."""
    return jnp.tanh(input)


@tanh.backward
def tanh_backward(grad, result):
    y = widened(result)
    return widened(grad) * jnp.conj(1 - y * y)


@op(promote="float", variants=EVERYWHERE, aliases=("arcsinh",))
def asinh(input: Array):
    """Inverse hyperbolic sine."""
    return _widely(jnp.arcsinh, input)


@op(promote="float", variants=EVERYWHERE, aliases=("arccosh",))
def acosh(input: Array):
    """Inverse hyperbolic cosine."""
    return _widely(jnp.arccosh, input)


@op(promote="float", variants=EVERYWHERE, aliases=("arctanh",))
def atanh(input: Array):
    """Inverse hyperbolic tangent."""
    return _widely(jnp.arctanh, input)


@op(promote="float", variants=EVERYWHERE, node="Deg2Rad")
def deg2rad(input: Array):
    """Degrees to radians."""
    _refuse_complex_angles("deg2rad", input)
    return _widely(lambda x: x * jnp.asarray(math.pi / 180, x.dtype), input)


@op(promote="float", variants=EVERYWHERE, node="Rad2Deg")
def rad2deg(input: Array):
    """Radians to degrees."""
    _refuse_complex_angles("rad2deg", input)
    return _widely(lambda x: x * jnp.asarray(180 / math.pi, x.dtype), input)


def _refuse_complex_angles(name: str, input) -> None:
    if is_complex(input):
        raise RuntimeError(f"{name} is not supported for complex tensors.")


# --- classification ------------------------------------------------------------------------------------------------


@op(promote="none", differentiable=False, elementwise=True)
def isnan(input: Array):
    """True where NaN."""
    return jnp.isnan(input)


@op(promote="none", differentiable=False, elementwise=True)
def isinf(input: Array):
    """True where infinite, of either sign; a complex number if either part is."""
    return jnp.isinf(input)


@op(promote="none", differentiable=False, elementwise=True)
def isfinite(input: Array):
    """True where neither infinite nor NaN."""
    return jnp.isfinite(input)


@op(promote="none", variants="function method out", differentiable=False, elementwise=True)
def isposinf(input: Array):
    """True where +inf."""
    return _infinity("isposinf", jnp.inf, input)


@op(promote="none", variants="function method out", differentiable=False, elementwise=True)
def isneginf(input: Array):
    """True where -inf."""
    return _infinity("isneginf", -jnp.inf, input)


def _infinity(name: str, which: float, input):
    if is_complex(input):
        raise RuntimeError(f"{name} does not support complex inputs.")
    return jnp.zeros(input.shape, bool) if is_exact(input) else input == which


@op(promote="none", differentiable=False, elementwise=True)
def isreal(input: Array):
    """True where the imaginary part is 0."""
    return jnp.imag(input) == 0 if is_complex(input) else jnp.ones(input.shape, bool)


@op(promote="none", variants=EVERYWHERE, differentiable=False, elementwise=True)
def logical_not(input: Array):
    """True where the input is 0 or False."""
    return jnp.logical_not(input != 0)


@op(promote="none", variants=EVERYWHERE, differentiable=False, elementwise=True)
def bitwise_not(input: Array):
    """All bits inverted; logical not for bool."""
    require_integral("bitwise_not_cpu", input)
    return jnp.bitwise_not(input)
