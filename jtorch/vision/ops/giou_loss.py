"""Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630."""

import jtorch
from jtorch.tensor import Tensor

from ._utils import _loss_inter_union, _upcast_non_float, reduced


def generalized_box_iou_loss(boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7) -> Tensor:
    """1 - `generalized_box_iou` of boxes (N, 4) pair by pair; it has a gradient where they do not overlap.

    >>> import jtorch as torch
    >>> generalized_box_iou_loss(torch.tensor([[0.0, 0, 1, 1]]), torch.tensor([[1.0, 0, 2, 1]]))
    tensor([1.])
    """
    boxes1, boxes2 = _upcast_non_float(boxes1), _upcast_non_float(boxes2)
    intersection, union = _loss_inter_union(boxes1, boxes2)
    sides = jtorch.max(boxes1[..., 2:], boxes2[..., 2:]) - jtorch.min(boxes1[..., :2], boxes2[..., :2])
    hull = sides[..., 0] * sides[..., 1]
    return reduced(1 - (intersection / (union + eps) - (hull - union) / (hull + eps)), reduction)
