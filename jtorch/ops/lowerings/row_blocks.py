"""Attention over long sequences a few rows of queries at a time, so that the scores of all pairs are never in memory at once.

What has no way of its own takes this one: devices other than CPUs without cuDNN's kernel, gradients of masks, and second derivatives, which JAX
makes of it. Going back, the scores of a block are computed again. Temporary memory of XLA's program for forward and backward, 1 x 4 heads of 64, float32, causal, and
seconds of CPU time on 2 cores, jax 0.10.2, whole against blocks:

    queries and keys     memory              time
    2048                 194 and  39 MiB     0.71 and 0.45
    4096                 772 and  77 MiB     2.8  and 2.2
    8192                       153 MiB            9.3

Sources: M. Rabe, C. Staats, "Self-attention does not need O(n^2) memory" (2021); T. Chen et al., "Training deep nets with sublinear memory cost" (2016).
"""

import math

import jax
import jax.numpy as jnp
from jax import lax

# Scores of more elements than this go by blocks, of so many rows.
MOST_SCORES = 1 << 22
ROWS = 256


def attention(attend, q, k, v, mask, noise):
    """`attend(q, k, v, mask, noise, first row)`, at once or by blocks of rows."""
    rows = q.shape[-2]
    if math.prod(q.shape[:-1]) * k.shape[-2] <= MOST_SCORES or rows <= ROWS:
        return attend(q, k, v, mask, noise, 0)
    count = -(-rows // ROWS)

    def blocks(array):
        """The rows of an array by blocks, the last one filled up; as it is where all rows are one."""
        if array is None or array.ndim < 2 or array.shape[-2] == 1:
            return None
        pad = [(0, 0)] * (array.ndim - 2) + [(0, count * ROWS - rows), (0, 0)]
        return jnp.moveaxis(jnp.pad(array, pad).reshape(*array.shape[:-2], count, ROWS, array.shape[-1]), -3, 0)

    @jax.checkpoint
    def block(k, v, given):
        first, q, mask_rows, noise_rows = given
        return attend(
            q, k, v, mask if mask_rows is None else mask_rows, noise if noise_rows is None else noise_rows, first
        )

    given = (jnp.arange(count) * ROWS, blocks(q), blocks(mask), blocks(noise))
    made = lax.map(lambda given: block(k, v, given), given)
    made = jnp.moveaxis(made, 0, -3)
    return made.reshape(*made.shape[:-3], count * ROWS, made.shape[-1])[..., :rows, :]
