"""DeepLab v3: dilated convolutions at several rates beside each other (Chen et al. 2017, https://arxiv.org/abs/1706.05587)."""

from collections.abc import Sequence

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from .._utils import IntermediateLayerGetter
from ..mobilenetv3 import MobileNet_V3_Large_Weights, MobileNetV3, mobilenet_v3_large
from ..resnet import ResNet, ResNet50_Weights, ResNet101_Weights, resnet50, resnet101
from ._utils import _SimpleSegmentationModel, declare, resized, taps
from .fcn import FCNHead, cut

__all__ = [
    "DeepLabV3",
    "DeepLabV3_MobileNet_V3_Large_Weights",
    "DeepLabV3_ResNet50_Weights",
    "DeepLabV3_ResNet101_Weights",
    "deeplabv3_mobilenet_v3_large",
    "deeplabv3_resnet50",
    "deeplabv3_resnet101",
]


class DeepLabV3(_SimpleSegmentationModel):
    """A backbone with a `DeepLabHead`: (N, 3, H, W) to `{"out": (N, classes, H, W)}`."""


def _block(in_channels: int, out_channels: int, size: int = 1, dilation: int = 1) -> list[nn.Module]:
    padding = size // 2 * dilation
    convolution = nn.Conv2d(in_channels, out_channels, size, padding=padding, dilation=dilation, bias=False)
    return [convolution, nn.BatchNorm2d(out_channels), nn.ReLU()]


class DeepLabHead(nn.Sequential):
    """`ASPP`, a convolution, and the classes."""

    def __init__(self, in_channels: int, num_classes: int, atrous_rates: Sequence[int] = (12, 24, 36)) -> None:
        super().__init__(ASPP(in_channels, atrous_rates), *_block(256, 256, 3), nn.Conv2d(256, num_classes, 1))


class ASPPConv(nn.Sequential):
    """A convolution of 3 x 3 at one rate."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__(*_block(in_channels, out_channels, 3, dilation))


class ASPPPooling(nn.Sequential):
    """The mean of the map, at each of its places."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), *_block(in_channels, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return resized(super().forward(x), x)


class ASPP(nn.Module):
    """Convolutions of 3 x 3 at several rates, one of 1 x 1 and the mean of the map, side by side (figure 5 of the paper)."""

    def __init__(self, in_channels: int, atrous_rates: Sequence[int], out_channels: int = 256) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                nn.Sequential(*_block(in_channels, out_channels)),
                *(ASPPConv(in_channels, out_channels, rate) for rate in atrous_rates),
                ASPPPooling(in_channels, out_channels),
            ]
        )
        self.project = nn.Sequential(*_block(len(self.convs) * out_channels, out_channels), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.project(jtorch.cat([convolution(x) for convolution in self.convs], 1))


def _deeplabv3_resnet(backbone: ResNet, num_classes: int, aux: bool | None) -> DeepLabV3:
    body = cut(backbone, aux)
    aux_classifier = FCNHead(1024, num_classes) if aux else None
    return DeepLabV3(body, DeepLabHead(2048, num_classes), aux_classifier)


def _deeplabv3_mobilenetv3(backbone: MobileNetV3, num_classes: int, aux: bool | None) -> DeepLabV3:
    features = backbone.features
    *_, early, _, _, last = taps(features)
    body = IntermediateLayerGetter(features, {str(last): "out"} | ({str(early): "aux"} if aux else {}))
    aux_classifier = FCNHead(features[early].out_channels, num_classes) if aux else None
    return DeepLabV3(body, DeepLabHead(features[last].out_channels, num_classes), aux_classifier)


def _row(name: str, weights, resnet):
    def make(weights_backbone, num_classes: int, aux: bool | None) -> DeepLabV3:
        backbone = resnet(weights=weights_backbone, replace_stride_with_dilation=[False, True, True])
        return _deeplabv3_resnet(backbone, num_classes, aux)

    return declare(name, __name__, weights, make)


def _mobile(weights_backbone, num_classes: int, aux: bool | None) -> DeepLabV3:
    return _deeplabv3_mobilenetv3(mobilenet_v3_large(weights=weights_backbone, dilated=True), num_classes, aux)


DeepLabV3_ResNet50_Weights, deeplabv3_resnet50 = _row("DeepLabV3_ResNet50", ResNet50_Weights, resnet50)
DeepLabV3_ResNet101_Weights, deeplabv3_resnet101 = _row("DeepLabV3_ResNet101", ResNet101_Weights, resnet101)
DeepLabV3_MobileNet_V3_Large_Weights, deeplabv3_mobilenet_v3_large = declare(
    "DeepLabV3_MobileNet_V3_Large", __name__, MobileNet_V3_Large_Weights, _mobile
)
