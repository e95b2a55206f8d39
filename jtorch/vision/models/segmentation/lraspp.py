"""Lite R-ASPP, the head for MobileNet V3 (Howard et al. 2019, https://arxiv.org/abs/1905.02244, figure 10)."""

from collections import OrderedDict
from typing import Any

from jtorch import nn
from jtorch.tensor import Tensor

from .._declare import load, publish, weights_enum
from .._utils import IntermediateLayerGetter, _ovewrite_value_param
from ..mobilenetv3 import MobileNet_V3_Large_Weights, MobileNetV3, mobilenet_v3_large
from ._utils import VOC_CLASSES, resized, taps

__all__ = ["LRASPP", "LRASPP_MobileNet_V3_Large_Weights", "lraspp_mobilenet_v3_large"]


class LRASPP(nn.Module):
    """A backbone that gives maps "low" and "high", with an `LRASPPHead`: (N, 3, H, W) to `{"out": (N, classes, H, W)}`."""

    def __init__(
        self, backbone: nn.Module, low_channels: int, high_channels: int, num_classes: int, inter_channels: int = 128
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = LRASPPHead(low_channels, high_channels, num_classes, inter_channels)

    def forward(self, input: Tensor) -> dict[str, Tensor]:
        return OrderedDict(out=resized(self.classifier(self.backbone(input)), input))


class LRASPPHead(nn.Module):
    """Classes from a fine map and from a coarse one, which its own mean gates."""

    def __init__(self, low_channels: int, high_channels: int, num_classes: int, inter_channels: int) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.BatchNorm2d(inter_channels),
            nn.ReLU(inplace=True),
        )
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(high_channels, inter_channels, 1, bias=False), nn.Sigmoid()
        )
        self.low_classifier = nn.Conv2d(low_channels, num_classes, 1)
        self.high_classifier = nn.Conv2d(inter_channels, num_classes, 1)

    def forward(self, input: dict[str, Tensor]) -> Tensor:
        low, high = input["low"], input["high"]
        gated = self.cbr(high) * self.scale(high)
        return self.low_classifier(low) + self.high_classifier(resized(gated, low))


def _lraspp_mobilenetv3(backbone: MobileNetV3, num_classes: int) -> LRASPP:
    features = backbone.features
    *_, low, _, _, high = taps(features)
    body = IntermediateLayerGetter(features, {str(low): "low", str(high): "high"})
    return LRASPP(body, features[low].out_channels, features[high].out_channels, num_classes)


LRASPP_MobileNet_V3_Large_Weights = weights_enum("LRASPP_MobileNet_V3_Large_Weights", __name__)


def lraspp_mobilenet_v3_large(
    *,
    weights: LRASPP_MobileNet_V3_Large_Weights | None = None,
    progress: bool = True,
    num_classes: int | None = None,
    weights_backbone: MobileNet_V3_Large_Weights | None = MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    **kwargs: Any,
) -> LRASPP:
    if kwargs.pop("aux_loss", False):
        raise NotImplementedError("This model does not use auxiliary loss")
    weights = LRASPP_MobileNet_V3_Large_Weights.verify(weights)
    weights_backbone = MobileNet_V3_Large_Weights.verify(weights_backbone)
    if weights is not None:
        weights_backbone = None
        num_classes = _ovewrite_value_param("num_classes", num_classes, len(weights.meta["categories"]))
    model = _lraspp_mobilenetv3(mobilenet_v3_large(weights=weights_backbone, dilated=True), num_classes or VOC_CLASSES)
    if weights is not None:
        load(model, weights, progress)
    return model


lraspp_mobilenet_v3_large = publish(
    lraspp_mobilenet_v3_large,
    LRASPP_MobileNet_V3_Large_Weights,
    __name__,
    "Without `weights` the backbone has\n`weights_backbone`.",
    weights=("pretrained", LRASPP_MobileNet_V3_Large_Weights["COCO_WITH_VOC_LABELS_V1"]),
    weights_backbone=("pretrained_backbone", MobileNet_V3_Large_Weights["IMAGENET1K_V1"]),
)
