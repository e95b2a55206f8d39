"""Colours and levels of tensor images (..., C, H, W). Nothing is checked here: see `_functional_tensor.py` and `v2`."""

from __future__ import annotations

from collections.abc import Sequence

import jtorch
from jtorch.tensor import Tensor

from ._tensor_image import convert_image_dtype, largest_value


def grayscale(img: Tensor) -> Tensor:
    """One channel of grey levels, by the luma weights of ITU-R BT.601, as Pillow's conversion to "L"."""
    if img.shape[-3] == 1:
        return img.clone()
    red, green, blue = img.unbind(dim=-3)
    return (0.2989 * red + 0.587 * green + 0.114 * blue).to(img.dtype).unsqueeze(dim=-3)


def blend(img: Tensor, other: Tensor | None, ratio: float) -> Tensor:
    """`ratio` of `img` and the rest of `other` (None: black), cut to the range of the dtype; beyond 1 it extrapolates."""
    ratio = float(ratio)
    mixed = ratio * img if other is None else ratio * img + (1.0 - ratio) * other
    return mixed.clamp(0, largest_value(img.dtype)).to(img.dtype)


def adjust_contrast(img: Tensor, contrast_factor: float) -> Tensor:
    gray = grayscale(img) if img.shape[-3] == 3 else img
    dtype = img.dtype if img.is_floating_point() else jtorch.float32
    return blend(img, gray.to(dtype).mean(dim=(-3, -2, -1), keepdim=True), contrast_factor)


def adjust_saturation(img: Tensor, saturation_factor: float) -> Tensor:
    return img if img.shape[-3] == 1 else blend(img, grayscale(img), saturation_factor)


def adjust_hue(img: Tensor, hue_factor: float) -> Tensor:
    if img.shape[-3] == 1:
        return img
    hue, saturation, value = _rgb_to_hsv(convert_image_dtype(img, jtorch.float32))
    turned = _hsv_to_rgb((hue + hue_factor) % 1.0, saturation, value)
    return convert_image_dtype(turned, img.dtype)


def _rgb_to_hsv(img: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue (a turn is 1), saturation and value of floats in 0..1. A grey pixel has hue and saturation 0."""
    red, green, blue = img.unbind(dim=-3)
    value, darkest = img.amax(dim=-3), img.amin(dim=-3)
    spread = value - darkest
    gray = value == darkest
    # The divisors are made 1 where the pixel is grey, so that no NaN arises, in gradients either.
    saturation = spread / jtorch.where(gray, 1.0, value)
    divisor = jtorch.where(gray, 1.0, spread)
    below_red, below_green, below_blue = ((value - c) / divisor for c in (red, green, blue))
    sixths = jtorch.where(
        value == red,
        below_blue - below_green,
        jtorch.where(value == green, 2.0 + below_red - below_blue, 4.0 + below_green - below_red),
    )
    return jtorch.fmod(sixths / 6.0 + 1.0, 1.0), saturation, value


def _hsv_to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    sixth = jtorch.floor(hue * 6.0)
    along = hue * 6.0 - sixth
    low = (value * (1.0 - saturation)).clamp(0.0, 1.0)
    falling = (value * (1.0 - saturation * along)).clamp(0.0, 1.0)
    rising = (value * (1.0 - saturation * (1.0 - along))).clamp(0.0, 1.0)
    sector = sixth.to(jtorch.int32) % 6

    def by_sector(*levels: Tensor) -> Tensor:
        chosen = levels[0]
        for number, level in enumerate(levels[1:], start=1):
            chosen = jtorch.where(sector == number, level, chosen)
        return chosen

    red = by_sector(value, falling, low, low, rising, value)
    green = by_sector(rising, value, value, falling, low, low)
    blue = by_sector(low, low, rising, value, value, falling)
    return jtorch.stack((red, green, blue), dim=-3)


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
