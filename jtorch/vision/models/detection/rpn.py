"""Proposals: at each place of the maps whether there is an object, and its box (Ren et al. 2015, https://arxiv.org/abs/1506.01497)."""

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import Conv2dNormActivation
from ...ops import boxes as box_ops
from . import _utils as det_utils
from .anchor_utils import AnchorGenerator
from .image_list import ImageList


class RPNHead(nn.Module):
    """Convolutions, then for each anchor one logit and a box."""

    _version = 2

    def __init__(self, in_channels: int, num_anchors: int, conv_depth: int = 1) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *(Conv2dNormActivation(in_channels, in_channels, kernel_size=3, norm_layer=None) for _ in range(conv_depth))
        )
        self.cls_logits = nn.Conv2d(in_channels, num_anchors, kernel_size=1, stride=1)
        self.bbox_pred = nn.Conv2d(in_channels, num_anchors * 4, kernel_size=1, stride=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.01)
                nn.init.zeros_(module.bias)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        if (local_metadata.get("version") or 1) < 2:
            for name in ("weight", "bias"):
                if f"{prefix}conv.{name}" in state_dict:
                    state_dict[f"{prefix}conv.0.0.{name}"] = state_dict.pop(f"{prefix}conv.{name}")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        hidden = [self.conv(of_one) for of_one in x]
        return [self.cls_logits(t) for t in hidden], [self.bbox_pred(t) for t in hidden]


def by_anchor(x: Tensor, values: int) -> Tensor:
    """(N, anchors * values, H, W) to (N, H * W * anchors, values)."""
    count, _, height, width = x.shape
    return x.reshape(count, -1, values, height, width).permute(0, 3, 4, 1, 2).reshape(count, -1, values)


def concat_box_prediction_layers(box_cls: list[Tensor], box_regression: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Logits (all, classes) and codes (all, 4) of all pictures, maps and anchors."""
    anchors = box_regression[0].shape[1] // 4
    logits = jtorch.cat([by_anchor(x, x.shape[1] // anchors) for x in box_cls], 1)
    codes = jtorch.cat([by_anchor(x, 4) for x in box_regression], 1)
    return logits.flatten(0, -2), codes.reshape(-1, 4)


class RegionProposalNetwork(nn.Module):
    """Boxes [(n, 4), ...] that may hold objects, and in training their losses."""

    __annotations__ = {
        "box_coder": det_utils.BoxCoder,
        "proposal_matcher": det_utils.Matcher,
        "fg_bg_sampler": det_utils.BalancedPositiveNegativeSampler,
    }

    def __init__(
        self,
        anchor_generator: AnchorGenerator,
        head: nn.Module,
        fg_iou_thresh: float,
        bg_iou_thresh: float,
        batch_size_per_image: int,
        positive_fraction: float,
        pre_nms_top_n: dict[str, int],
        post_nms_top_n: dict[str, int],
        nms_thresh: float,
        score_thresh: float = 0.0,
    ) -> None:
        super().__init__()
        self.anchor_generator = anchor_generator
        self.head = head
        self.box_coder = det_utils.BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
        self.box_similarity = box_ops.box_iou
        self.proposal_matcher = det_utils.Matcher(fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=True)
        self.fg_bg_sampler = det_utils.BalancedPositiveNegativeSampler(batch_size_per_image, positive_fraction)
        self._pre_nms_top_n = pre_nms_top_n
        self._post_nms_top_n = post_nms_top_n
        self.nms_thresh = nms_thresh
        self.score_thresh = score_thresh
        self.min_size = 1e-3

    def pre_nms_top_n(self) -> int:
        return self._pre_nms_top_n["training" if self.training else "testing"]

    def post_nms_top_n(self) -> int:
        return self._post_nms_top_n["training" if self.training else "testing"]

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[dict[str, Tensor]]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """For each anchor a label (1 object, 0 background, -1 neither) and the box it should give."""
        labels, matched = [], []
        for of_one, target in zip(anchors, targets, strict=True):
            answers = target["boxes"]
            if answers.numel() == 0:
                matched.append(jtorch.zeros_like(of_one, dtype=jtorch.float32))
                labels.append(jtorch.zeros(len(of_one), dtype=jtorch.float32, device=of_one.device))
                continue
            matches = self.proposal_matcher(self.box_similarity(answers, of_one))
            matched.append(answers[matches.clamp(min=0)])
            label = (matches >= 0).float()
            labels.append(jtorch.where(matches == self.proposal_matcher.BETWEEN_THRESHOLDS, -1.0, label))
        return labels, matched

    def _get_top_n_idx(self, objectness: Tensor, num_anchors_per_level: list[int]) -> Tensor:
        chosen, first = [], 0
        for of_one in objectness.split(num_anchors_per_level, 1):
            count = min(self.pre_nms_top_n(), of_one.shape[1])
            chosen.append(of_one.topk(count, 1).indices + first)
            first += of_one.shape[1]
        return jtorch.cat(chosen, 1)

    def filter_proposals(
        self,
        proposals: Tensor,
        objectness: Tensor,
        image_shapes: list[tuple[int, int]],
        num_anchors_per_level: list[int],
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The best of each map, without those that overlap better ones of the same map."""
        pictures = len(proposals)
        objectness = objectness.detach().reshape(pictures, -1)
        levels = [jtorch.full((n,), i, device=proposals.device) for i, n in enumerate(num_anchors_per_level)]
        levels = jtorch.cat(levels).reshape(1, -1).expand_as(objectness)
        best = self._get_top_n_idx(objectness, num_anchors_per_level)
        scores, levels = objectness.gather(1, best).sigmoid(), levels.gather(1, best)
        proposals = proposals.gather(1, best[..., None].expand(-1, -1, 4))
        final_boxes, final_scores = [], []
        for boxes, score, level, shape in zip(proposals, scores, levels, image_shapes, strict=True):
            boxes = box_ops.clip_boxes_to_image(boxes, shape)
            large = ((boxes[:, 2:] - boxes[:, :2]) >= self.min_size).all(1)
            keep = jtorch.where(large & (score >= self.score_thresh))[0]
            boxes, score, level = boxes[keep], score[keep], level[keep]
            keep = box_ops.batched_nms(boxes, score, level, self.nms_thresh)[: self.post_nms_top_n()]
            final_boxes.append(boxes[keep])
            final_scores.append(score[keep])
        return final_boxes, final_scores

    def compute_loss(
        self, objectness: Tensor, pred_bbox_deltas: Tensor, labels: list[Tensor], regression_targets: list[Tensor]
    ) -> tuple[Tensor, Tensor]:
        positive, negative = (jtorch.where(jtorch.cat(masks))[0] for masks in self.fg_bg_sampler(labels))
        sampled = jtorch.cat((positive, negative))
        answers, codes = jtorch.cat(list(labels)), jtorch.cat(list(regression_targets))
        box_loss = F.smooth_l1_loss(pred_bbox_deltas[positive], codes[positive], beta=1 / 9, reduction="sum")
        objectness_loss = F.binary_cross_entropy_with_logits(objectness.flatten()[sampled], answers[sampled])
        return objectness_loss, box_loss / sampled.numel()

    def forward(
        self, images: ImageList, features: dict[str, Tensor], targets: list[dict[str, Tensor]] | None = None
    ) -> tuple[list[Tensor], dict[str, Tensor]]:
        maps = list(features.values())
        logits, codes = self.head(maps)
        anchors = self.anchor_generator(images, maps)
        counts = [of_one[0].numel() for of_one in logits]
        objectness, deltas = concat_box_prediction_layers(logits, codes)
        proposals = self.box_coder.decode(deltas.detach(), anchors).reshape(len(anchors), -1, 4)
        boxes, _ = self.filter_proposals(proposals, objectness, images.image_sizes, counts)
        if not self.training:
            return boxes, {}
        if targets is None:
            raise ValueError("targets should not be None")
        labels, matched = self.assign_targets_to_anchors(anchors, targets)
        codes = self.box_coder.encode(matched, anchors)
        loss_objectness, loss_box = self.compute_loss(objectness, deltas, labels, codes)
        return boxes, {"loss_objectness": loss_objectness, "loss_rpn_box_reg": loss_box}
