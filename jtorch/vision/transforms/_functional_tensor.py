"""The image functions on tensors (..., C, H, W), with v1's checks. `functional.py` chooses between this file and
`_functional_pil.py`; the work is done in `_tensor_geometry.py`, `_tensor_warp.py`, `_tensor_color.py` and
`_tensor_filter.py`, which v2 shares.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

import jtorch
from jtorch.dispatch import apply
from jtorch.ops import masked as ops
from jtorch.tensor import Tensor

from . import _tensor_color, _tensor_filter, _tensor_warp
from ._tensor_geometry import crop, hflip, pad, resize, resized_crop, vflip
from ._tensor_image import (
    convert_image_dtype,
    get_dimensions,
    get_image_num_channels,
    get_image_size,
    host_array,
    largest_value,
    numpy_float,
    require_channels,
    require_image,
)

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "color_jitter",
    "convert_image_dtype",
    "crop",
    "elastic_transform",
    "equalize",
    "erase",
    "gaussian_blur",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "invert",
    "normalize",
    "numpy_float",
    "pad",
    "perspective",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "solarize",
    "vflip",
]


def normalize(tensor: Tensor, mean, std, inplace: bool = False) -> Tensor:
    require_image(tensor)
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
        )
    host = None if inplace else host_array(tensor)
    if host is not None:
        means, stds = (_one_per_channel(np.asarray(v, host.dtype)) for v in (mean, std))
        # Lengths that do not fit go on to the tensor operations, whose errors are torch's.
        if all(_stretches_to(v.shape, host.shape) for v in (means, stds)):
            _require_nonzero(stds.ravel(), tensor.dtype)
            return jtorch.from_numpy((host - means) / stds)

    mean, std = (jtorch.as_tensor(v, dtype=tensor.dtype) for v in (mean, std))
    _require_nonzero(std.flatten().tolist(), tensor.dtype)
    mean, std = (_one_per_channel(v.to(tensor.device)) for v in (mean, std))
    if not inplace and all(_stretches_to(v.shape, tensor.shape) for v in (mean, std)):
        return (tensor - mean) / std
    result = tensor if inplace else tensor.clone()
    return result.sub_(mean).div_(std)


def _one_per_channel(values):
    return values.reshape(-1, 1, 1) if values.ndim == 1 else values


def _stretches_to(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to exactly `target`."""
    return len(shape) <= len(target) and all(
        n in (1, m) for n, m in zip(reversed(shape), reversed(target), strict=False)
    )


def _require_nonzero(std, dtype) -> None:
    if any(value == 0 for value in std):
        raise ValueError(f"std evaluated to zero after conversion to {dtype}, leading to division by zero.")


def erase(img: Tensor, i: int, j: int, h: int, w: int, v, inplace: bool = False) -> Tensor:
    require_image(img)
    value = None if inplace else _around(img, i, j, h, w, v)
    if value is not None:
        return apply(ops.fill_window, (img, value, i, j, h, w))[0]
    result = img if inplace else img.clone()
    result[..., i : i + h, j : j + w] = v
    return result


def _around(img: Tensor, i: int, j: int, h: int, w: int, v) -> Tensor | None:
    """What to write over a window, in a shape that does not depend on the window's; None where it has no other one."""
    height, width = img.shape[-2:]
    if not isinstance(v, Tensor) or v.ndim > img.ndim or not 0 <= i <= i + h <= height or not 0 <= j <= j + w <= width:
        return None
    if v.ndim < 2 or v.shape[-2:] == (1, 1):
        return v if v.numel() == 1 or _stretches_to(v.shape, img.shape) and v.ndim > 1 else None
    host = host_array(v)
    if host is None or v.shape[-2:] != (h, w) or not _stretches_to(v.shape[:-2], img.shape[:-2]):
        return None
    # Random numbers are drawn on the host; there they are laid where they belong.
    around = [(0, 0)] * (host.ndim - 2) + [(i, height - i - h), (j, width - j - w)]
    return jtorch.from_numpy(np.pad(host, around)).to(img.device)


def require_warp(img: Tensor, interpolation: str, fill) -> None:
    require_image(img)
    channels = get_dimensions(img)[0]
    if fill is not None and not isinstance(fill, (int, float, tuple, list)):
        warnings.warn("Argument fill should be either int, float, tuple or list", stacklevel=3)
    if isinstance(fill, (tuple, list)) and len(fill) > 1 and len(fill) != channels:
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(fill)} != {channels})"
        )
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{interpolation}' is unsupported with Tensor input")


def affine(img: Tensor, matrix: list[float], interpolation: str = "nearest", fill=None) -> Tensor:
    require_warp(img, interpolation, fill)
    return _tensor_warp.affine(img, matrix, interpolation, fill)


def rotate(img: Tensor, matrix: list[float], interpolation: str = "nearest", expand: bool = False, fill=None) -> Tensor:
    require_warp(img, interpolation, fill)
    return _tensor_warp.affine(img, matrix, interpolation, fill, expand)


def perspective(img: Tensor, perspective_coeffs: list[float], interpolation: str = "bilinear", fill=None) -> Tensor:
    require_warp(img, interpolation, fill)
    return _tensor_warp.perspective(img, perspective_coeffs, interpolation, fill)


def elastic_transform(img: Tensor, displacement: Tensor, interpolation: str = "bilinear", fill=None) -> Tensor:
    return _tensor_warp.elastic(img, displacement, interpolation, fill)


def gaussian_blur(img: Tensor, kernel_size: Sequence[int], sigma: Sequence[float]) -> Tensor:
    require_image(img)
    return _tensor_filter.gaussian_blur(img, kernel_size, sigma)


def rgb_to_grayscale(img: Tensor, num_output_channels: int = 1) -> Tensor:
    _require_dimensions(img)
    require_channels(img, [1, 3])
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = _tensor_color.grayscale(img)
    return gray.expand(img.shape) if num_output_channels == 3 else gray


def adjust_brightness(img: Tensor, brightness_factor: float) -> Tensor:
    require_factor(brightness_factor, "brightness_factor")
    _require_color(img)
    return _tensor_color.adjust_brightness(img, brightness_factor)


def adjust_contrast(img: Tensor, contrast_factor: float) -> Tensor:
    require_factor(contrast_factor, "contrast_factor")
    require_image(img)
    require_channels(img, [3, 1])
    return _tensor_color.adjust_contrast(img, contrast_factor)


def adjust_saturation(img: Tensor, saturation_factor: float) -> Tensor:
    require_factor(saturation_factor, "saturation_factor")
    _require_color(img)
    return img if img.ndim == 2 else _tensor_color.adjust_saturation(img, saturation_factor)


def adjust_hue(img: Tensor, hue_factor: float) -> Tensor:
    require_turn(hue_factor)
    _require_color(img)
    return img if img.ndim == 2 else _tensor_color.adjust_hue(img, hue_factor)


def color_jitter(img: Tensor, changes: Sequence[tuple[str, float | None]]) -> Tensor:
    """Several of the four changes above in turn, as one operation; a factor that is None stands for no change."""
    if all(factor is None for _, factor in changes):
        return img
    require_changes(changes)
    _require_color(img)
    return _tensor_color.color_jitter(img, changes)


def adjust_gamma(img: Tensor, gamma: float, gain: float = 1) -> Tensor:
    require_channels(img, [1, 3])
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _tensor_color.adjust_gamma(img, gamma, gain)


def adjust_sharpness(img: Tensor, sharpness_factor: float) -> Tensor:
    require_factor(sharpness_factor, "sharpness_factor")
    _require_color(img)
    return _tensor_filter.adjust_sharpness(img, sharpness_factor)


def invert(img: Tensor) -> Tensor:
    _require_dimensions(img)
    require_channels(img, [1, 3])
    return _tensor_color.invert(img)


def posterize(img: Tensor, bits: int) -> Tensor:
    _require_dimensions(img)
    _require_levels(img)
    return _tensor_color.posterize(img, bits)


def solarize(img: Tensor, threshold: float) -> Tensor:
    _require_dimensions(img)
    require_channels(img, [1, 3])
    if threshold > largest_value(img.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    return _tensor_color.solarize(img, threshold)


def autocontrast(img: Tensor) -> Tensor:
    _require_dimensions(img)
    require_channels(img, [1, 3])
    return _tensor_color.autocontrast(img)


def equalize(img: Tensor) -> Tensor:
    require_image(img)
    if img.ndim not in (3, 4):
        raise TypeError(f"Input image tensor should have 3 or 4 dimensions, but found {img.ndim}")
    _require_levels(img)
    return _tensor_color.equalize(img)


def require_factor(factor: float, name: str) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def require_turn(hue_factor: float) -> None:
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")


def require_changes(changes: Sequence[tuple[str, float | None]]) -> None:
    """The factors of a jitter, by name; None stands for no change."""
    for name, factor in changes:
        if factor is not None and name != "hue_factor":
            require_factor(factor, name)
        elif factor is not None:
            require_turn(factor)


def _require_color(img: Tensor) -> None:
    require_image(img)
    require_channels(img, [1, 3])


def _require_dimensions(img: Tensor) -> None:
    require_image(img)
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")


def _require_levels(img: Tensor) -> None:
    if img.dtype != jtorch.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    require_channels(img, [1, 3])
