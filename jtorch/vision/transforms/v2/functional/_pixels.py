"""Images as numbers: dtypes, normalization, blurring, noise, erasing, JPEG's losses."""

from __future__ import annotations

import io
import operator
from collections.abc import Sequence

import PIL.Image

import jtorch
from jtorch import Tensor

from ... import _functional_tensor as F_t
from ... import _tensor_filter, _tensor_image
from ...functional import blur_sizes, pil_to_tensor, to_pil_image
from ._registry import called, functional, register


@functional
def to_dtype(inpt, dtype=jtorch.float32, scale: bool = False):
    """In another dtype; `scale` takes the levels of images and videos to its range (0..1 for floats)."""


def to_dtype_image(image: Tensor, dtype=jtorch.float32, scale: bool = False) -> Tensor:
    if image.dtype == dtype:
        return image
    if not scale:
        return image.to(dtype)
    if _tensor_image.is_unsafe(image.dtype, dtype):
        raise RuntimeError(f"The conversion from {image.dtype} to {dtype} cannot be performed safely.")
    if dtype.is_floating_point and not image.is_floating_point():
        # Like torchvision, whose older transforms divide: the last bits differ.
        reciprocal = 1.0 / _tensor_image.largest_value(image.dtype)
        return _tensor_image.to_unit_range(image, dtype, operator.mul, reciprocal)
    return _tensor_image.convert_image_dtype(image, dtype)


def convert_image_dtype(image: Tensor, dtype=jtorch.float32) -> Tensor:
    """In another dtype, levels taken to its range."""
    return to_dtype_image(image, dtype=dtype, scale=True)


def _to_dtype(values: Tensor, dtype) -> Tensor:
    return values.to(dtype)


to_dtype_video = called(to_dtype_image, "video")
register(to_dtype, image=to_dtype_image, mask=_to_dtype, boxes=_to_dtype, keypoints=_to_dtype)


@functional
def normalize(inpt, mean: Sequence[float], std: Sequence[float], inplace: bool = False):
    """(image - mean) / std channel by channel, for floats (..., C, H, W)."""


def normalize_image(image: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    if not image.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {image.dtype}.")
    if image.ndim < 3:
        raise ValueError(f"Expected tensor to be a tensor image of size (..., C, H, W). Got {image.shape}.")
    if std == 0 if isinstance(std, (int, float)) else isinstance(std, (tuple, list)) and not all(std):
        raise ValueError("std evaluated to zero, leading to division by zero.")
    return F_t.normalize(image, mean, std, inplace)


normalize_video = called(normalize_image, "video")
register(normalize, image=normalize_image)


@functional
def gaussian_blur(inpt, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None):
    """Blur by a Gaussian of `kernel_size` (x, y) pixels, odd, and deviation `sigma`; the border is reflected."""


def gaussian_blur_image(
    image: Tensor, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None
) -> Tensor:
    if sigma is not None and not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    sizes, deviations = blur_sizes([kernel_size] * 2 if isinstance(kernel_size, int) else kernel_size, sigma)
    return image if image.numel() == 0 else _tensor_filter.gaussian_blur(image, sizes, deviations)


def _gaussian_blur_pil(
    image: PIL.Image.Image, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None
) -> PIL.Image.Image:
    return to_pil_image(gaussian_blur_image(pil_to_tensor(image), kernel_size, sigma), mode=image.mode)


gaussian_blur_video = called(gaussian_blur_image, "video")
register(gaussian_blur, image=gaussian_blur_image, pil=_gaussian_blur_pil)


@functional
def gaussian_noise(inpt, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
    """Add normal noise; `mean` and `sigma` are for levels in 0..1, to which `clip` cuts the result."""


def gaussian_noise_image(image: Tensor, mean: float = 0.0, sigma: float = 0.1, clip: bool = True) -> Tensor:
    if sigma < 0:
        raise ValueError(f"sigma shouldn't be negative. Got {sigma}")
    if image.is_floating_point():
        noisy = image + (mean + jtorch.randn_like(image) * sigma)
        return noisy.clamp(0, 1) if clip else noisy
    if image.dtype != jtorch.uint8:
        raise ValueError(f"Input tensor is expected to be in uint8 or float dtype, got dtype={image.dtype}")
    noise = mean * 255 + jtorch.randn_like(image, dtype=jtorch.float32) * (sigma * 255)
    noisy = image + noise.to(jtorch.int16)
    return (noisy.clamp(0, 255) if clip else noisy).to(jtorch.uint8)


def _gaussian_noise_pil(image: PIL.Image.Image, mean: float = 0.0, sigma: float = 0.1, clip: bool = True):
    raise ValueError("Gaussian Noise is not implemented for PIL images.")


gaussian_noise_video = called(gaussian_noise_image, "video")
register(gaussian_noise, image=gaussian_noise_image, pil=_gaussian_noise_pil)


@functional
def erase(inpt, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False):
    """Write `v` over the window of height `h` and width `w` at row `i`, column `j`."""


def erase_image(image: Tensor, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Tensor:
    return F_t.erase(image, i, j, h, w, v, inplace)


def _erase_pil(
    image: PIL.Image.Image, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False
) -> PIL.Image.Image:
    return to_pil_image(erase_image(pil_to_tensor(image), i, j, h, w, v), mode=image.mode)


erase_video = called(erase_image, "video")
register(erase, image=erase_image, pil=_erase_pil)


@functional
def jpeg(image, quality: int):
    """What is left of 8-bit levels after JPEG of `quality` 1 to 100."""


def jpeg_image(image: Tensor, quality: int) -> Tensor:
    from jtorch.vision.io import decode_jpeg, encode_jpeg

    if image.numel() == 0:
        return image.clone()
    pictures = image.reshape(-1, *image.shape[-3:])
    return jtorch.stack([decode_jpeg(encode_jpeg(picture, quality=quality)) for picture in pictures]).view(image.shape)


def _jpeg_pil(image: PIL.Image.Image, quality: int) -> PIL.Image.Image:
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality)
    return PIL.Image.open(file).copy()


jpeg_video = called(jpeg_image, "video")
register(jpeg, image=jpeg_image, pil=_jpeg_pil)


@functional
def uniform_temporal_subsample(inpt, num_samples: int):
    """`num_samples` frames of a video, evenly spaced from the first to the last."""


def uniform_temporal_subsample_video(video: Tensor, num_samples: int) -> Tensor:
    frames = jtorch.linspace(0, video.shape[-4] - 1, num_samples).long()
    return video.index_select(-4, frames.to(video.device))


register(uniform_temporal_subsample, video=uniform_temporal_subsample_video)
