"""RetinaNet: classes and boxes at every place of a pyramid (Lin et al. 2017, https://arxiv.org/abs/1708.02002)."""

import math
from collections.abc import Callable
from functools import partial

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import boxes as box_ops
from ...ops import sigmoid_focal_loss
from ...ops.feature_pyramid_network import LastLevelP6P7
from ...ops.misc import Conv2dNormActivation
from ..resnet import ResNet50_Weights, resnet50
from . import _utils as det_utils
from ._declare import declare
from .anchor_utils import AnchorGenerator
from .backbone_utils import _resnet_fpn_extractor
from .faster_rcnn import IMAGE_MEAN, IMAGE_STD, check_kind
from .generalized_rcnn import inputs_of
from .rpn import by_anchor
from .transform import GeneralizedRCNNTransform

__all__ = [
    "RetinaNet",
    "RetinaNet_ResNet50_FPN_V2_Weights",
    "RetinaNet_ResNet50_FPN_Weights",
    "retinanet_resnet50_fpn",
    "retinanet_resnet50_fpn_v2",
]

Layer = Callable[..., nn.Module]


def _default_anchorgen() -> AnchorGenerator:
    sizes = tuple((x, int(x * 2 ** (1.0 / 3)), int(x * 2 ** (2.0 / 3))) for x in (32, 64, 128, 256, 512))
    return AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))


class RetinaNetHead(nn.Module):
    """Logits and codes of boxes for all anchors."""

    def __init__(self, in_channels, num_anchors, num_classes, norm_layer: Layer | None = None) -> None:
        super().__init__()
        self.classification_head = RetinaNetClassificationHead(
            in_channels, num_anchors, num_classes, norm_layer=norm_layer
        )
        self.regression_head = RetinaNetRegressionHead(in_channels, num_anchors, norm_layer=norm_layer)

    def compute_loss(self, targets, head_outputs, anchors, matched_idxs):
        return {
            "classification": self.classification_head.compute_loss(targets, head_outputs, matched_idxs),
            "bbox_regression": self.regression_head.compute_loss(targets, head_outputs, anchors, matched_idxs),
        }

    def forward(self, x: list[Tensor]) -> dict[str, Tensor]:
        return {"cls_logits": self.classification_head(x), "bbox_regression": self.regression_head(x)}


class _Tower(nn.Module):
    """Four convolutions that all maps share."""

    _version = 2

    def __init__(self, in_channels: int, norm_layer: Layer | None) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *(Conv2dNormActivation(in_channels, in_channels, norm_layer=norm_layer) for _ in range(4))
        )

    def _draw(self, module: nn.Module) -> None:
        for layer in module.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.01)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        if (local_metadata.get("version") or 1) < 2:
            for i in range(4):
                for name in ("weight", "bias"):
                    older = f"{prefix}conv.{2 * i}.{name}"
                    if older in state_dict:
                        state_dict[f"{prefix}conv.{i}.0.{name}"] = state_dict.pop(older)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


class RetinaNetClassificationHead(_Tower):
    """Logits (N, anchors, classes), which at first give each class `prior_probability`."""

    def __init__(
        self, in_channels, num_anchors, num_classes, prior_probability=0.01, norm_layer: Layer | None = None
    ) -> None:
        super().__init__(in_channels, norm_layer)
        self._draw(self.conv)
        self.cls_logits = nn.Conv2d(in_channels, num_anchors * num_classes, kernel_size=3, stride=1, padding=1)
        self._draw(self.cls_logits)
        nn.init.constant_(self.cls_logits.bias, -math.log((1 - prior_probability) / prior_probability))
        self.num_classes = num_classes
        self.num_anchors = num_anchors
        self.BETWEEN_THRESHOLDS = det_utils.Matcher.BETWEEN_THRESHOLDS

    def compute_loss(self, targets, head_outputs, matched_idxs) -> Tensor:
        total = 0
        for target, logits, matches in zip(targets, head_outputs["cls_logits"], matched_idxs, strict=True):
            foreground = matches >= 0
            answers = jtorch.zeros_like(logits)
            places = jtorch.where(foreground)[0]
            answers[places, target["labels"][matches[places]]] = 1.0
            losses = sigmoid_focal_loss(logits, answers)
            losses = jtorch.where((matches != self.BETWEEN_THRESHOLDS)[:, None], losses, 0)
            total = total + losses.sum() / max(1, places.numel())
        return total / len(targets)

    def forward(self, x: list[Tensor]) -> Tensor:
        return jtorch.cat([by_anchor(self.cls_logits(self.conv(of_one)), self.num_classes) for of_one in x], 1)


class RetinaNetRegressionHead(_Tower):
    """Codes of boxes (N, anchors, 4)."""

    __annotations__ = {"box_coder": det_utils.BoxCoder}

    def __init__(self, in_channels, num_anchors, norm_layer: Layer | None = None) -> None:
        super().__init__(in_channels, norm_layer)
        self.bbox_reg = nn.Conv2d(in_channels, num_anchors * 4, kernel_size=3, stride=1, padding=1)
        self._draw(self.bbox_reg)
        self._draw(self.conv)
        self.box_coder = det_utils.BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
        self._loss_type = "l1"

    def compute_loss(self, targets, head_outputs, anchors, matched_idxs) -> Tensor:
        total = 0
        rows = zip(targets, head_outputs["bbox_regression"], anchors, matched_idxs, strict=True)
        for target, codes, of_one, matches in rows:
            places = jtorch.where(matches >= 0)[0]
            answers = target["boxes"][matches[places]]
            loss = det_utils._box_loss(self._loss_type, self.box_coder, of_one[places], answers, codes[places])
            total = total + loss / max(1, places.numel())
        return total / max(1, len(targets))

    def forward(self, x: list[Tensor]) -> Tensor:
        return jtorch.cat([by_anchor(self.bbox_reg(self.conv(of_one)), 4) for of_one in x], 1)


class RetinaNet(nn.Module):
    """Pictures [(3, H, W), ...] in 0..1 to losses, in training with `targets`, or to "boxes", "scores" and "labels"."""

    __annotations__ = {"box_coder": det_utils.BoxCoder, "proposal_matcher": det_utils.Matcher}

    def __init__(
        self,
        backbone,
        num_classes,
        min_size=800,
        max_size=1333,
        image_mean=None,
        image_std=None,
        anchor_generator=None,
        head=None,
        proposal_matcher=None,
        score_thresh=0.05,
        nms_thresh=0.5,
        detections_per_img=300,
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.4,
        topk_candidates=1000,
        **kwargs,
    ) -> None:
        super().__init__()
        det_utils.check_backbone(backbone)
        check_kind("anchor_generator", anchor_generator, AnchorGenerator)
        self.backbone = backbone
        self.anchor_generator = anchor_generator or _default_anchorgen()
        if head is None:
            head = RetinaNetHead(
                backbone.out_channels, self.anchor_generator.num_anchors_per_location()[0], num_classes
            )
        self.head = head
        self.proposal_matcher = proposal_matcher or det_utils.Matcher(
            fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=True
        )
        self.box_coder = det_utils.BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
        mean = list(IMAGE_MEAN) if image_mean is None else image_mean
        std = list(IMAGE_STD) if image_std is None else image_std
        self.transform = GeneralizedRCNNTransform(min_size, max_size, mean, std, **kwargs)
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.topk_candidates = topk_candidates

    def eager_outputs(self, losses, detections):
        return losses if self.training else detections

    def compute_loss(self, targets, head_outputs, anchors):
        matched = det_utils.matched_by_overlap(self.proposal_matcher, targets, anchors)
        return self.head.compute_loss(targets, head_outputs, anchors, matched)

    def postprocess_detections(self, head_outputs, anchors, image_shapes):
        """The best of each map that score enough, without those that overlap better ones of their class."""
        detections = []
        for i, shape in enumerate(image_shapes):
            found = []
            levels = zip(head_outputs["cls_logits"], head_outputs["bbox_regression"], anchors[i], strict=True)
            for logits, codes, of_one in levels:
                scores, places, labels = det_utils.best_scores(
                    logits[i].sigmoid(), self.score_thresh, self.topk_candidates
                )
                boxes = self.box_coder.decode_single(codes[i][places], of_one[places])
                found.append((box_ops.clip_boxes_to_image(boxes, shape), scores, labels))
            boxes, scores, labels = (jtorch.cat(parts) for parts in zip(*found, strict=True))
            detections.append(det_utils.best_boxes(boxes, scores, labels, self.nms_thresh, self.detections_per_img))
        return detections

    def forward(self, images, targets=None):
        batch, targets, sizes, maps = inputs_of(self, images, targets)
        maps = list(maps.values())
        outputs = self.head(maps)
        anchors = self.anchor_generator(batch, maps)
        if self.training:
            return self.eager_outputs(self.compute_loss(targets, outputs, anchors), [])
        places = [x.shape[-2] * x.shape[-1] for x in maps]
        each = outputs["cls_logits"].shape[1] // sum(places)
        counts = [count * each for count in places]
        split = {name: value.split(counts, 1) for name, value in outputs.items()}
        detections = self.postprocess_detections(split, [a.split(counts) for a in anchors], batch.image_sizes)
        return self.eager_outputs({}, self.transform.postprocess(detections, batch.image_sizes, sizes))


def _pyramid(weights_backbone, progress, trained, norm_layer, p6_channels: int):
    backbone = resnet50(weights=weights_backbone, progress=progress, norm_layer=norm_layer)
    return _resnet_fpn_extractor(backbone, trained, [2, 3, 4], LastLevelP6P7(p6_channels, 256))


def _resnet(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> RetinaNet:
    return RetinaNet(_pyramid(weights_backbone, progress, trained, norm_layer, 256), num_classes, **kwargs)


def _resnet_v2(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> RetinaNet:
    backbone = _pyramid(weights_backbone, progress, trained, norm_layer, 2048)
    anchors = _default_anchorgen()
    count = anchors.num_anchors_per_location()[0]
    head = RetinaNetHead(backbone.out_channels, count, num_classes, norm_layer=partial(nn.GroupNorm, 32))
    head.regression_head._loss_type = "giou"
    return RetinaNet(backbone, num_classes, anchor_generator=anchors, head=head, **kwargs)


RetinaNet_ResNet50_FPN_Weights, retinanet_resnet50_fpn = declare(
    "RetinaNet_ResNet50_FPN", __name__, ResNet50_Weights, _resnet, without_eps=True
)
RetinaNet_ResNet50_FPN_V2_Weights, retinanet_resnet50_fpn_v2 = declare(
    "RetinaNet_ResNet50_FPN_V2", __name__, ResNet50_Weights, _resnet_v2, frozen_norm=False, pretrained_backbone=False
)
