"""What all image functions on tensors share: the host path, shapes, dtypes and batches.

Data sets hand out one small image at a time. While such an image lies on the host, the functions that a loading
pipeline calls per sample (normalize, pad, the flips, integer to float) work on its numpy array and record no operation:
an image costs microseconds and nothing is compiled for it. Everywhere else they are ordinary tensor operations, which
fuse and run on the accelerator.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

import numpy as np

import jtorch
from jtorch.tensor import Tensor


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

    if dtype.is_floating_point:
        return to_unit_range(image, dtype, operator.truediv, float(largest_value(image.dtype)))

    brightest = largest_value(image.dtype)
    # Integers to integers: whole steps, so that going up and down again loses nothing.
    if brightest > largest_value(dtype):
        step = (brightest + 1) // (largest_value(dtype) + 1)
        return jtorch.div(image, step, rounding_mode="floor").to(dtype)
    return image.to(dtype) * ((largest_value(dtype) + 1) // (brightest + 1))


def to_unit_range(image: Tensor, dtype, rule: Callable, number: float) -> Tensor:
    """Whole levels as parts of the brightest one: `rule(levels, number)`, on the host where they are there."""
    host, float_type = host_array(image), numpy_float(dtype)
    if host is not None and float_type is not None:
        wide = np.promote_types(float_type, np.float32).type  # halves are computed in float32
        parts = rule(host.astype(float_type).astype(wide, copy=False), wide(number))
        return jtorch.from_numpy(parts.astype(float_type, copy=False))
    return rule(image.to(dtype), number)


def is_unsafe(source, target) -> bool:
    """Whether floats cannot tell all levels of the target apart."""
    return (source == jtorch.float32 and target in (jtorch.int32, jtorch.int64)) or (
        source == jtorch.float64 and target == jtorch.int64
    )


def _float_to(image: Tensor, dtype) -> Tensor:
    if dtype.is_floating_point:
        return image.to(dtype)
    if is_unsafe(image.dtype, dtype):
        raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
    # Scaling by just under max + 1 gives every level an equal share of 0..1; by max, the brightest would get only 1.0.
    return image.mul(float(largest_value(dtype)) + 1.0 - 1e-3).to(dtype)


def float_batch(img: Tensor, dtypes: tuple | None):
    """`img` with one batch dimension and (unless `dtypes` is None) in one of `dtypes`, and the function that undoes both.

    `interpolate`, `grid_sample` and the reflecting pads take batches of floats only; integers come back rounded.
    """
    batch = img.unsqueeze(0) if img.ndim < 4 else img.flatten(0, -4)
    cast = dtypes is not None and img.dtype not in dtypes
    if cast:
        batch = batch.to(dtypes[0])

    def restore(result: Tensor) -> Tensor:
        result = result.squeeze(0) if img.ndim < 4 else result.unflatten(0, img.shape[:-3])
        if cast:
            whole = not img.dtype.is_floating_point and img.dtype != jtorch.bool
            result = (result.round() if whole else result).to(img.dtype)
        return result

    return batch, restore
