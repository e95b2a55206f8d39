"""Convolution whose kernel elements are moved by learned offsets."""

import jax.numpy as jnp

from .kinds import widened
from .registry import Array, OptionalArray, op
from .resampling import _sample_linear


@op("deform_conv2d", variants="", promote="none")
def deform_conv2d(
    input: Array, weight: Array, offset: Array, mask: OptionalArray, bias: OptionalArray, stride, padding, dilation
):
    """Each kernel element reads (N, C, H, W) at its place plus an offset (y, x), bilinearly, zero outside (Dai et al. 2017,
    https://arxiv.org/abs/1703.06211, eq. 2); `mask` scales what it reads (Zhu et al. 2018, https://arxiv.org/abs/1811.11168, eq. 1).

    Channels are split evenly among the groups of offsets, and among those of the weight.
    """
    batch, channels, *extents = input.shape
    filters, per_group, *kernel = weight.shape
    taps, out = kernel[0] * kernel[1], offset.shape[2:]
    parts = offset.shape[1] // (2 * taps)
    shifts = widened(offset).reshape(batch * parts, *kernel, 2, *out)
    points = []
    for axis in (0, 1):
        element = jnp.arange(kernel[axis]).reshape((-1, 1, 1, 1) if axis == 0 else (-1, 1, 1)) * dilation[axis]
        place = jnp.arange(out[axis]).reshape((-1, 1) if axis == 0 else (-1,)) * stride[axis] - padding[axis]
        points.append((element + place).astype(shifts.dtype) + shifts[:, :, :, axis])
    wide = widened(input).reshape(batch * parts, channels // parts, *extents)
    columns = _sample_linear(wide, points, extents)
    if mask is not None:
        columns = columns * widened(mask).reshape(batch * parts, 1, *kernel, *out)
    groups = channels // per_group
    columns = columns.reshape(batch, groups, per_group, taps, *out)
    weights = widened(weight).reshape(groups, filters // groups, per_group, taps)
    result = jnp.einsum("gfct,ngcthw->ngfhw", weights, columns, precision="highest").reshape(batch, filters, *out)
    if bias is not None:
        result = result + widened(bias)[:, None, None]
    return result.astype(input.dtype)
