"""What detectors share: which boxes are answers for which anchors, how boxes are written as differences, and losses of them."""

import math
from collections import OrderedDict

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import (
    FrozenBatchNorm2d,
    batched_nms,
    box_iou,
    complete_box_iou_loss,
    distance_box_iou_loss,
    generalized_box_iou_loss,
)


class BalancedPositiveNegativeSampler:
    """Draws places of each picture: up to `positive_fraction` of them positive (labels of 1 and more), the rest negative (0).

    How many there are depends on values, so labels are read on the host.
    """

    def __init__(self, batch_size_per_image: int, positive_fraction: float) -> None:
        self.batch_size_per_image = batch_size_per_image
        self.positive_fraction = positive_fraction

    def __call__(self, matched_idxs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Masks (uint8) of the positive and of the negative places drawn."""
        chosen: tuple[list[Tensor], list[Tensor]] = ([], [])
        for labels in matched_idxs:
            left = self.batch_size_per_image
            most = int(left * self.positive_fraction)
            for masks, places in zip(chosen, (labels >= 1, labels == 0), strict=True):
                indices = jtorch.where(places)[0]
                count = min(indices.numel(), most)
                drawn = indices[jtorch.randperm(indices.numel(), device=indices.device)[:count]]
                masks.append(jtorch.zeros_like(labels, dtype=jtorch.uint8).index_fill_(0, drawn, 1))
                left -= count
                most = left
        return chosen


def _center_and_size(boxes: Tensor) -> tuple[Tensor, Tensor]:
    size = boxes[..., 2:] - boxes[..., :2]
    return boxes[..., :2] + 0.5 * size, size


def encode_boxes(reference_boxes: Tensor, proposals: Tensor, weights: Tensor) -> Tensor:
    """Shift of centres in sizes of the proposals, and logarithms of the ratios of sizes (Girshick 2014, appendix C)."""
    center, size = _center_and_size(reference_boxes)
    proposed_center, proposed_size = _center_and_size(proposals)
    shift = weights[:2] * (center - proposed_center) / proposed_size
    return jtorch.cat((shift, weights[2:] * jtorch.log(size / proposed_size)), 1)


class BoxCoder:
    """Boxes as differences from others, weighted; growth is limited to exp(`bbox_xform_clip`)."""

    def __init__(
        self, weights: tuple[float, float, float, float], bbox_xform_clip: float = math.log(1000.0 / 16)
    ) -> None:
        self.weights = weights
        self.bbox_xform_clip = bbox_xform_clip

    def encode(self, reference_boxes: list[Tensor], proposals: list[Tensor]) -> tuple[Tensor, ...]:
        codes = self.encode_single(jtorch.cat(list(reference_boxes)), jtorch.cat(list(proposals)))
        return codes.split([len(boxes) for boxes in reference_boxes], 0)

    def encode_single(self, reference_boxes: Tensor, proposals: Tensor) -> Tensor:
        weights = jtorch.as_tensor(self.weights, dtype=reference_boxes.dtype, device=reference_boxes.device)
        return encode_boxes(reference_boxes, proposals, weights)

    def decode(self, rel_codes: Tensor, boxes: list[Tensor]) -> Tensor:
        """Boxes (all, classes, 4) of codes (all, 4 * classes)."""
        count = sum(len(of_one) for of_one in boxes)
        if count > 0:
            rel_codes = rel_codes.reshape(count, -1)
        decoded = self.decode_single(rel_codes, jtorch.cat(list(boxes)))
        return decoded.reshape(count, -1, 4) if count > 0 else decoded

    def decode_single(self, rel_codes: Tensor, boxes: Tensor) -> Tensor:
        center, size = (part[:, None] for part in _center_and_size(boxes.to(rel_codes.dtype)))
        weights = jtorch.as_tensor(self.weights, dtype=rel_codes.dtype, device=rel_codes.device)
        codes = rel_codes.reshape(len(rel_codes), rel_codes.shape[1] // 4, 4) / weights
        center = codes[..., :2] * size + center
        half = 0.5 * (codes[..., 2:].clamp(max=self.bbox_xform_clip).exp() * size)
        return jtorch.cat((center - half, center + half), -1).flatten(1)


class BoxLinearCoder:
    """Boxes as distances of their four sides from the centre of others, in sizes of those."""

    def __init__(self, normalize_by_size: bool = True) -> None:
        self.normalize_by_size = normalize_by_size

    def _scale(self, boxes: Tensor) -> Tensor | float:
        size = boxes[..., 2:] - boxes[..., :2]
        return jtorch.cat((size, size), -1) if self.normalize_by_size else 1.0

    def encode(self, reference_boxes: Tensor, proposals: Tensor) -> Tensor:
        center = 0.5 * (reference_boxes[..., :2] + reference_boxes[..., 2:])
        sides = jtorch.cat((center - proposals[..., :2], proposals[..., 2:] - center), -1)
        return sides / self._scale(reference_boxes)

    def decode(self, rel_codes: Tensor, boxes: Tensor) -> Tensor:
        boxes = boxes.to(dtype=rel_codes.dtype)
        center = 0.5 * (boxes[..., :2] + boxes[..., 2:])
        sides = rel_codes * self._scale(boxes)
        return jtorch.cat((center - sides[..., :2], center + sides[..., 2:]), -1)


class Matcher:
    """For each prediction the answer that fits it best, by a matrix of qualities (answers, predictions).

    Below `low_threshold` it is -1, below `high_threshold` -2. With `allow_low_quality_matches` an answer also keeps the
    predictions that fit it best, however badly (Ren et al. 2015, section 3.1.2).
    """

    BELOW_LOW_THRESHOLD = -1
    BETWEEN_THRESHOLDS = -2

    def __init__(self, high_threshold: float, low_threshold: float, allow_low_quality_matches: bool = False) -> None:
        if low_threshold > high_threshold:
            raise AssertionError("low_threshold should be <= high_threshold")
        self.high_threshold = high_threshold
        self.low_threshold = low_threshold
        self.allow_low_quality_matches = allow_low_quality_matches

    def __call__(self, match_quality_matrix: Tensor) -> Tensor:
        if match_quality_matrix.numel() == 0:
            missing = "ground-truth" if match_quality_matrix.shape[0] == 0 else "proposal"
            raise ValueError(f"No {missing} boxes available for one of the images during training")
        quality, best = match_quality_matrix.max(0)
        matches = jtorch.where(quality < self.high_threshold, self.BETWEEN_THRESHOLDS, best)
        matches = jtorch.where(quality < self.low_threshold, self.BELOW_LOW_THRESHOLD, matches)
        if self.allow_low_quality_matches:
            self.set_low_quality_matches_(matches, best, match_quality_matrix)
        return matches

    def set_low_quality_matches_(self, matches: Tensor, all_matches: Tensor, match_quality_matrix: Tensor) -> None:
        highest = match_quality_matrix.max(1, keepdim=True).values
        kept = (match_quality_matrix == highest).any(0)
        matches.copy_(jtorch.where(kept, all_matches, matches))


class SSDMatcher(Matcher):
    """One threshold, and each answer keeps the one prediction that fits it best."""

    def __init__(self, threshold: float) -> None:
        super().__init__(threshold, threshold, allow_low_quality_matches=False)

    def __call__(self, match_quality_matrix: Tensor) -> Tensor:
        matches = super().__call__(match_quality_matrix)
        best = match_quality_matrix.max(1).indices
        matches[best] = jtorch.arange(best.size(0), dtype=jtorch.int64, device=best.device)
        return matches


def matched_by_overlap(matcher: Matcher, targets: list[dict[str, Tensor]], anchors: list[Tensor]) -> list[Tensor]:
    """For each picture's anchors the answer that `matcher` gives them; -1 for all where there are no answers."""
    return [
        matcher(box_iou(target["boxes"], of_one))
        if target["boxes"].numel()
        else jtorch.full((len(of_one),), -1, dtype=jtorch.int64, device=of_one.device)
        for target, of_one in zip(targets, anchors, strict=True)
    ]


def best_scores(scores: Tensor, threshold: float, most: int) -> tuple[Tensor, Tensor, Tensor]:
    """Of scores (places, classes) those above a threshold, at most so many, best first: (scores, places, classes)."""
    flat = scores.flatten()
    chosen = jtorch.where(flat > threshold)[0]
    best = flat[chosen].topk(min(len(chosen), most))
    chosen = chosen[best.indices]
    return best.values, jtorch.div(chosen, scores.shape[-1], rounding_mode="floor"), chosen % scores.shape[-1]


def best_boxes(boxes: Tensor, scores: Tensor, labels: Tensor, nms_thresh: float, most: int) -> dict[str, Tensor]:
    """The detections of a picture: the best ones first, without those that overlap better ones of their class."""
    keep = batched_nms(boxes, scores, labels, nms_thresh)[:most]
    return {"boxes": boxes[keep], "scores": scores[keep], "labels": labels[keep]}


def check_backbone(backbone: nn.Module) -> None:
    """Refuse one that does not say how many channels its maps have."""
    if not hasattr(backbone, "out_channels"):
        raise ValueError(
            "backbone should contain an attribute out_channels specifying the number of output channels (assumed to be "
            "the same for all the levels)"
        )


def overwrite_eps(model: nn.Module, eps: float) -> None:
    """The eps of all frozen normalizations: some published weights were trained with none."""
    for module in model.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = eps


def retrieve_out_channels(model: nn.Module, size: tuple[int, int]) -> list[int]:
    """Channels of the maps that a backbone gives for a picture of `size` (width, height)."""
    training = model.training
    model.eval()
    with jtorch.no_grad():
        picture = jtorch.zeros((1, 3, size[1], size[0]), device=next(model.parameters()).device)
        maps = model(picture)
    if isinstance(maps, Tensor):
        maps = OrderedDict([("0", maps)])
    model.train(training)
    return [x.size(1) for x in maps.values()]


def _box_loss(
    type: str,
    box_coder: BoxCoder,
    anchors_per_image: Tensor,
    matched_gt_boxes_per_image: Tensor,
    bbox_regression_per_image: Tensor,
    cnf: dict[str, float] | None = None,
) -> Tensor:
    """The sum of a loss between codes (l1, smooth_l1) or between the boxes they stand for (ciou, diou, giou)."""
    cnf = cnf or {}
    if type in ("l1", "smooth_l1"):
        target = box_coder.encode_single(matched_gt_boxes_per_image, anchors_per_image)
        if type == "l1":
            return F.l1_loss(bbox_regression_per_image, target, reduction="sum")
        return F.smooth_l1_loss(bbox_regression_per_image, target, reduction="sum", beta=cnf.get("beta", 1.0))
    losses = {"ciou": complete_box_iou_loss, "diou": distance_box_iou_loss, "giou": generalized_box_iou_loss}
    if type not in losses:
        raise AssertionError(f"Unsupported loss: {type}")
    boxes = box_coder.decode_single(bbox_regression_per_image, anchors_per_image)
    return losses[type](boxes, matched_gt_boxes_per_image, reduction="sum", eps=cnf.get("eps", 1e-7))
