"""Colours and levels: v2's checks over the kernels that v1 has too."""

from __future__ import annotations

from collections.abc import Sequence

import PIL.Image

from jtorch import Tensor

from ... import _functional_pil as F_pil
from ... import _tensor_color, _tensor_filter
from ..._functional_tensor import require_changes, require_factor, require_turn
from ..._tensor_image import largest_value
from ...functional import pil_to_tensor, to_pil_image
from ._registry import called, functional, register


def _require_channels(
    image: Tensor, message: str = "Input image tensor permitted channel values are 1 or 3, but found"
):
    channels = image.shape[-3]
    if channels not in (1, 3):
        raise TypeError(f"{message} {channels}")


def _require_output_channels(number: int) -> None:
    if number not in (1, 3):
        raise ValueError(f"num_output_channels must be 1 or 3, got {number}.")


@functional
def rgb_to_grayscale(inpt, num_output_channels: int = 1):
    """Grey levels, in one channel or three equal ones."""


def rgb_to_grayscale_image(image: Tensor, num_output_channels: int = 1) -> Tensor:
    _require_output_channels(num_output_channels)
    gray = _tensor_color.grayscale(image)
    return gray if num_output_channels == 1 else gray.expand(*gray.shape[:-3], 3, *gray.shape[-2:])


def _rgb_to_grayscale_pil(image: PIL.Image.Image, num_output_channels: int = 1) -> PIL.Image.Image:
    _require_output_channels(num_output_channels)
    return F_pil.to_grayscale(image, num_output_channels)


register(rgb_to_grayscale, image=rgb_to_grayscale_image, video=False, pil=_rgb_to_grayscale_pil)
to_grayscale = rgb_to_grayscale


@functional
def grayscale_to_rgb(inpt):
    """One channel as three equal ones; images of three or more channels as they are."""


def grayscale_to_rgb_image(image: Tensor) -> Tensor:
    return image if image.shape[-3] >= 3 else rgb_to_grayscale_image(image, num_output_channels=3)


register(grayscale_to_rgb, image=grayscale_to_rgb_image, video=False, pil=lambda image: image.convert(mode="RGB"))


@functional
def adjust_brightness(inpt, brightness_factor: float):
    """0 gives black, 1 the image, 2 doubles its brightness."""


def adjust_brightness_image(image: Tensor, brightness_factor: float) -> Tensor:
    require_factor(brightness_factor, "brightness_factor")
    _require_channels(image)
    return _tensor_color.adjust_brightness(image, brightness_factor)


@functional
def adjust_saturation(inpt, saturation_factor: float):
    """0 gives a black-and-white image, 1 the image, 2 doubles its saturation."""


def adjust_saturation_image(image: Tensor, saturation_factor: float) -> Tensor:
    require_factor(saturation_factor, "saturation_factor")
    _require_channels(image)
    return _tensor_color.adjust_saturation(image, saturation_factor)


@functional
def adjust_contrast(inpt, contrast_factor: float):
    """0 gives an even grey of the image's mean, 1 the image, 2 doubles its contrast."""


def adjust_contrast_image(image: Tensor, contrast_factor: float) -> Tensor:
    require_factor(contrast_factor, "contrast_factor")
    _require_channels(image)
    return _tensor_color.adjust_contrast(image, contrast_factor)


@functional
def adjust_sharpness(inpt, sharpness_factor: float):
    """0 gives a blurred image, 1 the image, 2 doubles its sharpness."""


def adjust_sharpness_image(image: Tensor, sharpness_factor: float) -> Tensor:
    _require_channels(image, "Input image tensor can have 1 or 3 channels, but found")
    require_factor(sharpness_factor, "sharpness_factor")
    return image if image.numel() == 0 else _tensor_filter.adjust_sharpness(image, sharpness_factor)


@functional
def adjust_hue(inpt, hue_factor: float):
    """Turn the colours on the colour wheel by `hue_factor` of a turn, -0.5 to 0.5."""


def adjust_hue_image(image: Tensor, hue_factor: float) -> Tensor:
    require_turn(hue_factor)
    _require_channels(image)
    return image if image.numel() == 0 else _tensor_color.adjust_hue(image, hue_factor)


@functional
def color_jitter(inpt, changes: Sequence[tuple[str, float | None]]):
    """`ColorJitter`'s changes, by the names of their factors, in turn; None stands for no change."""


def _color_jitter_image(image: Tensor, changes: Sequence[tuple[str, float | None]]) -> Tensor:
    if image.numel() == 0 or all(factor is None for _, factor in changes):
        return image
    require_changes(changes)
    _require_channels(image)
    return _tensor_color.color_jitter(image, changes)


@functional
def adjust_gamma(inpt, gamma: float, gain: float = 1):
    """gain * level ** gamma for levels in 0..1: above 1 shadows get darker, below 1 lighter."""


def adjust_gamma_image(image: Tensor, gamma: float, gain: float = 1.0) -> Tensor:
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    return _tensor_color.adjust_gamma(image, gamma, gain, bounded=gain != 1.0)


@functional
def posterize(inpt, bits: int):
    """Keep the `bits` (0 to 8) highest bits of each level."""


def posterize_image(image: Tensor, bits: int) -> Tensor:
    if not isinstance(bits, int) or not 0 <= bits <= 8:
        raise TypeError(f"bits must be a positive integer in the range [0, 8], got {bits} instead.")
    return _tensor_color.posterize(image, bits)


@functional
def solarize(inpt, threshold: float):
    """Invert all levels from `threshold` on."""


def solarize_image(image: Tensor, threshold: float) -> Tensor:
    if threshold > largest_value(image.dtype):
        raise TypeError(f"Threshold should be less or equal the maximum value of the dtype, but got {threshold}")
    return _tensor_color.solarize(image, threshold)


@functional
def autocontrast(inpt):
    """Stretch each channel so that its darkest pixel becomes black and its brightest white."""


def autocontrast_image(image: Tensor) -> Tensor:
    _require_channels(image)
    return image if image.numel() == 0 else _tensor_color.autocontrast(image)


@functional
def equalize(inpt):
    """Replace levels so that each channel has about as many pixels of one as of another."""


def equalize_image(image: Tensor) -> Tensor:
    return image if image.numel() == 0 else _tensor_color.equalize(image)


@functional
def invert(inpt):
    """The negative."""


def invert_image(image: Tensor) -> Tensor:
    return _tensor_color.invert(image)


@functional
def permute_channels(inpt, permutation: Sequence[int]):
    """The channels in another order."""


def permute_channels_image(image: Tensor, permutation: Sequence[int]) -> Tensor:
    if len(permutation) != image.shape[-3]:
        raise ValueError(
            f"Length of permutation does not match number of channels: {len(permutation)} != {image.shape[-3]}"
        )
    return _tensor_color.permute_channels(image, permutation)


def _permute_channels_pil(image: PIL.Image.Image, permutation: Sequence[int]) -> PIL.Image.Image:
    return to_pil_image(permute_channels_image(pil_to_tensor(image), permutation))


register(adjust_brightness, image=adjust_brightness_image, pil=F_pil.adjust_brightness)
register(adjust_saturation, image=adjust_saturation_image, pil=F_pil.adjust_saturation)
register(adjust_contrast, image=adjust_contrast_image, pil=F_pil.adjust_contrast)
register(adjust_sharpness, image=adjust_sharpness_image, pil=F_pil.adjust_sharpness)
register(adjust_hue, image=adjust_hue_image, pil=F_pil.adjust_hue)
register(color_jitter, image=_color_jitter_image)
register(adjust_gamma, image=adjust_gamma_image, pil=F_pil.adjust_gamma)
register(posterize, image=posterize_image, pil=F_pil.posterize)
register(solarize, image=solarize_image, pil=F_pil.solarize)
register(autocontrast, image=autocontrast_image, pil=F_pil.autocontrast)
register(equalize, image=equalize_image, pil=F_pil.equalize)
register(invert, image=invert_image, pil=F_pil.invert)
register(permute_channels, image=permute_channels_image, pil=_permute_channels_pil)

adjust_brightness_video = called(adjust_brightness_image, "video")
adjust_saturation_video = called(adjust_saturation_image, "video")
adjust_contrast_video = called(adjust_contrast_image, "video")
adjust_sharpness_video = called(adjust_sharpness_image, "video")
adjust_hue_video = called(adjust_hue_image, "video")
adjust_gamma_video = called(adjust_gamma_image, "video")
posterize_video = called(posterize_image, "video")
solarize_video = called(solarize_image, "video")
autocontrast_video = called(autocontrast_image, "video")
equalize_video = called(equalize_image, "video")
invert_video = called(invert_image, "video")
permute_channels_video = called(permute_channels_image, "video")
