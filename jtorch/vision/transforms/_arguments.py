"""What transforms accept, in the form they keep, and the errors of what they do not."""

from __future__ import annotations

import numbers
from collections.abc import Sequence

from jtorch.tensor import Tensor

from . import functional as F
from .functional import InterpolationMode


def translated(interpolation: InterpolationMode | int) -> InterpolationMode:
    """Pillow's constants translated; what is neither is refused where the transform is used, as in torchvision."""
    return F.interpolation_mode(interpolation) if isinstance(interpolation, int) else interpolation


def height_and_width(
    size: int | Sequence[int], message: str = "Please provide only two dimensions (h, w) for size."
) -> Sequence[int]:
    if isinstance(size, numbers.Number):
        return int(size), int(size)
    if isinstance(size, Sequence) and len(size) == 1:
        return size[0], size[0]
    if len(size) != 2:
        raise ValueError(message)
    return size


def require_sequence(value, name: str, *lengths: int) -> None:
    message = f"{name} should be a sequence of length {' or '.join(map(str, lengths))}."
    if not isinstance(value, Sequence):
        raise TypeError(message)
    if len(value) not in lengths:
        raise ValueError(message)


def angle_range(degrees: float | Sequence[float], name: str, *lengths: int) -> list[float]:
    if isinstance(degrees, numbers.Number):
        if degrees < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        degrees = [-degrees, degrees]
    else:
        require_sequence(degrees, name, *lengths)
    return [float(angle) for angle in degrees]


def fill_or_zero(fill):
    fill = 0 if fill is None else fill
    if not isinstance(fill, (Sequence, numbers.Number)):
        raise TypeError("Fill should be either a sequence or a number.")
    return fill


def fill_for(img, fill):
    """`fill` as the functions want it: of tensors one number for each channel."""
    if fill is None or not isinstance(img, Tensor):
        return fill
    if isinstance(fill, numbers.Number):
        return [float(fill)] * F.get_dimensions(img)[0]
    return [float(value) for value in fill]
