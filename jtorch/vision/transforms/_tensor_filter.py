"""Blurring and sharpening of tensor images (..., C, H, W): convolutions of each channel by itself.

The channels go into the batch: a convolution in groups is slow on CPU, and a Gaussian is the product of two
one-dimensional ones.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import jtorch
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ._tensor_color import blend
from ._tensor_image import float_batch


def gaussian_blur(img: Tensor, kernel_size: Sequence[int], sigma: Sequence[float]) -> Tensor:
    """`kernel_size` and `sigma` are (x, y); the border is reflected."""
    dtype = img.dtype if img.is_floating_point() else jtorch.float32
    batch, restore = float_batch(img, (dtype,))
    half_x, half_y = (size // 2 for size in kernel_size)
    output = F.pad(batch, [half_x, half_x, half_y, half_y], mode="reflect").flatten(0, 1).unsqueeze(1)
    for size, width, shape in zip(kernel_size, sigma, [(1, 1, 1, -1), (1, 1, -1, 1)], strict=True):
        weights = jtorch.from_numpy(_gaussian(size, width)).to(batch.device, dtype)
        output = F.conv2d(output, weights.reshape(shape))
    return restore(output.reshape(batch.shape))


def _gaussian(size: int, sigma: float) -> np.ndarray:
    density = np.exp(-0.5 * (np.linspace(-(size - 1) * 0.5, (size - 1) * 0.5, size) / sigma) ** 2)
    return density / density.sum()


def adjust_sharpness(img: Tensor, sharpness_factor: float) -> Tensor:
    """Blend with a smoothed image: Pillow's SMOOTH filter, whose border pixels stay as they are."""
    if img.shape[-1] <= 2 or img.shape[-2] <= 2:
        return img
    dtype = img.dtype if img.is_floating_point() else jtorch.float32
    batch, restore = float_batch(img, (dtype,))
    weights = jtorch.from_numpy(np.float64([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13).to(batch.device, dtype)
    inner = F.conv2d(batch.flatten(0, 1).unsqueeze(1), weights.reshape(1, 1, 3, 3))
    smooth = batch.clone()
    smooth[..., 1:-1, 1:-1] = inner.reshape(*batch.shape[:2], *inner.shape[-2:])
    return blend(img, restore(smooth), sharpness_factor)
