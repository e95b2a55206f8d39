"""Comparisons and logic, elementwise; their results are bool."""

import jax.numpy as jnp

from .kinds import as_number, is_exact, real_dtype, refuse_complex, scalar_name
from .pointwise import EVERYWHERE
from .registry import Array, Number, Operand, op
from .shapes import fit


def _compare(kernel: str, function, input, other):
    input, other = fit(input, other)
    refuse_complex(kernel, input, other)
    return function(input, other)


@op(promote="compare", variants=EVERYWHERE, differentiable=False)
def eq(input: Array, other: Operand):
    """True where equal; NaN equals nothing."""
    input, other = fit(input, other)
    return input == other


@op(promote="compare", variants=EVERYWHERE, aliases=("not_equal",), differentiable=False)
def ne(input: Array, other: Operand):
    """True where not equal; NaN differs from everything."""
    input, other = fit(input, other)
    return input != other


@op(promote="compare", variants=EVERYWHERE, aliases=("less",), differentiable=False)
def lt(input: Array, other: Operand):
    """input < other."""
    return _compare("lt_cpu", jnp.less, input, other)


@op(promote="compare", variants=EVERYWHERE, aliases=("less_equal",), differentiable=False)
def le(input: Array, other: Operand):
    """input <= other."""
    return _compare("le_cpu", jnp.less_equal, input, other)


@op(promote="compare", variants=EVERYWHERE, aliases=("greater",), differentiable=False)
def gt(input: Array, other: Operand):
    """input > other."""
    return _compare("gt_cpu", jnp.greater, input, other)


@op(promote="compare", variants=EVERYWHERE, aliases=("greater_equal",), differentiable=False)
def ge(input: Array, other: Operand):
    """input >= other."""
    return _compare("ge_cpu", jnp.greater_equal, input, other)


@op(promote="compare", variants=EVERYWHERE, differentiable=False)
def logical_and(input: Array, other: Array):
    """True where both are nonzero."""
    input, other = fit(input, other)
    return (input != 0) & (other != 0)


@op(promote="compare", variants=EVERYWHERE, differentiable=False)
def logical_or(input: Array, other: Array):
    """True where either is nonzero."""
    input, other = fit(input, other)
    return (input != 0) | (other != 0)


@op(promote="compare", variants=EVERYWHERE, differentiable=False)
def logical_xor(input: Array, other: Array):
    """True where exactly one is nonzero."""
    input, other = fit(input, other)
    return (input != 0) ^ (other != 0)


@op(promote="none", variants="function method", differentiable=False, elementwise=True)
def isclose(input: Array, other: Array, rtol: Number = 1e-05, atol: Number = 1e-08, equal_nan=False):
    """True where |input - other| <= atol + rtol * |other|; infinities are close to themselves alone."""
    if input.dtype != other.dtype:
        raise RuntimeError(f"{scalar_name(input)} did not match {scalar_name(other)}")
    input, other = fit(input, other)
    close = input == other
    if equal_nan and not is_exact(input):
        close = close | (jnp.isnan(input) & jnp.isnan(other))
    if is_exact(input):
        input, other = input.astype(jnp.float64), other.astype(jnp.float64)
    real = real_dtype(input.dtype)
    allowed = as_number(atol, real) + as_number(rtol, real) * jnp.abs(other)
    return close | (jnp.isfinite(input) & jnp.isfinite(other) & (jnp.abs(input - other) <= allowed))


@isclose.check
def isclose_check(xp, *, rtol, atol):
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            return True, RuntimeError, f"{name} must be greater than or equal to zero, but got {value}"
    return False, RuntimeError, ""
