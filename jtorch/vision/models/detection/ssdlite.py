"""SSDlite: SSD of separable convolutions (Sandler et al. 2018, https://arxiv.org/abs/1801.04381, section 6.2), on MobileNet V3."""

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

from jtorch import nn
from jtorch.tensor import Tensor

from ...ops.misc import Conv2dNormActivation
from .. import mobilenet
from .._initialize import drawn, initialize
from ..mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from ..segmentation._utils import taps
from . import _utils as det_utils
from ._declare import declare
from .anchor_utils import DefaultBoxGenerator
from .ssd import SSD, SSDScoringHead, warn_of_size

__all__ = ["SSDLite320_MobileNet_V3_Large_Weights", "ssdlite320_mobilenet_v3_large"]

Layer = Callable[..., nn.Module]
_SMALL = {nn.Conv2d: drawn(nn.init.normal_, std=0.03)}


def _predictions(in_channels: list[int], num_anchors: list[int], values: int, norm_layer: Layer) -> nn.ModuleList:
    """For each map a convolution of 3 x 3 channel by channel, then one of 1 x 1 to the values of its anchors."""
    layers = nn.ModuleList()
    for channels, anchors in zip(in_channels, num_anchors, strict=False):
        separable = Conv2dNormActivation(
            channels, channels, kernel_size=3, groups=channels, norm_layer=norm_layer, activation_layer=nn.ReLU6
        )
        layers.append(nn.Sequential(separable, nn.Conv2d(channels, values * anchors, 1)))
    initialize(layers, _SMALL)
    return layers


def _smaller(in_channels: int, out_channels: int, norm_layer: Layer) -> nn.Sequential:
    """Half the resolution: narrowed, convolved channel by channel, widened."""
    hidden = out_channels // 2
    layer = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
    return nn.Sequential(
        layer(in_channels, hidden, kernel_size=1),
        layer(hidden, hidden, kernel_size=3, stride=2, groups=hidden),
        layer(hidden, out_channels, kernel_size=1),
    )


class SSDLiteHead(nn.Module):
    """Logits and codes of boxes for all anchors."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], num_classes: int, norm_layer: Layer) -> None:
        super().__init__()
        self.classification_head = SSDLiteClassificationHead(in_channels, num_anchors, num_classes, norm_layer)
        self.regression_head = SSDLiteRegressionHead(in_channels, num_anchors, norm_layer)

    def forward(self, x: list[Tensor]) -> dict[str, Tensor]:
        return {"bbox_regression": self.regression_head(x), "cls_logits": self.classification_head(x)}


class SSDLiteClassificationHead(SSDScoringHead):
    """Logits of the classes, of which the first is background."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], num_classes: int, norm_layer: Layer) -> None:
        super().__init__(_predictions(in_channels, num_anchors, num_classes, norm_layer), num_classes)


class SSDLiteRegressionHead(SSDScoringHead):
    """Codes of boxes."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], norm_layer: Layer) -> None:
        super().__init__(_predictions(in_channels, num_anchors, 4, norm_layer), 4)


class SSDLiteFeatureExtractorMobileNet(nn.Module):
    """The map within block `c4_pos`, before it strides, the last one, and four of falling resolution."""

    def __init__(
        self, backbone: nn.Module, c4_pos: int, norm_layer: Layer, width_mult: float = 1.0, min_depth: int = 16
    ) -> None:
        super().__init__()
        fourth = backbone[c4_pos]
        if fourth.use_res_connect:
            raise ValueError("backbone[c4_pos].use_res_connect should be False")
        self.features = nn.Sequential(
            nn.Sequential(*backbone[:c4_pos], fourth.block[0]),
            nn.Sequential(fourth.block[1:], *backbone[c4_pos + 1 :]),
        )
        widths = [backbone[-1].out_channels, *(max(min_depth, int(d * width_mult)) for d in (512, 256, 256, 128))]
        self.extra = nn.ModuleList(_smaller(*pair, norm_layer) for pair in zip(widths, widths[1:], strict=False))
        initialize(self.extra, _SMALL)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = []
        for block in (*self.features, *self.extra):
            x = block(x)
            maps.append(x)
        return OrderedDict((str(i), x) for i, x in enumerate(maps))


def _mobilenet_extractor(
    backbone: mobilenet.MobileNetV2 | mobilenet.MobileNetV3, trainable_layers: int, norm_layer: Layer
) -> SSDLiteFeatureExtractorMobileNet:
    features = backbone.features
    places = taps(features)
    if not 0 <= trainable_layers <= len(places):
        raise ValueError(f"trainable_layers should be in the range [0, {len(places)}], instead got {trainable_layers}")
    frozen = len(features) if trainable_layers == 0 else places[len(places) - trainable_layers]
    for block in features[:frozen]:
        block.requires_grad_(False)
    return SSDLiteFeatureExtractorMobileNet(features, places[-2], norm_layer)


# Pictures become -1..1.
_DEFAULTS = {
    "score_thresh": 0.001,
    "nms_thresh": 0.55,
    "detections_per_img": 300,
    "topk_candidates": 300,
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


def _mobilenet(weights_backbone, progress, num_classes, trained, frozen_or_not, norm_layer=None, **kwargs) -> SSD:
    warn_of_size(kwargs)
    norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
    # Without weights to keep to, the tail is half as wide (Howard et al. 2019, table 6).
    backbone = mobilenet_v3_large(
        weights=weights_backbone,
        progress=progress,
        norm_layer=norm_layer,
        reduced_tail=weights_backbone is None,
        **kwargs,
    )
    if weights_backbone is None:
        initialize(backbone, _SMALL)
    extractor = _mobilenet_extractor(backbone, trained, norm_layer)
    anchors = DefaultBoxGenerator([[2, 3] for _ in range(6)], min_ratio=0.2, max_ratio=0.95)
    size = (320, 320)
    out_channels = det_utils.retrieve_out_channels(extractor, size)
    head = SSDLiteHead(out_channels, anchors.num_anchors_per_location(), num_classes, norm_layer)
    return SSD(extractor, anchors, size, num_classes, head=head, **{**_DEFAULTS, **kwargs})


SSDLite320_MobileNet_V3_Large_Weights, ssdlite320_mobilenet_v3_large = declare(
    "SSDLite320_MobileNet_V3_Large",
    __name__,
    MobileNet_V3_Large_Weights,
    _mobilenet,
    stages=6,
    trained_by_default=6,
    further={"norm_layer": None},
)
