"""MaxViT: attention within windows, then across a grid of them (Tu et al. 2022, https://arxiv.org/abs/2204.01697)."""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ..ops.misc import Conv2dNormActivation, SqueezeExcitation
from ..ops.stochastic_depth import StochasticDepth
from ._api import WeightsEnum
from ._declare import declare
from ._initialize import drawn, initialize, ones_and_zeros
from .swin_transformer import relative_positions

__all__ = ["MaxVit", "MaxVit_T_Weights", "maxvit_t"]

Layer = Callable[..., nn.Module]


def _get_conv_output_shape(input_size: tuple[int, int], kernel_size: int, stride: int, padding: int) -> tuple[int, int]:
    height, width = ((size - kernel_size + 2 * padding) // stride + 1 for size in input_size)
    return height, width


def _make_block_input_shapes(input_size: tuple[int, int], n_blocks: int) -> list[tuple[int, int]]:
    shapes = []
    size = _get_conv_output_shape(input_size, 3, 2, 1)
    for _ in range(n_blocks):
        size = _get_conv_output_shape(size, 3, 2, 1)
        shapes.append(size)
    return shapes


class MBConv(nn.Module):
    """MobileNet's block with the normalization first, beside a projection where the shape changes."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion_ratio: float,
        squeeze_ratio: float,
        stride: int,
        activation_layer: Layer,
        norm_layer: Layer,
        p_stochastic_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.proj: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            projection: list[nn.Module] = [nn.Conv2d(in_channels, out_channels, kernel_size=1, stride=1, bias=True)]
            if stride == 2:
                projection.insert(0, nn.AvgPool2d(kernel_size=3, stride=stride, padding=1))
            self.proj = nn.Sequential(*projection)
        self.stochastic_depth: nn.Module = nn.Identity()
        if p_stochastic_dropout:
            self.stochastic_depth = StochasticDepth(p_stochastic_dropout, mode="row")

        width = int(out_channels * expansion_ratio)
        convolution = partial(
            Conv2dNormActivation, norm_layer=norm_layer, activation_layer=activation_layer, inplace=None
        )
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["pre_norm"] = norm_layer(in_channels)
        layers["conv_a"] = convolution(in_channels, width, kernel_size=1, stride=1, padding=0)
        layers["conv_b"] = convolution(width, width, kernel_size=3, stride=stride, padding=1, groups=width)
        layers["squeeze_excitation"] = SqueezeExcitation(width, int(out_channels * squeeze_ratio), activation=nn.SiLU)
        layers["conv_c"] = nn.Conv2d(width, out_channels, kernel_size=1, bias=True)
        self.layers = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.proj(x)
        return residual + self.stochastic_depth(self.layers(x))


class RelativePositionalMultiHeadAttention(nn.Module):
    """Attention within each group of (N, groups, positions, channels), with a bias for each relative position."""

    def __init__(self, feat_dim: int, head_dim: int, max_seq_len: int) -> None:
        super().__init__()
        if feat_dim % head_dim != 0:
            raise ValueError(f"feat_dim: {feat_dim} must be divisible by head_dim: {head_dim}")
        self.n_heads = feat_dim // head_dim
        self.head_dim = head_dim
        self.size = int(math.sqrt(max_seq_len))
        self.max_seq_len = max_seq_len
        self.to_qkv = nn.Linear(feat_dim, self.n_heads * self.head_dim * 3)
        self.scale_factor = feat_dim**-0.5
        self.merge = nn.Linear(self.head_dim * self.n_heads, feat_dim)
        table = jtorch.empty(((2 * self.size - 1) ** 2, self.n_heads), dtype=jtorch.float32)
        self.relative_position_bias_table = nn.Parameter(table)
        self.register_buffer("relative_position_index", jtorch.from_numpy(relative_positions(self.size, self.size)))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def get_relative_positional_bias(self) -> Tensor:
        """(1, heads, positions, positions)"""
        bias = self.relative_position_bias_table[self.relative_position_index.view(-1)]
        bias = bias.view(self.max_seq_len, self.max_seq_len, -1)
        return bias.permute(2, 0, 1).contiguous().unsqueeze(0)

    def forward(self, x: Tensor) -> Tensor:
        n, groups, positions, channels = x.shape
        q, k, v = (
            part.reshape(n, groups, positions, self.n_heads, self.head_dim).permute(0, 1, 3, 2, 4)
            for part in jtorch.chunk(self.to_qkv(x), 3, dim=-1)
        )
        scores = jtorch.einsum("B G H I D, B G H J D -> B G H I J", q, k * self.scale_factor)
        weights = F.softmax(scores + self.get_relative_positional_bias(), dim=-1)
        out = jtorch.einsum("B G H I J, B G H J D -> B G H I D", weights, v)
        return self.merge(out.permute(0, 1, 3, 2, 4).reshape(n, groups, positions, channels))


class SwapAxes(nn.Module):
    """`torch.swapaxes` as a layer."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.a = a
        self.b = b

    def forward(self, x: Tensor) -> Tensor:
        return jtorch.swapaxes(x, self.a, self.b)


class WindowPartition(nn.Module):
    """(N, C, H, W) to (N, windows, p * p, C)."""

    def forward(self, x: Tensor, p: int) -> Tensor:
        n, channels, height, width = x.shape
        x = x.reshape(n, channels, height // p, p, width // p, p).permute(0, 2, 4, 3, 5, 1)
        return x.reshape(n, (height // p) * (width // p), p * p, channels)


class WindowDepartition(nn.Module):
    """What undoes `WindowPartition`."""

    def forward(self, x: Tensor, p: int, h_partitions: int, w_partitions: int) -> Tensor:
        n, _, _, channels = x.shape
        x = x.reshape(n, h_partitions, w_partitions, p, p, channels).permute(0, 5, 1, 3, 2, 4)
        return x.reshape(n, channels, h_partitions * p, w_partitions * p)


class PartitionAttentionLayer(nn.Module):
    """Attention and MLP within windows ("window"), or among positions at the same place of all windows ("grid")."""

    def __init__(
        self,
        in_channels: int,
        head_dim: int,
        partition_size: int,
        partition_type: str,
        grid_size: tuple[int, int],
        mlp_ratio: int,
        activation_layer: Layer,
        norm_layer: Layer,
        attention_dropout: float,
        mlp_dropout: float,
        p_stochastic_dropout: float,
    ) -> None:
        super().__init__()
        if partition_type not in ("grid", "window"):
            raise ValueError("partition_type must be either 'grid' or 'window'")
        self.n_heads = in_channels // head_dim
        self.head_dim = head_dim
        self.n_partitions = grid_size[0] // partition_size
        self.partition_type = partition_type
        self.grid_size = grid_size
        self.p, self.g = partition_size, self.n_partitions
        if partition_type == "grid":
            self.p, self.g = self.g, self.p

        def swap() -> nn.Module:
            return SwapAxes(-2, -3) if partition_type == "grid" else nn.Identity()

        self.partition_op = WindowPartition()
        self.departition_op = WindowDepartition()
        self.partition_swap = swap()
        self.departition_swap = swap()
        self.attn_layer = nn.Sequential(
            norm_layer(in_channels),
            RelativePositionalMultiHeadAttention(in_channels, head_dim, partition_size**2),
            nn.Dropout(attention_dropout),
        )
        self.mlp_layer = nn.Sequential(
            nn.LayerNorm(in_channels),
            nn.Linear(in_channels, in_channels * mlp_ratio),
            activation_layer(),
            nn.Linear(in_channels * mlp_ratio, in_channels),
            nn.Dropout(mlp_dropout),
        )
        self.stochastic_dropout = StochasticDepth(p_stochastic_dropout, mode="row")

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.grid_size
        if height % self.p != 0 or width % self.p != 0:
            raise AssertionError(
                f"Grid size must be divisible by partition size. Got grid size of {self.grid_size} and partition "
                f"size of {self.p}"
            )
        x = self.partition_swap(self.partition_op(x, self.p))
        x = x + self.stochastic_dropout(self.attn_layer(x))
        x = x + self.stochastic_dropout(self.mlp_layer(x))
        return self.departition_op(self.departition_swap(x), self.p, height // self.p, width // self.p)


class MaxVitLayer(nn.Module):
    """A convolution block, then both kinds of attention."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        squeeze_ratio: float,
        expansion_ratio: float,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        head_dim: int,
        mlp_ratio: int,
        mlp_dropout: float,
        attention_dropout: float,
        p_stochastic_dropout: float,
        partition_size: int,
        grid_size: tuple[int, int],
    ) -> None:
        super().__init__()
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        layers["MBconv"] = MBConv(
            in_channels,
            out_channels,
            expansion_ratio,
            squeeze_ratio,
            stride,
            activation_layer,
            norm_layer,
            p_stochastic_dropout,
        )
        for kind in ("window", "grid"):
            layers[f"{kind}_attention"] = PartitionAttentionLayer(
                out_channels,
                head_dim,
                partition_size,
                kind,
                grid_size,
                mlp_ratio,
                activation_layer,
                nn.LayerNorm,
                attention_dropout,
                mlp_dropout,
                p_stochastic_dropout,
            )
        self.layers = nn.Sequential(layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class MaxVitBlock(nn.Module):
    """A stage: `n_layers` layers, of which the first halves the picture."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        squeeze_ratio: float,
        expansion_ratio: float,
        norm_layer: Layer,
        activation_layer: Layer,
        head_dim: int,
        mlp_ratio: int,
        mlp_dropout: float,
        attention_dropout: float,
        partition_size: int,
        input_grid_size: tuple[int, int],
        n_layers: int,
        p_stochastic: list[float],
    ) -> None:
        super().__init__()
        if len(p_stochastic) != n_layers:
            raise ValueError(f"p_stochastic must have length n_layers={n_layers}, got p_stochastic={p_stochastic}.")
        self.grid_size = _get_conv_output_shape(input_grid_size, kernel_size=3, stride=2, padding=1)
        self.layers = nn.ModuleList(
            MaxVitLayer(
                out_channels if i else in_channels,
                out_channels,
                squeeze_ratio,
                expansion_ratio,
                1 if i else 2,
                norm_layer,
                activation_layer,
                head_dim,
                mlp_ratio,
                mlp_dropout,
                attention_dropout,
                p,
                partition_size,
                self.grid_size,
            )
            for i, p in enumerate(p_stochastic)
        )

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class MaxVit(nn.Module):
    """For pictures of exactly `input_size`, whose halvings `partition_size` must divide."""

    def __init__(
        self,
        input_size: tuple[int, int],
        stem_channels: int,
        partition_size: int,
        block_channels: list[int],
        block_layers: list[int],
        head_dim: int,
        stochastic_depth_prob: float,
        norm_layer: Layer | None = None,
        activation_layer: Layer = nn.GELU,
        squeeze_ratio: float = 0.25,
        expansion_ratio: float = 4,
        mlp_ratio: int = 4,
        mlp_dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
        _check_sizes(_make_block_input_shapes(input_size, len(block_channels)), partition_size)

        self.stem = nn.Sequential(
            Conv2dNormActivation(
                3,
                stem_channels,
                3,
                stride=2,
                norm_layer=norm_layer,
                activation_layer=activation_layer,
                bias=False,
                inplace=None,
            ),
            Conv2dNormActivation(
                stem_channels, stem_channels, 3, stride=1, norm_layer=None, activation_layer=None, bias=True
            ),
        )
        self.image_size = input_size
        self.partition_size = partition_size
        self.blocks = nn.ModuleList()
        grid_size = _get_conv_output_shape(input_size, kernel_size=3, stride=2, padding=1)
        channels = stem_channels
        probabilities = np.linspace(0, stochastic_depth_prob, sum(block_layers)).tolist()
        for width, depth in zip(block_channels, block_layers, strict=False):
            block = MaxVitBlock(
                channels,
                width,
                squeeze_ratio,
                expansion_ratio,
                norm_layer,
                activation_layer,
                head_dim,
                mlp_ratio,
                mlp_dropout,
                attention_dropout,
                partition_size,
                grid_size,
                depth,
                probabilities[:depth],
            )
            self.blocks.append(block)
            channels, grid_size, probabilities = width, block.grid_size, probabilities[depth:]
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.LayerNorm(channels),
            nn.Linear(channels, channels),
            nn.Tanh(),
            nn.Linear(channels, num_classes, bias=False),
        )
        rules = {
            (nn.Conv2d, nn.Linear): drawn(nn.init.normal_, std=0.02),
            nn.BatchNorm2d: ones_and_zeros,
        }
        initialize(self, rules)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(x)


def _check_sizes(sizes: Sequence[tuple[int, int]], partition_size: int) -> None:
    for i, (height, width) in enumerate(sizes):
        if height % partition_size != 0 or width % partition_size != 0:
            raise ValueError(
                f"Input size {(height, width)} of block {i} is not divisible by partition size {partition_size}. "
                "Consider changing the partition size or the input size.\n"
                f"Current configuration yields the following block input sizes: {sizes}."
            )


def _maxvit(sizes: dict[str, Any], **kwargs: Any) -> MaxVit:
    return MaxVit(**sizes, **kwargs)


def _input_size(weights: WeightsEnum) -> dict[str, Any]:
    """The positions were learned for pictures of one size."""
    return {"input_size": weights.meta["min_size"]}


_TINY = {
    "stem_channels": 64,
    "block_channels": [64, 128, 256, 512],
    "block_layers": [2, 2, 5, 2],
    "head_dim": 32,
    "stochastic_depth_prob": 0.2,
    "partition_size": 7,
}

MaxVit_T_Weights, maxvit_t = declare(
    "MaxVit_T", _maxvit, _TINY, defaults={"input_size": (224, 224)}, prescribed=_input_size
)
