"""Key points of persons, as masks of one element each (He et al. 2017, https://arxiv.org/abs/1703.06870, section 5)."""

from typing import Any

import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import MultiScaleRoIAlign
from ...ops.misc import FrozenBatchNorm2d
from .._declare import load, publish, weights_enum
from .._initialize import he_by_outputs, initialize
from .._utils import _ovewrite_value_param
from ..resnet import ResNet50_Weights
from ._utils import overwrite_eps
from .backbone_utils import _validate_trainable_layers
from .faster_rcnn import FasterRCNN, also_by_position, check_kind, resnet_pyramid

__all__ = ["KeypointRCNN", "KeypointRCNN_ResNet50_FPN_Weights", "keypointrcnn_resnet50_fpn"]


class KeypointRCNN(FasterRCNN):
    """`FasterRCNN` whose targets have "keypoints" (n, K, 3) of x, y and whether they are visible.

    Detections have "keypoints" (n, K, 3) and "keypoints_scores" (n, K). Takes the arguments of `FasterRCNN`, then its
    own.
    """

    @also_by_position
    def __init__(
        self,
        backbone,
        num_classes=None,
        *,
        min_size=None,
        keypoint_roi_pool=None,
        keypoint_head=None,
        keypoint_predictor=None,
        num_keypoints=None,
        **kwargs,
    ) -> None:
        check_kind("keypoint_roi_pool", keypoint_roi_pool, MultiScaleRoIAlign)
        if num_keypoints is not None and keypoint_predictor is not None:
            raise ValueError("num_keypoints should be None when keypoint_predictor is specified")
        if keypoint_roi_pool is None:
            keypoint_roi_pool = MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=14, sampling_ratio=2)
        if keypoint_head is None:
            keypoint_head = KeypointRCNNHeads(backbone.out_channels, (512,) * 8)
        if keypoint_predictor is None:
            keypoint_predictor = KeypointRCNNPredictor(512, 17 if num_keypoints is None else num_keypoints)
        sizes = (640, 672, 704, 736, 768, 800) if min_size is None else min_size
        super().__init__(backbone, num_classes, min_size=sizes, **kwargs)
        self.roi_heads.keypoint_roi_pool = keypoint_roi_pool
        self.roi_heads.keypoint_head = keypoint_head
        self.roi_heads.keypoint_predictor = keypoint_predictor


class KeypointRCNNHeads(nn.Sequential):
    """Convolutions of 3 x 3."""

    def __init__(self, in_channels: int, layers) -> None:
        modules: list[nn.Module] = []
        for wide in layers:
            modules += [nn.Conv2d(in_channels, wide, 3, stride=1, padding=1), nn.ReLU(inplace=True)]
            in_channels = wide
        super().__init__(*modules)
        initialize(self, {nn.Conv2d: he_by_outputs()})


class KeypointRCNNPredictor(nn.Module):
    """Four times the size, a map for each point."""

    def __init__(self, in_channels: int, num_keypoints: int) -> None:
        super().__init__()
        self.kps_score_lowres = nn.ConvTranspose2d(in_channels, num_keypoints, 4, stride=2, padding=1)
        initialize(self, {nn.ConvTranspose2d: he_by_outputs()})
        self.up_scale = 2
        self.out_channels = num_keypoints

    def forward(self, x: Tensor) -> Tensor:
        return F.interpolate(
            self.kps_score_lowres(x),
            scale_factor=float(self.up_scale),
            mode="bilinear",
            align_corners=False,
            recompute_scale_factor=False,
        )


KeypointRCNN_ResNet50_FPN_Weights = weights_enum("KeypointRCNN_ResNet50_FPN_Weights", __name__)


def keypointrcnn_resnet50_fpn(
    *,
    weights: KeypointRCNN_ResNet50_FPN_Weights | None = None,
    progress: bool = True,
    num_classes: int | None = None,
    num_keypoints: int | None = None,
    weights_backbone: ResNet50_Weights | None = ResNet50_Weights.IMAGENET1K_V1,
    trainable_backbone_layers: int | None = None,
    **kwargs: Any,
) -> KeypointRCNN:
    weights = KeypointRCNN_ResNet50_FPN_Weights.verify(weights)
    weights_backbone = ResNet50_Weights.verify(weights_backbone)
    if weights is not None:
        weights_backbone = None
        num_classes = _ovewrite_value_param("num_classes", num_classes, len(weights.meta["categories"]))
        num_keypoints = _ovewrite_value_param("num_keypoints", num_keypoints, len(weights.meta["keypoint_names"]))
    is_trained = weights is not None or weights_backbone is not None
    trained = _validate_trainable_layers(is_trained, trainable_backbone_layers, 5, 3)
    norm_layer = FrozenBatchNorm2d if is_trained else nn.BatchNorm2d
    backbone = resnet_pyramid(weights_backbone, progress, trained, norm_layer)
    classes = 2 if num_classes is None else num_classes
    model = KeypointRCNN(backbone, classes, num_keypoints=17 if num_keypoints is None else num_keypoints, **kwargs)
    if weights is not None:
        load(model, weights, progress)
        if weights is KeypointRCNN_ResNet50_FPN_Weights["COCO_V1"]:
            overwrite_eps(model, 0.0)
    return model


def _older(kwargs: dict[str, Any]):
    return KeypointRCNN_ResNet50_FPN_Weights["COCO_LEGACY" if kwargs["pretrained"] == "legacy" else "COCO_V1"]


keypointrcnn_resnet50_fpn = publish(
    keypointrcnn_resnet50_fpn,
    KeypointRCNN_ResNet50_FPN_Weights,
    __name__,
    "Without `weights` the backbone has\n`weights_backbone` (ResNet50_Weights).",
    weights=("pretrained", _older),
    weights_backbone=("pretrained_backbone", ResNet50_Weights["IMAGENET1K_V1"]),
)
