"""The transforms as functions of one image: `torchvision.transforms.functional`.

Every function takes a PIL image or a tensor (..., C, H, W); the two implementations lie in `_functional_pil.py` and
`_functional_tensor.py`. PIL results are torchvision's bit for bit; those on tensors agree within one level of uint8 or
1e-5.
"""

from __future__ import annotations

import numbers
import sys
import warnings
from collections.abc import Sequence
from enum import Enum

import numpy as np
from PIL import Image

import jtorch
from jtorch.tensor import Tensor

from ..utils import image_from_array
from . import _functional_pil as F_pil
from . import _functional_tensor as F_t
from ._tensor_warp import affine_matrix, perspective_coefficients


class InterpolationMode(Enum):
    """How to compute pixels between pixels. Tensors take the first four; all are for PIL images."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


pil_modes_mapping = {
    InterpolationMode.NEAREST: Image.Resampling.NEAREST,
    InterpolationMode.NEAREST_EXACT: Image.Resampling.NEAREST,
    InterpolationMode.BILINEAR: Image.Resampling.BILINEAR,
    InterpolationMode.BICUBIC: Image.Resampling.BICUBIC,
    InterpolationMode.BOX: Image.Resampling.BOX,
    InterpolationMode.HAMMING: Image.Resampling.HAMMING,
    InterpolationMode.LANCZOS: Image.Resampling.LANCZOS,
}

_from_pillow_constant = {
    int(constant): mode for mode, constant in pil_modes_mapping.items() if mode is not InterpolationMode.NEAREST_EXACT
}


def interpolation_mode(interpolation: InterpolationMode | int) -> InterpolationMode:
    """`interpolation` with Pillow's integer constants translated."""
    if isinstance(interpolation, int):
        return _from_pillow_constant[interpolation]
    if not isinstance(interpolation, InterpolationMode):
        raise TypeError(
            "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant"
        )
    return interpolation


# The modes of tensors in which `antialias` is heard here; v2 has Lanczos too.
_SMOOTHED = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)


def _for(img):
    """The implementation for this kind of image. What is neither kind is refused by the PIL one, as in torchvision."""
    return F_t if isinstance(img, Tensor) else F_pil


def get_dimensions(img) -> list[int]:
    """[channels, height, width] of an image."""
    return _for(img).get_dimensions(img)


def get_image_size(img) -> list[int]:
    """[width, height] of an image."""
    return _for(img).get_image_size(img)


def get_image_num_channels(img) -> int:
    """The number of channels of an image."""
    return _for(img).get_image_num_channels(img)


def to_tensor(pic) -> Tensor:
    """An image as a tensor (C, H, W); 8-bit levels become floats in 0..1, other dtypes keep their values.

    `pic` is a PIL image or an array (H, W) or (H, W, C).

    >>> from PIL import Image
    >>> from jtorch.vision.transforms import functional as F
    >>> F.to_tensor(Image.new("RGB", (4, 2), (255, 0, 51)))[:, 0, 0]
    tensor([1.0000, 0.0000, 0.2000])
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic if pic.ndim == 3 else pic[:, :, None]
    elif isinstance(pic, Image.Image):
        array = _pixels(pic)
    else:
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")

    image = array.transpose(2, 0, 1)
    if image.dtype != np.uint8:
        return jtorch.from_numpy(np.ascontiguousarray(image))
    dtype = jtorch.get_default_dtype()
    float_type = F_t.numpy_float(dtype)
    if float_type is None:
        return jtorch.from_numpy(np.ascontiguousarray(image)).to(dtype).div(255)
    return jtorch.from_numpy(np.true_divide(image, float_type(255), dtype=float_type, order="C"))


def _pixels(pic: Image.Image) -> np.ndarray:
    """The pixels as (H, W, C), in the dtypes `to_tensor` gives: 8-bit levels but for the 16- and 32-bit modes."""
    sixteen_bit = "I;16" if sys.byteorder == "little" else "I;16B"
    dtype = {"I": np.int32, sixteen_bit: np.int16, "F": np.float32}.get(pic.mode, np.uint8)
    array = np.array(pic, dtype)
    if pic.mode == "1":
        array *= 255
    return array.reshape(pic.height, pic.width, len(pic.getbands()))


def pil_to_tensor(pic) -> Tensor:
    """A PIL image as a tensor (C, H, W) of its own dtype, values unchanged. The memory order stays Pillow's (H, W, C).

    >>> from PIL import Image
    >>> from jtorch.vision.transforms import functional as F
    >>> image = F.pil_to_tensor(Image.new("RGB", (320, 240)))
    >>> image.shape, image.dtype
    (torch.Size([3, 240, 320]), torch.uint8)
    """
    if not isinstance(pic, Image.Image):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = np.array(pic).reshape(pic.height, pic.width, len(pic.getbands()))
    return jtorch.from_numpy(array.transpose(2, 0, 1))


def convert_image_dtype(image: Tensor, dtype=None) -> Tensor:
    """A tensor image in another dtype, values scaled to its range (0..1 for floats). `dtype` defaults to float32.

    Raises RuntimeError for float32 to int32 or int64 and float64 to int64, whose levels the floats cannot tell apart.
    """
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    return F_t.convert_image_dtype(image, dtype)


def to_pil_image(pic, mode: str | None = None) -> Image.Image:
    """A tensor (C, H, W) or (H, W), or an array (H, W, C), as a PIL image.

    Floats are taken to lie in 0..1 unless `mode` is "F". Without `mode` one to four 8-bit channels become L, LA, RGB
    and RGBA, and single channels of int16, int32 and float32 become I;16, I and F.

    >>> import jtorch as torch
    >>> from jtorch.vision.transforms import functional as F
    >>> image = F.to_pil_image(torch.ones(3, 2, 4))
    >>> image.mode, image.size
    ('RGB', (4, 2))
    """
    if isinstance(pic, Tensor):
        array = (pic.permute(1, 2, 0) if pic.ndim == 3 else pic).numpy(force=True)
    elif isinstance(pic, np.ndarray):
        array = pic
    else:
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    if array.ndim == 2:
        array = array[:, :, None]
    channels = array.shape[2]
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")

    if np.issubdtype(array.dtype, np.floating) and mode != "F":
        array = (array * 255).astype(np.uint8)
    mode = _mode_for(array.dtype, channels, mode)
    return image_from_array(array[:, :, 0] if channels == 1 else array, mode)


def _mode_for(dtype: np.dtype, channels: int, mode: str | None) -> str:
    if channels == 1:
        sixteen_bit = "I;16" if sys.byteorder == "little" else "I;16B"
        by_dtype = {np.uint8: "L", np.int16: sixteen_bit, np.int32: "I", np.float32: "F"}
        expected = by_dtype.get(dtype.type)
        if mode is not None and mode != expected:
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {np.dtype}. Should be {expected}")
        mode = expected
    else:
        permitted = {2: ["LA"], 3: ["RGB", "YCbCr", "HSV"], 4: ["RGBA", "CMYK", "RGBX"]}[channels]
        if mode is not None and mode not in permitted:
            raise ValueError(f"Only modes {permitted} are supported for {channels}D inputs")
        if mode is None and dtype == np.uint8:
            mode = permitted[0]
    if mode is None:
        raise TypeError(f"Input type {dtype} is not supported")
    return mode


def normalize(tensor: Tensor, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:
    """(tensor - mean) / std channel by channel, for a float tensor (..., C, H, W)."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    return F_t.normalize(tensor, mean, std, inplace)


def resize(
    img,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
):
    """Resize to `size`: (height, width), or one number for the smaller edge, the aspect ratio being kept.

    With one number `max_size` bounds the longer edge. `antialias` concerns tensors in the bilinear and bicubic modes;
    Pillow always smooths in these. The image itself is returned if it has that size already.
    """
    interpolation = interpolation_mode(interpolation)
    if isinstance(size, (list, tuple)):
        if len(size) not in (1, 2):
            raise ValueError(
                f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list"
            )
        if max_size is not None and len(size) != 1:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, "
                "i.e. size should be an int or a sequence of length 1 in torchscript mode."
            )
    _, height, width = get_dimensions(img)
    output_size = resized_size((height, width), [size] if isinstance(size, int) else size, max_size)
    if output_size == [height, width]:
        return img
    if isinstance(img, Tensor):
        return F_t.resize(img, output_size, interpolation.value, bool(antialias) and interpolation in _SMOOTHED)
    if antialias is False:
        warnings.warn(
            "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.", stacklevel=2
        )
    return F_pil.resize(img, output_size, pil_modes_mapping[interpolation])


def resized_size(image_size: tuple[int, int], size: Sequence[int], max_size: int | None) -> list[int]:
    if len(size) == 2:
        return list(size)
    height, width = image_size
    shorter, longer = min(height, width), max(height, width)
    new_shorter, new_longer = size[0], int(size[0] * longer / shorter)
    if max_size is not None:
        if max_size <= size[0]:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested "
                f"size for the smaller edge size = {size}"
            )
        if new_longer > max_size:
            new_shorter, new_longer = int(max_size * new_shorter / new_longer), max_size
    return [new_longer, new_shorter] if width <= height else [new_shorter, new_longer]


def pad(img, padding: int | Sequence[int], fill=0, padding_mode: str = "constant"):
    """Pad by `padding` pixels: one number, (left and right, top and bottom), or (left, top, right, bottom).

    `padding_mode` is constant (with `fill`, on PIL images also one value per channel), edge, reflect or symmetric
    (reflect with the edge pixel repeated). Negative numbers crop.
    """
    return _for(img).pad(img, padding=padding, fill=fill, padding_mode=padding_mode)


def crop(img, top: int, left: int, height: int, width: int):
    """The window of that size at (top, left); what lies outside the image is 0. Of a tensor it is a view."""
    return _for(img).crop(img, top, left, height, width)


def center_crop(img, output_size: int | Sequence[int]):
    """The middle of an image, padded with 0 where the image is smaller than `output_size`."""
    crop_height, crop_width = _pair(output_size)
    _, height, width = get_dimensions(img)
    if crop_width > width or crop_height > height:
        spare_width, spare_height = max(crop_width - width, 0), max(crop_height - height, 0)
        left, top = spare_width // 2, spare_height // 2
        img = pad(img, [left, top, spare_width - left, spare_height - top], fill=0)
        _, height, width = get_dimensions(img)
        if (height, width) == (crop_height, crop_width):
            return img
    top = int(round((height - crop_height) / 2.0))
    left = int(round((width - crop_width) / 2.0))
    return crop(img, top, left, crop_height, crop_width)


def _pair(size: int | Sequence[int]) -> Sequence[int]:
    if isinstance(size, numbers.Number):
        return int(size), int(size)
    return (size[0], size[0]) if len(size) == 1 else size


def resized_crop(
    img,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
):
    """`crop`, then `resize` to `size`."""
    if not isinstance(img, Tensor) or not isinstance(size, (list, tuple)) or len(size) != 2:
        return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)
    mode = interpolation_mode(interpolation)
    smooths = bool(antialias) and mode in _SMOOTHED
    return F_t.resized_crop(img, (top, left, height, width), list(size), mode.value, smooths)


def hflip(img):
    """Mirror left and right."""
    return _for(img).hflip(img)


def vflip(img):
    """Mirror top and bottom."""
    return _for(img).vflip(img)


def rotate(
    img,
    angle: float,
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[int] | None = None,
    fill=None,
):
    """Turn by `angle` degrees counter-clockwise about `center` (x, y from the upper left; default: the middle).

    `expand` enlarges the result until all of the image fits, for a turn about the middle. Tensors take the nearest and
    bilinear modes.
    """
    interpolation = interpolation_mode(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    if not isinstance(img, Tensor):
        return F_pil.rotate(img, angle, pil_modes_mapping[interpolation], expand, center, fill)
    # Pillow counts angles with the y axis upwards, pixel rows run downwards.
    matrix = affine_matrix(_from_middle(img, center), -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    return F_t.rotate(img, matrix, interpolation.value, expand, fill)


def _from_middle(img, center: Sequence[float] | None) -> tuple[float, float]:
    if center is None:
        return 0.0, 0.0
    _, height, width = get_dimensions(img)
    return center[0] - width * 0.5, center[1] - height * 0.5


def affine(
    img,
    angle: float,
    translate: Sequence[int],
    scale: float,
    shear: float | Sequence[float],
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
    fill=None,
    center: Sequence[int] | None = None,
):
    """Turn by `angle` degrees clockwise, scale and shear about `center` (x, y; default: the middle), then move.

    `shear` is in degrees, along x or along (x, y); `translate` is (right, down) in pixels. Tensors take the nearest and
    bilinear modes.
    """
    interpolation = interpolation_mode(interpolation)
    shear = require_affine(angle, translate, scale, shear, center)
    if isinstance(img, Tensor):
        matrix = affine_matrix(_from_middle(img, center), angle, translate, scale, shear)
        return F_t.affine(img, matrix, interpolation.value, fill)
    _, height, width = get_dimensions(img)
    matrix = affine_matrix(center or (width * 0.5, height * 0.5), angle, translate, scale, shear)
    return F_pil.affine(img, matrix, pil_modes_mapping[interpolation], fill)


def require_affine(angle, translate, scale, shear, center) -> Sequence[float]:
    """The arguments of `affine` checked; its shear as a pair."""
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (numbers.Number, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    if isinstance(shear, numbers.Number):
        shear = [shear, 0.0]
    shear = list(shear) * 2 if len(shear) == 1 else list(shear)
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    return shear


def perspective(
    img,
    startpoints: Sequence[Sequence[int]],
    endpoints: Sequence[Sequence[int]],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    fill=None,
):
    """Move the four corners `startpoints` (x, y; from the upper left, clockwise) to `endpoints`.

    Tensors take the nearest and bilinear modes.
    """
    coefficients = perspective_coefficients(startpoints, endpoints)
    interpolation = interpolation_mode(interpolation)
    if isinstance(img, Tensor):
        return F_t.perspective(img, coefficients, interpolation.value, fill)
    return F_pil.perspective(img, coefficients, pil_modes_mapping[interpolation], fill)


def elastic_transform(
    img,
    displacement: Tensor,
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    fill=None,
):
    """Read each pixel at another place, `displacement` (1, H, W, 2) away in units of half the image's size."""
    if isinstance(interpolation, int):
        warnings.warn(
            "Argument interpolation should be of type InterpolationMode instead of int. "
            "Please, use InterpolationMode enum.",
            stacklevel=2,
        )
        interpolation = interpolation_mode(interpolation)
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    image, as_given = _as_tensor(img)
    expected = jtorch.Size((1, *image.shape[-2:], 2))
    if expected != displacement.shape:
        raise ValueError(f"Argument displacement shape should be {expected}, but given {displacement.shape}")
    return as_given(F_t.elastic_transform(image, displacement, interpolation.value, fill))


def _as_tensor(img):
    """The image as a tensor, and the function that makes a result the kind of image that was given."""
    if isinstance(img, Tensor):
        return img, lambda result: result
    if not isinstance(img, Image.Image):
        raise TypeError(f"img should be PIL Image or Tensor. Got {type(img)}")
    return pil_to_tensor(img), lambda result: to_pil_image(result, mode=img.mode)


def gaussian_blur(img, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None):
    """Blur by a Gaussian of `kernel_size` (x, y) pixels, odd, and deviation `sigma`; the border is reflected.

    `sigma` defaults to 0.15 * kernel_size + 0.35. A PIL image is blurred as a tensor.
    """
    if not isinstance(kernel_size, (int, list, tuple)):
        raise TypeError(f"kernel_size should be int or a sequence of integers. Got {type(kernel_size)}")
    kernel_size = [kernel_size] * 2 if isinstance(kernel_size, int) else kernel_size
    if sigma is not None and not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    sizes, sigma = blur_sizes(kernel_size, sigma)
    image, as_given = _as_tensor(img)
    return as_given(F_t.gaussian_blur(image, sizes, sigma))


def blur_sizes(kernel_size: Sequence[int], sigma) -> tuple[Sequence[int], Sequence[float]]:
    """`kernel_size` checked and `sigma` as a pair."""
    if len(kernel_size) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(kernel_size)}")
    if any(size % 2 == 0 or size < 0 for size in kernel_size):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    if sigma is None:
        sigma = [size * 0.15 + 0.35 for size in kernel_size]
    elif isinstance(sigma, (int, float)):
        sigma = [float(sigma)] * 2
    elif len(sigma) == 1:
        sigma = [sigma[0]] * 2
    if len(sigma) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(sigma)}")
    if any(deviation <= 0.0 for deviation in sigma):
        raise ValueError(f"sigma should have positive values. Got {sigma}")
    return kernel_size, sigma


def erase(img: Tensor, i: int, j: int, h: int, w: int, v, inplace: bool = False) -> Tensor:
    """Write `v` over the window of height `h` and width `w` at row `i`, column `j`, of a tensor image."""
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    return F_t.erase(img, i, j, h, w, v, inplace=inplace)


def five_crop(img, size: int | Sequence[int]):
    """The four corners and the middle: (upper left, upper right, lower left, lower right, centre)."""
    size = _pair(size)
    if len(size) != 2:
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    _, height, width = get_dimensions(img)
    crop_height, crop_width = size
    if crop_width > width or crop_height > height:
        raise ValueError(f"Requested crop size {size} is bigger than input size {(height, width)}")
    bottom, right = height - crop_height, width - crop_width
    corners = [crop(img, top, left, crop_height, crop_width) for top in (0, bottom) for left in (0, right)]
    return (*corners, center_crop(img, [crop_height, crop_width]))


def ten_crop(img, size: int | Sequence[int], vertical_flip: bool = False):
    """`five_crop` of the image and of its mirror image (left and right, or top and bottom)."""
    size = _pair(size)
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


def invert(img):
    """The negative of an image."""
    return _for(img).invert(img)


def posterize(img, bits: int):
    """Keep the `bits` (0 to 8) highest bits of each 8-bit level."""
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    return _for(img).posterize(img, bits)


def solarize(img, threshold: float):
    """Invert all levels from `threshold` on."""
    return _for(img).solarize(img, threshold)


def autocontrast(img):
    """Stretch each channel so that its darkest pixel becomes black and its brightest white."""
    return _for(img).autocontrast(img)


def equalize(img):
    """Replace 8-bit levels so that each channel has about as many pixels of one as of another."""
    return _for(img).equalize(img)


def adjust_sharpness(img, sharpness_factor: float):
    """0 gives a blurred image, 1 the image, 2 doubles its sharpness."""
    return _for(img).adjust_sharpness(img, sharpness_factor)


def adjust_brightness(img, brightness_factor: float):
    """0 gives black, 1 the image, 2 doubles its brightness."""
    return _for(img).adjust_brightness(img, brightness_factor)


def adjust_contrast(img, contrast_factor: float):
    """0 gives an even grey of the image's mean, 1 the image, 2 doubles its contrast."""
    return _for(img).adjust_contrast(img, contrast_factor)


def adjust_saturation(img, saturation_factor: float):
    """0 gives a black-and-white image, 1 the image, 2 doubles its saturation."""
    return _for(img).adjust_saturation(img, saturation_factor)


def adjust_hue(img, hue_factor: float):
    """Turn the colours on the colour wheel by `hue_factor` of a turn, -0.5 to 0.5."""
    return _for(img).adjust_hue(img, hue_factor)


def adjust_gamma(img, gamma: float, gain: float = 1):
    """gain * level ** gamma for levels in 0..1: above 1 shadows get darker, below 1 lighter."""
    return _for(img).adjust_gamma(img, gamma, gain)


def to_grayscale(img, num_output_channels: int = 1) -> Image.Image:
    """A PIL image of any mode in grey levels, in one channel (L) or three equal ones (RGB)."""
    if not isinstance(img, Image.Image):
        raise TypeError("Input should be PIL Image")
    return F_pil.to_grayscale(img, num_output_channels)


def rgb_to_grayscale(img, num_output_channels: int = 1):
    """An RGB image in grey levels, in one channel or three equal ones."""
    if isinstance(img, Tensor):
        return F_t.rgb_to_grayscale(img, num_output_channels)
    return F_pil.to_grayscale(img, num_output_channels)
