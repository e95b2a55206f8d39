"""Zheng et al. 2019, https://arxiv.org/abs/1911.08287, section 3.2."""

import jtorch
from jtorch.tensor import Tensor

from ._utils import _loss_inter_union, _upcast_non_float, reduced


def distance_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7) -> Tensor:
    """1 - `distance_box_iou` of boxes (N, 4) pair by pair."""
    loss, _ = _diou_iou_loss(_upcast_non_float(boxes1), _upcast_non_float(boxes2), eps)
    return reduced(loss, reduction)


def _diou_iou_loss(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> tuple[Tensor, Tensor]:
    intersection, union = _loss_inter_union(boxes1, boxes2)
    iou = intersection / (union + eps)
    sides = jtorch.max(boxes1[..., 2:], boxes2[..., 2:]) - jtorch.min(boxes1[..., :2], boxes2[..., :2])
    between = (boxes1[..., :2] + boxes1[..., 2:]) / 2 - (boxes2[..., :2] + boxes2[..., 2:]) / 2
    return 1 - iou + (between**2).sum(-1) / ((sides**2).sum(-1) + eps), iou
