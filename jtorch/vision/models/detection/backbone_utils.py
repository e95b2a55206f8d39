"""Classifiers of pictures as backbones of detectors: their maps, in a feature pyramid."""

import warnings
from collections.abc import Callable

from jtorch import nn
from jtorch.tensor import Tensor

from ...ops.feature_pyramid_network import ExtraFPNBlock, FeaturePyramidNetwork, LastLevelMaxPool
from ...ops.misc import FrozenBatchNorm2d
from .. import mobilenet, resnet
from .._api import WeightsEnum, _get_enum_from_fn
from .._utils import IntermediateLayerGetter, handle_legacy_interface
from ..segmentation._utils import taps

Layer = Callable[..., nn.Module]


class BackboneWithFPN(nn.Module):
    """The maps of `backbone` that `return_layers` names, in a `FeaturePyramidNetwork`; by default with one level more."""

    def __init__(
        self,
        backbone: nn.Module,
        return_layers: dict[str, str],
        in_channels_list: list[int],
        out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(backbone, return_layers=return_layers)
        self.fpn = FeaturePyramidNetwork(
            in_channels_list, out_channels, LastLevelMaxPool() if extra_blocks is None else extra_blocks, norm_layer
        )
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return self.fpn(self.body(x))


def _first_weights(builders):
    return lambda kwargs: _get_enum_from_fn(vars(builders)[kwargs["backbone_name"]])["IMAGENET1K_V1"]


@handle_legacy_interface(weights=("pretrained", _first_weights(resnet)))
def resnet_fpn_backbone(
    *,
    backbone_name: str,
    weights: WeightsEnum | None,
    norm_layer: Layer = FrozenBatchNorm2d,
    trainable_layers: int = 3,
    returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> BackboneWithFPN:
    """A ResNet by name, its last `trainable_layers` of five to be trained, with a pyramid of 256 channels.

    `returned_layers` are among its stages 1 to 4; all by default.
    """
    backbone = vars(resnet)[backbone_name](weights=weights, norm_layer=norm_layer)
    return _resnet_fpn_extractor(backbone, trainable_layers, returned_layers, extra_blocks)


def _resnet_fpn_extractor(
    backbone: resnet.ResNet,
    trainable_layers: int,
    returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
    norm_layer: Layer | None = None,
) -> BackboneWithFPN:
    if trainable_layers < 0 or trainable_layers > 5:
        raise ValueError(f"Trainable layers should be in the range [0,5], got {trainable_layers}")
    trained = ["layer4", "layer3", "layer2", "layer1", "conv1"][:trainable_layers]
    if trainable_layers == 5:
        trained.append("bn1")
    for name, parameter in backbone.named_parameters():
        if not name.startswith(tuple(trained)):
            parameter.requires_grad_(False)
    stages = [1, 2, 3, 4] if returned_layers is None else returned_layers
    if min(stages) <= 0 or max(stages) >= 5:
        raise ValueError(f"Each returned layer should be in the range [1,4]. Got {stages}")
    names = {f"layer{stage}": str(i) for i, stage in enumerate(stages)}
    channels = [backbone.inplanes // 8 * 2 ** (stage - 1) for stage in stages]
    return BackboneWithFPN(backbone, names, channels, 256, extra_blocks, norm_layer)


def _validate_trainable_layers(
    is_trained: bool, trainable_backbone_layers: int | None, max_value: int, default_value: int
) -> int:
    if not is_trained:
        if trainable_backbone_layers is not None:
            warnings.warn(
                "Changing trainable_backbone_layers has no effect if neither pretrained nor pretrained_backbone have been "
                f"set to True, falling back to trainable_backbone_layers={max_value} so that all layers are trainable",
                stacklevel=2,
            )
        return max_value
    layers = default_value if trainable_backbone_layers is None else trainable_backbone_layers
    if layers < 0 or layers > max_value:
        raise ValueError(f"Trainable backbone layers should be in the range [0,{max_value}], got {layers} ")
    return layers


@handle_legacy_interface(weights=("pretrained", _first_weights(mobilenet)))
def mobilenet_backbone(
    *,
    backbone_name: str,
    weights: WeightsEnum | None,
    fpn: bool,
    norm_layer: Layer = FrozenBatchNorm2d,
    trainable_layers: int = 2,
    returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> nn.Module:
    """A MobileNet by name, with a pyramid or, without `fpn`, one map; of 256 channels either way."""
    backbone = vars(mobilenet)[backbone_name](weights=weights, norm_layer=norm_layer)
    return _mobilenet_extractor(backbone, fpn, trainable_layers, returned_layers, extra_blocks)


def _mobilenet_extractor(
    backbone: nn.Module,
    fpn: bool,
    trainable_layers: int,
    returned_layers: list[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
    norm_layer: Layer | None = None,
) -> nn.Module:
    features = backbone.features
    places = taps(features)
    stages = len(places)
    if trainable_layers < 0 or trainable_layers > stages:
        raise ValueError(f"Trainable layers should be in the range [0,{stages}], got {trainable_layers} ")
    frozen = len(features) if trainable_layers == 0 else places[stages - trainable_layers]
    for block in features[:frozen]:
        block.requires_grad_(False)
    if not fpn:
        model = nn.Sequential(features, nn.Conv2d(features[-1].out_channels, 256, 1))
        model.out_channels = 256
        return model
    returned = [stages - 2, stages - 1] if returned_layers is None else returned_layers
    if min(returned) < 0 or max(returned) >= stages:
        raise ValueError(f"Each returned layer should be in the range [0,{stages - 1}], got {returned} ")
    names = {str(places[stage]): str(i) for i, stage in enumerate(returned)}
    channels = [features[places[stage]].out_channels for stage in returned]
    return BackboneWithFPN(features, names, channels, 256, extra_blocks, norm_layer)
