"""The image functions on PIL images. `functional.py` chooses between this file and `_functional_tensor.py`."""

from __future__ import annotations

import numbers
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ..utils import image_from_array

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")

Fill = float | Sequence[float] | None


def require_pil(img) -> None:
    if not isinstance(img, Image.Image):
        raise TypeError(f"img should be PIL Image. Got {type(img)}")


def get_dimensions(img) -> list[int]:
    width, height = get_image_size(img)
    return [len(img.getbands()), height, width]


def get_image_size(img) -> list[int]:
    if not isinstance(img, Image.Image):
        raise TypeError(f"Unexpected type {type(img)}")
    return list(img.size)


def get_image_num_channels(img) -> int:
    return get_dimensions(img)[0]


def hflip(img: Image.Image) -> Image.Image:
    require_pil(img)
    return img.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def vflip(img: Image.Image) -> Image.Image:
    require_pil(img)
    return img.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def crop(img: Image.Image, top: int, left: int, height: int, width: int) -> Image.Image:
    """Pillow fills what lies outside the image with zeros, as the tensor version does by padding."""
    require_pil(img)
    return img.crop((left, top, left + width, top + height))


def resize(img: Image.Image, size: list[int], interpolation: int = Image.Resampling.BILINEAR) -> Image.Image:
    require_pil(img)
    if not (isinstance(size, list) and len(size) == 2):
        raise TypeError(f"Got inappropriate size arg: {size}")
    height, width = size
    return img.resize((width, height), interpolation)


def affine(img: Image.Image, matrix: Sequence[float], interpolation: int = 0, fill: Fill = None) -> Image.Image:
    require_pil(img)
    fillcolor = fill_for_bands(img, fill)
    return img.transform(img.size, Image.Transform.AFFINE, matrix, interpolation, fillcolor=fillcolor)


def perspective(
    img: Image.Image, perspective_coeffs: Sequence[float], interpolation: int = 3, fill: Fill = None
) -> Image.Image:
    require_pil(img)
    fillcolor = fill_for_bands(img, fill)
    return img.transform(img.size, Image.Transform.PERSPECTIVE, perspective_coeffs, interpolation, fillcolor=fillcolor)


def rotate(
    img: Image.Image,
    angle: float,
    interpolation: int = Image.Resampling.NEAREST,
    expand: bool = False,
    center: Sequence[int] | None = None,
    fill: Fill = None,
) -> Image.Image:
    require_pil(img)
    return img.rotate(angle, interpolation, expand, center, fillcolor=fill_for_bands(img, fill))


def fill_for_bands(img: Image.Image, fill: Fill):
    """`fill` as Pillow wants it: one number per band, and whole numbers in every mode but "F"."""
    bands = get_image_num_channels(img)
    if fill is None:
        fill = 0
    if isinstance(fill, (int, float)):
        values = [fill] * bands
    else:
        values = list(fill) * bands if len(fill) == 1 else list(fill)
        if len(values) != bands:
            raise ValueError(
                "The number of elements in 'fill' does not match the number of channels of the image "
                f"({len(values)} != {bands})"
            )
    if img.mode != "F":
        values = [int(value) for value in values]
    return values[0] if bands == 1 and isinstance(fill, (int, float)) else tuple(values)


def pad(img: Image.Image, padding, fill: Fill = 0, padding_mode: str = "constant") -> Image.Image:
    require_pil(img)
    if not isinstance(padding, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if fill is not None and not isinstance(fill, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    left, top, right, bottom = padding_by_side(padding)
    if padding_mode not in PADDING_MODES:
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")

    if padding_mode == "constant":
        padded = ImageOps.expand(img, border=(left, top, right, bottom), fill=fill_for_bands(img, fill))
        if img.mode == "P":
            padded.putpalette(img.getpalette())
        return padded

    if min(left, top, right, bottom) < 0:
        img = img.crop((-min(left, 0), -min(top, 0), img.width + min(right, 0), img.height + min(bottom, 0)))
    widths = [(max(top, 0), max(bottom, 0)), (max(left, 0), max(right, 0))]
    pixels = np.asarray(img)
    padded = Image.fromarray(np.pad(pixels, widths + [(0, 0)] * (pixels.ndim - 2), padding_mode))
    if img.mode == "P":
        padded.putpalette(img.getpalette())
    return padded


def padding_by_side(padding) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) from one number, one per axis (x, y), or one per side."""
    if isinstance(padding, numbers.Number):
        padding = (padding,)
    if len(padding) == 1:
        return (padding[0],) * 4
    if len(padding) == 2:
        return (padding[0], padding[1]) * 2
    if len(padding) == 4:
        return tuple(padding)
    raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple")


def adjust_brightness(img: Image.Image, brightness_factor: float) -> Image.Image:
    require_pil(img)
    return ImageEnhance.Brightness(img).enhance(brightness_factor)


def adjust_contrast(img: Image.Image, contrast_factor: float) -> Image.Image:
    require_pil(img)
    return ImageEnhance.Contrast(img).enhance(contrast_factor)


def adjust_saturation(img: Image.Image, saturation_factor: float) -> Image.Image:
    require_pil(img)
    return ImageEnhance.Color(img).enhance(saturation_factor)


def adjust_hue(img: Image.Image, hue_factor: float) -> Image.Image:
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    require_pil(img)
    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    # The hue is an angle in 256 steps, so adding modulo 256 (through a wrapping cast) turns the colour wheel.
    turned = np.array(hue, dtype=np.uint8) + np.int32(hue_factor * 255).astype(np.uint8)
    return Image.merge("HSV", (image_from_array(turned, "L"), saturation, value)).convert(img.mode)


def adjust_gamma(img: Image.Image, gamma: float, gain: float = 1.0) -> Image.Image:
    require_pil(img)
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    # 255.999 maps 1.0 to 255 and leaves every other level an equal share.
    levels = [int((255 + 1 - 1e-3) * gain * pow(level / 255.0, gamma)) for level in range(256)]
    return img.convert("RGB").point(levels * 3).convert(img.mode)


def to_grayscale(img: Image.Image, num_output_channels: int) -> Image.Image:
    require_pil(img)
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = img.convert("L")
    return gray if num_output_channels == 1 else Image.merge("RGB", (gray, gray, gray))


def invert(img: Image.Image) -> Image.Image:
    require_pil(img)
    return ImageOps.invert(img)


def posterize(img: Image.Image, bits: int) -> Image.Image:
    require_pil(img)
    return ImageOps.posterize(img, bits)


def solarize(img: Image.Image, threshold: int) -> Image.Image:
    require_pil(img)
    return ImageOps.solarize(img, threshold)


def adjust_sharpness(img: Image.Image, sharpness_factor: float) -> Image.Image:
    require_pil(img)
    return ImageEnhance.Sharpness(img).enhance(sharpness_factor)


def autocontrast(img: Image.Image) -> Image.Image:
    require_pil(img)
    return ImageOps.autocontrast(img)


def equalize(img: Image.Image) -> Image.Image:
    require_pil(img)
    return ImageOps.equalize(img)
