"""Elementwise arithmetic of two or three tensors, and choices between them."""

import math

import jax.numpy as jnp
from jax import lax

from .kinds import (
    as_number,
    c_name,
    is_bool,
    is_complex,
    is_exact,
    is_floating,
    is_integral,
    not_implemented,
    refuse_complex,
    require_floating,
    require_integral,
    rounded_to,
    scalar_name,
    widened,
)
from .pointwise import EVERYWHERE
from .registry import Array, DType, Number, Operand, op
from .shapes import fit


def _by_operand(name: str, *operands: str, tensor: int):
    """Torch numbers the autograd nodes of overloads: one number with a tensor operand, the other with Python numbers."""

    def node(given):
        return f"{name}Backward{tensor if 'array' in [given[o] for o in operands] else 1 - tensor}"

    return node


# --- sums, differences, products -----------------------------------------------------------------------------------


def _scaled(x, alpha):
    """alpha * x in the dtype torch computes in; `alpha` is the untouched default or a run-time number."""
    if isinstance(alpha, int):
        return x
    if is_exact(x) and not is_exact(alpha):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    if is_bool(x):
        return x & as_number(alpha, x.dtype)
    return x * as_number(alpha, x.dtype)


@op(promote="arith", variants=EVERYWHERE)
def add(input: Operand, other: Operand, *, alpha: Number = 1):
    """input + alpha * other; for bool, logical or."""
    input, other = fit(input, other)
    if is_bool(input):
        return input | _scaled(other, alpha)
    dtype = input.dtype
    return jnp.add(widened(input), _scaled(widened(other), alpha)).astype(dtype)


@op(promote="arith", variants=EVERYWHERE, aliases=("subtract",))
def sub(input: Operand, other: Operand, *, alpha: Number = 1):
    """input - alpha * other; bool is refused."""
    input, other = fit(input, other)
    dtype = input.dtype
    return jnp.subtract(widened(input), _scaled(widened(other), alpha)).astype(dtype)


@op(promote="arith", variants="function", node=_by_operand("Rsub", "other", tensor=0))
def rsub(input: Array, other: Operand, *, alpha: Number = 1):
    """other - alpha * input; bool is refused."""
    return sub.fn(other, input, alpha=alpha)


@sub.accepts
@rsub.accepts
def _(*kinds):
    if all(kind == "bool" for kind in kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` operator instead."
        )
    if "bool" in kinds:
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
            "`logical_not()` operator instead."
        )


@op(promote="arith", variants=EVERYWHERE, aliases=("multiply",), wide_scalar="other")
def mul(input: Operand, other: Operand):
    """input * other; for bool, logical and."""
    input, other = fit(input, other)
    return jnp.multiply(widened(input), widened(other)).astype(input.dtype)


@op(promote="arith", variants=EVERYWHERE)
def addcmul(input: Array, tensor1: Array, tensor2: Array, *, value: Number = 1):
    """input + value * tensor1 * tensor2."""
    input, tensor1, tensor2 = fit(input, tensor1, tensor2)
    if is_bool(input):
        raise not_implemented("addcmul_cpu_out", input)
    product = _scaled(widened(tensor1), value) * widened(tensor2)
    return (widened(input) + product).astype(input.dtype)


@op(promote="arith", variants=EVERYWHERE)
def addcdiv(input: Array, tensor1: Array, tensor2: Array, *, value: Number = 1):
    """input + value * tensor1 / tensor2; integers are refused."""
    input, tensor1, tensor2 = fit(input, tensor1, tensor2)
    if is_exact(input):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. The historic addcdiv behavior can be implemented as (input + value "
            "* torch.trunc(tensor1 / tensor2)).to(input.dtype) for integer inputs and as (input + value * tensor1 / "
            "tensor2) for float inputs. The future addcdiv behavior is just the latter implementation: (input + value "
            "* tensor1 / tensor2), for all dtypes."
        )
    quotient = _scaled(widened(tensor1), value) / widened(tensor2)
    return (widened(input) + quotient).astype(input.dtype)


@op(promote="none", variants=EVERYWHERE, node="LerpBackward1", elementwise=True)
def lerp(input: Array, end: Array, weight: Array):
    """input + weight * (end - input), computed from the nearer end."""
    _check_lerp(input, end=end, weight=weight)
    input, end, weight = fit(input, end, weight)
    require_floating("lerp_kernel_tensor", input)
    return _interpolate(input, end, widened(weight))


@op("number.lerp", promote="none", variants="", node="Lerp", elementwise=True)
def lerp_number(input: Array, end: Array, weight: Number):
    """`lerp` with a number as weight."""
    _check_lerp(input, end=end)
    input, end = fit(input, end)
    require_floating("lerp_kernel_scalar", input)
    return _interpolate(input, end, as_number(weight, widened(input).dtype))


def _check_lerp(input, **others) -> None:
    for name, x in others.items():
        if x.dtype != input.dtype:
            raise RuntimeError(f"expected dtype {c_name(input)} for `{name}` but got dtype {c_name(x)}")


def _interpolate(input, end, w):
    a, b = widened(input), widened(end)
    low = jnp.abs(w) < 0.5
    return jnp.where(low, a + w * (b - a), b - (b - a) * (1 - w)).astype(input.dtype)


# --- quotients and remainders --------------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE, aliases=("divide", "true_divide"), wide_scalar="other")
def div(input: Operand, other: Operand):
    """input / other."""
    input, other = fit(input, other)
    a, b = widened(input), widened(other)
    if b.ndim == 0 and a.ndim and is_floating(a):
        # XLA would multiply by the reciprocal of the one divisor, which rounds twice; where the input is NaN the result is too.
        b = jnp.where(jnp.isnan(a), lax.stop_gradient(a), b)
    return jnp.divide(a, b).astype(input.dtype)


def _integer_zero_division(xp, *, input, other):
    bad = other.dtype.kind in "iu" and input.dtype.kind in "iu" and (other == 0).any()
    return bad, RuntimeError, "ZeroDivisionError"


def _divide_down(a, b, dtype):
    """a / b rounded down. Floats follow Python: exact where a - fmod(a, b) is a multiple of b."""
    if is_exact(a):
        if is_bool(a):
            raise not_implemented("div_floor_cpu", a)
        safe = jnp.where(b == 0, 1, b)
        quotient = lax.div(a, safe)
        inexact = lax.rem(a, safe) != 0
        return quotient - (inexact & ((a < 0) != (safe < 0))).astype(a.dtype)
    remainder = lax.rem(a, b)
    quotient = (a - remainder) / b
    quotient = jnp.where((remainder != 0) & ((b < 0) != (remainder < 0)), quotient - 1, quotient)
    floored = jnp.floor(quotient)
    floored = jnp.where(quotient - floored > 0.5, floored + 1, floored)
    floored = jnp.where(quotient == 0, jnp.copysign(jnp.zeros_like(a), a / b), floored)
    return jnp.where(b == 0, a / b, floored)


def _divide_towards_zero(a, b, dtype):
    if is_exact(a):
        if is_bool(a):
            raise not_implemented("div_trunc_cpu", a)
        return lax.div(a, jnp.where(b == 0, 1, b))
    return jnp.trunc(rounded_to(dtype, a / b))


@op("rounding.div", promote="arith", variants="", node="DivBackward2", wide_scalar="other")
def div_rounded(input: Operand, other: Operand, *, rounding_mode):
    """input / other rounded down ("floor") or towards zero ("trunc"); the gradient is 0."""
    input, other = fit(input, other)
    refuse_complex(f"div_{rounding_mode}_cpu", input)
    a, b = jnp.broadcast_arrays(input, other)
    divide = _divide_down if rounding_mode == "floor" else _divide_towards_zero
    return lax.stop_gradient(divide(widened(a), widened(b), b.dtype).astype(input.dtype))


div_rounded.check(_integer_zero_division)


@op(promote="arith", variants=EVERYWHERE, node="NotImplemented", wide_scalar="other")
def floor_divide(input: Operand, other: Operand):
    """input / other rounded down; has no gradient."""
    return div_rounded.fn(input, other, rounding_mode="floor")


floor_divide.check(_integer_zero_division)


@floor_divide.backward
def floor_divide_backward(grad):
    raise RuntimeError("derivative for aten::floor_divide is not implemented")


@op(promote="arith", variants=EVERYWHERE, node=_by_operand("Remainder", "other", tensor=1))
def remainder(input: Operand, other: Operand):
    """input - other * floor(input / other): the sign is that of `other`."""
    input, other = fit(input, other)
    refuse_complex("remainder_cpu", input)
    if is_bool(input):
        raise not_implemented("remainder_cpu", input)
    a, b = jnp.broadcast_arrays(widened(input), widened(other))
    if is_integral(a):
        b = jnp.where(b == 0, 1, b)
    rest = lax.rem(a, b)
    return jnp.where((rest != 0) & ((rest < 0) != (b < 0)), rest + b, rest).astype(input.dtype)


remainder.check(_integer_zero_division)


@op(promote="arith", variants=EVERYWHERE, node=_by_operand("Fmod", "other", tensor=1))
def fmod(input: Array, other: Operand):
    """input - other * trunc(input / other): the sign is that of `input`."""
    input, other = fit(input, other)
    refuse_complex("fmod_cpu", input)
    if is_bool(input):
        raise not_implemented("fmod_cpu", input)
    a, b = jnp.broadcast_arrays(widened(input), widened(other))
    if is_integral(a):
        b = jnp.where(b == 0, 1, b)
    return lax.rem(a, b).astype(input.dtype)


fmod.check(_integer_zero_division)


# --- powers --------------------------------------------------------------------------------------------------------


@op(promote="arith", variants=EVERYWHERE, node=lambda given: f"PowBackward{1 if given['input'] == 'array' else 2}")
def pow(input: Operand, exponent: Operand):
    """input ** exponent. Integers to negative powers are 0 except for 1 and -1."""
    input, exponent = fit(input, exponent)
    if is_bool(input):
        return input | ~exponent
    if is_complex(input):
        # exp(exponent * log(input)) loses digits with the size of the exponent: one precision more.
        return jnp.power(input.astype(jnp.complex128), exponent.astype(jnp.complex128)).astype(input.dtype)
    if not is_integral(input):
        return jnp.power(widened(input), widened(exponent)).astype(input.dtype)
    a, n = jnp.broadcast_arrays(input, exponent)
    value = _integer_power(a, jnp.maximum(n, 0))
    inverse = jnp.where(a == 1, 1, jnp.where(a == -1, 1 - 2 * (n & 1), 0)).astype(a.dtype)
    return jnp.where(n < 0, inverse, value)


def _integer_power(a, n):
    """Square and multiply over the bits of the exponent; wraps around as integer products do."""
    value, square = jnp.ones_like(a), a
    for bit in range(min(63, 8 * n.dtype.itemsize)):
        value = jnp.where((n >> bit) & 1 == 1, value * square, value)
        square = square * square
    return value


@pow.backward
def pow_backward(grad, input, exponent, result):
    # 0 ** 0 and x ** 0 are constant in the base; at a base of 0 the logarithm is left out, as the limit is 0.
    grad, input, exponent, result = widened(grad), widened(input), widened(exponent), widened(result)
    still = exponent == 0
    safe_exponent = jnp.where(still, 1, exponent)
    base_grad = jnp.where(still, 0, grad * jnp.conj(exponent * jnp.power(input, safe_exponent - 1)))
    at_zero = (input == 0) & (still if is_complex(input) else exponent >= 0)
    slope = result * jnp.log(jnp.where(at_zero, 1, input))
    return base_grad, jnp.where(at_zero, 0, grad * jnp.conj(slope))


@op("number.pow", promote="arith", variants="", node="Pow")
def number_pow(input: Array, exponent: Operand):
    """`pow` with a Python number as exponent."""
    return pow.fn(input, exponent)


number_pow.backward(pow_backward)


@op("static.pow", promote="none", variants="", node="Pow", elementwise=True)
def pow_static(input: Array, *, exponent):
    """input ** exponent for the exponents that have a cheaper form: small whole numbers and halves."""
    if exponent in (0.5, -0.5):
        return jnp.sqrt(input) if exponent > 0 else 1 / jnp.sqrt(input)
    if is_integral(input) and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    if is_bool(input):
        return input if exponent else jnp.ones_like(input)
    return lax.integer_pow(input, int(exponent)) if exponent else jnp.ones_like(input)


@op(promote="float", variants=EVERYWHERE, aliases=("arctan2",))
def atan2(input: Array, other: Array):
    """Angle of the point (other, input), in radians."""
    input, other = fit(input, other)
    refuse_complex("atan2", input)
    return jnp.arctan2(widened(input), widened(other)).astype(input.dtype)


@op(promote="arith", variants=EVERYWHERE)
def hypot(input: Array, other: Array):
    """sqrt(input ** 2 + other ** 2) without overflow on the way."""
    input, other = fit(input, other)
    if not is_floating(input):
        raise not_implemented("hypot_cpu", input)
    return jnp.hypot(widened(input), widened(other)).astype(input.dtype)


@hypot.backward
def hypot_backward(grad, input, other, result):
    g, r = widened(grad), widened(result)
    return g * (widened(input) / r), g * (widened(other) / r)


# --- exponentials of two -------------------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE)
def ldexp(input: Array, other: Array):
    """input * 2 ** other."""
    input, other = fit(input, other)
    power = jnp.exp(other * math.log(2)) if is_complex(other) else jnp.exp2(widened(other))
    return (input * power).astype(input.dtype)


@op(promote="arith", variants="function method out")
def logaddexp(input: Array, other: Array):
    """log(exp(input) + exp(other)) without overflow on the way."""
    input, other = fit(input, other)
    require_floating("logaddexp_cpu", input)
    if not is_complex(input):
        return jnp.logaddexp(widened(input), widened(other)).astype(input.dtype)
    # JAX wraps the imaginary part into (-pi, pi]; torch adds to that of the larger operand.
    swap = jnp.real(input) < jnp.real(other)
    large, small = jnp.where(swap, other, input), jnp.where(swap, input, other)
    return large + jnp.log1p(jnp.exp(small - large))


@logaddexp.backward
def logaddexp_backward(grad, input, other):
    x, y = widened(input), widened(other)
    return grad / jnp.conj(1 + jnp.exp(y - x)), grad / jnp.conj(1 + jnp.exp(x - y))


@op(promote="arith", variants="function method out")
def logaddexp2(input: Array, other: Array):
    """log2(2 ** input + 2 ** other) without overflow on the way."""
    input, other = fit(input, other)
    if not is_floating(input):
        raise not_implemented("logaddexp2_cpu", input)
    return jnp.logaddexp2(widened(input), widened(other)).astype(input.dtype)


@logaddexp2.backward
def logaddexp2_backward(grad, input, other):
    x, y = widened(input), widened(other)
    return grad / (1 + jnp.exp2(y - x)), grad / (1 + jnp.exp2(x - y))


@op(promote="float", variants=EVERYWHERE, aliases=("special.xlogy",))
def xlogy(input: Operand, other: Operand):
    """input * log(other), and 0 where input is 0 unless other is NaN."""
    input, other = fit(input, other)
    refuse_complex("xlogy_cpu", input)
    x, y = widened(input), widened(other)
    zero = (x == 0) & ~jnp.isnan(y)
    return jnp.where(zero, 0, x * jnp.log(jnp.where(zero, 1, y))).astype(input.dtype)


@xlogy.backward
def xlogy_backward(grad, input, other):
    # Torch gives the slope in `input` as xlogy(grad, other), and 0 where both sides of 0 * log(other) have no meaning.
    g, x, y = widened(grad), widened(input), widened(other)
    slope = jnp.where((x == 0) & (y <= 0), 0, xlogy.fn(g, y))
    return slope, g * x / y


# --- extremes and clamping -----------------------------------------------------------------------------------------


def _refuse_complex_order(name: str, x) -> None:
    if is_complex(x):
        raise RuntimeError(f"{name} not implemented for complex tensors.")


@op(promote="arith", variants="function method out")
def maximum(input: Array, other: Array):
    """The larger of two; NaN if either is. Equal operands share the gradient."""
    input, other = fit(input, other)
    _refuse_complex_order("maximum", input)
    return jnp.maximum(input, other)


@op(promote="arith", variants="function method out")
def minimum(input: Array, other: Array):
    """The smaller of two; NaN if either is. Equal operands share the gradient."""
    input, other = fit(input, other)
    _refuse_complex_order("minimum", input)
    return jnp.minimum(input, other)


@op(promote="arith", variants="function method out")
def fmax(input: Array, other: Array):
    """The larger of two, passing over NaN. Of equal operands the first takes the gradient."""
    input, other = fit(input, other)
    _refuse_complex_order("fmax", input)
    return jnp.where((input >= other) | _isnan(other), input, other)


@op(promote="arith", variants="function method out")
def fmin(input: Array, other: Array):
    """The smaller of two, passing over NaN. Of equal operands the first takes the gradient."""
    input, other = fit(input, other)
    _refuse_complex_order("fmin", input)
    return jnp.where((input <= other) | _isnan(other), input, other)


def _isnan(x):
    return jnp.isnan(x) if is_floating(x) else jnp.zeros((), bool)


@op(promote="arith", variants=EVERYWHERE, aliases=("clip",), node=_by_operand("Clamp", "min", "max", tensor=0))
def clamp(input: Array, min: Operand = None, max: Operand = None):
    """input kept between `min` and `max`; where min > max the result is `max`.

    An element equal to a bound keeps its gradient.
    """
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if is_complex(input):
        raise NotImplementedError("clamp is not supported for complex types")
    input, min, max = fit(input, min, max)
    if min is not None and max is not None:
        min = jnp.where(
            min == max, lax.stop_gradient(min), min
        )  # torch: between equal bounds the lower gets no gradient
    result = input
    # Selections rather than lax.clamp: torch passes the gradient at a bound, and NaN bounds through.
    if min is not None:
        result = jnp.where((result < min) | _isnan(min), min, result)
    if max is not None:
        result = jnp.where((result > max) | _isnan(max), max, result)
    return result


@op(promote="arith", variants=EVERYWHERE, node=_by_operand("ClampMin", "min", tensor=1))
def clamp_min(input: Array, min: Operand):
    """input, but not below `min`."""
    return clamp.fn(input, min, None)


@op(promote="arith", variants=EVERYWHERE, node=_by_operand("ClampMax", "max", tensor=1))
def clamp_max(input: Array, max: Operand):
    """input, but not above `max`."""
    return clamp.fn(input, None, max)


@op("dtype.where", promote="none", variants="", node="Where", elementwise=True)
def where(condition: Array, input: Operand, other: Operand, *, dtype: DType):
    """`input` where the condition holds, else `other`, in the dtype those two promote to."""
    if condition.dtype.name == "uint8":
        condition = condition != 0
    if not is_bool(condition):
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {scalar_name(condition)}"
        )
    input, other = (jnp.asarray(x).astype(dtype) for x in (input, other))
    condition, input, other = fit(condition, input, other)
    return jnp.where(condition, input, other)


# --- signs and steps -----------------------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE)
def copysign(input: Array, other: Operand):
    """The magnitude of `input` with the sign of `other`."""
    input, other = fit(input, other)
    refuse_complex("copysign_cpu", input)
    return jnp.copysign(input, other)


@copysign.backward
def copysign_backward(grad, input, result):
    # 1 or -1: differentiated, its two terms would cancel but for their rounding.
    ratio = jnp.where(input == 0, 0, lax.stop_gradient(result / jnp.where(input == 0, 1, input)))
    return grad * ratio, None


@op(promote="same", variants=EVERYWHERE, elementwise=True, differentiable=False)
def heaviside(input: Array, values: Array):
    """0 where input < 0, 1 where input > 0, `values` where it is 0."""
    input, values = fit(input, values)
    if is_complex(input):
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if input.dtype != values.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return jnp.where(input == 0, values, (input > 0).astype(input.dtype))


@op(promote="arith", variants=EVERYWHERE)
def nextafter(input: Array, other: Array):
    """The next number after `input` towards `other`."""
    input, other = fit(input, other)
    if not is_floating(input):
        raise not_implemented("nextafter_cpu", input)
    return jnp.nextafter(input, other)


@nextafter.backward
def nextafter_backward(grad, input, other):
    return jnp.where(input != other, grad, 0), None


# --- number theory -------------------------------------------------------------------------------------------------


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def gcd(input: Array, other: Array):
    """Greatest common divisor, not negative."""
    input, other = fit(input, other)
    if not is_integral(input):
        raise not_implemented("gcd_cpu", input)
    return jnp.gcd(input, other)


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def lcm(input: Array, other: Array):
    """Least common multiple, not negative."""
    input, other = fit(input, other)
    if not is_integral(input):
        raise not_implemented("lcm_cpu", input)
    return jnp.lcm(input, other)


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def bitwise_and(input: Operand, other: Operand):
    """Bits set in both; logical and for bool."""
    return _bits("bitwise_and_cpu", jnp.bitwise_and, input, other)


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def bitwise_or(input: Operand, other: Operand):
    """Bits set in either; logical or for bool."""
    return _bits("bitwise_or_cpu", jnp.bitwise_or, input, other)


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def bitwise_xor(input: Operand, other: Operand):
    """Bits set in one alone; logical xor for bool."""
    return _bits("bitwise_xor_cpu", jnp.bitwise_xor, input, other)


def _bits(kernel: str, function, input, other):
    input, other = fit(input, other)
    require_integral(kernel, input, other)
    return function(input, other)


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def bitwise_left_shift(input: Operand, other: Operand):
    """input * 2 ** other on integers; 0 once all bits are shifted out or the shift is negative."""
    input, other = fit(input, other)
    if not is_integral(input):
        raise not_implemented("lshift_cpu", input)
    width = 8 * input.dtype.itemsize
    inside = (other >= 0) & (other < width)
    return jnp.where(inside, jnp.left_shift(input, jnp.where(inside, other, 0)), 0)


@op(promote="arith", variants=EVERYWHERE, differentiable=False)
def bitwise_right_shift(input: Operand, other: Operand):
    """input / 2 ** other rounded down, on integers; a shift out of range leaves the sign."""
    input, other = fit(input, other)
    if not is_integral(input):
        raise not_implemented("rshift_cpu", input)
    last = 8 * input.dtype.itemsize - 1
    inside = (other >= 0) & (other <= last)
    if jnp.issubdtype(input.dtype, jnp.unsignedinteger):
        return jnp.where(inside, jnp.right_shift(input, jnp.where(inside, other, 0)), 0)
    return jnp.right_shift(input, jnp.where(inside, other, last))
