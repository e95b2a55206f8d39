"""Colours and levels of tensor images (..., C, H, W). Nothing is checked here: see `_functional_tensor.py` and `v2`."""

from __future__ import annotations

from collections.abc import Sequence

import jtorch
from jtorch.dispatch import apply
from jtorch.ops import colors as ops
from jtorch.tensor import Tensor

from ._tensor_image import convert_image_dtype, is_unsafe, largest_value


def grayscale(img: Tensor) -> Tensor:
    """One channel of grey levels, by the luma weights of ITU-R BT.601, as Pillow's conversion to "L"."""
    channels = img.shape[-3]
    if channels == 1:
        return img.clone()
    if channels != 3:
        raise ValueError(
            f"{'not enough' if channels < 3 else 'too many'} values to unpack (expected 3, got {channels})"
        )
    return _changed(ops.rgb_to_grayscale, img)


def blend(img: Tensor, other: Tensor, ratio: float) -> Tensor:
    """`ratio` of `img` and the rest of `other`, cut to the range of the dtype; beyond 1 it extrapolates."""
    return _changed(ops.blend, img, other, float(ratio))


def adjust_brightness(img: Tensor, brightness_factor: float) -> Tensor:
    return _changed(ops.adjust_brightness, img, float(brightness_factor))


def adjust_contrast(img: Tensor, contrast_factor: float) -> Tensor:
    return _changed(ops.adjust_contrast, img, float(contrast_factor))


def adjust_saturation(img: Tensor, saturation_factor: float) -> Tensor:
    return img if img.shape[-3] == 1 else _changed(ops.adjust_saturation, img, float(saturation_factor))


def adjust_hue(img: Tensor, hue_factor: float) -> Tensor:
    if img.shape[-3] == 1:
        return img
    _require_safe(img)
    return _changed(ops.adjust_hue, img, float(hue_factor))


def color_jitter(img: Tensor, changes: Sequence[tuple[str, float | None]]) -> Tensor:
    """Changes by the names of `ops.CHANGES` and factors (None: no change), in their order. Another order compiles nothing."""
    given = dict(changes)
    if given.get("hue_factor") is not None and img.shape[-3] != 1:
        _require_safe(img)
    names = tuple(name for name in ops.CHANGES if name in given)
    order = [len(names) if factor is None else names.index(name) for name, factor in changes]
    factors = [0.0 if factor is None else float(factor) for _, factor in changes]
    drawn = (jtorch.tensor(order, dtype=jtorch.int32), jtorch.tensor(factors, dtype=jtorch.float64))
    return _changed(ops.color_jitter, img, *(t.to(img.device) for t in drawn), names)


def _require_safe(img: Tensor) -> None:
    if is_unsafe(jtorch.float32, img.dtype):
        raise RuntimeError(f"The cast from {jtorch.float32} to {img.dtype} cannot be performed safely.")


def _changed(op, img: Tensor, *arguments) -> Tensor:
    if img.is_complex():
        raise NotImplementedError("clamp is not supported for complex types")
    return apply(op, (img, *arguments, jtorch.get_default_dtype()))[0]


def adjust_gamma(img: Tensor, gamma: float, gain: float = 1, bounded: bool = True) -> Tensor:
    """`bounded` cuts floats to 0..1."""
    level = img if img.is_floating_point() else convert_image_dtype(img, jtorch.float32)
    level = gain * level.pow(gamma)
    return convert_image_dtype(level.clamp(0, 1) if bounded else level, img.dtype)


def invert(img: Tensor) -> Tensor:
    return largest_value(img.dtype) - img


def posterize(img: Tensor, bits: int) -> Tensor:
    """The `bits` highest bits of each level; of floats as many levels in 0..1."""
    if img.is_floating_point():
        levels = 1 << bits
        return (img * levels).floor().clamp(0, levels - 1) * (1.0 / levels)
    all_bits = largest_value(img.dtype).bit_length()
    return img if bits >= all_bits else img & (((1 << bits) - 1) << (all_bits - bits))


def solarize(img: Tensor, threshold: float) -> Tensor:
    return jtorch.where(img >= threshold, invert(img), img)


def autocontrast(img: Tensor) -> Tensor:
    """Each channel stretched to the whole range; one of a single level stays as it is."""
    bound = largest_value(img.dtype)
    level = img if img.is_floating_point() else img.to(jtorch.float32)
    darkest, brightest = (extreme(level, dim=(-2, -1), keepdim=True) for extreme in (jtorch.amin, jtorch.amax))
    even = darkest == brightest
    scale = jtorch.where(even, 1.0, bound / jtorch.where(even, 1.0, brightest - darkest))
    return ((level - jtorch.where(even, 0.0, darkest)) * scale).clamp(0, bound).to(img.dtype)


def equalize(img: Tensor) -> Tensor:
    """Levels of 8 bits replaced so that each channel has as many pixels of one as of another, by Pillow's rule.

    The step is the count of all pixels but those of the brightest level present, over 255; a channel whose step is 0
    stays as it is.
    """
    level = convert_image_dtype(img, jtorch.uint8).flatten(-2).to(jtorch.int64)
    counts = jtorch.zeros((*level.shape[:-1], 256), dtype=jtorch.int64, device=img.device)
    counts = counts.scatter_add(-1, level, jtorch.ones_like(level))
    upto = counts.cumsum(-1)
    of_brightest = counts.gather(-1, level.amax(-1, keepdim=True))
    step = (level.shape[-1] - of_brightest) // 255
    divisor = step.clamp(min=1)
    table = ((upto - counts + divisor // 2) // divisor).clamp(0, 255)
    replaced = jtorch.where(step == 0, level, table.gather(-1, level))
    return convert_image_dtype(replaced.to(jtorch.uint8).unflatten(-1, img.shape[-2:]), img.dtype)


def permute_channels(img: Tensor, permutation: Sequence[int] | Tensor) -> Tensor:
    order = permutation if isinstance(permutation, Tensor) else jtorch.tensor(permutation)
    return img.index_select(-3, order.to(img.device))
