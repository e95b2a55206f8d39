"""Boxes (..., 4): areas, overlaps, formats, and the choice of the best among those that overlap."""

import numpy as np

import jtorch
from jtorch.tensor import Tensor

from ._turned_boxes import (
    center_to_corner,
    corner_to_center,
    from_four_corners,
    iou_of_turned,
    to_four_corners,
)
from ._utils import _upcast

_UPRIGHT = ("xyxy", "xywh", "cxcywh")
_TURNED = ("cxcywhr", "xywhr", "xyxyxyxy")


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Indices of the boxes that no box of higher score overlaps by more than `iou_threshold`, by falling score (int64).

    How many there are depends on values, so boxes (N, 4) and scores (N) are read and compared on the host, in numpy. It
    cannot be part of a compiled program. Of equal scores the earlier box wins.

    >>> import jtorch as torch
    >>> boxes = torch.tensor([[0.0, 0, 4, 4], [0, 0, 4, 3], [5, 5, 6, 6]])
    >>> nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5)
    tensor([1, 2])
    """
    _check_nms(boxes, scores)
    kept = _kept(boxes.numpy(force=True), scores.numpy(force=True), iou_threshold)
    return jtorch.from_numpy(kept).to(boxes.device)


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Tensor:
    """`nms` among boxes of the same category `idxs` (N) only; on the host too."""
    _check_nms(boxes, scores)
    places, values, kinds = (tensor.numpy(force=True) for tensor in (boxes, scores, idxs))
    if places.size > 4000:
        chosen = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
        kept = np.sort(np.concatenate([of[_kept(places[of], values[of], iou_threshold)] for of in chosen]))
        kept = kept[np.argsort(-values[kept], kind="stable")]
    elif places.size:
        # Categories are moved apart so that they do not overlap; torchvision rounds the same way.
        shifts = kinds.astype(places.dtype) * (places.max() + places.dtype.type(1))
        kept = _kept(places + shifts[:, None], values, iou_threshold)
    else:
        kept = np.empty(0, np.int64)
    return jtorch.from_numpy(kept).to(boxes.device)


def _check_nms(boxes: Tensor, scores: Tensor) -> None:
    if boxes.dim() != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {boxes.dim()}D")
    if boxes.size(1) != 4:
        raise RuntimeError(f"boxes should have 4 elements in dimension 1, got {boxes.size(1)}")
    if scores.dim() != 1:
        raise RuntimeError(f"scores should be a 1d tensor, got {scores.dim()}D")
    if boxes.size(0) != scores.size(0):
        raise RuntimeError(
            "boxes and scores should have same number of elements in dimension 0, "
            f"got {boxes.size(0)} and {scores.size(0)}"
        )


def _kept(boxes: np.ndarray, scores: np.ndarray, threshold: float) -> np.ndarray:
    order = np.argsort(-scores, kind="stable")
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    with np.errstate(divide="ignore", invalid="ignore"):
        while order.size:
            best, order = order[0], order[1:]
            kept.append(best)
            corner = np.maximum(boxes[best, :2], boxes[order, :2])
            sides = np.maximum(np.minimum(boxes[best, 2:], boxes[order, 2:]) - corner, 0)
            overlap = sides[:, 0] * sides[:, 1]
            iou = overlap / (areas[best] + areas[order] - overlap)
            order = order[~(iou > np.float64(threshold))]
    return np.array(kept, dtype=np.int64)


def remove_small_boxes(boxes: Tensor, min_size: float) -> Tensor:
    """Indices of the boxes whose sides both are at least `min_size`; how many depends on values."""
    sides = boxes[..., 2:] - boxes[..., :2]
    return jtorch.where((sides >= min_size).all(-1))[0]


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """Boxes (..., 4) cut to a picture of `size` (height, width).

    >>> import jtorch as torch
    >>> clip_boxes_to_image(torch.tensor([[-1, 2, 9, 9]]), (4, 8))
    tensor([[0, 2, 8, 4]])
    """
    height, width = size
    x, y = boxes[..., 0::2].clamp(0, width), boxes[..., 1::2].clamp(0, height)
    return jtorch.stack((x, y), boxes.dim()).reshape(boxes.shape)


def _from_corner(boxes: Tensor) -> Tensor:
    return jtorch.cat((boxes[..., :2], boxes[..., :2] + boxes[..., 2:]), -1)


def _to_corner(boxes: Tensor) -> Tensor:
    return jtorch.cat((boxes[..., :2], boxes[..., 2:] - boxes[..., :2]), -1)


def _from_center(boxes: Tensor) -> Tensor:
    center, half = boxes[..., :2], boxes[..., 2:] * 0.5
    return jtorch.cat((center - half, center + half), -1)


def _to_center(boxes: Tensor) -> Tensor:
    return jtorch.cat(((boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]), -1)


# By way of corners: upright boxes' "xyxy", turned boxes' "xywhr".
_TO_HUB = {
    "xywh": _from_corner,
    "cxcywh": _from_center,
    "cxcywhr": center_to_corner,
    "xyxyxyxy": from_four_corners,
}
_FROM_HUB = {
    "xywh": _to_corner,
    "cxcywh": _to_center,
    "cxcywhr": corner_to_center,
    "xyxyxyxy": to_four_corners,
}


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Tensor:
    """Boxes in another format: xyxy, xywh, cxcywh; or of turned boxes xywhr, cxcywhr (degrees counter-clockwise), xyxyxyxy.

    Whole numbers become floats where halves are needed; turned boxes keep their dtype, rounded.

    >>> import jtorch as torch
    >>> box_convert(torch.tensor([[1.0, 2.0, 4.0, 8.0]]), "xyxy", "cxcywh")
    tensor([[2.5000, 5.0000, 3.0000, 6.0000]])
    """
    known = _UPRIGHT + _TURNED
    if in_fmt not in known or out_fmt not in known:
        raise ValueError(f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}")
    if in_fmt == out_fmt:
        return boxes.clone()
    if (in_fmt in _TURNED) != (out_fmt in _TURNED):
        raise NotImplementedError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}"
        )
    dtype = boxes.dtype
    for step in (_TO_HUB.get(in_fmt), _FROM_HUB.get(out_fmt)):
        if step is not None:
            boxes = step(boxes)
            if in_fmt in _TURNED and not dtype.is_floating_point:
                boxes = boxes.round().to(dtype)
    return boxes


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Tensor:
    """Areas (...) of boxes (..., 4) in the format xyxy, xywh or cxcywh."""
    if fmt not in _UPRIGHT:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    boxes = _upcast(boxes)
    if fmt == "xyxy":
        boxes = boxes[..., 2:] - boxes[..., :2]
    return boxes[..., -2] * boxes[..., -1]


def _corners(boxes: Tensor, fmt: str) -> tuple[Tensor, Tensor]:
    if fmt == "xyxy":
        return boxes[..., :2], boxes[..., 2:]
    if fmt == "xywh":
        return boxes[..., :2], boxes[..., :2] + boxes[..., 2:]
    return boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2


def _box_inter_union(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> tuple[Tensor, Tensor]:
    area1, area2 = box_area(boxes1, fmt), box_area(boxes2, fmt)
    (low1, high1), (low2, high2) = _corners(boxes1, fmt), _corners(boxes2, fmt)
    corner = jtorch.max(low1[..., None, :], low2[..., None, :, :])
    sides = _upcast(jtorch.min(high1[..., None, :], high2[..., None, :, :]) - corner).clamp(min=0)
    intersection = sides[..., 0] * sides[..., 1]
    return intersection, area1[..., None] + area2[..., None, :] - intersection


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Tensor:
    """Intersection over union (..., N, M) of each of N boxes with each of M; of turned boxes in float32.

    Differs from torchvision: turned boxes may have leading dimensions and be of any dtype, and the result has a gradient.

    >>> import jtorch as torch
    >>> box_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[0.0, 0, 2, 1], [1, 1, 3, 3]]))
    tensor([[0.5000, 0.1429]])
    >>> box_iou(torch.tensor([[0.0, 0, 2, 2, 0]]), torch.tensor([[0.0, 0, 2, 2, 45], [9, 9, 2, 2, 0]]), fmt="cxcywhr")
    tensor([[0.7071, 0.0000]])
    """
    if fmt in _UPRIGHT:
        intersection, union = _box_inter_union(boxes1, boxes2, fmt)
        return intersection / union
    if fmt in _TURNED:
        centered = [
            boxes if fmt == "cxcywhr" else box_convert(boxes, in_fmt=fmt, out_fmt="cxcywhr")
            for boxes in (boxes1, boxes2)
        ]
        return iou_of_turned(*centered)
    raise ValueError(
        f"Unsupported format '{fmt}'. Supported axis-aligned formats: {_UPRIGHT}. Supported rotated formats: {_TURNED}."
    )


def _hull(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """Sides (..., N, M, 2) of the smallest box around two."""
    low = jtorch.min(boxes1[..., None, :2], boxes2[..., None, :, :2])
    return _upcast(jtorch.max(boxes1[..., None, 2:], boxes2[..., None, :, 2:]) - low).clamp(min=0)


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Tensor:
    """IoU less the part of the hull that neither box covers: Rezatofighi et al. 2019, https://arxiv.org/abs/1902.09630."""
    intersection, union = _box_inter_union(boxes1, boxes2)
    sides = _hull(boxes1, boxes2)
    area = sides[..., 0] * sides[..., 1]
    return intersection / union - (area - union) / area


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """IoU less the squared distance of centers over the hull's squared diagonal: Zheng et al. 2019, https://arxiv.org/abs/1911.08287."""
    return _box_diou_iou(_upcast(boxes1), _upcast(boxes2), eps)[0]


def _box_diou_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> tuple[Tensor, Tensor]:
    iou = box_iou(boxes1, boxes2)
    diagonal = (_hull(boxes1, boxes2) ** 2).sum(-1) + eps
    center1, center2 = ((boxes[..., :2] + boxes[..., 2:]) / 2 for boxes in (boxes1, boxes2))
    distance = (_upcast(center1[..., None, :] - center2[..., None, :, :]) ** 2).sum(-1)
    return iou - distance / diagonal, iou


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Tensor:
    """`distance_box_iou` less a measure of how the ratios of sides differ (eq. 8 to 11 of the same paper)."""
    boxes1, boxes2 = _upcast(boxes1), _upcast(boxes2)
    distance_iou, iou = _box_diou_iou(boxes1, boxes2, eps)
    difference = aspect(boxes1)[..., None] - aspect(boxes2)[..., None, :]
    return distance_iou - aspect_penalty(difference, iou, eps)


def aspect(boxes: Tensor) -> Tensor:
    """The angle of a box's diagonal, from the vertical."""
    return jtorch.atan((boxes[..., 2] - boxes[..., 0]) / (boxes[..., 3] - boxes[..., 1]))


def aspect_penalty(difference: Tensor, iou: Tensor, eps: float) -> Tensor:
    """alpha * v of Zheng et al. 2019, eq. 9 to 11; alpha is no function of the boxes to the gradient."""
    v = (4 / jtorch.pi**2) * difference**2
    with jtorch.no_grad():
        alpha = v / (1 - iou + v + eps)
    return alpha * v


def masks_to_boxes(masks: Tensor) -> Tensor:
    """The first and last column and row that each of the masks (N, H, W) touches: (N, 4), float32; zeros for an empty mask.

    >>> import jtorch as torch
    >>> masks = torch.zeros(1, 4, 6)
    >>> masks[0, 1:3, 2:5] = 1
    >>> masks_to_boxes(masks)
    tensor([[2., 1., 4., 2.]])
    """
    if masks.numel() == 0:
        return jtorch.zeros((0, 4), device=masks.device, dtype=jtorch.float)
    set_ = masks.bool()
    ends = []
    for touched in (set_.any(1), set_.any(2)):
        steps = touched.int()
        last = touched.shape[1] - 1 - steps.flip(1).argmax(1)
        ends.append((steps.argmax(1), last))
    (left, right), (top, bottom) = ends
    boxes = jtorch.stack((left, top, right, bottom), 1).float()
    return jtorch.where(set_.flatten(1).any(1, keepdim=True), boxes, 0.0)
