"""SSD: classes and boxes on maps of several scales (Liu et al. 2016, https://arxiv.org/abs/1512.02325)."""

import warnings
from collections import OrderedDict
from typing import Any

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import boxes as box_ops
from .._initialize import drawn, initialize
from ..vgg import VGG, VGG16_Weights, vgg16
from . import _utils as det_utils
from ._declare import declare
from .anchor_utils import DefaultBoxGenerator
from .faster_rcnn import IMAGE_MEAN, IMAGE_STD
from .generalized_rcnn import inputs_of
from .rpn import by_anchor
from .transform import GeneralizedRCNNTransform

__all__ = ["SSD300_VGG16_Weights", "ssd300_vgg16"]

_XAVIER = {nn.Conv2d: drawn(nn.init.xavier_uniform_)}


class SSDHead(nn.Module):
    """Logits and codes of boxes for all anchors."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], num_classes: int) -> None:
        super().__init__()
        self.classification_head = SSDClassificationHead(in_channels, num_anchors, num_classes)
        self.regression_head = SSDRegressionHead(in_channels, num_anchors)

    def forward(self, x: list[Tensor]) -> dict[str, Tensor]:
        return {"bbox_regression": self.regression_head(x), "cls_logits": self.classification_head(x)}


class SSDScoringHead(nn.Module):
    """One module per map, whose channels are `num_columns` values for each anchor: (N, anchors, num_columns) in all."""

    def __init__(self, module_list: nn.ModuleList, num_columns: int) -> None:
        super().__init__()
        self.module_list = module_list
        self.num_columns = num_columns

    def forward(self, x: list[Tensor]) -> Tensor:
        pairs = zip(self.module_list, x, strict=False)
        return jtorch.cat([by_anchor(module(of_one), self.num_columns) for module, of_one in pairs], 1)


def _convolutions(in_channels: list[int], num_anchors: list[int], num_columns: int) -> nn.ModuleList:
    rows = zip(in_channels, num_anchors, strict=False)
    layers = nn.ModuleList(nn.Conv2d(wide, num_columns * anchors, kernel_size=3, padding=1) for wide, anchors in rows)
    initialize(layers, _XAVIER)
    return layers


class SSDClassificationHead(SSDScoringHead):
    """Logits of the classes, of which the first is background."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], num_classes: int) -> None:
        super().__init__(_convolutions(in_channels, num_anchors, num_classes), num_classes)


class SSDRegressionHead(SSDScoringHead):
    """Codes of boxes."""

    def __init__(self, in_channels: list[int], num_anchors: list[int]) -> None:
        super().__init__(_convolutions(in_channels, num_anchors, 4), 4)


class SSD(nn.Module):
    """Pictures [(3, H, W), ...] in 0..1 to losses, in training with `targets`, or to "boxes", "scores" and "labels".

    Pictures are resized to `size` (width, height) whatever their shape. `backbone` gives one map or a dict of them; it
    may say their `out_channels`, a list.
    """

    __annotations__ = {"box_coder": det_utils.BoxCoder, "proposal_matcher": det_utils.Matcher}

    def __init__(
        self,
        backbone: nn.Module,
        anchor_generator: DefaultBoxGenerator,
        size: tuple[int, int],
        num_classes: int,
        image_mean: list[float] | None = None,
        image_std: list[float] | None = None,
        head: nn.Module | None = None,
        score_thresh: float = 0.01,
        nms_thresh: float = 0.45,
        detections_per_img: int = 200,
        iou_thresh: float = 0.5,
        topk_candidates: int = 400,
        positive_fraction: float = 0.25,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.anchor_generator = anchor_generator
        self.box_coder = det_utils.BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
        if head is None:
            if hasattr(backbone, "out_channels"):
                out_channels = backbone.out_channels
            else:
                out_channels = det_utils.retrieve_out_channels(backbone, size)
            if len(out_channels) != len(anchor_generator.aspect_ratios):
                raise ValueError(
                    f"The length of the output channels from the backbone ({len(out_channels)}) do not match the length of "
                    f"the anchor generator aspect ratios ({len(anchor_generator.aspect_ratios)})"
                )
            head = SSDHead(out_channels, anchor_generator.num_anchors_per_location(), num_classes)
        self.head = head
        self.proposal_matcher = det_utils.SSDMatcher(iou_thresh)
        mean = list(IMAGE_MEAN) if image_mean is None else image_mean
        std = list(IMAGE_STD) if image_std is None else image_std
        self.transform = GeneralizedRCNNTransform(
            min(size), max(size), mean, std, size_divisible=1, fixed_size=size, **kwargs
        )
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.topk_candidates = topk_candidates
        self.neg_to_pos_ratio = (1.0 - positive_fraction) / positive_fraction

    def eager_outputs(self, losses, detections):
        return losses if self.training else detections

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        """Smooth L1 of the boxes and cross entropy of the classes (section 2.2), over how many anchors have an answer.

        Of the anchors without one, the hardest count: `neg_to_pos_ratio` times as many as those with one. Every anchor
        takes part and counts for nothing where it should not, so that shapes do not depend on values.
        """
        box_loss, labels = 0, []
        for target, codes, of_one, matches in zip(
            targets, head_outputs["bbox_regression"], anchors, matched_idxs, strict=True
        ):
            if len(target["boxes"]) == 0:
                labels.append(target["labels"].new_zeros(len(matches)))
                box_loss = box_loss + codes[:0].sum()
                continue
            matched, nearest = matches >= 0, matches.clamp(min=0)
            answers = self.box_coder.encode_single(target["boxes"][nearest], of_one)
            losses = F.smooth_l1_loss(codes, answers, reduction="none")
            box_loss = box_loss + jtorch.where(matched[:, None], losses, 0).sum()
            labels.append(jtorch.where(matched, target["labels"][nearest], 0))
        classes = jtorch.stack(labels)
        logits = head_outputs["cls_logits"]
        losses = F.cross_entropy(logits.flatten(0, 1), classes.flatten(), reduction="none").reshape(classes.shape)

        foreground = classes > 0
        wanted = self.neg_to_pos_ratio * foreground.sum(1, keepdim=True)
        hardest = jtorch.where(foreground, -jtorch.inf, losses.detach()).argsort(1, descending=True)
        background = hardest.argsort(1) < wanted
        class_loss = sum(jtorch.where(chosen, losses, 0).sum() for chosen in (foreground, background))
        count = (jtorch.stack(matched_idxs) >= 0).sum().clamp(min=1)
        return {"bbox_regression": box_loss / count, "classification": class_loss / count}

    def forward(self, images: list[Tensor], targets: list[dict[str, Tensor]] | None = None):
        batch, targets, sizes, maps = inputs_of(self, images, targets)
        maps = list(maps.values())
        outputs = self.head(maps)
        anchors = self.anchor_generator(batch, maps)
        if not self.training:
            detections = self.postprocess_detections(outputs, anchors, batch.image_sizes)
            return self.eager_outputs({}, self.transform.postprocess(detections, batch.image_sizes, sizes))
        matched = det_utils.matched_by_overlap(self.proposal_matcher, targets, anchors)
        return self.eager_outputs(self.compute_loss(targets, outputs, anchors, matched), [])

    def postprocess_detections(
        self, head_outputs: dict[str, Tensor], image_anchors: list[Tensor], image_shapes: list[tuple[int, int]]
    ) -> list[dict[str, Tensor]]:
        """The best of each class that score enough, without those that overlap better ones of their class."""
        scores_of = F.softmax(head_outputs["cls_logits"], -1)[..., 1:]
        most = min(self.topk_candidates, scores_of.shape[1])
        detections = []
        for codes, scores, anchors, shape in zip(
            head_outputs["bbox_regression"], scores_of, image_anchors, image_shapes, strict=True
        ):
            boxes = box_ops.clip_boxes_to_image(self.box_coder.decode_single(codes, anchors), shape)
            best = scores.t().topk(most, 1)
            classes, ranks = jtorch.where(best.values > self.score_thresh)
            boxes, scores, labels = boxes[best.indices[classes, ranks]], best.values[classes, ranks], classes + 1
            detections.append(det_utils.best_boxes(boxes, scores, labels, self.nms_thresh, self.detections_per_img))
        return detections


class SSDFeatureExtractorVGG(nn.Module):
    """VGG's fourth stage, each place scaled to a length that is learned, and maps of falling resolution after it.

    `highres` adds the map that pictures of 512 x 512 need.
    """

    def __init__(self, backbone: nn.Module, highres: bool) -> None:
        super().__init__()
        _, _, third, fourth, _ = (i for i, layer in enumerate(backbone) if isinstance(layer, nn.MaxPool2d))
        backbone[third].ceil_mode = True  # 75 pixels become 38, as in the paper's figure 2
        self.scale_weight = nn.Parameter(jtorch.ones(512) * 20)
        self.features = nn.Sequential(*backbone[:fourth])
        extra = nn.ModuleList(
            [
                _smaller(1024, 256, 512, kernel_size=3, padding=1, stride=2),
                _smaller(512, 128, 256, kernel_size=3, padding=1, stride=2),
                _smaller(256, 128, 256, kernel_size=3),
                _smaller(256, 128, 256, kernel_size=3),
            ]
        )
        if highres:
            extra.append(_smaller(256, 128, 256, kernel_size=4))
        initialize(extra, _XAVIER)
        # VGG's linear layers as convolutions, thinned out (section 3).
        dense = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=False),
            nn.Conv2d(512, 1024, kernel_size=3, padding=6, dilation=6),
            nn.ReLU(inplace=True),
            nn.Conv2d(1024, 1024, kernel_size=1),
            nn.ReLU(inplace=True),
        )
        initialize(dense, _XAVIER)
        extra.insert(0, nn.Sequential(*backbone[fourth:-1], dense))
        self.extra = extra

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = self.features(x)
        maps = [self.scale_weight.view(1, -1, 1, 1) * F.normalize(x)]
        for block in self.extra:
            x = block(x)
            maps.append(x)
        return OrderedDict((str(i), x) for i, x in enumerate(maps))


def _smaller(in_channels: int, hidden: int, out_channels: int, **how: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, hidden, kernel_size=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(hidden, out_channels, **how),
        nn.ReLU(inplace=True),
    )


def _vgg_extractor(backbone: VGG, highres: bool, trainable_layers: int) -> SSDFeatureExtractorVGG:
    features = backbone.features
    stages = [0, *(i for i, layer in enumerate(features) if isinstance(layer, nn.MaxPool2d))][:-1]
    if not 0 <= trainable_layers <= len(stages):
        raise AssertionError(
            f"trainable_layers should be in the range [0, {len(stages)}]. Instead got {trainable_layers}"
        )
    frozen = len(features) if trainable_layers == 0 else stages[len(stages) - trainable_layers]
    for layer in features[:frozen]:
        layer.requires_grad_(False)
    return SSDFeatureExtractorVGG(features, highres)


def warn_of_size(kwargs: dict[str, Any]) -> None:
    if "size" in kwargs:
        warnings.warn("The size of the model is already fixed; ignoring the parameter.", stacklevel=5)


def _vgg(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> SSD:
    warn_of_size(kwargs)
    backbone = _vgg_extractor(vgg16(weights=weights_backbone, progress=progress), False, trained)
    anchors = DefaultBoxGenerator(
        [[2], [2, 3], [2, 3], [2, 3], [2], [2]],
        scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
        steps=[8, 16, 32, 64, 100, 300],
    )
    return SSD(backbone, anchors, (300, 300), num_classes, **kwargs)


SSD300_VGG16_Weights, ssd300_vgg16 = declare(
    "SSD300_VGG16",
    __name__,
    VGG16_Weights,
    _vgg,
    first_backbone="IMAGENET1K_FEATURES",
    trained_by_default=4,
    # As the backbone was trained: colours of 0 to 255, less their means.
    defaults={"image_mean": [0.48235, 0.45882, 0.40784], "image_std": [1.0 / 255.0] * 3},
)
