"""Attention by cuDNN on NVIDIA's GPUs, which never has all scores in memory, where it is sure to take the operands.

The conditions are narrower than those of `jax.nn.dot_product_attention`, which raises for what the library cannot do: half precision, one batch of heads,
head sizes that are multiples of 8 up to 128, even lengths, no mask but the causal one of a square, Ampere or later. Everything else is XLA's.

Source: the support surface of cuDNN's scaled dot product attention, forward and backward (cuDNN frontend, "Attention").
"""

import functools

import jax
import jax.numpy as jnp

LARGEST_HEAD = 128
# Ampere: what cuDNN's fused attention asks for.
OLDEST = 8.0


def worth_it(query, key, value, mask, noise, causal) -> bool:
    """Whether cuDNN may be taken where the program runs on a GPU."""
    return suits(query, key, value, mask, noise, causal) and available()


def suits(query, key, value, mask, noise, causal) -> bool:
    """The conditions on operands (N, heads, length, size)."""
    if mask is not None or noise is not None or not query.ndim == key.ndim == value.ndim == 4:
        return False
    if query.dtype not in (jnp.float16, jnp.bfloat16) or key.shape != value.shape:
        return False
    if query.shape[0] != key.shape[0] or query.shape[-1] != key.shape[-1] or 0 in query.shape or 0 in key.shape:
        return False
    heads, rows, size = query.shape[1:]
    columns = key.shape[2]
    if heads % key.shape[1] or size % 8 or size > LARGEST_HEAD or rows % 2 or columns % 2 or min(rows, columns) < 64:
        return False
    return rows == columns or not causal


@functools.cache
def available() -> bool:
    """Whether this process has a GPU of a kind that cuDNN's fused attention runs on."""
    try:
        devices = jax.devices("cuda")
    except RuntimeError:  # JAX's word for a platform that is not there
        return False
    return all(float(device.compute_capability) >= OLDEST for device in devices)


def forward(query, key, value, scale, causal):
    """Its layout is (N, length, heads, size)."""
    q, k, v = (x.swapaxes(1, 2) for x in (query, key, value))
    made = jax.nn.dot_product_attention(q, k, v, scale=scale, is_causal=causal, implementation="cudnn")
    return made.swapaxes(1, 2)
