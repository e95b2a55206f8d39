"""Mask R-CNN (He et al. 2017, https://arxiv.org/abs/1703.06870)."""

from collections import OrderedDict
from collections.abc import Callable

from jtorch import nn

from ...ops import MultiScaleRoIAlign
from ...ops.misc import Conv2dNormActivation
from .._initialize import he_by_outputs, initialize
from ..resnet import ResNet50_Weights
from ._declare import declare
from .faster_rcnn import FasterRCNN, also_by_position, check_kind, resnet_pyramid, second_version

__all__ = [
    "MaskRCNN",
    "MaskRCNN_ResNet50_FPN_V2_Weights",
    "MaskRCNN_ResNet50_FPN_Weights",
    "maskrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn_v2",
]


class MaskRCNN(FasterRCNN):
    """`FasterRCNN` whose targets have "masks" (n, H, W) of 0 and 1, and whose detections "masks" (n, 1, H, W) in 0..1.

    Takes the arguments of `FasterRCNN`, then its own.
    """

    @also_by_position
    def __init__(
        self, backbone, num_classes=None, *, mask_roi_pool=None, mask_head=None, mask_predictor=None, **kwargs
    ) -> None:
        check_kind("mask_roi_pool", mask_roi_pool, MultiScaleRoIAlign)
        if num_classes is not None and mask_predictor is not None:
            raise ValueError("num_classes should be None when mask_predictor is specified")
        if mask_roi_pool is None:
            mask_roi_pool = MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=14, sampling_ratio=2)
        if mask_head is None:
            mask_head = MaskRCNNHeads(backbone.out_channels, (256, 256, 256, 256), 1)
        if mask_predictor is None:
            mask_predictor = MaskRCNNPredictor(256, 256, num_classes)
        super().__init__(backbone, num_classes, **kwargs)
        self.roi_heads.mask_roi_pool = mask_roi_pool
        self.roi_heads.mask_head = mask_head
        self.roi_heads.mask_predictor = mask_predictor


class MaskRCNNHeads(nn.Sequential):
    """Convolutions of 3 x 3."""

    _version = 2

    def __init__(
        self, in_channels: int, layers, dilation: int, norm_layer: Callable[..., nn.Module] | None = None
    ) -> None:
        widths = [in_channels, *layers]
        super().__init__(
            *(
                Conv2dNormActivation(wide, out, 3, 1, dilation, norm_layer=norm_layer, dilation=dilation)
                for wide, out in zip(widths, widths[1:], strict=False)
            )
        )
        initialize(self, {nn.Conv2d: he_by_outputs()})

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        if (local_metadata.get("version") or 1) < 2:
            for i in range(len(self)):
                for name in ("weight", "bias"):
                    older = f"{prefix}mask_fcn{i + 1}.{name}"
                    if older in state_dict:
                        state_dict[f"{prefix}{i}.0.{name}"] = state_dict.pop(older)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


class MaskRCNNPredictor(nn.Sequential):
    """Twice the size, then a mask for each class."""

    def __init__(self, in_channels: int, dim_reduced: int, num_classes: int) -> None:
        super().__init__(
            OrderedDict(
                conv5_mask=nn.ConvTranspose2d(in_channels, dim_reduced, 2, 2, 0),
                relu=nn.ReLU(inplace=True),
                mask_fcn_logits=nn.Conv2d(dim_reduced, num_classes, 1, 1, 0),
            )
        )
        initialize(self, {(nn.ConvTranspose2d, nn.Conv2d): he_by_outputs(zero_bias=False)})


def _resnet(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> MaskRCNN:
    return MaskRCNN(resnet_pyramid(weights_backbone, progress, trained, norm_layer), num_classes, **kwargs)


def _resnet_v2(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs) -> MaskRCNN:
    backbone = resnet_pyramid(weights_backbone, progress, trained, norm_layer, nn.BatchNorm2d)
    heads = second_version(backbone.out_channels)
    mask_head = MaskRCNNHeads(backbone.out_channels, [256] * 4, 1, norm_layer=nn.BatchNorm2d)
    return MaskRCNN(backbone, num_classes, mask_head=mask_head, **heads, **kwargs)


MaskRCNN_ResNet50_FPN_Weights, maskrcnn_resnet50_fpn = declare(
    "MaskRCNN_ResNet50_FPN", __name__, ResNet50_Weights, _resnet, without_eps=True
)
MaskRCNN_ResNet50_FPN_V2_Weights, maskrcnn_resnet50_fpn_v2 = declare(
    "MaskRCNN_ResNet50_FPN_V2", __name__, ResNet50_Weights, _resnet_v2, frozen_norm=False, pretrained_backbone=False
)
