"""Boxes around objects, upright or turned."""

from __future__ import annotations

from enum import Enum
from typing import Any

from jtorch.tensor import Tensor
from jtorch.utils._pytree import tree_flatten

from ._tv_tensor import TVTensor


class BoundingBoxFormat(Enum):
    """What the numbers of a box are: corners (X1, Y1, X2, Y2), a corner or the centre with a size, or four corners.

    R is an angle in degrees, counter-clockwise. The four corners of XYXYXYXY begin at the upper left of the upright
    box and run clockwise.
    """

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"
    XYWHR = "XYWHR"
    CXCYWHR = "CXCYWHR"
    XYXYXYXY = "XYXYXYXY"


_ROTATED = ("XYWHR", "CXCYWHR", "XYXYXYXY")


def is_rotated_bounding_format(format: BoundingBoxFormat | str) -> bool:
    """Whether boxes of the format may be turned."""
    if not isinstance(format, (BoundingBoxFormat, str)):
        raise ValueError(f"format should be str or BoundingBoxFormat, got {type(format)}")
    return (format.value if isinstance(format, BoundingBoxFormat) else format) in _ROTATED


class BoundingBoxes(TVTensor):
    """Boxes (N, 4), (N, 5) or (N, 8) in a `format`, of an image of `canvas_size` (height, width).

    `clamping_mode` says how transforms cut turned boxes to the image: "soft", "hard", or None for not at all.

    >>> from jtorch.vision import tv_tensors
    >>> tv_tensors.BoundingBoxes([1, 2, 3, 4], format="XYWH", canvas_size=(9, 9))
    BoundingBoxes([[1, 2, 3, 4]], format=BoundingBoxFormat.XYWH, canvas_size=(9, 9), clamping_mode=soft)
    """

    format: BoundingBoxFormat
    canvas_size: tuple[int, int]
    clamping_mode: str | None

    def __new__(
        cls,
        data: Any,
        *,
        format: BoundingBoxFormat | str,
        canvas_size: tuple[int, int],
        clamping_mode: str | None = "soft",
        dtype=None,
        device=None,
        requires_grad: bool | None = None,
    ) -> BoundingBoxes:
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if not tensor.is_floating_point() and is_rotated_bounding_format(format):
            raise ValueError(f"Rotated bounding boxes should be floating point tensors, got {tensor.dtype}.")
        return cls._wrap(tensor, format=format, canvas_size=canvas_size, clamping_mode=clamping_mode)

    @classmethod
    def _wrap(cls, tensor: Tensor, *, format, canvas_size, clamping_mode="soft", check_dims: bool = True):
        if check_dims:
            if tensor.ndim == 1:
                tensor = tensor.unsqueeze(0)
            elif tensor.ndim != 2:
                raise ValueError(f"Expected a 1D or 2D tensor, got {tensor.ndim}D")
        if clamping_mode not in (None, "hard", "soft"):
            raise ValueError(f"clamping_mode must be None, hard or soft, got {clamping_mode}.")
        boxes = tensor.as_subclass(cls)
        boxes.format = BoundingBoxFormat[format.upper()] if isinstance(format, str) else format
        boxes.canvas_size = canvas_size
        boxes.clamping_mode = clamping_mode
        return boxes

    @classmethod
    def wrap(cls, tensor: Tensor, like: Any, **kwargs: Any) -> BoundingBoxes:
        return cls._wrap(tensor, **(_about(like) | kwargs))

    @classmethod
    def _wrap_output(cls, output, args=(), kwargs=None):
        flat, _ = tree_flatten((args, kwargs or {}))
        about = _about(next(value for value in flat if isinstance(value, BoundingBoxes)))

        def wrapped(part):
            if not isinstance(part, Tensor) or isinstance(part, BoundingBoxes):
                return part
            return cls._wrap(part, **about, check_dims=False)

        return type(output)(map(wrapped, output)) if isinstance(output, (tuple, list)) else wrapped(output)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._make_repr(**_about(self))


def _about(boxes: BoundingBoxes) -> dict[str, Any]:
    return {"format": boxes.format, "canvas_size": boxes.canvas_size, "clamping_mode": boxes.clamping_mode}
