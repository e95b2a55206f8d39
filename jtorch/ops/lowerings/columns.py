"""The gradient of a convolution's weight on a CPU of few cores as a product of matrices: windows laid out as columns ("im2col"), a few images at a time.

XLA's own convolution is good at small kernels going forward and poor at the gradient of the weight. Milliseconds on 2 cores, jax 0.10.2, XLA's own
against columns:

    input, kernel              gradient of the weight    forward
    256x32x12x12, 64x32x5x5          70 and 18          45 and 18
    256x1x28x28,  32x1x5x5           30 and 16          19 and 12
    32x32x32x32,  32x32x3x3          22 and 18           9 and 17
    32x64x16x16,  64x64x3x3          20 and  9           5 and  9
    8x64x56x56,   64x64x3x3          62 and 35          19 and 35
    8x3x224x224,  64x3x7x7 /2        84 and 51          28 and 36
    8x128x28x28,  2 groups, 3x3     283 and 48          27 and 27
    8x128x28x28,  32 groups, 3x3   3398 and 37          28 and  9
    4x128x32x32,  64x2x2 transposed 210 and  5           4

Forward it stays with XLA's: that adds up in the order of torch's, whose losses a training run follows to the seventh digit because of it.

All columns at once are as slow as XLA: what counts is that those of a tile stay in the cache.

Source: K. Chellapilla, S. Puri, P. Simard, "High Performance Convolutional Neural Networks for Document Processing" (2006), section 3.
"""

import itertools
import math
import os

import jax.numpy as jnp
from jax import lax

# Where there are more cores, XLA's own spreads over them and has not been measured against this.
FEW_CORES = 4
TILE_BYTES = 2 << 20
# Multiplications under which compiling a loop costs more than it will ever save.
WORTH = 20_000_000
WORTH_INSTEAD_OF_POOR = 1_000_000


def worth_it(x, weight, out_shape, groups, transposed=False) -> bool:
    """Whether columns may be taken at all."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    work = math.prod(out_shape) * math.prod(weight.shape[1:])
    if x.dtype not in (jnp.float32, jnp.float64):
        return False
    if groups > 1 or transposed:  # XLA's own loops over these in the plainest way, on however many cores
        return work >= WORTH_INSTEAD_OF_POOR
    return cores <= FEW_CORES and work >= WORTH


def weight_gradient(x, grad, weight, stride, padding, dilation, groups=1):
    """The gradient of the weight (O, C / groups, *kernel) from that of the result, (N, O, *out)."""
    n, channels, *out = grad.shape
    tiles = _tiles(x, weight, out, padding)
    size = tiles.shape[1]

    def add(total, given):
        tile, slope = given
        rows = jnp.moveaxis(slope, 1, 0).reshape(channels, -1)
        columns = _columns(tile, weight.shape[2:], out, stride, dilation)
        if groups == 1:  # not as a stack of one, which XLA multiplies at half the speed
            return total + (rows @ columns.T)[None], None
        rows, columns = (made.reshape(groups, -1, made.shape[1]) for made in (rows, columns))
        return total + rows @ columns.swapaxes(1, 2), None

    start = jnp.zeros((groups, channels // groups, math.prod(weight.shape[1:])), grad.dtype)
    total, _ = lax.scan(add, start, (tiles, grad.reshape(n // size, size, channels, *out)))
    return total.reshape(weight.shape)


def _tiles(x, weight, out, padding):
    """The padded input as (tiles, images, C, *spatial)."""
    images = x.shape[0]
    column_bytes = math.prod(weight.shape[1:]) * math.prod(out) * x.dtype.itemsize
    fitting = max(1, TILE_BYTES // max(1, column_bytes))
    size = max(d for d in range(1, min(images, fitting) + 1) if images % d == 0)
    x = lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), (0, 0, 0), *((low, high, 0) for low, high in padding)))
    return x.reshape(images // size, size, *x.shape[1:])


def _columns(tile, kernel, out, stride, dilation):
    """(C * K, images * positions): for each channel and place of the kernel what it is multiplied with."""
    tile = jnp.moveaxis(tile, 1, 0)
    picked = []
    for place in itertools.product(*map(range, kernel)):
        starts = [k * d for k, d in zip(place, dilation, strict=True)]
        limits = [first + s * (count - 1) + 1 for first, s, count in zip(starts, stride, out, strict=True)]
        picked.append(lax.slice(tile, (0, 0, *starts), (*tile.shape[:2], *limits), (1, 1, *stride)))
    # Without the barrier XLA computes the windows again for each of the product's blocks.
    return lax.optimization_barrier(jnp.stack(picked, 1).reshape(tile.shape[0] * math.prod(kernel), -1))
