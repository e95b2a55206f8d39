"""A number that tells tensors apart."""

import jax.numpy as jnp
from jax import lax

from .kinds import is_complex, is_exact, not_implemented
from .registry import Array, Dims, op
from .shapes import axes_of


@op(promote="none", variants="function method out", differentiable=False)
def hash_tensor(input: Array, dim: Dims = None, *, keepdim=False, mode=0):
    """Exclusive or, over `dim`, of elements as 64 bits: floating ones those of the float64, integers those of the int64.

    >>> import jtorch as torch
    >>> torch.hash_tensor(torch.tensor([1, 2, 4])).item()
    7
    """
    if mode != 0:
        raise RuntimeError("Unknown hash_tensor mode")
    if is_complex(input):
        raise not_implemented("hash_tensor", input)
    if input.size == 0 and not dim:
        raise RuntimeError(
            "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with the 'dim' argument."
        )
    wide = input.astype(jnp.int64 if is_exact(input) else jnp.float64)
    axes = axes_of(input, dim)
    hashed = lax.reduce_xor(lax.bitcast_convert_type(wide, jnp.uint64), axes=axes)
    return jnp.expand_dims(hashed, axes) if keepdim else hashed
