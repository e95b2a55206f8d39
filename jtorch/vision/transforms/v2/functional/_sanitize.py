"""Which boxes and key points of an image are worth keeping."""

from __future__ import annotations

from jtorch import Tensor
from jtorch.vision import tv_tensors
from jtorch.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, is_rotated_bounding_format

from ._box_formats import XYXY, XYXYXYXY, as_format, converted
from ._registry import is_pure_tensor


def sanitize_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat | str | None = None,
    canvas_size: tuple[int, int] | None = None,
    min_size: float = 1.0,
    min_area: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """(the boxes that lie in their image and are large enough, which these are).

    `format` and `canvas_size` are for plain tensors only.
    """
    if is_pure_tensor(bounding_boxes):
        if format is None or canvas_size is None:
            raise ValueError(
                "format and canvas_size cannot be None if bounding_boxes is a pure tensor. "
                f"Got format={format} and canvas_size={canvas_size}."
                "Set those to appropriate values or pass bounding_boxes as a tv_tensors.BoundingBoxes object."
            )
        valid = valid_boxes(bounding_boxes, as_format(format), canvas_size, min_size, min_area)
        return bounding_boxes[valid], valid
    if not isinstance(bounding_boxes, BoundingBoxes):
        raise ValueError("bounding_boxes must be a tv_tensors.BoundingBoxes instance or a pure tensor.")
    if format is not None or canvas_size is not None:
        raise ValueError(
            "format and canvas_size must be None when bounding_boxes is a tv_tensors.BoundingBoxes instance. "
            f"Got format={format} and canvas_size={canvas_size}. "
            "Leave those to None or pass bounding_boxes as a pure tensor."
        )
    valid = valid_boxes(
        bounding_boxes.as_subclass(Tensor), bounding_boxes.format, bounding_boxes.canvas_size, min_size, min_area
    )
    return tv_tensors.wrap(bounding_boxes.as_subclass(Tensor)[valid], like=bounding_boxes), valid


def valid_boxes(
    boxes: Tensor, format: BoundingBoxFormat, canvas_size: tuple[int, int], min_size: float, min_area: float
) -> Tensor:
    """Which plain boxes lie in an image of (height, width) and are large enough: (N,) of bool."""
    rotated = is_rotated_bounding_format(format)
    corners = converted(boxes, format, XYXYXYXY if rotated else XYXY)
    x, y = corners[..., 0::2], corners[..., 1::2]
    if rotated:
        widths = ((x[..., 0] - x[..., 1]).pow(2) + (y[..., 0] - y[..., 1]).pow(2)).sqrt()
        # As torchvision has it: an x of the third corner is taken with a y of the second, and the other way round.
        heights = ((y[..., 1] - y[..., 2]).pow(2) + (x[..., 2] - x[..., 3]).pow(2)).sqrt()
    else:
        widths, heights = x[..., 1] - x[..., 0], y[..., 1] - y[..., 0]
    height, width = canvas_size
    inside = (corners >= 0).all(-1) & (x <= width).all(-1) & (y <= height).all(-1)
    return inside & (widths >= min_size) & (heights >= min_size) & (widths * heights >= min_area)


def sanitize_keypoints(key_points: Tensor, canvas_size: tuple[int, int] | None = None) -> tuple[Tensor, Tensor]:
    """(the points, or groups of points, that lie in their image, which these are)."""
    if is_pure_tensor(key_points):
        if canvas_size is None:
            raise ValueError(
                "canvas_size cannot be None if key_points is a pure tensor. "
                "Set it to an appropriate value or pass key_points as a tv_tensors.KeyPoints object."
            )
        valid = valid_points(key_points, canvas_size)
        return key_points[valid], valid
    if not isinstance(key_points, KeyPoints):
        raise ValueError("key_points must be a tv_tensors.KeyPoints instance or a pure tensor.")
    if canvas_size is not None:
        raise ValueError(
            "canvas_size must be None when key_points is a tv_tensors.KeyPoints instance. "
            f"Got canvas_size={canvas_size}. Leave it to None or pass key_points as a pure tensor."
        )
    valid = valid_points(key_points.as_subclass(Tensor), key_points.canvas_size)
    return tv_tensors.wrap(key_points.as_subclass(Tensor)[valid], like=key_points), valid


def valid_points(points: Tensor, canvas_size: tuple[int, int]) -> Tensor:
    """Which points (N, 2), or groups (N, ..., 2), lie in an image of (height, width): (N,) of bool."""
    height, width = canvas_size
    x, y = points.unbind(-1)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return inside.flatten(1).all(1) if inside.ndim > 1 else inside
