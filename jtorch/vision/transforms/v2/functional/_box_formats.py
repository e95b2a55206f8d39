"""Boxes from one format to another, and boxes and key points cut to their image."""

from __future__ import annotations

import jtorch
from jtorch import Tensor
from jtorch.vision import tv_tensors
from jtorch.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, is_rotated_bounding_format

from ._registry import is_pure_tensor

XYXY, XYWH, CXCYWH = BoundingBoxFormat.XYXY, BoundingBoxFormat.XYWH, BoundingBoxFormat.CXCYWH
XYWHR, CXCYWHR, XYXYXYXY = BoundingBoxFormat.XYWHR, BoundingBoxFormat.CXCYWHR, BoundingBoxFormat.XYXYXYXY


def _halved(values: Tensor) -> Tensor:
    return values / 2 if values.is_floating_point() else values.div(2, rounding_mode="floor")


def _cxcywh_to_xyxy(boxes: Tensor) -> Tensor:
    center, half = boxes[..., :2], boxes[..., 2:] / 2
    corner = center - half
    return jtorch.cat((corner, corner + boxes[..., 2:]), -1).to(boxes.dtype)


def _xyxy_to_cxcywh(boxes: Tensor) -> Tensor:
    corner, size = boxes[..., :2], boxes[..., 2:] - boxes[..., :2]
    return jtorch.cat((_halved(corner * 2 + size), size), -1)


def cos_and_sin(degrees: Tensor) -> tuple[Tensor, Tensor]:
    radians = degrees * jtorch.pi / 180
    return radians.cos(), radians.sin()


def _cxcywhr_to_xywhr(boxes: Tensor, sign: int = -1) -> Tensor:
    """The first corner lies half a width back along the box's own x axis, and half a height up along its y axis."""
    x, y, width, height, turn = boxes.unbind(-1)
    cos, sin = cos_and_sin(turn)
    half_width, half_height = width / 2, height / 2
    x = x + sign * (half_width * cos + half_height * sin)
    y = y + sign * (half_height * cos - half_width * sin)
    return jtorch.stack((x, y, width, height, turn), -1)


def _xywhr_to_corners(boxes: Tensor) -> Tensor:
    x, y, width, height, turn = boxes.unbind(-1)
    cos, sin = cos_and_sin(turn)
    along = (width * cos, -width * sin)
    down = (height * sin, height * cos)
    corners = [x, y, x + along[0], y + along[1]]
    corners += [x + along[0] + down[0], y + along[1] + down[1], x + down[0], y + down[1]]
    return jtorch.stack(corners, -1)


def _corners_to_xywhr(boxes: Tensor) -> Tensor:
    corners = boxes if boxes.is_floating_point() else boxes.to(jtorch.float32)
    x1, y1, x2, y2, x3, y3, _, _ = corners.unbind(-1)
    turn = jtorch.atan2(y1 - y2, x2 - x1) / jtorch.pi * 180
    width = ((x2 - x1).pow(2) + (y2 - y1).pow(2)).sqrt()
    height = ((x3 - x2).pow(2) + (y3 - y2).pow(2)).sqrt()
    return jtorch.stack((x1, y1, width, height, turn), -1).to(boxes.dtype)


# Every format to XYXY, or to XYWHR if it is one of turned boxes; and from there.
_TO_HUB = {
    XYXY: lambda boxes: boxes,
    XYWH: lambda boxes: jtorch.cat((boxes[..., :2], boxes[..., :2] + boxes[..., 2:]), -1),
    CXCYWH: _cxcywh_to_xyxy,
    XYWHR: lambda boxes: boxes,
    CXCYWHR: _cxcywhr_to_xywhr,
    XYXYXYXY: _corners_to_xywhr,
}
_FROM_HUB = {
    XYXY: lambda boxes: boxes,
    XYWH: lambda boxes: jtorch.cat((boxes[..., :2], boxes[..., 2:] - boxes[..., :2]), -1),
    CXCYWH: _xyxy_to_cxcywh,
    XYWHR: lambda boxes: boxes,
    CXCYWHR: lambda boxes: _cxcywhr_to_xywhr(boxes, sign=1),
    XYXYXYXY: _xywhr_to_corners,
}


def converted(boxes: Tensor, old_format: BoundingBoxFormat, new_format: BoundingBoxFormat) -> Tensor:
    """Plain boxes in another format; the same tensor if it is the same format."""
    if new_format == old_format:
        return boxes
    if is_rotated_bounding_format(old_format) != is_rotated_bounding_format(new_format):
        raise ValueError("Cannot convert between rotated and unrotated bounding boxes.")
    return _FROM_HUB[new_format](_TO_HUB[old_format](boxes))


def as_format(format: BoundingBoxFormat | str | None):
    return BoundingBoxFormat[format.upper()] if isinstance(format, str) else format


def convert_bounding_box_format(
    inpt: Tensor,
    old_format: BoundingBoxFormat | str | None = None,
    new_format: BoundingBoxFormat | str | None = None,
    inplace: bool = False,
) -> Tensor:
    """Boxes in another format. Plain tensors need `old_format`. `inplace` writes the result into `inpt`.

    >>> import jtorch as torch
    >>> from jtorch.vision.transforms.v2 import functional as F
    >>> F.convert_bounding_box_format(torch.tensor([[1, 2, 4, 8]]), "xyxy", "xywh")
    tensor([[1, 2, 3, 6]])
    """
    if new_format is None:
        raise TypeError("convert_bounding_box_format() missing 1 required argument: 'new_format'")
    old_format, new_format = as_format(old_format), as_format(new_format)
    if is_pure_tensor(inpt):
        if old_format is None:
            raise ValueError("For pure tensor inputs, `old_format` has to be passed.")
        return _written(converted(inpt, old_format, new_format), inpt, inplace)
    if not isinstance(inpt, BoundingBoxes):
        raise TypeError(
            f"Input can either be a plain tensor or a bounding box tv_tensor, but got {type(inpt)} instead."
        )
    if old_format is not None:
        raise ValueError("For bounding box tv_tensor inputs, `old_format` must not be passed.")
    plain = inpt.as_subclass(Tensor)
    output = _written(converted(plain, inpt.format, new_format), plain, inplace)
    return tv_tensors.wrap(output, like=inpt, format=new_format)


def _written(result: Tensor, into: Tensor, inplace: bool) -> Tensor:
    return into.copy_(result) if inplace and result.shape == into.shape else result


def clamp_bounding_boxes(
    inpt: Tensor,
    format: BoundingBoxFormat | str | None = None,
    canvas_size: tuple[int, int] | None = None,
    clamping_mode: str | None = "auto",
) -> Tensor:
    """Boxes cut to their image. Turned ones are cut by `clamping_mode`: see `BoundingBoxes`."""
    if clamping_mode not in (None, "soft", "hard", "auto"):
        raise ValueError(f"clamping_mode must be soft, hard, auto or None, got {clamping_mode}")
    if is_pure_tensor(inpt):
        if format is None or canvas_size is None or clamping_mode == "auto":
            raise ValueError("For pure tensor inputs, `format`, `canvas_size` and `clamping_mode` have to be passed.")
        return clamped(inpt, as_format(format), canvas_size, clamping_mode)
    if not isinstance(inpt, BoundingBoxes):
        raise TypeError(
            f"Input can either be a plain tensor or a bounding box tv_tensor, but got {type(inpt)} instead."
        )
    if format is not None or canvas_size is not None:
        raise ValueError("For bounding box tv_tensor inputs, `format` and `canvas_size` must not be passed.")
    mode = inpt.clamping_mode if clamping_mode == "auto" else clamping_mode
    return tv_tensors.wrap(clamped(inpt.as_subclass(Tensor), inpt.format, inpt.canvas_size, mode), like=inpt)


def clamped(boxes: Tensor, format: BoundingBoxFormat, canvas_size: tuple[int, int], mode: str | None) -> Tensor:
    """Plain boxes cut to an image of (height, width)."""
    if mode is None:
        return boxes.clone()
    if is_rotated_bounding_format(format):
        from ._clamp_rotated import clamped_corners

        corners = converted(boxes.clone(), format, XYXYXYXY).reshape(-1, 8)
        return converted(clamped_corners(corners, canvas_size, mode), XYXYXYXY, format).reshape(boxes.shape)
    floats = boxes.clone() if boxes.is_floating_point() else boxes.to(jtorch.float32)
    x1, y1, x2, y2 = converted(floats, format, XYXY).unbind(-1)
    height, width = canvas_size
    inside = jtorch.stack((x1.clamp(0, width), y1.clamp(0, height), x2.clamp(0, width), y2.clamp(0, height)), -1)
    return converted(inside, XYXY, format).to(boxes.dtype)


def clamp_keypoints(inpt: Tensor, canvas_size: tuple[int, int] | None = None) -> Tensor:
    """Points moved to the nearest pixel of their image."""
    if is_pure_tensor(inpt):
        if canvas_size is None:
            raise ValueError("For pure tensor inputs, `canvas_size` has to be passed.")
        return _inside(inpt, canvas_size)
    if not isinstance(inpt, KeyPoints):
        raise TypeError(f"Input can either be a plain tensor or a keypoints tv_tensor, but got {type(inpt)} instead.")
    if canvas_size is not None:
        raise ValueError("For keypoints tv_tensor inputs, `canvas_size` must not be passed.")
    return tv_tensors.wrap(_inside(inpt.as_subclass(Tensor), inpt.canvas_size), like=inpt)


def _inside(points: Tensor, canvas_size: tuple[int, int]) -> Tensor:
    height, width = canvas_size
    x, y = points.unbind(-1)
    return jtorch.stack((x.clamp(0, width - 1), y.clamp(0, height - 1)), -1).to(points.dtype)


def upright(corners: Tensor) -> Tensor:
    """Parallelograms (..., 8) as rectangles with their centre, along the longer side.

    The rectangle has the projections of the sides on its axes, so that it holds about what the parallelogram does.
    """
    floats = corners if corners.dtype in (jtorch.float32, jtorch.float64) else corners.to(jtorch.float32)
    x1, y1, x2, y2, x3, y3, x4, y4 = floats.unbind(-1)
    center_x, center_y = (x1 + x3) / 2, (y1 + y3) / 2
    first = ((x2 - x1).pow(2) + (y2 - y1).pow(2)).sqrt()
    last = ((x4 - x1).pow(2) + (y4 - y1).pow(2)).sqrt()
    turn_first, turn_last = jtorch.atan2(y1 - y2, x2 - x1), jtorch.atan2(y1 - y4, x4 - x1)
    between = turn_first - turn_last
    sign = jtorch.where(between > jtorch.pi / 2, -1, 1)
    cos, sin = between.cos(), between.sin()
    half_width = jtorch.where(first < last, first * sin, first + last * cos * sign) / 2
    half_height = jtorch.where(first > last, last * sin, last + first * cos * sign) / 2
    turn = jtorch.where(last > first, turn_last + jtorch.pi / 2, turn_first)
    cos, sin = turn.cos(), turn.sin()
    along_x, along_y = half_width * cos, half_width * sin
    down_x, down_y = half_height * sin, half_height * cos
    rectangle = []
    for right, down in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        rectangle += [center_x + right * along_x + down * down_x, center_y - right * along_y + down * down_y]
    return jtorch.stack(rectangle, -1).reshape(corners.shape).to(corners.dtype)
