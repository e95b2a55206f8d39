"""EfficientNet (Tan and Le 2019, https://arxiv.org/abs/1905.11946) and EfficientNet V2 (2021, https://arxiv.org/abs/2104.00298)."""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ..ops.stochastic_depth import StochasticDepth
from ._declare import declare
from ._initialize import he_by_outputs, initialize, ones_and_zeros
from ._utils import _make_divisible

__all__ = [
    "EfficientNet",
    "EfficientNet_B0_Weights",
    "EfficientNet_B1_Weights",
    "EfficientNet_B2_Weights",
    "EfficientNet_B3_Weights",
    "EfficientNet_B4_Weights",
    "EfficientNet_B5_Weights",
    "EfficientNet_B6_Weights",
    "EfficientNet_B7_Weights",
    "EfficientNet_V2_L_Weights",
    "EfficientNet_V2_M_Weights",
    "EfficientNet_V2_S_Weights",
    "efficientnet_b0",
    "efficientnet_b1",
    "efficientnet_b2",
    "efficientnet_b3",
    "efficientnet_b4",
    "efficientnet_b5",
    "efficientnet_b6",
    "efficientnet_b7",
    "efficientnet_v2_l",
    "efficientnet_v2_m",
    "efficientnet_v2_s",
]

Layer = Callable[..., nn.Module]


@dataclass
class _MBConvConfig:
    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int
    block: Layer

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        return _make_divisible(channels * width_mult, 8, min_value)


class MBConvConfig(_MBConvConfig):
    """A stage of `MBConv`: a row of the paper's table 1, with widths and depth multiplied."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block: Layer | None = None,
    ) -> None:
        super().__init__(
            expand_ratio,
            kernel,
            stride,
            self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult),
            block or MBConv,
        )

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        return int(math.ceil(num_layers * depth_mult))


class FusedMBConvConfig(_MBConvConfig):
    """A stage of `FusedMBConv`: a row of table 4 of the paper on V2."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block: Layer | None = None,
    ) -> None:
        super().__init__(expand_ratio, kernel, stride, input_channels, out_channels, num_layers, block or FusedMBConv)


class _Residual(nn.Module):
    """`block` beside the identity where the shape allows it, dropped at random."""

    def __init__(self, cnf: _MBConvConfig, layers: list[nn.Module], stochastic_depth_prob: float) -> None:
        super().__init__()
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: Tensor) -> Tensor:
        result = self.block(input)
        if self.use_res_connect:
            result = self.stochastic_depth(result)
            result += input
        return result


class MBConv(_Residual):
    """Widen by 1 x 1, filter each channel, squeeze-and-excitation, narrow by 1 x 1."""

    def __init__(
        self,
        cnf: MBConvConfig,
        stochastic_depth_prob: float,
        norm_layer: Layer,
        se_layer: Layer = SqueezeExcitation,
    ) -> None:
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        hidden = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        layers: list[nn.Module] = []
        if hidden != cnf.input_channels:
            layers.append(convolution(cnf.input_channels, hidden, kernel_size=1))
        layers += [
            convolution(hidden, hidden, kernel_size=cnf.kernel, stride=cnf.stride, groups=hidden),
            se_layer(hidden, max(1, cnf.input_channels // 4), activation=partial(nn.SiLU, inplace=True)),
            convolution(hidden, cnf.out_channels, kernel_size=1, activation_layer=None),
        ]
        super().__init__(cnf, layers, stochastic_depth_prob)


class FusedMBConv(_Residual):
    """`MBConv` with one full convolution for the first two, and no squeeze-and-excitation."""

    def __init__(self, cnf: FusedMBConvConfig, stochastic_depth_prob: float, norm_layer: Layer) -> None:
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        hidden = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        widens = hidden != cnf.input_channels
        first = hidden if widens else cnf.out_channels
        layers: list[nn.Module] = [convolution(cnf.input_channels, first, kernel_size=cnf.kernel, stride=cnf.stride)]
        if widens:
            layers.append(convolution(hidden, cnf.out_channels, kernel_size=1, activation_layer=None))
        super().__init__(cnf, layers, stochastic_depth_prob)


def _uniform_by_outputs(layer: nn.Module) -> None:
    bound = 1.0 / math.sqrt(layer.out_features)
    nn.init.uniform_(layer.weight, -bound, bound)
    nn.init.zeros_(layer.bias)


class EfficientNet(nn.Module):
    """Stages of blocks as the settings say; the probability to drop a block grows linearly with its depth."""

    def __init__(
        self,
        inverted_residual_setting: Sequence[MBConvConfig | FusedMBConvConfig],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        setting = inverted_residual_setting
        if not setting:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not isinstance(setting, Sequence) or not all(isinstance(stage, _MBConvConfig) for stage in setting):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        norm_layer = norm_layer or nn.BatchNorm2d
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)

        layers: list[nn.Module] = [convolution(3, setting[0].input_channels, kernel_size=3, stride=2)]
        depth, total_depth = 0, sum(stage.num_layers for stage in setting)
        for stage in setting:
            blocks = []
            row = copy.copy(stage)
            for _ in range(stage.num_layers):
                blocks.append(row.block(row, stochastic_depth_prob * depth / total_depth, norm_layer))
                row = copy.copy(stage)
                row.input_channels, row.stride = stage.out_channels, 1
                depth += 1
            layers.append(nn.Sequential(*blocks))
        channels = setting[-1].out_channels
        last_width = 4 * channels if last_channel is None else last_channel
        layers.append(convolution(channels, last_width, kernel_size=1))

        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(p=dropout, inplace=True), nn.Linear(last_width, num_classes))
        rules = {
            nn.Conv2d: he_by_outputs(),
            (nn.BatchNorm2d, nn.GroupNorm): ones_and_zeros,
            nn.Linear: _uniform_by_outputs,
        }
        initialize(self, rules)

    def _forward_impl(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(jtorch.flatten(x, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self._forward_impl(x)


# Expansion, kernel, stride, input channels, output channels, layers.
_B0 = (
    (1, 3, 1, 32, 16, 1),
    (6, 3, 2, 16, 24, 2),
    (6, 5, 2, 24, 40, 2),
    (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3),
    (6, 5, 2, 112, 192, 4),
    (6, 3, 1, 192, 320, 1),
)
# The same for V2; the first three stages are fused.
_V2 = {
    "S": ((1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4), (4, 3, 2, 64, 128, 6), (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15)),
    "M": ((1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5), (4, 3, 2, 80, 160, 7), (6, 3, 1, 160, 176, 14), (6, 3, 2, 176, 304, 18), (6, 3, 1, 304, 512, 5)),
    "L": ((1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7), (4, 3, 2, 96, 192, 10), (6, 3, 1, 192, 224, 19), (6, 3, 2, 224, 384, 25), (6, 3, 1, 384, 640, 7)),
}  # fmt: skip


def _v1(width_mult: float, depth_mult: float, **kwargs: Any) -> EfficientNet:
    return EfficientNet([MBConvConfig(*row, width_mult, depth_mult) for row in _B0], **kwargs)


def _v2(size: str, **kwargs: Any) -> EfficientNet:
    rows = _V2[size]
    setting = [FusedMBConvConfig(*row) for row in rows[:3]] + [MBConvConfig(*row) for row in rows[3:]]
    return EfficientNet(setting, last_channel=1280, norm_layer=partial(nn.BatchNorm2d, eps=1e-3), **kwargs)


def _row(name: str, make: Callable[..., EfficientNet], *args: float | str, dropout: float):
    return declare(name, make, *args, defaults={"dropout": dropout})


# The larger ones of V1 keep their statistics longer.
_v1_large = partial(_v1, norm_layer=partial(nn.BatchNorm2d, eps=0.001, momentum=0.01))

EfficientNet_B0_Weights, efficientnet_b0 = _row("EfficientNet_B0", _v1, 1.0, 1.0, dropout=0.2)
EfficientNet_B1_Weights, efficientnet_b1 = _row("EfficientNet_B1", _v1, 1.0, 1.1, dropout=0.2)
EfficientNet_B2_Weights, efficientnet_b2 = _row("EfficientNet_B2", _v1, 1.1, 1.2, dropout=0.3)
EfficientNet_B3_Weights, efficientnet_b3 = _row("EfficientNet_B3", _v1, 1.2, 1.4, dropout=0.3)
EfficientNet_B4_Weights, efficientnet_b4 = _row("EfficientNet_B4", _v1, 1.4, 1.8, dropout=0.4)
EfficientNet_B5_Weights, efficientnet_b5 = _row("EfficientNet_B5", _v1_large, 1.6, 2.2, dropout=0.4)
EfficientNet_B6_Weights, efficientnet_b6 = _row("EfficientNet_B6", _v1_large, 1.8, 2.6, dropout=0.5)
EfficientNet_B7_Weights, efficientnet_b7 = _row("EfficientNet_B7", _v1_large, 2.0, 3.1, dropout=0.5)
EfficientNet_V2_S_Weights, efficientnet_v2_s = _row("EfficientNet_V2_S", _v2, "S", dropout=0.2)
EfficientNet_V2_M_Weights, efficientnet_v2_m = _row("EfficientNet_V2_M", _v2, "M", dropout=0.3)
EfficientNet_V2_L_Weights, efficientnet_v2_l = _row("EfficientNet_V2_L", _v2, "L", dropout=0.4)
