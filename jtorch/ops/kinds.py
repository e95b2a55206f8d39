"""What kind of numbers an array holds, in which dtype to compute with it, and torch's words for refusing it."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

# Names of torch's scalar types, as its kernels print them.
SCALAR_NAMES = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "uint16": "UInt16",
    "uint32": "UInt32",
    "uint64": "UInt64",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "float8_e4m3fn": "Float8_e4m3fn",
    "float8_e4m3fnuz": "Float8_e4m3fnuz",
    "float8_e5m2": "Float8_e5m2",
    "float8_e5m2fnuz": "Float8_e5m2fnuz",
    "float8_e8m0fnu": "Float8_e8m0fnu",
    "float32": "Float",
    "float64": "Double",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}
# Names of torch's C types, as its matrix functions print them.
C_NAMES = {
    "bool": "bool",
    "uint8": "unsigned char",
    "int8": "signed char",
    "int16": "short",
    "int32": "int",
    "int64": "long int",
    "float16": "c10::Half",
    "bfloat16": "c10::BFloat16",
    "float32": "float",
    "float64": "double",
    "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}


def scalar_name(x) -> str:
    return SCALAR_NAMES.get(np.dtype(x.dtype).name, np.dtype(x.dtype).name)


def c_name(x) -> str:
    return C_NAMES.get(np.dtype(x.dtype).name, np.dtype(x.dtype).name)


def is_bool(x) -> bool:
    return x.dtype == np.bool_


def is_complex(x) -> bool:
    return jnp.issubdtype(x.dtype, jnp.complexfloating)


def is_floating(x) -> bool:
    """Real floating point."""
    return jnp.issubdtype(x.dtype, jnp.floating)


def is_integral(x) -> bool:
    """An integer dtype; bool is not one."""
    return jnp.issubdtype(x.dtype, jnp.integer)


def is_exact(x) -> bool:
    """An integer dtype or bool."""
    return is_integral(x) or is_bool(x)


def is_half(x) -> bool:
    return is_floating(x) and x.dtype.itemsize == 2


def widened(x):
    """`x`, or for the 16-bit floats its float32 copy: torch's CPU kernels compute and accumulate those in float32."""
    return x.astype(jnp.float32) if is_half(x) else x


def rounded_to(dtype, x):
    """`x` with the precision of a 16-bit `dtype`, where torch's kernel rounds between two steps. (`lax.reduce_precision` would not do:
    it takes denormal numbers as zero.)"""
    return x.astype(dtype).astype(x.dtype) if dtype.itemsize == 2 else x


def real_dtype(dtype) -> np.dtype:
    """The dtype of the absolute value of a number of this dtype."""
    return np.finfo(dtype).dtype if np.issubdtype(dtype, np.complexfloating) else np.dtype(dtype)


def divisor(count: int, dtype):
    """A count to divide by. XLA would multiply by the reciprocal of a constant, and a mean of 105 / 15 would not be 7."""
    return lax.optimization_barrier(jnp.asarray(count, dtype))


def as_number(value, dtype):
    """A `Number` parameter (0-dim array, or the untouched default) as a 0-dim array of `dtype`."""
    return jnp.asarray(value).astype(dtype)


def not_implemented(kernel: str, x) -> NotImplementedError:
    """Torch's error for a dtype its kernel does not serve."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_name(x)}'")


def refuse_complex(kernel: str, *arrays) -> None:
    for x in arrays:
        if is_complex(x):
            raise not_implemented(kernel, x)


def refuse_bool(kernel: str, *arrays) -> None:
    for x in arrays:
        if is_bool(x):
            raise not_implemented(kernel, x)


def require_integral(kernel: str, *arrays) -> None:
    """Integers or bool."""
    for x in arrays:
        if not is_exact(x):
            raise not_implemented(kernel, x)


def require_floating(kernel: str, *arrays) -> None:
    """Floating point, real or complex."""
    for x in arrays:
        if is_exact(x):
            raise not_implemented(kernel, x)


def require_wide_real(kernel: str, *arrays) -> None:
    """float32 or float64: what torch computes special functions in that are not written for anything else."""
    for x in arrays:
        if is_complex(x) or is_half(x):
            raise not_implemented(kernel, x)


def direction(x):
    """x / |x|, and 0 at 0; of a real number 0 at NaN too."""
    if not is_complex(x):
        return lax.stop_gradient((x > 0).astype(x.dtype) - (x < 0).astype(x.dtype))
    return _phase(x)


@jax.custom_jvp
def _phase(x):
    size = jnp.abs(x)
    return jnp.where(size == 0, 0, x / jnp.where(size == 0, 1, size))


@_phase.defjvp
def _phase_jvp(primals, tangents):
    # Divided by |x| once: its square underflows where |x| does not.
    (x,), (moved,) = primals, tangents
    phase, size = _phase(x), jnp.abs(x)
    across = moved - phase * jnp.real(jnp.conj(phase) * moved)
    return phase, jnp.where(size == 0, 0, across / jnp.where(size == 0, 1, size))
