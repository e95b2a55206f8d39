"""The image functions on tensors (..., C, H, W). `functional.py` chooses between this file and `_functional_pil.py`.

Data sets hand out one small image at a time. While such an image lies on the host, the functions that a loading
pipeline calls per sample (normalize, pad, the flips, integer to float) work on its numpy array and record no operation:
an image costs microseconds and nothing is compiled for it. Everywhere else they are ordinary tensor operations, which
fuse and run on the accelerator.
"""

from __future__ import annotations

import math
import warnings

import numpy as np

import jtorch
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ._functional_pil import PADDING_MODES, padding_by_side


def host_array(img: Tensor) -> np.ndarray | None:
    """The values as a numpy array (shared, not copied) if they lie on the host and no gradient is asked for."""
    if img.requires_grad:
        return None
    array = img._host_array()
    # bfloat16 and the 8-bit floats are no dtypes of numpy's own: `from_numpy` refuses them as torch's does.
    return array if array is not None and array.dtype.kind in "biuf" else None


def numpy_float(dtype) -> type[np.floating] | None:
    """The numpy type of a float dtype; None for those that numpy does not have, as bfloat16."""
    return {jtorch.float16: np.float16, jtorch.float32: np.float32, jtorch.float64: np.float64}.get(dtype)


def require_image(img: Tensor) -> None:
    if img.ndim < 2:
        raise TypeError("Tensor is not a torch image.")


def require_channels(img: Tensor, permitted: list[int]) -> None:
    channels = get_dimensions(img)[0]
    if channels not in permitted:
        raise TypeError(f"Input image tensor permitted channel values are {permitted}, but found {channels}")


def get_dimensions(img: Tensor) -> list[int]:
    require_image(img)
    return [1 if img.ndim == 2 else img.shape[-3], img.shape[-2], img.shape[-1]]


def get_image_size(img: Tensor) -> list[int]:
    require_image(img)
    return [img.shape[-1], img.shape[-2]]


def get_image_num_channels(img: Tensor) -> int:
    return get_dimensions(img)[0]


def largest_value(dtype) -> int:
    """What counts as full brightness: the largest value of an integer dtype, 1 for the rest."""
    if dtype.is_floating_point or dtype.is_complex or dtype == jtorch.bool:
        return 1
    return jtorch.iinfo(dtype).max


def convert_image_dtype(image: Tensor, dtype=None) -> Tensor:
    dtype = jtorch.float32 if dtype is None else dtype
    if image.dtype == dtype:
        return image
    if image.is_floating_point():
        return _float_to(image, dtype)

    brightest = largest_value(image.dtype)
    if dtype.is_floating_point:
        host, float_type = host_array(image), numpy_float(dtype)
        if host is not None and float_type is not None:
            return jtorch.from_numpy(host.astype(float_type) / float_type(brightest))
        return image.to(dtype) / float(brightest)

    # Integers to integers: whole steps, so that going up and down again loses nothing.
    if brightest > largest_value(dtype):
        step = (brightest + 1) // (largest_value(dtype) + 1)
        return jtorch.div(image, step, rounding_mode="floor").to(dtype)
    return image.to(dtype) * ((largest_value(dtype) + 1) // (brightest + 1))


def _float_to(image: Tensor, dtype) -> Tensor:
    if dtype.is_floating_point:
        return image.to(dtype)
    if (image.dtype == jtorch.float32 and dtype in (jtorch.int32, jtorch.int64)) or (
        image.dtype == jtorch.float64 and dtype == jtorch.int64
    ):
        raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
    # Scaling by just under max + 1 gives every level an equal share of 0..1; by max, the brightest would get only 1.0.
    return image.mul(float(largest_value(dtype)) + 1.0 - 1e-3).to(dtype)


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
    left, top, right, bottom = padding_by_side(padding)
    if padding_mode not in PADDING_MODES:
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")

    if padding_mode == "symmetric":
        return _pad_symmetric(img, left, top, right, bottom)
    if padding_mode == "constant":
        host = host_array(img) if min(left, top, right, bottom) >= 0 else None
        if host is not None:
            widths = [(0, 0)] * (host.ndim - 2) + [(top, bottom), (left, right)]
            return jtorch.from_numpy(np.pad(host, widths, constant_values=np.array(fill).astype(host.dtype)))
        batch, restore = _float_batch(img, None)
        return restore(F.pad(batch, [left, right, top, bottom], mode="constant", value=float(fill)))
    batch, restore = _float_batch(img, (jtorch.float32, jtorch.float64))
    mode = "replicate" if padding_mode == "edge" else padding_mode
    return restore(F.pad(batch, [left, right, top, bottom], mode=mode))


def _pad_symmetric(img: Tensor, left: int, top: int, right: int, bottom: int) -> Tensor:
    if img.ndim not in (3, 4):
        raise RuntimeError("Symmetric padding of N-D tensors are not supported yet")
    rows = _mirrored_indices(img.shape[-2], top, bottom)
    columns = _mirrored_indices(img.shape[-1], left, right)
    return img.index_select(-2, rows.to(img.device)).index_select(-1, columns.to(img.device))


def _mirrored_indices(length: int, before: int, after: int) -> Tensor:
    """Positions along one axis after padding by reflection that repeats the edge; negative padding crops."""
    positions = np.arange(max(-before, 0), length - max(-after, 0))
    return jtorch.from_numpy(np.pad(positions, (max(before, 0), max(after, 0)), mode="symmetric"))


def _float_batch(img: Tensor, dtypes: tuple | None):
    """`img` with a batch dimension and (unless `dtypes` is None) in one of `dtypes`, and the function that undoes both.

    `interpolate`, `grid_sample` and the reflecting pads take batches of floats only; integers come back rounded.
    """
    batch = img.unsqueeze(0) if img.ndim < 4 else img
    cast = dtypes is not None and img.dtype not in dtypes
    if cast:
        batch = batch.to(dtypes[0])

    def restore(result: Tensor) -> Tensor:
        if img.ndim < 4:
            result = result.squeeze(0)
        if cast:
            result = (result if img.dtype.is_floating_point else result.round()).to(img.dtype)
        return result

    return batch, restore


def resize(img: Tensor, size: list[int], interpolation: str = "bilinear", antialias: bool | None = True) -> Tensor:
    require_image(img)
    smooth = interpolation in ("bilinear", "bicubic")
    batch, restore = _float_batch(img, (jtorch.float32, jtorch.float64))
    resized = F.interpolate(
        batch,
        size=list(size),
        mode=interpolation,
        align_corners=False if smooth else None,
        antialias=bool(antialias) and smooth,
    )
    if interpolation == "bicubic" and img.dtype == jtorch.uint8:
        resized = resized.clamp(min=0, max=255)  # cubic weights overshoot
    return restore(resized)


def rotate(
    img: Tensor,
    matrix: list[float],
    interpolation: str = "nearest",
    expand: bool = False,
    fill: float | list[float] | None = None,
) -> Tensor:
    """`matrix` (two rows of three) takes output to input coordinates, both measured from the image's centre."""
    require_image(img)
    channels, height, width = get_dimensions(img)
    if fill is not None and not isinstance(fill, (int, float, tuple, list)):
        warnings.warn("Argument fill should be either int, float, tuple or list", stacklevel=2)
    if isinstance(fill, (tuple, list)) and len(fill) > 1 and len(fill) != channels:
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(fill)} != {channels})"
        )
    if interpolation not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{interpolation}' is unsupported with Tensor input")
    out_width, out_height = _rotated_size(matrix, width, height) if expand else (width, height)
    grid = _sampling_grid(matrix, (width, height), (out_width, out_height), img)
    return _sampled(img, grid, interpolation, fill)


def _rotated_size(matrix: list[float], width: int, height: int) -> tuple[int, int]:
    """Width and height of the smallest upright box around the rotated image, in float32 as torchvision computes it."""
    half_width, half_height = 0.5 * width, 0.5 * height
    corners = np.float32([[x, y, 1.0] for x in (-half_width, half_width) for y in (-half_height, half_height)])
    turned = corners @ np.float32(matrix).reshape(2, 3).T + np.float32([half_width, half_height])
    # Cutting to multiples of 1e-4 keeps rounding noise from counting as another pixel.
    tolerance = np.float32(1e-4)
    low = np.floor(np.trunc(turned.min(axis=0) / tolerance) * tolerance)
    high = np.ceil(np.trunc(turned.max(axis=0) / tolerance) * tolerance)
    out_width, out_height = high - low
    return int(out_width), int(out_height)


def _sampling_grid(matrix: list[float], size: tuple[int, int], out_size: tuple[int, int], img: Tensor) -> Tensor:
    """Where in -1..1 `grid_sample` shall read each output pixel: (1, out_height, out_width, 2).

    It depends on numbers only, so it is computed on the host and enters a program as a constant.
    """
    float_type = np.float64 if img.dtype == jtorch.float64 else np.float32
    out_width, out_height = out_size
    theta = np.array(matrix, float_type).reshape(2, 3) / np.array(size, float_type)[:, None] * 2
    x = np.arange(out_width, dtype=float_type) + float_type(0.5 - out_width * 0.5)
    y = np.arange(out_height, dtype=float_type)[:, None] + float_type(0.5 - out_height * 0.5)
    grid = np.stack([x * row[0] + y * row[1] + row[2] for row in theta], axis=-1)[None]
    grid = jtorch.from_numpy(grid)
    return grid.to(img.device, img.dtype if img.is_floating_point() else grid.dtype)


def _sampled(img: Tensor, grid: Tensor, mode: str, fill: float | list[float] | None) -> Tensor:
    batch, restore = _float_batch(img, (grid.dtype,))
    grid = grid.expand(batch.shape[0], *grid.shape[1:])
    if fill is None:
        return restore(F.grid_sample(batch, grid, mode=mode, padding_mode="zeros", align_corners=False))

    # A channel of ones sampled along with the image tells how much of each output pixel came from inside it.
    ones = batch.new_ones((batch.shape[0], 1, *batch.shape[2:]))
    sampled = F.grid_sample(jtorch.cat((batch, ones), 1), grid, mode=mode, padding_mode="zeros", align_corners=False)
    image, inside = sampled[:, :-1], sampled[:, -1:]
    values = fill if isinstance(fill, (tuple, list)) else [fill]
    background = jtorch.tensor([float(v) for v in values], dtype=batch.dtype, device=batch.device).view(1, -1, 1, 1)
    if mode == "nearest":
        return restore(jtorch.where(inside < 0.5, background, image))
    return restore(image * inside + (1.0 - inside) * background)


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


def rgb_to_grayscale(img: Tensor, num_output_channels: int = 1) -> Tensor:
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    require_channels(img, [1, 3])
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if img.shape[-3] == 3:
        red, green, blue = img.unbind(dim=-3)
        # ITU-R BT.601 luma weights, as Pillow's conversion to "L"
        gray = (0.2989 * red + 0.587 * green + 0.114 * blue).to(img.dtype).unsqueeze(dim=-3)
    else:
        gray = img.clone()
    return gray.expand(img.shape) if num_output_channels == 3 else gray


def blend(img: Tensor, other: Tensor, ratio: float) -> Tensor:
    """`ratio` of `img` and the rest of `other`, cut to the range of the dtype; beyond 1 it extrapolates."""
    ratio = float(ratio)
    mixed = ratio * img + (1.0 - ratio) * other
    return mixed.clamp(0, largest_value(img.dtype)).to(img.dtype)


def adjust_brightness(img: Tensor, brightness_factor: float) -> Tensor:
    if brightness_factor < 0:
        raise ValueError(f"brightness_factor ({brightness_factor}) is not non-negative.")
    require_image(img)
    require_channels(img, [1, 3])
    return blend(img, jtorch.zeros_like(img), brightness_factor)


def adjust_contrast(img: Tensor, contrast_factor: float) -> Tensor:
    if contrast_factor < 0:
        raise ValueError(f"contrast_factor ({contrast_factor}) is not non-negative.")
    require_image(img)
    require_channels(img, [3, 1])
    gray = rgb_to_grayscale(img) if get_dimensions(img)[0] == 3 else img
    dtype = img.dtype if img.is_floating_point() else jtorch.float32
    return blend(img, gray.to(dtype).mean(dim=(-3, -2, -1), keepdim=True), contrast_factor)


def adjust_saturation(img: Tensor, saturation_factor: float) -> Tensor:
    if saturation_factor < 0:
        raise ValueError(f"saturation_factor ({saturation_factor}) is not non-negative.")
    require_image(img)
    require_channels(img, [1, 3])
    if get_dimensions(img)[0] == 1:
        return img
    return blend(img, rgb_to_grayscale(img), saturation_factor)


def adjust_hue(img: Tensor, hue_factor: float) -> Tensor:
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    require_image(img)
    require_channels(img, [1, 3])
    if get_dimensions(img)[0] == 1:
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


def adjust_gamma(img: Tensor, gamma: float, gain: float = 1) -> Tensor:
    require_channels(img, [1, 3])
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    level = img if img.is_floating_point() else convert_image_dtype(img, jtorch.float32)
    return convert_image_dtype((gain * level.pow(gamma)).clamp(0, 1), img.dtype)


def inverse_rotation(center: list[float], angle: float) -> list[float]:
    """Two rows of three that take an output position back to the input when an image turns by `angle` degrees."""
    turn = math.radians(angle)
    cos, sin = math.cos(turn), math.sin(turn)
    x, y = center
    return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y]
