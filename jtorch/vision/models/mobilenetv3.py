"""MobileNet V3: searched blocks with squeeze-and-excitation (Howard et al. 2019, https://arxiv.org/abs/1905.02244)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ..ops.misc import Conv2dNormActivation
from ..ops.misc import SqueezeExcitation as SElayer
from ._declare import declare
from ._initialize import MOBILE, initialize
from ._utils import _make_divisible

__all__ = [
    "MobileNetV3",
    "MobileNet_V3_Large_Weights",
    "MobileNet_V3_Small_Weights",
    "mobilenet_v3_large",
    "mobilenet_v3_small",
]

Layer = Callable[..., nn.Module]


class InvertedResidualConfig:
    """A row of the paper's tables 1 and 2, with widths multiplied by `width_mult`."""

    def __init__(
        self,
        input_channels: int,
        kernel: int,
        expanded_channels: int,
        out_channels: int,
        use_se: bool,
        activation: str,
        stride: int,
        dilation: int,
        width_mult: float,
    ) -> None:
        self.input_channels = self.adjust_channels(input_channels, width_mult)
        self.kernel = kernel
        self.expanded_channels = self.adjust_channels(expanded_channels, width_mult)
        self.out_channels = self.adjust_channels(out_channels, width_mult)
        self.use_se = use_se
        self.use_hs = activation == "HS"
        self.stride = stride
        self.dilation = dilation

    @staticmethod
    def adjust_channels(channels: int, width_mult: float) -> int:
        return _make_divisible(channels * width_mult, 8)


_HARD_GATE = partial(SElayer, scale_activation=nn.Hardsigmoid)


class InvertedResidual(nn.Module):
    """MobileNet V2's block with another activation and, in some rows, squeeze-and-excitation."""

    def __init__(
        self,
        cnf: InvertedResidualConfig,
        norm_layer: Layer,
        se_layer: Layer = _HARD_GATE,
    ) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        convolution = partial(
            Conv2dNormActivation,
            norm_layer=norm_layer,
            activation_layer=nn.Hardswish if cnf.use_hs else nn.ReLU,
        )
        hidden = cnf.expanded_channels
        layers: list[nn.Module] = []
        if hidden != cnf.input_channels:
            layers.append(convolution(cnf.input_channels, hidden, kernel_size=1))
        layers.append(
            convolution(
                hidden,
                hidden,
                kernel_size=cnf.kernel,
                stride=1 if cnf.dilation > 1 else cnf.stride,
                dilation=cnf.dilation,
                groups=hidden,
            )
        )
        if cnf.use_se:
            layers.append(se_layer(hidden, _make_divisible(hidden // 4, 8)))
        layers.append(convolution(hidden, cnf.out_channels, kernel_size=1, activation_layer=None))
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.out_channels = cnf.out_channels
        self._is_cn = cnf.stride > 1  # where segmentation models tap the backbone

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        if self.use_res_connect:
            result += input
        return result


class MobileNetV3(nn.Module):
    """Blocks as the rows say, then a classifier of two linear layers."""

    def __init__(
        self,
        inverted_residual_setting: list[InvertedResidualConfig],
        last_channel: int,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        dropout: float = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        rows = inverted_residual_setting
        if not rows:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(rows, Sequence) or not all(isinstance(row, InvertedResidualConfig) for row in rows):
            raise TypeError("The inverted_residual_setting should be List[InvertedResidualConfig]")
        block = block or InvertedResidual
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.Hardswish)

        channels = rows[-1].out_channels
        self.features = nn.Sequential(
            convolution(3, rows[0].input_channels, kernel_size=3, stride=2),
            *(block(row, norm_layer) for row in rows),
            convolution(channels, 6 * channels, kernel_size=1),
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, last_channel),
            nn.Hardswish(inplace=True),
            nn.Dropout(p=dropout, inplace=True),
            nn.Linear(last_channel, num_classes),
        )
        initialize(self, MOBILE)

    def _forward_impl(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(jtorch.flatten(x, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self._forward_impl(x)


# Tables 1 and 2: input channels, kernel, expanded channels, output channels, squeeze-and-excitation, activation, stride.
_ROWS: dict[str, tuple[tuple, ...]] = {
    "mobilenet_v3_large": (
        (16, 3, 16, 16, False, "RE", 1),
        (16, 3, 64, 24, False, "RE", 2),
        (24, 3, 72, 24, False, "RE", 1),
        (24, 5, 72, 40, True, "RE", 2),
        (40, 5, 120, 40, True, "RE", 1),
        (40, 5, 120, 40, True, "RE", 1),
        (40, 3, 240, 80, False, "HS", 2),
        (80, 3, 200, 80, False, "HS", 1),
        (80, 3, 184, 80, False, "HS", 1),
        (80, 3, 184, 80, False, "HS", 1),
        (80, 3, 480, 112, True, "HS", 1),
        (112, 3, 672, 112, True, "HS", 1),
        (112, 5, 672, 160, True, "HS", 2),
        (160, 5, 960, 160, True, "HS", 1),
        (160, 5, 960, 160, True, "HS", 1),
    ),
    "mobilenet_v3_small": (
        (16, 3, 16, 16, True, "RE", 2),
        (16, 3, 72, 24, False, "RE", 2),
        (24, 3, 88, 24, False, "RE", 1),
        (24, 5, 96, 40, True, "HS", 2),
        (40, 5, 240, 40, True, "HS", 1),
        (40, 5, 240, 40, True, "HS", 1),
        (40, 5, 120, 48, True, "HS", 1),
        (48, 5, 144, 48, True, "HS", 1),
        (48, 5, 288, 96, True, "HS", 2),
        (96, 5, 576, 96, True, "HS", 1),
        (96, 5, 576, 96, True, "HS", 1),
    ),
}
_LAST_CHANNELS = {"mobilenet_v3_large": 1280, "mobilenet_v3_small": 1024}


def _mobilenet_v3_conf(
    arch: str, width_mult: float = 1.0, reduced_tail: bool = False, dilated: bool = False, **kwargs: Any
) -> tuple[list[InvertedResidualConfig], int]:
    """The rows of a model and the width of its classifier.

    `reduced_tail` halves the channels of the last stage, `dilated` keeps its resolution; both are for dense prediction.
    """
    if arch not in _ROWS:
        raise ValueError(f"Unsupported model type {arch}")
    divider = 2 if reduced_tail else 1
    setting = []
    tail = len(_ROWS[arch]) - 3
    for i, (channels, kernel, expanded, out_channels, *rest) in enumerate(_ROWS[arch]):
        if i >= tail:
            out_channels //= divider
        if i > tail:
            channels, expanded = channels // divider, expanded // divider
        dilation = 2 if dilated and i >= tail else 1
        setting.append(
            InvertedResidualConfig(
                channels, kernel, expanded, out_channels, *rest, dilation=dilation, width_mult=width_mult
            )
        )
    return setting, InvertedResidualConfig.adjust_channels(_LAST_CHANNELS[arch] // divider, width_mult)


def _mobilenet_v3(arch: str, **kwargs: Any) -> MobileNetV3:
    return MobileNetV3(*_mobilenet_v3_conf(arch, **kwargs), **kwargs)


MobileNet_V3_Large_Weights, mobilenet_v3_large = declare("MobileNet_V3_Large", _mobilenet_v3, "mobilenet_v3_large")
MobileNet_V3_Small_Weights, mobilenet_v3_small = declare("MobileNet_V3_Small", _mobilenet_v3, "mobilenet_v3_small")
