"""Fully convolutional networks (Long et al. 2015, https://arxiv.org/abs/1411.4038), on a dilated ResNet."""

from jtorch import nn

from .._utils import IntermediateLayerGetter
from ..resnet import ResNet, ResNet50_Weights, ResNet101_Weights, resnet50, resnet101
from ._utils import _SimpleSegmentationModel, declare

__all__ = ["FCN", "FCN_ResNet50_Weights", "FCN_ResNet101_Weights", "fcn_resnet50", "fcn_resnet101"]


class FCN(_SimpleSegmentationModel):
    """A backbone with an `FCNHead`: (N, 3, H, W) to `{"out": (N, classes, H, W)}`."""


class FCNHead(nn.Sequential):
    """A convolution to a quarter of the channels, dropout, and the classes."""

    def __init__(self, in_channels: int, channels: int) -> None:
        width = in_channels // 4
        super().__init__(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(width, channels, 1),
        )


def cut(backbone: ResNet, aux: bool | None) -> IntermediateLayerGetter:
    """A ResNet's last map as "out", and the one before as "aux"."""
    return IntermediateLayerGetter(backbone, {"layer4": "out"} | ({"layer3": "aux"} if aux else {}))


def _fcn_resnet(backbone: ResNet, num_classes: int, aux: bool | None) -> FCN:
    body = cut(backbone, aux)
    aux_classifier = FCNHead(1024, num_classes) if aux else None
    return FCN(body, FCNHead(2048, num_classes), aux_classifier)


def _row(name: str, weights, resnet):
    def make(weights_backbone, num_classes: int, aux: bool | None) -> FCN:
        backbone = resnet(weights=weights_backbone, replace_stride_with_dilation=[False, True, True])
        return _fcn_resnet(backbone, num_classes, aux)

    return declare(name, __name__, weights, make)


FCN_ResNet50_Weights, fcn_resnet50 = _row("FCN_ResNet50", ResNet50_Weights, resnet50)
FCN_ResNet101_Weights, fcn_resnet101 = _row("FCN_ResNet101", ResNet101_Weights, resnet101)
