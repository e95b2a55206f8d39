"""Clipping of gradients: functions of all of them at once."""

import jax.numpy as jnp

from .extremes import highest, lowest


def total_norm(total, tensors, *, order):
    """The norm of the tensors' norms, written to the one tensor in `total`."""
    norms = jnp.stack([_norm(tensor, order).astype(total[0].dtype) for tensor in tensors])
    return ([_norm(norms, order)],)


def scale_down(tensors, total, *, largest):
    """The tensors times `largest / total`, or unchanged where that is above one."""
    norm = total[0]
    factor = jnp.minimum(largest.astype(norm.dtype) / (norm + jnp.asarray(1e-6, norm.dtype)), 1)
    return ([tensor * factor.astype(tensor.real.dtype) for tensor in tensors],)


def clamp_all(tensors, *, bound):
    """The tensors clamped to [-bound, bound]."""
    bounds = [bound.astype(tensor.dtype) for tensor in tensors]
    return ([jnp.minimum(jnp.maximum(tensor, -b), b) for tensor, b in zip(tensors, bounds, strict=True)],)


def _norm(x, order):
    """The vector norm of all elements; half precision is summed in float32."""
    size = jnp.abs(x)
    if size.dtype in (jnp.float16, jnp.bfloat16):
        size = size.astype(jnp.float32)
    if order == 2:
        return jnp.sqrt(jnp.sum(size * size))
    if order == 1:
        return jnp.sum(size)
    if order == jnp.inf:
        return highest(size)
    if order == -jnp.inf:
        return lowest(size)
    if order == 0:
        return jnp.sum((size != 0).astype(size.dtype))
    return jnp.sum(size**order) ** (1.0 / order)
