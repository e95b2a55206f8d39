"""Turned boxes cut to their image, side by side.

A box that sticks out over one side of the image keeps its angle: the lines of its edges are moved until the corner lies
on the side. Each side of the image in turn is brought to the left by a quarter turn of everything.
"""

from __future__ import annotations

import jtorch
from jtorch import Tensor


def clamped_corners(boxes: Tensor, canvas_size: tuple[int, int], mode: str) -> Tensor:
    """Boxes (N, 8) of four corners within an image of (height, width); "hard" cuts more than "soft"."""
    original = boxes.clone()
    height, width = canvas_size
    for _ in range(4):
        order = _from_leftmost(boxes)
        inside = _clamped_left(boxes.gather(1, order), original.gather(1, order), (height, width), mode)
        # `order` is a rotation of the corners, and torchvision undoes it by applying it once more.
        boxes, original = inside.gather(1, order), original.gather(1, order).gather(1, order)
        boxes, original = _quarter_turn(boxes, width), _quarter_turn(original, width)
        height, width = width, height
    return boxes


def _quarter_turn(boxes: Tensor, width: int) -> Tensor:
    x, y = boxes[:, ::2], boxes[:, 1::2]
    return jtorch.stack((y, width - x), -1).reshape(boxes.shape)


def _from_leftmost(boxes: Tensor) -> Tensor:
    """The numbers of the coordinates in an order that begins at the leftmost corner, the upper one of equals."""
    x, y = boxes[:, ::2], boxes[:, 1::2]
    largest_x, largest_y = (values.abs().amax(dim=1, keepdim=True) for values in (x, y))
    first = (y / largest_y + x / largest_x * 100).argmin(dim=1, keepdim=True)
    return (first * 2 + jtorch.arange(8, device=boxes.device)) % 8


def _lines(boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Slope and intercept of the lines from each corner to the next."""
    x, y = boxes[:, ::2], boxes[:, 1::2]
    slope = (y.roll(-1, 1) - y) / (x.roll(-1, 1) - x)
    return slope, y - slope * x


def _corners_of(slope: Tensor, intercept: Tensor) -> Tensor:
    """Where each line meets the one before it."""
    x = -(intercept - intercept.roll(1, 1)) / (slope - slope.roll(1, 1))
    return jtorch.stack((x, slope * x + intercept), -1).flatten(1)


def _moved_lines(boxes: Tensor, original: Tensor, canvas_size: tuple[int, int], mode: str) -> tuple[Tensor, Tensor]:
    height, width = canvas_size
    slope, intercept = _lines(boxes)
    a1, a2, a3, a4 = slope.unbind(-1)
    b1, b2, b3, b4 = intercept.unbind(-1)
    o1, o2, o3, o4 = _lines(original)[1].unbind(-1)
    b1 = b2.clamp(b1, b3).clamp(0, height)
    b4 = b3.clamp(b2, b4).clamp(0, height)
    if mode == "hard":
        # Both lines from the leftmost corner meet on the side, and the opposite corners move inwards with them.
        b1 = b4 = (b1 + b4) / 2
        candidates = [b1 * a2 / a1, b3 * a2 / a3, (a1 - a2) * width + b1, (a3 - a2) * width + b3]
        b2 = jtorch.stack(candidates, 1).amax(1).clamp(max=b2)
        candidates = [
            height * (1 - a3 / a4) + b4 * a3 / a4,
            height * (1 - a3 / a2) + b2 * a3 / a2,
            (a2 - a3) * width + b2,
            (a4 - a3) * width + b4,
        ]
        b3 = jtorch.stack(candidates, 1).amin(1).clamp(min=b3)
    b1 = b1.clamp(o1, o3)
    b4 = (b1 if mode == "hard" else b4).clamp(o2, o4)
    return slope, jtorch.stack((b4 if mode == "hard" else b1, b2.clamp(o2, o4), b3.clamp(o1, o3), b4), -1)


def _clamped_left(boxes: Tensor, original: Tensor, canvas_size: tuple[int, int], mode: str) -> Tensor:
    x1, y1, x2, y2, x3, y3, x4, y4 = boxes.unbind(-1)
    turned = _corners_of(*_moved_lines(boxes, original, canvas_size, mode))
    upright = jtorch.stack((x1.clamp(min=0), y1, x2, y2, x3, y3, x4.clamp(min=0), y4), -1)
    is_out = (x1 < 0) & ~turned.isnan().any(-1)
    is_upright = y1.isclose(y2) | y3.isclose(y4)
    is_gone = (x1 <= 0) & (x2 <= 0) & (x3 <= 0) & (x4 <= 0)
    is_flat = y1.isclose(y4) | y2.isclose(y3) | (is_upright & x1.isclose(x2))
    for condition, case in ((is_out, turned), (is_upright, upright), (is_gone | is_flat, jtorch.zeros_like(boxes))):
        boxes = jtorch.where(condition[:, None], case, boxes)
    return boxes
