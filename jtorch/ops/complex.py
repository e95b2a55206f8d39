"""Complex numbers: made from parts, conjugated, their argument."""

import jax.numpy as jnp
from jax import lax

from .kinds import is_complex, is_floating, scalar_name
from .pointwise import EVERYWHERE
from .registry import Array, op
from .shapes import fit


@op(promote="float", variants="function method out")
def angle(input: Array):
    """Argument of a complex number; of a real one 0, or pi where negative."""
    if not is_complex(input):
        real = jnp.where(input < 0, jnp.asarray(jnp.pi, input.dtype), jnp.zeros_like(input))
        return lax.stop_gradient(jnp.where(jnp.isnan(input), input, real))
    zero = input == 0
    # arctan2 has no gradient at 0, torch's is 0 there.
    safe = jnp.where(zero, 1, input)
    value = jnp.arctan2(jnp.imag(safe), jnp.real(safe))
    return jnp.where(zero, lax.stop_gradient(jnp.arctan2(jnp.imag(input), jnp.real(input))), value)


@op(promote="none", variants=EVERYWHERE, elementwise=True)
def conj_physical(input: Array):
    """Complex conjugate, computed at once; real input is returned unchanged."""
    return jnp.conj(input)


@op(promote="none", variants="function method", elementwise=True)
def conj(input: Array):
    """Complex conjugate; real input is returned unchanged."""
    return jnp.conj(input)


@op("complex", promote="none", variants="function out", node="Complex", elementwise=True)
def from_parts(real: Array, imag: Array):
    """real + 1j * imag."""
    _check_parts(real, imag, "real", "imag")
    real, imag = fit(real, imag)
    return lax.complex(*jnp.broadcast_arrays(real, imag))


@from_parts.backward
def from_parts_backward(grad):
    return jnp.real(grad), jnp.imag(grad)


@op(promote="none", variants="function out", elementwise=True)
def polar(abs: Array, angle: Array):
    """The complex number of a magnitude and an argument in radians."""
    _check_parts(abs, angle, "abs", "angle")
    abs, angle = fit(abs, angle)
    return lax.complex(*jnp.broadcast_arrays(abs * jnp.cos(angle), abs * jnp.sin(angle)))


@polar.backward
def polar_backward(grad, result):
    size = jnp.abs(result)
    direction = jnp.where(size == 0, 0, result / jnp.where(size == 0, 1, size))
    through = jnp.conj(grad)
    return jnp.real(through * direction), jnp.real(through * 1j * result)


def _check_parts(a, b, first: str, second: str) -> None:
    for x in (a, b):
        if not is_floating(x) or x.dtype.itemsize < 4:
            raise RuntimeError(
                f"Expected both inputs to be Half, Float or Double tensors but got {scalar_name(a)} and {scalar_name(b)}"
            )
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {scalar_name(a)} but got scalar type {scalar_name(b)} for second argument"
        )
