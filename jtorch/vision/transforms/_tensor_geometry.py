"""Flips, windows, padding and resizing of tensor images (..., C, H, W).

A window that is resized is read from the whole image, by tables that are operands: windows of other places and sizes
compile nothing.
"""

from __future__ import annotations

import numpy as np

import jtorch
from jtorch.dispatch import apply
from jtorch.nn import functional as F
from jtorch.ops import resampling as ops
from jtorch.tensor import Tensor

from ._functional_pil import PADDING_MODES, padding_by_side
from ._tensor_image import float_batch, get_dimensions, host_array, require_image


def hflip(img: Tensor) -> Tensor:
    return _flipped(img, -1)


def vflip(img: Tensor) -> Tensor:
    return _flipped(img, -2)


def _flipped(img: Tensor, axis: int) -> Tensor:
    require_image(img)
    host = host_array(img)
    if host is not None:
        return jtorch.from_numpy(np.flip(host, axis).copy())
    return img.flip(axis)


def crop(img: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    """A view where the window lies inside the image; outside it is padded with zeros."""
    _, image_height, image_width = get_dimensions(img)
    bottom, right = top + height, left + width
    inside = img[..., max(top, 0) : bottom, max(left, 0) : right]
    if left >= 0 and top >= 0 and right <= image_width and bottom <= image_height:
        return inside
    # A window that misses the image altogether keeps its size: what is outside is cut off at the window's own edges.
    border = [
        max(-left + min(0, right), 0),
        max(-top + min(0, bottom), 0),
        max(right - max(image_width, left), 0),
        max(bottom - max(image_height, top), 0),
    ]
    return pad(inside, border)


def pad(img: Tensor, padding, fill: float | None = 0, padding_mode: str = "constant") -> Tensor:
    require_image(img)
    fill = 0 if fill is None else fill
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if not isinstance(fill, (int, float)):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    sides = padding_by_side(padding)
    if padding_mode not in PADDING_MODES:
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    if padding_mode == "symmetric" and img.ndim not in (3, 4):
        raise RuntimeError("Symmetric padding of N-D tensors are not supported yet")
    return padded(img, sides, fill, padding_mode)


def padded(img: Tensor, sides: tuple[int, int, int, int], fill: float, mode: str) -> Tensor:
    """`img` with (left, top, right, bottom) more pixels, or fewer where they are negative."""
    left, top, right, bottom = sides
    if mode == "symmetric":
        rows = _mirrored_indices(img.shape[-2], top, bottom)
        columns = _mirrored_indices(img.shape[-1], left, right)
        return img.index_select(-2, rows.to(img.device)).index_select(-1, columns.to(img.device))
    if mode == "constant":
        host = host_array(img) if min(sides) >= 0 else None
        if host is not None:
            widths = [(0, 0)] * (host.ndim - 2) + [(top, bottom), (left, right)]
            return jtorch.from_numpy(np.pad(host, widths, constant_values=np.array(fill).astype(host.dtype)))
        batch, restore = float_batch(img, None)
        return restore(F.pad(batch, [left, right, top, bottom], mode="constant", value=float(fill)))
    batch, restore = float_batch(img, (jtorch.float32, jtorch.float64))
    return restore(F.pad(batch, [left, right, top, bottom], mode="replicate" if mode == "edge" else mode))


def _mirrored_indices(length: int, before: int, after: int) -> Tensor:
    """Positions along one axis after padding by reflection that repeats the edge; negative padding crops."""
    positions = np.arange(max(-before, 0), length - max(-after, 0))
    return jtorch.from_numpy(np.pad(positions, (max(before, 0), max(after, 0)), mode="symmetric"))


def resize(
    img: Tensor,
    size: list[int],
    interpolation: str = "bilinear",
    antialias: bool | None = True,
    whole_levels: bool = False,
) -> Tensor:
    """`whole_levels`: uint8 is rounded after the columns too, and weights have 16 bits, as in Pillow."""
    require_image(img)
    found = _window_of(img)
    if found is not None:
        whole, top, left = found
        return resized_window(whole, (top, left, *img.shape[-2:]), size, interpolation, antialias, whole_levels)
    smooth = interpolation in _SMOOTH
    keeps = whole_levels and smooth and img.dtype == jtorch.uint8
    batch, restore = float_batch(img, None if keeps else (jtorch.float32, jtorch.float64))
    resized = F.interpolate(
        batch,
        size=list(size),
        mode=interpolation,
        align_corners=False if smooth else None,
        antialias=bool(antialias) and smooth,
    )
    if interpolation in ("bicubic", "lanczos") and img.dtype == jtorch.uint8 and not keeps:
        resized = resized.clamp(min=0, max=255)  # their weights overshoot
    return restore(resized)


_SMOOTH = ("bilinear", "bicubic", "lanczos")


def _window_of(img: Tensor) -> tuple[Tensor, int, int] | None:
    """(image, top, left) if `img` is a part of a whole image in memory, as `crop` gives it."""
    whole = img._base
    if whole is None or whole.shape[:-2] != img.shape[:-2] or whole.shape == img.shape or whole.dtype != img.dtype:
        return None
    if img.stride() != whole.stride() or not whole.is_contiguous() or img.requires_grad != whole.requires_grad:
        return None
    (height, width), (rows, columns) = whole.shape[-2:], img.shape[-2:]
    top, left = divmod(img.storage_offset() - whole.storage_offset(), max(width, 1))
    inside = 0 <= top <= height - rows and left <= width - columns  # as_strided makes views that are none
    return (whole.as_subclass(Tensor), top, left) if inside else None


def resized_crop(
    img: Tensor,
    window: tuple[int, int, int, int],
    size: list[int],
    interpolation: str = "bilinear",
    antialias: bool | None = True,
    whole_levels: bool = False,
) -> Tensor:
    """`crop` to the window (top, left, height, width), then `resize`."""
    if list(window[2:]) == list(size):
        return crop(img, *window)
    return resized_window(img, window, size, interpolation, antialias, whole_levels)


def resized_window(img, window, size, interpolation, antialias, whole_levels) -> Tensor:
    require_image(img)
    smooth = interpolation in _SMOOTH
    height, width = img.shape[-2:]
    top, left, rows, columns = window
    overlaps = -rows < top < height and -columns < left < width and min(rows, columns, *size) > 0
    inside = top >= 0 and left >= 0 and top + rows <= height and left + columns <= width
    known = antialias or interpolation != "lanczos" if smooth else interpolation.startswith("nearest") and inside
    if not overlaps or not known or img.ndim < 3 or img.numel() == 0 or img.dtype == jtorch.bool:
        return resize(crop(img, *window).clone(), size, interpolation, antialias, whole_levels)
    real: type[np.number] = np.float64 if img.dtype == jtorch.float64 else np.float32
    if whole_levels and img.dtype == jtorch.uint8:
        real = np.int32
    tables = ops.window_tables((height, width), window, size, interpolation, bool(antialias) and smooth, real)
    operands = [jtorch.from_numpy(t).to(img.device) if isinstance(t, np.ndarray) else t for t in tables]
    return apply(ops.resample, (img, *operands))[0]
