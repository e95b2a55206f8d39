"""Copies, casts and fills."""

import jax.numpy as jnp

from .registry import Array, Operand, op


@op("clone", variants="", promote="none")
def clone(input: Array):
    """The same contents in memory of its own."""
    return input


@op("to_dtype", variants="", promote="none", node="ToCopy")
def to_dtype(input: Array, dtype):
    """The contents as another dtype: truncation towards zero to ints, the real part from complex numbers."""
    return cast(input, dtype)


def cast(input, dtype):
    """Cast as torch does: complex loses its imaginary part, floats wrap into small ints through int64 as C casts do."""
    dtype = jnp.dtype(dtype)
    if jnp.iscomplexobj(input) and not jnp.issubdtype(dtype, jnp.complexfloating) and dtype != jnp.bool_:
        input = input.real
    if jnp.issubdtype(input.dtype, jnp.floating) and jnp.issubdtype(dtype, jnp.integer) and dtype.itemsize < 8:
        return input.astype(jnp.int64).astype(dtype)
    if dtype in _LIMITED and input.dtype != dtype:
        return _LIMITED[dtype](input.astype(jnp.float32)).astype(dtype)
    return input.astype(dtype)


# Dtypes of 8 bits to which torch brings numbers that they do not hold: one has no infinity, the other neither zero nor sign.
_LIMITED = {
    jnp.dtype(jnp.float8_e4m3fn): lambda x: jnp.clip(x, -448, 448),
    jnp.dtype(jnp.float8_e8m0fnu): lambda x: jnp.maximum(jnp.abs(x), 2.0**-126),
}


@op("copy", variants="", promote="none", node="CopyBackwards")
def copy(input: Array, source: Array):
    """`source` broadcast to the shape of `input`, in its dtype."""
    return jnp.broadcast_to(cast(source, input.dtype), input.shape)


@op("fill", variants="", promote="none")
def fill(input: Array, value: Operand):
    """Every element set to one value."""
    return jnp.broadcast_to(cast(jnp.asarray(value), input.dtype), input.shape)


@op("zero", variants="", promote="none")
def zero(input: Array):
    """Every element set to zero."""
    return jnp.broadcast_to(cast(jnp.float32(0), input.dtype), input.shape)
