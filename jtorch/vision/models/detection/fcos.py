"""FCOS: boxes as distances of their sides from each place of a pyramid (Tian et al. 2019, https://arxiv.org/abs/1904.01355)."""

import math
from collections.abc import Callable
from functools import partial

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import boxes as box_ops
from ...ops import generalized_box_iou_loss, sigmoid_focal_loss
from .._initialize import drawn, initialize
from ..resnet import ResNet50_Weights
from . import _utils as det_utils
from ._declare import declare
from .anchor_utils import AnchorGenerator
from .faster_rcnn import IMAGE_MEAN, IMAGE_STD
from .generalized_rcnn import inputs_of
from .retinanet import _pyramid
from .rpn import by_anchor
from .transform import GeneralizedRCNNTransform

__all__ = ["FCOS", "FCOS_ResNet50_FPN_Weights", "fcos_resnet50_fpn"]

Layer = Callable[..., nn.Module]
_SMALL = {nn.Conv2d: drawn(nn.init.normal_, std=0.01)}


class FCOSHead(nn.Module):
    """Logits, distances to the sides of boxes, and how central a place is in its box."""

    __annotations__ = {"box_coder": det_utils.BoxLinearCoder}

    def __init__(self, in_channels: int, num_anchors: int, num_classes: int, num_convs: int | None = 4) -> None:
        super().__init__()
        self.box_coder = det_utils.BoxLinearCoder(normalize_by_size=True)
        self.classification_head = FCOSClassificationHead(in_channels, num_anchors, num_classes, num_convs)
        self.regression_head = FCOSRegressionHead(in_channels, num_anchors, num_convs)

    def compute_loss(
        self,
        targets: list[dict[str, Tensor]],
        head_outputs: dict[str, Tensor],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Tensor]:
        """Sums over all pictures, divided by how many places have an answer.

        Every place takes part and counts for nothing where it has none, so that shapes do not depend on values.
        """
        logits = head_outputs["cls_logits"]
        classes, boxes = [], []
        for target, matches in zip(targets, matched_idxs, strict=True):
            if len(target["labels"]) == 0:
                classes.append(target["labels"].new_zeros(len(matches)))
                boxes.append(target["boxes"].new_zeros((len(matches), 4)))
            else:
                classes.append(target["labels"][matches.clamp(min=0)])
                boxes.append(target["boxes"][matches.clamp(min=0)])
        foreground = jtorch.stack(matched_idxs) >= 0
        answers, points = jtorch.stack(boxes), jtorch.stack(anchors)
        count = foreground.sum().clamp(min=1)

        right = jtorch.where(foreground, jtorch.stack(classes), 0)
        one_hot = jtorch.zeros_like(logits).scatter(2, right[..., None], foreground[..., None].to(logits.dtype))
        found = self.box_coder.decode(head_outputs["bbox_regression"], points)
        box_losses = generalized_box_iou_loss(found, answers, reduction="none")

        central = jtorch.where(foreground, _centerness(self.box_coder.encode(points, answers)), 0)
        central_losses = F.binary_cross_entropy_with_logits(
            head_outputs["bbox_ctrness"].squeeze(2), central, reduction="none"
        )
        return {
            "classification": sigmoid_focal_loss(logits, one_hot, reduction="sum") / count,
            "bbox_regression": jtorch.where(foreground, box_losses, 0).sum() / count,
            "bbox_ctrness": jtorch.where(foreground, central_losses, 0).sum() / count,
        }

    def forward(self, x: list[Tensor]) -> dict[str, Tensor]:
        codes, central = self.regression_head(x)
        return {"cls_logits": self.classification_head(x), "bbox_regression": codes, "bbox_ctrness": central}


def _centerness(sides: Tensor) -> Tensor:
    """1 in the middle of a box, 0 at its border (eq. 3), by the distances (..., 4) of its sides; nan outside it."""
    across, along = sides[..., 0::2], sides[..., 1::2]
    return ((across.amin(-1) / across.amax(-1)) * (along.amin(-1) / along.amax(-1))).sqrt()


def _tower(channels: int, depth: int, norm_layer: Layer | None) -> nn.Sequential:
    norm_layer = norm_layer or partial(nn.GroupNorm, 32)
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Conv2d(channels, channels, 3, stride=1, padding=1), norm_layer(channels), nn.ReLU()]
    return nn.Sequential(*layers)


class FCOSClassificationHead(nn.Module):
    """Logits (N, places, classes), which at first give each class `prior_probability`."""

    def __init__(
        self,
        in_channels: int,
        num_anchors: int,
        num_classes: int,
        num_convs: int = 4,
        prior_probability: float = 0.01,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.num_anchors = num_anchors
        self.conv = _tower(in_channels, num_convs, norm_layer)
        initialize(self.conv, _SMALL)
        self.cls_logits = nn.Conv2d(in_channels, num_anchors * num_classes, kernel_size=3, stride=1, padding=1)
        initialize(self.cls_logits, _SMALL)
        nn.init.constant_(self.cls_logits.bias, -math.log((1 - prior_probability) / prior_probability))

    def forward(self, x: list[Tensor]) -> Tensor:
        return jtorch.cat([by_anchor(self.cls_logits(self.conv(of_one)), self.num_classes) for of_one in x], 1)


class FCOSRegressionHead(nn.Module):
    """Distances to the four sides (N, places, 4), none below zero, and logits of how central a place is (N, places, 1)."""

    def __init__(self, in_channels: int, num_anchors: int, num_convs: int = 4, norm_layer: Layer | None = None) -> None:
        super().__init__()
        self.conv = _tower(in_channels, num_convs, norm_layer)
        self.bbox_reg = nn.Conv2d(in_channels, num_anchors * 4, kernel_size=3, stride=1, padding=1)
        self.bbox_ctrness = nn.Conv2d(in_channels, num_anchors * 1, kernel_size=3, stride=1, padding=1)
        for part in (self.bbox_reg, self.bbox_ctrness, self.conv):
            initialize(part, _SMALL)

    def forward(self, x: list[Tensor]) -> tuple[Tensor, Tensor]:
        hidden = [self.conv(of_one) for of_one in x]
        codes = [by_anchor(F.relu(self.bbox_reg(of_one)), 4) for of_one in hidden]
        central = [by_anchor(self.bbox_ctrness(of_one), 1) for of_one in hidden]
        return jtorch.cat(codes, 1), jtorch.cat(central, 1)


class FCOS(nn.Module):
    """Pictures [(3, H, W), ...] in 0..1 to losses, in training with `targets`, or to "boxes", "scores" and "labels".

    `anchor_generator` gives one box per place, as wide as the places are apart. A place answers for a box if it lies
    in it, no farther from its centre than `center_sampling_radius` places, and the box is of the size of its map.
    """

    __annotations__ = {"box_coder": det_utils.BoxLinearCoder}

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int,
        min_size: int = 800,
        max_size: int = 1333,
        image_mean: list[float] | None = None,
        image_std: list[float] | None = None,
        anchor_generator: AnchorGenerator | None = None,
        head: nn.Module | None = None,
        center_sampling_radius: float = 1.5,
        score_thresh: float = 0.2,
        nms_thresh: float = 0.6,
        detections_per_img: int = 100,
        topk_candidates: int = 1000,
        **kwargs,
    ) -> None:
        super().__init__()
        det_utils.check_backbone(backbone)
        if not isinstance(anchor_generator, (AnchorGenerator, type(None))):
            raise TypeError(
                f"anchor_generator should be of type AnchorGenerator or None, instead  got {type(anchor_generator)}"
            )
        self.backbone = backbone
        if anchor_generator is None:
            anchor_generator = AnchorGenerator(((8,), (16,), (32,), (64,), (128,)), ((1.0,),) * 5)
        self.anchor_generator = anchor_generator
        each = anchor_generator.num_anchors_per_location()[0]
        if each != 1:
            raise ValueError(f"anchor_generator.num_anchors_per_location()[0] should be 1 instead of {each}")
        self.head = FCOSHead(backbone.out_channels, each, num_classes) if head is None else head
        self.box_coder = det_utils.BoxLinearCoder(normalize_by_size=True)
        mean = list(IMAGE_MEAN) if image_mean is None else image_mean
        std = list(IMAGE_STD) if image_std is None else image_std
        self.transform = GeneralizedRCNNTransform(min_size, max_size, mean, std, **kwargs)
        self.center_sampling_radius = center_sampling_radius
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.topk_candidates = topk_candidates

    def eager_outputs(self, losses, detections):
        return losses if self.training else detections

    def compute_loss(self, targets, head_outputs, anchors, num_anchors_per_level):
        matched = [
            self._matches(target["boxes"], of_one, num_anchors_per_level)
            for of_one, target in zip(anchors, targets, strict=True)
        ]
        return self.head.compute_loss(targets, head_outputs, anchors, matched)

    def _matches(self, boxes: Tensor, anchors: Tensor, num_anchors_per_level: list[int]) -> Tensor:
        """For each place the smallest of the boxes it answers for, -1 for none (sections 3.1 and 3.2)."""
        if boxes.numel() == 0:
            return jtorch.full((len(anchors),), -1, dtype=jtorch.int64, device=anchors.device)
        sizes = anchors[:, 2] - anchors[:, 0]
        places = ((anchors[:, :2] + anchors[:, 2:]) / 2)[:, None]
        center = (boxes[:, :2] + boxes[:, 2:]) / 2
        near = (places - center).abs().amax(2) < self.center_sampling_radius * sizes[:, None]
        sides = jtorch.cat((places - boxes[:, :2], boxes[:, 2:] - places), 2)
        # Each map is for boxes of its size: the first also for smaller ones, the last for larger ones.
        least, most = sizes * 4, sizes * 8
        least[: num_anchors_per_level[0]] = 0
        most[-num_anchors_per_level[-1] :] = math.inf
        reach = sides.amax(2)
        possible = near & (sides.amin(2) > 0) & (reach > least[:, None]) & (reach < most[:, None])
        size = boxes[:, 2:] - boxes[:, :2]
        preferred = (possible.float() * (1e8 - size[:, 0] * size[:, 1])).max(1)
        return jtorch.where(preferred.values < 1e-5, -1, preferred.indices)

    def postprocess_detections(self, head_outputs, anchors, image_shapes):
        """The best of each map that score enough, without those that overlap better ones of their class."""
        detections = []
        for i, shape in enumerate(image_shapes):
            found = []
            for logits, codes, central, of_one in zip(
                head_outputs["cls_logits"],
                head_outputs["bbox_regression"],
                head_outputs["bbox_ctrness"],
                anchors[i],
                strict=True,
            ):
                scores = (logits[i].sigmoid() * central[i].sigmoid()).sqrt()
                scores, places, labels = det_utils.best_scores(scores, self.score_thresh, self.topk_candidates)
                boxes = self.box_coder.decode(codes[i][places], of_one[places])
                found.append((box_ops.clip_boxes_to_image(boxes, shape), scores, labels))
            boxes, scores, labels = (jtorch.cat(parts) for parts in zip(*found, strict=True))
            detections.append(det_utils.best_boxes(boxes, scores, labels, self.nms_thresh, self.detections_per_img))
        return detections

    def forward(self, images, targets=None):
        batch, targets, sizes, maps = inputs_of(self, images, targets)
        maps = list(maps.values())
        outputs = self.head(maps)
        anchors = self.anchor_generator(batch, maps)
        counts = [x.shape[-2] * x.shape[-1] for x in maps]
        if self.training:
            return self.eager_outputs(self.compute_loss(targets, outputs, anchors, counts), [])
        split = {name: list(value.split(counts, 1)) for name, value in outputs.items()}
        detections = self.postprocess_detections(split, [list(a.split(counts)) for a in anchors], batch.image_sizes)
        return self.eager_outputs({}, self.transform.postprocess(detections, batch.image_sizes, sizes))


def _resnet(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> FCOS:
    return FCOS(_pyramid(weights_backbone, progress, trained, norm_layer, 256), num_classes, **kwargs)


FCOS_ResNet50_FPN_Weights, fcos_resnet50_fpn = declare("FCOS_ResNet50_FPN", __name__, ResNet50_Weights, _resnet)
