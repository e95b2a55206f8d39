"""Faster R-CNN (Ren et al. 2015, https://arxiv.org/abs/1506.01497), on a feature pyramid."""

import functools
import inspect
from collections.abc import Callable

import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from ...ops import MultiScaleRoIAlign
from ...ops.misc import Conv2dNormActivation
from .._initialize import he_by_outputs, initialize
from ..mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from ..resnet import ResNet50_Weights, resnet50
from . import _utils as det_utils
from ._declare import declare
from .anchor_utils import AnchorGenerator
from .backbone_utils import _mobilenet_extractor, _resnet_fpn_extractor
from .generalized_rcnn import GeneralizedRCNN
from .roi_heads import RoIHeads
from .rpn import RegionProposalNetwork, RPNHead
from .transform import GeneralizedRCNNTransform

__all__ = [
    "FasterRCNN",
    "FasterRCNN_MobileNet_V3_Large_320_FPN_Weights",
    "FasterRCNN_MobileNet_V3_Large_FPN_Weights",
    "FasterRCNN_ResNet50_FPN_V2_Weights",
    "FasterRCNN_ResNet50_FPN_Weights",
    "fasterrcnn_mobilenet_v3_large_320_fpn",
    "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_resnet50_fpn",
    "fasterrcnn_resnet50_fpn_v2",
]

IMAGE_MEAN, IMAGE_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _default_anchorgen() -> AnchorGenerator:
    sizes = ((32,), (64,), (128,), (256,), (512,))
    return AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes))


def check_kind(name: str, value, kind: type) -> None:
    if value is not None and not isinstance(value, kind):
        raise TypeError(f"{name} should be of type {kind.__name__} or None instead of {type(value)}")


class FasterRCNN(GeneralizedRCNN):
    """Pictures [(3, H, W), ...] in 0..1, with `targets` of "boxes" (n, 4) and "labels" (n, int64) in training.

    Gives a dict of losses in training, else for each picture "boxes", "labels" and "scores". `backbone` gives one map or a
    dict of them and says its `out_channels`. Boxes that overlap are chosen on the host (`torchvision.ops.nms`).
    """

    def __init__(
        self,
        backbone,
        num_classes=None,
        # the size of pictures
        min_size=800,
        max_size=1333,
        image_mean=None,
        image_std=None,
        # proposals
        rpn_anchor_generator=None,
        rpn_head=None,
        rpn_pre_nms_top_n_train=2000,
        rpn_pre_nms_top_n_test=1000,
        rpn_post_nms_top_n_train=2000,
        rpn_post_nms_top_n_test=1000,
        rpn_nms_thresh=0.7,
        rpn_fg_iou_thresh=0.7,
        rpn_bg_iou_thresh=0.3,
        rpn_batch_size_per_image=256,
        rpn_positive_fraction=0.5,
        rpn_score_thresh=0.0,
        # regions
        box_roi_pool=None,
        box_head=None,
        box_predictor=None,
        box_score_thresh=0.05,
        box_nms_thresh=0.5,
        box_detections_per_img=100,
        box_fg_iou_thresh=0.5,
        box_bg_iou_thresh=0.5,
        box_batch_size_per_image=512,
        box_positive_fraction=0.25,
        bbox_reg_weights=None,
        **kwargs,
    ) -> None:
        det_utils.check_backbone(backbone)
        check_kind("rpn_anchor_generator", rpn_anchor_generator, AnchorGenerator)
        check_kind("box_roi_pool", box_roi_pool, MultiScaleRoIAlign)
        if num_classes is not None and box_predictor is not None:
            raise ValueError("num_classes should be None when box_predictor is specified")
        if num_classes is None and box_predictor is None:
            raise ValueError("num_classes should not be None when box_predictor is not specified")

        channels = backbone.out_channels
        anchors = rpn_anchor_generator or _default_anchorgen()
        if rpn_head is None:
            rpn_head = RPNHead(channels, anchors.num_anchors_per_location()[0])
        rpn = RegionProposalNetwork(
            anchors,
            rpn_head,
            rpn_fg_iou_thresh,
            rpn_bg_iou_thresh,
            rpn_batch_size_per_image,
            rpn_positive_fraction,
            {"training": rpn_pre_nms_top_n_train, "testing": rpn_pre_nms_top_n_test},
            {"training": rpn_post_nms_top_n_train, "testing": rpn_post_nms_top_n_test},
            rpn_nms_thresh,
            score_thresh=rpn_score_thresh,
        )
        if box_roi_pool is None:
            box_roi_pool = MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=7, sampling_ratio=2)
        if box_head is None:
            box_head = TwoMLPHead(channels * box_roi_pool.output_size[0] ** 2, 1024)
        if box_predictor is None:
            box_predictor = FastRCNNPredictor(1024, num_classes)
        heads = RoIHeads(
            box_roi_pool,
            box_head,
            box_predictor,
            box_fg_iou_thresh,
            box_bg_iou_thresh,
            box_batch_size_per_image,
            box_positive_fraction,
            bbox_reg_weights,
            box_score_thresh,
            box_nms_thresh,
            box_detections_per_img,
        )
        mean, std = (
            list(usual) if given is None else given
            for given, usual in ((image_mean, IMAGE_MEAN), (image_std, IMAGE_STD))
        )
        super().__init__(backbone, rpn, heads, GeneralizedRCNNTransform(min_size, max_size, mean, std, **kwargs))


def also_by_position(init: Callable[..., None]) -> Callable[..., None]:
    """Let the constructor of a kind of `FasterRCNN` take the arguments of that one by position, and its own after them."""
    *known, rest = inspect.signature(FasterRCNN.__init__).parameters.values()
    own = inspect.signature(init).parameters
    known = [own.get(parameter.name, parameter) for parameter in known]
    added = [own[name] for name in own if name not in {parameter.name for parameter in [*known, rest]}]
    either = [parameter.replace(kind=parameter.POSITIONAL_OR_KEYWORD) for parameter in (*known, *added)]
    signature = inspect.Signature([*either, rest])

    @functools.wraps(init)
    def __init__(*args, **kwargs) -> None:
        given = signature.bind(*args, **kwargs).arguments
        others = given.pop(rest.name, {})
        init(given.pop("self"), given.pop("backbone"), **given, **others)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__


class TwoMLPHead(nn.Module):
    """Two linear layers."""

    def __init__(self, in_channels: int, representation_size: int) -> None:
        super().__init__()
        self.fc6 = nn.Linear(in_channels, representation_size)
        self.fc7 = nn.Linear(representation_size, representation_size)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.fc7(F.relu(self.fc6(x.flatten(1)))))


class FastRCNNConvFCHead(nn.Sequential):
    """Convolutions of regions (C, H, W) = `input_size`, then linear layers."""

    def __init__(
        self,
        input_size: tuple[int, int, int],
        conv_layers: list[int],
        fc_layers: list[int],
        norm_layer: Callable[..., nn.Module] | None = None,
    ) -> None:
        channels, height, width = input_size
        layers: list[nn.Module] = []
        for wide in conv_layers:
            layers.append(Conv2dNormActivation(channels, wide, norm_layer=norm_layer))
            channels = wide
        layers.append(nn.Flatten())
        channels *= height * width
        for wide in fc_layers:
            layers += [nn.Linear(channels, wide), nn.ReLU(inplace=True)]
            channels = wide
        super().__init__(*layers)
        initialize(self, {nn.Conv2d: he_by_outputs()})


class FastRCNNPredictor(nn.Module):
    """Logits (n, classes), and codes of a box for each class (n, 4 * classes)."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.cls_score = nn.Linear(in_channels, num_classes)
        self.bbox_pred = nn.Linear(in_channels, num_classes * 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if x.dim() == 4 and list(x.shape[2:]) != [1, 1]:
            raise AssertionError(
                f"x has the wrong shape, expecting the last two dimensions to be [1,1] instead of {list(x.shape[2:])}"
            )
        x = x.flatten(1)
        return self.cls_score(x), self.bbox_pred(x)


def resnet_pyramid(weights_backbone, progress: bool, trained: int, norm_layer, pyramid_norm=None):
    backbone = resnet50(weights=weights_backbone, progress=progress, norm_layer=norm_layer)
    return _resnet_fpn_extractor(backbone, trained, norm_layer=pyramid_norm)


def second_version(channels: int) -> dict:
    """The heads of the second recipe (https://arxiv.org/abs/2111.11429)."""
    anchors = _default_anchorgen()
    return {
        "rpn_anchor_generator": anchors,
        "rpn_head": RPNHead(channels, anchors.num_anchors_per_location()[0], conv_depth=2),
        "box_head": FastRCNNConvFCHead((channels, 7, 7), [256] * 4, [1024], norm_layer=nn.BatchNorm2d),
    }


def _resnet(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> FasterRCNN:
    return FasterRCNN(resnet_pyramid(weights_backbone, progress, trained, norm_layer), num_classes, **kwargs)


def _resnet_v2(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> FasterRCNN:
    backbone = resnet_pyramid(weights_backbone, progress, trained, norm_layer, nn.BatchNorm2d)
    return FasterRCNN(backbone, num_classes, **second_version(backbone.out_channels), **kwargs)


def _mobilenet(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> FasterRCNN:
    backbone = mobilenet_v3_large(weights=weights_backbone, progress=progress, norm_layer=norm_layer)
    anchors = AnchorGenerator(((32, 64, 128, 256, 512),) * 3, ((0.5, 1.0, 2.0),) * 3)
    return FasterRCNN(
        _mobilenet_extractor(backbone, True, trained), num_classes, rpn_anchor_generator=anchors, **kwargs
    )


FasterRCNN_ResNet50_FPN_Weights, fasterrcnn_resnet50_fpn = declare(
    "FasterRCNN_ResNet50_FPN", __name__, ResNet50_Weights, _resnet, without_eps=True
)
FasterRCNN_ResNet50_FPN_V2_Weights, fasterrcnn_resnet50_fpn_v2 = declare(
    "FasterRCNN_ResNet50_FPN_V2", __name__, ResNet50_Weights, _resnet_v2, frozen_norm=False, pretrained_backbone=False
)
FasterRCNN_MobileNet_V3_Large_FPN_Weights, fasterrcnn_mobilenet_v3_large_fpn = declare(
    "FasterRCNN_MobileNet_V3_Large_FPN",
    __name__,
    MobileNet_V3_Large_Weights,
    _mobilenet,
    stages=6,
    defaults={"rpn_score_thresh": 0.05},
)
FasterRCNN_MobileNet_V3_Large_320_FPN_Weights, fasterrcnn_mobilenet_v3_large_320_fpn = declare(
    "FasterRCNN_MobileNet_V3_Large_320_FPN",
    __name__,
    MobileNet_V3_Large_Weights,
    _mobilenet,
    stages=6,
    defaults={
        "min_size": 320,
        "max_size": 640,
        "rpn_pre_nms_top_n_test": 150,
        "rpn_post_nms_top_n_test": 150,
        "rpn_score_thresh": 0.05,
    },
)
