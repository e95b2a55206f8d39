"""Convolutions in three dimensions on CPUs as convolutions of planes: the places of the kernel's first dimension become channels.

XLA's convolution in three dimensions is a plain loop, that in two is not. Milliseconds of CPU time on 2 cores while others used them too, jax 0.10.2, XLA's own,
planes, and torch 2.13:

    input, kernel                        forward         to the input     to the weight
    4x3x16x56x56,  32x3x3x3x3          384, 48, 26        872, 39, 82      146, 82, 26
    4x32x8x28x28,  64x32x3x3x3         147, 40, 26        224, 40, 46      217, 96, 34
    2x64x8x14x14,  64x64x3x3x3          41, 10, 14         36,  9,  3       76, 11, 20

Planes of each place by themselves, added up, took as long or longer; a product of matrices with columns (`columns.py`) 1.4 to 2 times as long forward.

Source: S. Xie et al., "Rethinking spatiotemporal feature learning: speed-accuracy trade-offs in video classification" (2018), section 3, on the two
dimensions within the three.
"""

import jax.numpy as jnp
from jax import lax


def worth_it(x, weight, groups) -> bool:
    """Whether a convolution, and its gradients, may go by planes."""
    # Grouped ones are left to XLA, and so is an empty input.
    return weight.ndim == 5 and groups == 1 and x.size > 0 and x.dtype in (jnp.float32, jnp.float64)


def convolution(x, weight, stride, padding, dilation):
    """Cross-correlation of (N, C, D, H, W) with (O, C, *kernel)."""
    images, channels = x.shape[:2]
    outputs, _, places, *kernel = weight.shape
    x = lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), (0, 0, 0), (*padding[0], 0), (0, 0, 0), (0, 0, 0)))
    depth = (x.shape[2] - dilation[0] * (places - 1) - 1) // stride[0] + 1
    met = [
        lax.slice_in_dim(x, first, first + stride[0] * (depth - 1) + 1, stride[0], 2)
        for first in range(0, dilation[0] * places, dilation[0])
    ]
    # (images, depth, places, channels, H, W), the first two and the next two as one each.
    planes = jnp.stack(met, 1).transpose(0, 3, 1, 2, 4, 5).reshape(images * depth, places * channels, *x.shape[3:])
    flat = weight.swapaxes(1, 2).reshape(outputs, places * channels, *kernel)
    made = lax.conv_general_dilated(
        planes, flat, stride[1:], padding[1:], rhs_dilation=dilation[1:], dimension_numbers=("NCHW", "OIHW", "NCHW")
    )
    return made.reshape(images, depth, outputs, *made.shape[2:]).swapaxes(1, 2)
