"""Boxes turned by an angle: their formats, and how much of them overlaps."""

import jtorch
from jtorch.tensor import Tensor


def _axes(turn: Tensor) -> tuple[Tensor, Tensor]:
    """Cosine and sine of degrees."""
    radians = turn * jtorch.pi / 180.0
    return radians.cos(), radians.sin()


def turned(x: Tensor, y: Tensor, along: Tensor, down: Tensor, turn: Tensor) -> tuple[Tensor, Tensor]:
    """The point `along` the box's own x axis and `down` its y axis from (x, y); angles run counter-clockwise."""
    cos, sin = _axes(turn)
    return x + along * cos + down * sin, y - along * sin + down * cos


def center_to_corner(boxes: Tensor) -> Tensor:
    x, y, width, height, turn = boxes.unbind(-1)
    return jtorch.stack((*turned(x, y, -(width / 2), -(height / 2), turn), width, height, turn), -1)


def corner_to_center(boxes: Tensor) -> Tensor:
    x, y, width, height, turn = boxes.unbind(-1)
    return jtorch.stack((*turned(x, y, width / 2, height / 2, turn), width, height, turn), -1)


def to_four_corners(boxes: Tensor) -> Tensor:
    x, y, width, height, turn = boxes.unbind(-1)
    nothing = jtorch.zeros_like(width)
    sides = ((nothing, nothing), (width, nothing), (width, height), (nothing, height))
    return jtorch.stack([value for across, down in sides for value in turned(x, y, across, down, turn)], -1)


def from_four_corners(boxes: Tensor) -> Tensor:
    x1, y1, x2, y2, x3, y3, _, _ = boxes.unbind(-1)
    turn = jtorch.atan2(y1 - y2, x2 - x1) * 180 / jtorch.pi
    width = ((x2 - x1) ** 2 + (y1 - y2) ** 2).sqrt()
    height = ((x3 - x2) ** 2 + (y3 - y2) ** 2).sqrt()
    return jtorch.stack((x1, y1, width, height, turn), -1)


# Corners in units of the sides, in the order in which `to_four_corners` gives them.
_CORNERS = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
# Edges whose directions differ by less do not cross, and a corner may be so far outside, in units of the boxes.
_TOLERANCE = 1e-8
_PAIRS_AT_ONCE = 2**17  # of some 2 KB each


def iou_of_turned(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Intersection over union (..., N, M), float32, of boxes (..., N, 5) and (..., M, 5) of centre, size and degrees."""
    rows = max(1, _PAIRS_AT_ONCE // max(1, boxes2.shape[-2]))
    return jtorch.cat([_iou(some, boxes2) for some in boxes1.split(rows, -2)], -2)


def _iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """The overlap of two boxes is a convex polygon, whose corners are those of either box that lie in the other, and where
    their edges cross.

    All 24 possible ones are computed, in float64; those that are none move to the first that is one.
    """
    boxes1, boxes2 = boxes1.double()[..., :, None, :], boxes2.double()[..., None, :, :]
    area1, area2 = (boxes[..., 2] * boxes[..., 3] for boxes in (boxes1, boxes2))
    slack = _TOLERANCE * (area1 + area2)
    # Seen from between the centres, numbers are small.
    middle = (boxes1[..., :2] + boxes2[..., :2]) / 2
    first, second = (_outline(boxes, boxes[..., :2] - middle) for boxes in (boxes1, boxes2))
    crossings, crossed = _crossings(first, second)
    points = jtorch.cat((first, second, crossings), -2)
    there = jtorch.cat((_inside(first, second, slack), _inside(second, first, slack), crossed), -1)

    count = there.sum(-1, keepdim=True).clamp(min=1)
    center = jtorch.where(there[..., None], points, 0).sum(-2, keepdim=True) / count[..., None]
    around = points - center
    angle = jtorch.where(there, jtorch.atan2(around[..., 1], around[..., 0]).detach(), jtorch.inf)
    order = angle.argsort(-1)
    around = around.gather(-2, order[..., None].expand_as(around))
    around = jtorch.where(there.gather(-1, order)[..., None], around, around[..., :1, :])
    overlap = 0.5 * _cross(around, around.roll(-1, -2)).sum(-1)
    overlap = jtorch.where((area1 > 0) & (area2 > 0), overlap, 0)
    union = area1 + area2 - overlap
    return jtorch.where(union > 0, overlap / union, 0).float()


def _outline(boxes: Tensor, center: Tensor) -> Tensor:
    """Corners (..., 4, 2)."""
    unit = jtorch.tensor(_CORNERS, dtype=boxes.dtype, device=boxes.device)
    along, down = (boxes[..., 2:4][..., None, :] * unit).unbind(-1)
    x, y, turn = center[..., :1], center[..., 1:], boxes[..., 4:]
    outline = jtorch.stack(turned(x, y, along, down, turn), -1)
    return outline.expand(*jtorch.broadcast_shapes(boxes.shape[:-1], center.shape[:-1]), 4, 2)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _edges(outline: Tensor) -> Tensor:
    return outline.roll(-1, -2) - outline


def _inside(points: Tensor, outline: Tensor, slack: Tensor) -> Tensor:
    """Which of four points (..., 4, 2) lie in a box: to the same side of its edges."""
    away = points[..., :, None, :] - outline[..., None, :, :]
    return (_cross(_edges(outline)[..., None, :, :], away) >= -slack[..., None, None]).all(-1)


def _crossings(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Where edges cross (..., 16, 2), and whether they do (..., 16)."""
    start, edge = first[..., :, None, :], _edges(first)[..., :, None, :]
    away, other = second[..., None, :, :] - start, _edges(second)[..., None, :, :]
    slope = _cross(edge, other)
    parallel = slope**2 <= _TOLERANCE**2 * (edge**2).sum(-1) * (other**2).sum(-1)
    slope = jtorch.where(parallel, 1, slope)
    part, other_part = _cross(away, other) / slope, _cross(away, edge) / slope
    crossed = ~parallel & (part >= 0) & (part <= 1) & (other_part >= 0) & (other_part <= 1)
    return (start + part[..., None] * edge).flatten(-3, -2), crossed.flatten(-2)
