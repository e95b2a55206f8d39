"""RegNet: stages whose widths follow a quantized line (Radosavovic et al. 2020, https://arxiv.org/abs/2003.13678)."""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from jtorch import nn
from jtorch.tensor import Tensor

from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ._declare import declare
from ._initialize import drawn, initialize, ones_and_zeros
from ._utils import _make_divisible

__all__ = [
    "RegNet",
    "RegNet_X_16GF_Weights",
    "RegNet_X_1_6GF_Weights",
    "RegNet_X_32GF_Weights",
    "RegNet_X_3_2GF_Weights",
    "RegNet_X_400MF_Weights",
    "RegNet_X_800MF_Weights",
    "RegNet_X_8GF_Weights",
    "RegNet_Y_128GF_Weights",
    "RegNet_Y_16GF_Weights",
    "RegNet_Y_1_6GF_Weights",
    "RegNet_Y_32GF_Weights",
    "RegNet_Y_3_2GF_Weights",
    "RegNet_Y_400MF_Weights",
    "RegNet_Y_800MF_Weights",
    "RegNet_Y_8GF_Weights",
    "regnet_x_16gf",
    "regnet_x_1_6gf",
    "regnet_x_32gf",
    "regnet_x_3_2gf",
    "regnet_x_400mf",
    "regnet_x_800mf",
    "regnet_x_8gf",
    "regnet_y_128gf",
    "regnet_y_16gf",
    "regnet_y_1_6gf",
    "regnet_y_32gf",
    "regnet_y_3_2gf",
    "regnet_y_400mf",
    "regnet_y_800mf",
    "regnet_y_8gf",
]

Layer = Callable[..., nn.Module]


class SimpleStemIN(Conv2dNormActivation):
    """The first convolution, which halves the picture."""

    def __init__(self, width_in: int, width_out: int, norm_layer: Layer, activation_layer: Layer) -> None:
        super().__init__(
            width_in, width_out, kernel_size=3, stride=2, norm_layer=norm_layer, activation_layer=activation_layer
        )


class BottleneckTransform(nn.Sequential):
    """1 x 1, grouped 3 x 3, squeeze-and-excitation if `se_ratio` is given, 1 x 1."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None,
    ) -> None:
        width = int(round(width_out * bottleneck_multiplier))
        convolution = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=activation_layer)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["a"] = convolution(width_in, width, kernel_size=1)
        layers["b"] = convolution(width, width, kernel_size=3, stride=stride, groups=width // group_width)
        if se_ratio:
            # The gate's width goes by the block's input, as in the authors' code.
            layers["se"] = SqueezeExcitation(width, int(round(se_ratio * width_in)), activation=activation_layer)
        layers["c"] = convolution(width, width_out, kernel_size=1, activation_layer=None)
        super().__init__(layers)


class ResBottleneckBlock(nn.Module):
    """`BottleneckTransform` beside the identity, or beside a convolution of 1 x 1 where the shape changes."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int = 1,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> None:
        super().__init__()
        self.proj = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, kernel_size=1, stride=stride, norm_layer=norm_layer, activation_layer=None
            )
        self.f = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width, bottleneck_multiplier, se_ratio
        )
        self.activation = activation_layer(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = (x if self.proj is None else self.proj(x)) + self.f(x)
        return self.activation(x)


class AnyStage(nn.Sequential):
    """`depth` blocks of one width, the first with the stride."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        depth: int,
        block_constructor: Layer,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None = None,
        stage_index: int = 0,
    ) -> None:
        super().__init__()
        for i in range(depth):
            block = block_constructor(
                width_out if i else width_in,
                width_out,
                1 if i else stride,
                norm_layer,
                activation_layer,
                group_width,
                bottleneck_multiplier,
                se_ratio,
            )
            self.add_module(f"block{stage_index}-{i}", block)


class BlockParams:
    """Depth, width, group width, bottleneck ratio and stride of each stage."""

    def __init__(
        self,
        depths: list[int],
        widths: list[int],
        group_widths: list[int],
        bottleneck_multipliers: list[float],
        strides: list[int],
        se_ratio: float | None = None,
    ) -> None:
        self.depths = depths
        self.widths = widths
        self.group_widths = group_widths
        self.bottleneck_multipliers = bottleneck_multipliers
        self.strides = strides
        self.se_ratio = se_ratio

    @classmethod
    def from_init_params(
        cls,
        depth: int,
        w_0: int,
        w_a: float,
        w_m: float,
        group_width: int,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
        **kwargs: Any,
    ) -> "BlockParams":
        """Stages from the paper's parameters: eq. 2 to 4, with widths that are multiples of 8.

        >>> params = BlockParams.from_init_params(depth=16, w_0=48, w_a=27.89, w_m=2.09, group_width=8)
        >>> params.widths, params.depths
        ([48, 104, 208, 440], [1, 3, 6, 6])
        """
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        line = np.arange(depth, dtype=np.float32) * np.float32(w_a) + np.float32(w_0)
        exponents = np.round(np.log(line / np.float32(w_0)) / np.float32(math.log(w_m)))
        quantized = np.round(np.float32(w_0) * np.float32(w_m) ** exponents / np.float32(8)) * 8
        stages = [(width, len(list(same))) for width, same in groupby(quantized.astype(int).tolist())]
        multipliers = [bottleneck_multiplier] * len(stages)
        widths, group_widths = cls._adjust_widths_groups_compatibilty(
            [width for width, _ in stages], multipliers, [group_width] * len(stages)
        )
        return cls([count for _, count in stages], widths, group_widths, multipliers, [2] * len(stages), se_ratio)

    def _get_expanded_params(self) -> Iterator[tuple[int, int, int, int, float]]:
        return zip(self.widths, self.strides, self.depths, self.group_widths, self.bottleneck_multipliers, strict=True)

    @staticmethod
    def _adjust_widths_groups_compatibilty(
        stage_widths: list[int], bottleneck_ratios: list[float], group_widths: list[int]
    ) -> tuple[list[int], list[int]]:
        """Widths that the groups divide; no group is wider than its stage."""
        inner = [int(width * ratio) for width, ratio in zip(stage_widths, bottleneck_ratios, strict=True)]
        groups = [min(group, width) for group, width in zip(group_widths, inner, strict=True)]
        inner = [_make_divisible(width, group) for width, group in zip(inner, groups, strict=True)]
        return [int(width / ratio) for width, ratio in zip(inner, bottleneck_ratios, strict=True)], groups


def _normal_by_outputs(layer: nn.Module) -> None:
    """As `he_by_outputs`, but groups count as one: the fan is that of all outputs."""
    fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
    nn.init.normal_(layer.weight, mean=0.0, std=math.sqrt(2.0 / fan_out))


class RegNet(nn.Module):
    """A stem, the stages, and a linear layer on the means of the last one."""

    def __init__(
        self,
        block_params: BlockParams,
        num_classes: int = 1000,
        stem_width: int = 32,
        stem_type: Layer | None = None,
        block_type: Layer | None = None,
        norm_layer: Layer | None = None,
        activation: Layer | None = None,
    ) -> None:
        super().__init__()
        stem_type = stem_type or SimpleStemIN
        norm_layer = norm_layer or nn.BatchNorm2d
        block_type = block_type or ResBottleneckBlock
        activation = activation or nn.ReLU
        self.stem = stem_type(3, stem_width, norm_layer, activation)
        channels = stem_width
        stages: OrderedDict[str, nn.Module] = OrderedDict()
        for i, (width, stride, depth, group, ratio) in enumerate(block_params._get_expanded_params(), start=1):
            stages[f"block{i}"] = AnyStage(
                channels,
                width,
                stride,
                depth,
                block_type,
                norm_layer,
                activation,
                group,
                ratio,
                block_params.se_ratio,
                i,
            )
            channels = width
        self.trunk_output = nn.Sequential(stages)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(in_features=channels, out_features=num_classes)
        rules = {
            nn.Conv2d: _normal_by_outputs,
            nn.BatchNorm2d: ones_and_zeros,
            nn.Linear: drawn(nn.init.normal_, std=0.01),
        }
        initialize(self, rules)

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.trunk_output(self.stem(x)))
        return self.fc(x.flatten(start_dim=1))


def _regnet(params: dict[str, Any], **kwargs: Any) -> RegNet:
    return RegNet(BlockParams.from_init_params(**params, **kwargs), **kwargs)


def _row(name: str, depth: int, w_0: int, w_a: float, w_m: float, group_width: int):
    """Y differs from X by squeeze-and-excitation."""
    params: dict[str, Any] = {"depth": depth, "w_0": w_0, "w_a": w_a, "w_m": w_m, "group_width": group_width}
    if name.startswith("RegNet_Y"):
        params["se_ratio"] = 0.25
    return declare(name, _regnet, params)


RegNet_Y_400MF_Weights, regnet_y_400mf = _row("RegNet_Y_400MF", 16, 48, 27.89, 2.09, 8)
RegNet_Y_800MF_Weights, regnet_y_800mf = _row("RegNet_Y_800MF", 14, 56, 38.84, 2.4, 16)
RegNet_Y_1_6GF_Weights, regnet_y_1_6gf = _row("RegNet_Y_1_6GF", 27, 48, 20.71, 2.65, 24)
RegNet_Y_3_2GF_Weights, regnet_y_3_2gf = _row("RegNet_Y_3_2GF", 21, 80, 42.63, 2.66, 24)
RegNet_Y_8GF_Weights, regnet_y_8gf = _row("RegNet_Y_8GF", 17, 192, 76.82, 2.19, 56)
RegNet_Y_16GF_Weights, regnet_y_16gf = _row("RegNet_Y_16GF", 18, 200, 106.23, 2.48, 112)
RegNet_Y_32GF_Weights, regnet_y_32gf = _row("RegNet_Y_32GF", 20, 232, 115.89, 2.53, 232)
RegNet_Y_128GF_Weights, regnet_y_128gf = _row("RegNet_Y_128GF", 27, 456, 160.83, 2.52, 264)
RegNet_X_400MF_Weights, regnet_x_400mf = _row("RegNet_X_400MF", 22, 24, 24.48, 2.54, 16)
RegNet_X_800MF_Weights, regnet_x_800mf = _row("RegNet_X_800MF", 16, 56, 35.73, 2.28, 16)
RegNet_X_1_6GF_Weights, regnet_x_1_6gf = _row("RegNet_X_1_6GF", 18, 80, 34.01, 2.25, 24)
RegNet_X_3_2GF_Weights, regnet_x_3_2gf = _row("RegNet_X_3_2GF", 25, 88, 26.31, 2.25, 48)
RegNet_X_8GF_Weights, regnet_x_8gf = _row("RegNet_X_8GF", 23, 80, 49.56, 2.88, 120)
RegNet_X_16GF_Weights, regnet_x_16gf = _row("RegNet_X_16GF", 22, 216, 55.59, 2.1, 128)
RegNet_X_32GF_Weights, regnet_x_32gf = _row("RegNet_X_32GF", 23, 320, 69.86, 2.0, 168)
