"""Zheng et al. 2019, https://arxiv.org/abs/1911.08287, section 3.3."""

from jtorch.tensor import Tensor

from ._utils import _upcast_non_float, reduced
from .boxes import aspect, aspect_penalty
from .diou_loss import _diou_iou_loss


def complete_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7) -> Tensor:
    """1 - `complete_box_iou` of boxes (N, 4) pair by pair."""
    boxes1, boxes2 = _upcast_non_float(boxes1), _upcast_non_float(boxes2)
    loss, iou = _diou_iou_loss(boxes1, boxes2)
    return reduced(loss + aspect_penalty(aspect(boxes2) - aspect(boxes1), iou, eps), reduction)
