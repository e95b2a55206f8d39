"""ConvNeXt: convolutions laid out like a transformer (Liu et al. 2022, https://arxiv.org/abs/2201.03545)."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ..ops.misc import Conv2dNormActivation, Permute
from ..ops.stochastic_depth import StochasticDepth
from ._declare import declare
from ._initialize import drawn, initialize

__all__ = [
    "ConvNeXt",
    "ConvNeXt_Base_Weights",
    "ConvNeXt_Large_Weights",
    "ConvNeXt_Small_Weights",
    "ConvNeXt_Tiny_Weights",
    "convnext_base",
    "convnext_large",
    "convnext_small",
    "convnext_tiny",
]

Layer = Callable[..., nn.Module]


class LayerNorm2d(nn.LayerNorm):
    """LayerNorm over the channels of (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        x = F.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """Filter each channel by 7 x 7, then an MLP of the channels, scaled, beside the identity."""

    def __init__(
        self, dim: int, layer_scale: float, stochastic_depth_prob: float, norm_layer: Layer | None = None
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            norm_layer(dim),
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(jtorch.ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: Tensor) -> Tensor:
        result = self.stochastic_depth(self.layer_scale * self.block(input))
        result += input
        return result


class CNBlockConfig:
    """A stage: its width, the width after it (None at the end) and its number of blocks."""

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int) -> None:
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{self.__class__.__name__}({settings})"


class ConvNeXt(nn.Module):
    """Patches of 4 x 4, stages of `CNBlock` with halvings in between, for pictures of 32 x 32 or more."""

    def __init__(
        self,
        block_setting: list[CNBlockConfig],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not isinstance(block_setting, Sequence) or not all(isinstance(row, CNBlockConfig) for row in block_setting):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        block = block or CNBlock
        norm_layer = norm_layer or partial(LayerNorm2d, eps=1e-6)

        layers: list[nn.Module] = [
            Conv2dNormActivation(
                3,
                block_setting[0].input_channels,
                kernel_size=4,
                stride=4,
                padding=0,
                norm_layer=norm_layer,
                activation_layer=None,
                bias=True,
            )
        ]
        depth, total_depth = 0, sum(row.num_layers for row in block_setting)
        for row in block_setting:
            width = row.input_channels
            blocks = []
            for _ in range(row.num_layers):
                blocks.append(block(width, layer_scale, stochastic_depth_prob * depth / (total_depth - 1.0)))
                depth += 1
            layers.append(nn.Sequential(*blocks))
            if row.out_channels is not None:
                halving = nn.Conv2d(width, row.out_channels, kernel_size=2, stride=2)
                layers.append(nn.Sequential(norm_layer(width), halving))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        last = block_setting[-1]
        width = last.input_channels if last.out_channels is None else last.out_channels
        self.classifier = nn.Sequential(norm_layer(width), nn.Flatten(1), nn.Linear(width, num_classes))
        initialize(self, {(nn.Conv2d, nn.Linear): drawn(nn.init.trunc_normal_, std=0.02)})

    def _forward_impl(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)))

    def forward(self, x: Tensor) -> Tensor:
        return self._forward_impl(x)


def _convnext(width: int, depths: tuple[int, int, int, int], **kwargs: Any) -> ConvNeXt:
    widths = [width, 2 * width, 4 * width, 8 * width, None]
    return ConvNeXt([CNBlockConfig(widths[i], widths[i + 1], depths[i]) for i in range(4)], **kwargs)


def _row(name: str, width: int, depths: tuple[int, int, int, int], stochastic_depth_prob: float):
    return declare(name, _convnext, width, depths, defaults={"stochastic_depth_prob": stochastic_depth_prob})


ConvNeXt_Tiny_Weights, convnext_tiny = _row("ConvNeXt_Tiny", 96, (3, 3, 9, 3), 0.1)
ConvNeXt_Small_Weights, convnext_small = _row("ConvNeXt_Small", 96, (3, 3, 27, 3), 0.4)
ConvNeXt_Base_Weights, convnext_base = _row("ConvNeXt_Base", 128, (3, 3, 27, 3), 0.5)
ConvNeXt_Large_Weights, convnext_large = _row("ConvNeXt_Large", 192, (3, 3, 27, 3), 0.5)
