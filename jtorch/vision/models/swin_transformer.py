"""Swin Transformer: attention within shifted windows (https://arxiv.org/abs/2103.14030), and its V2 (https://arxiv.org/abs/2111.09883)."""

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ..ops.misc import MLP, Permute
from ..ops.stochastic_depth import StochasticDepth
from ._declare import declare
from ._initialize import drawn, initialize, xavier_linear

__all__ = [
    "SwinTransformer",
    "Swin_B_Weights",
    "Swin_S_Weights",
    "Swin_T_Weights",
    "Swin_V2_B_Weights",
    "Swin_V2_S_Weights",
    "Swin_V2_T_Weights",
    "swin_b",
    "swin_s",
    "swin_t",
    "swin_v2_b",
    "swin_v2_s",
    "swin_v2_t",
]

Layer = Callable[..., nn.Module]


def _patch_merging_pad(x: Tensor) -> Tensor:
    """(..., H, W, C) to (..., H/2, W/2, 4C): each patch of 2 x 2 becomes one position; odd sizes are padded."""
    height, width, _ = x.shape[-3:]
    x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
    corners = [x[..., row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
    return jtorch.cat(corners, -1)


def relative_positions(*sizes: int) -> np.ndarray:
    """For each two positions of a window, the row of the table of biases: (positions, positions)."""
    places = np.indices(sizes).reshape(len(sizes), -1)
    last = np.array(sizes).reshape(-1, 1, 1) - 1
    offsets = places[:, :, None] - places[:, None, :] + last
    return np.ravel_multi_index(tuple(offsets), [2 * size - 1 for size in sizes])


def _get_relative_position_bias(
    relative_position_bias_table: Tensor, relative_position_index: Tensor, window_size: list[int]
) -> Tensor:
    """(1, heads, positions, positions)"""
    positions = window_size[0] * window_size[1]
    bias = relative_position_bias_table[relative_position_index].view(positions, positions, -1)
    return bias.permute(2, 0, 1).contiguous().unsqueeze(0)


class PatchMerging(nn.Module):
    """Halves the resolution and doubles the channels."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(4 * dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.reduction(self.norm(_patch_merging_pad(x)))


class PatchMergingV2(nn.Module):
    """`PatchMerging` with the normalization last."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(2 * dim)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.reduction(_patch_merging_pad(x)))


def _bands(size: int, window: int, shift: int) -> np.ndarray:
    """Along one axis of the shifted picture: 0 for whole windows, then 1 and 2 for the parts of the last one."""
    bands = np.zeros(size, int)
    if shift:
        bands[-window:] = 1
        bands[-shift:] = 2
    return bands


@cache
def _shift_mask(size: tuple[int, ...], window: tuple[int, ...], shift: tuple[int, ...]) -> np.ndarray:
    """-100 where positions of a window were no neighbours before the shift: (windows, positions, positions)."""
    bands = np.meshgrid(*map(_bands, size, window, shift), indexing="ij")
    regions = np.ravel_multi_index(tuple(bands), [3] * len(size))
    tiles = regions.reshape(*_tiling(size, window)).transpose(_axes_by_window(len(size), before=0))
    tiles = tiles.reshape(-1, math.prod(window))
    return np.where(tiles[:, None, :] != tiles[:, :, None], np.float32(-100.0), np.float32(0.0))


def _tiling(size: Sequence[int], window: Sequence[int]) -> list[int]:
    """Each axis as two: the number of windows, and the positions in one."""
    return [part for axis, side in zip(size, window, strict=True) for part in (axis // side, side)]


def _axes_by_window(dims: int, before: int) -> list[int]:
    """The axes of a tiled array, after `before` others, with those that number windows first."""
    return [*range(before), *(before + 2 * i for i in range(dims)), *(before + 2 * i + 1 for i in range(dims))]


def _split_into_windows(x: Tensor, window: Sequence[int]) -> Tensor:
    """(N, *size, C) to (N * windows, positions, C)"""
    n, *size, channels = x.shape
    tiled = x.view(n, *_tiling(size, window), channels)
    axes = [*_axes_by_window(len(size), before=1), tiled.ndim - 1]
    return tiled.permute(axes).reshape(-1, math.prod(window), channels)


def _join_windows(x: Tensor, size: Sequence[int], window: Sequence[int]) -> Tensor:
    """(N * windows, positions, C) to (N, *size, C)"""
    counts = [axis // side for axis, side in zip(size, window, strict=True)]
    x = x.view(-1, *counts, *window, x.shape[-1])
    dims = len(size)
    axes = [0, *(axis for i in range(dims) for axis in (1 + i, 1 + dims + i)), x.ndim - 1]
    return x.permute(axes).reshape(-1, *size, x.shape[-1])


def attention_in_windows(
    input: Tensor,
    qkv_weight: Tensor,
    proj_weight: Tensor,
    relative_position_bias: Tensor,
    window: tuple[int, ...],
    num_heads: int,
    shift: tuple[int, ...],
    attention_dropout: float,
    dropout: float,
    qkv_bias: Tensor | None,
    proj_bias: Tensor | None,
    logit_scale: Tensor | None,
    training: bool,
) -> Tensor:
    """Attention of (N, *size, C) within windows, for pictures and videos alike, in sizes that windows divide."""
    size = tuple(input.shape[1:-1])
    axes = tuple(range(1, 1 + len(size)))
    x = jtorch.roll(input, shifts=tuple(-step for step in shift), dims=axes) if any(shift) else input
    x = _split_into_windows(x, window)
    total, positions, channels = x.shape

    if logit_scale is not None and qkv_bias is not None:
        qkv_bias = qkv_bias.clone()
        third = qkv_bias.numel() // 3
        qkv_bias[third : 2 * third].zero_()
    qkv = F.linear(x, qkv_weight, qkv_bias)
    qkv = qkv.reshape(total, positions, 3, num_heads, channels // num_heads).permute(2, 0, 3, 1, 4)
    q, k, v = qkv[0], qkv[1], qkv[2]
    if logit_scale is not None:
        attention = F.normalize(q, dim=-1) @ F.normalize(k, dim=-1).transpose(-2, -1)
        attention = attention * jtorch.clamp(logit_scale, max=math.log(100.0)).exp()
    else:
        attention = (q * (channels // num_heads) ** -0.5).matmul(k.transpose(-2, -1))
    attention = attention + relative_position_bias

    if any(shift):
        mask = jtorch.from_numpy(_shift_mask(size, window, shift)).to(x)
        attention = attention.view(-1, len(mask), num_heads, positions, positions) + mask.unsqueeze(1).unsqueeze(0)
        attention = attention.view(-1, num_heads, positions, positions)

    attention = F.dropout(F.softmax(attention, dim=-1), p=attention_dropout, training=training)
    x = attention.matmul(v).transpose(1, 2).reshape(total, positions, channels)
    x = F.dropout(F.linear(x, proj_weight, proj_bias), p=dropout, training=training)

    x = _join_windows(x, size, window)
    return jtorch.roll(x, shifts=shift, dims=axes) if any(shift) else x


def shifted_window_attention(
    input: Tensor,
    qkv_weight: Tensor,
    proj_weight: Tensor,
    relative_position_bias: Tensor,
    window_size: list[int],
    num_heads: int,
    shift_size: list[int],
    attention_dropout: float = 0.0,
    dropout: float = 0.0,
    qkv_bias: Tensor | None = None,
    proj_bias: Tensor | None = None,
    logit_scale: Tensor | None = None,
    training: bool = True,
) -> Tensor:
    """Attention of (N, H, W, C) within windows, after a shift by `shift_size` that is undone at the end.

    With `logit_scale` it is V2's: cosines instead of dot products, and no bias for the keys.
    """
    _, height, width, _ = input.shape
    window = (window_size[0], window_size[1])
    x = F.pad(input, (0, 0, 0, -width % window[1], 0, -height % window[0]))
    # A window as large as the picture has nothing to be shifted to.
    shift = tuple(
        0 if size == side else step for size, side, step in zip(x.shape[1:3], window, shift_size, strict=True)
    )
    x = attention_in_windows(
        x,
        qkv_weight,
        proj_weight,
        relative_position_bias,
        window,
        num_heads,
        shift,
        attention_dropout,
        dropout,
        qkv_bias,
        proj_bias,
        logit_scale,
        training,
    )
    return x[:, :height, :width, :].contiguous()


class ShiftedWindowAttention(nn.Module):
    """`shifted_window_attention` with a learned bias for each relative position."""

    def __init__(
        self,
        dim: int,
        window_size: list[int],
        shift_size: list[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(window_size) != 2 or len(shift_size) != 2:
            raise ValueError("window_size and shift_size must be of length 2")
        self.window_size = window_size
        self.shift_size = shift_size
        self.num_heads = num_heads
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)
        self.define_relative_position_bias_table()
        self.define_relative_position_index()

    def define_relative_position_bias_table(self) -> None:
        height, width = self.window_size
        table = jtorch.zeros((2 * height - 1) * (2 * width - 1), self.num_heads)
        self.relative_position_bias_table = nn.Parameter(table)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def define_relative_position_index(self) -> None:
        index = relative_positions(*self.window_size).reshape(-1)
        self.register_buffer("relative_position_index", jtorch.from_numpy(index))

    def get_relative_position_bias(self) -> Tensor:
        return _get_relative_position_bias(
            self.relative_position_bias_table, self.relative_position_index, self.window_size
        )

    def _attend(self, x: Tensor, **options: Tensor) -> Tensor:
        return shifted_window_attention(
            x,
            self.qkv.weight,
            self.proj.weight,
            self.get_relative_position_bias(),
            self.window_size,
            self.num_heads,
            shift_size=self.shift_size,
            attention_dropout=self.attention_dropout,
            dropout=self.dropout,
            qkv_bias=self.qkv.bias,
            proj_bias=self.proj.bias,
            training=self.training,
            **options,
        )

    def forward(self, x: Tensor) -> Tensor:
        return self._attend(x)


class ShiftedWindowAttentionV2(ShiftedWindowAttention):
    """V2's: cosines with a learned scale, and a bias that a small network computes from the relative position."""

    def __init__(
        self,
        dim: int,
        window_size: list[int],
        shift_size: list[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(dim, window_size, shift_size, num_heads, qkv_bias, proj_bias, attention_dropout, dropout)
        self.logit_scale = nn.Parameter(jtorch.log(10 * jtorch.ones((num_heads, 1, 1))))
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, 512, bias=True), nn.ReLU(inplace=True), nn.Linear(512, num_heads, bias=False)
        )
        if qkv_bias:
            third = self.qkv.bias.numel() // 3
            self.qkv.bias[third : 2 * third].data.zero_()

    def define_relative_position_bias_table(self) -> None:
        """The relative positions, scaled to -8..8 and spaced by their logarithm: eq. 4 of the paper on V2."""
        axes = [np.arange(1 - size, size, dtype=np.float32) / (size - 1) * 8 for size in self.window_size]
        table = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)[None]
        table = np.sign(table) * np.log2(np.abs(table) + np.float32(1.0)) / np.float32(3.0)
        self.register_buffer("relative_coords_table", jtorch.from_numpy(table))

    def get_relative_position_bias(self) -> Tensor:
        table = self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)
        return 16 * jtorch.sigmoid(_get_relative_position_bias(table, self.relative_position_index, self.window_size))

    def forward(self, x: Tensor) -> Tensor:
        return self._attend(x, logit_scale=self.logit_scale)


class SwinTransformerBlock(nn.Module):
    """Attention and MLP, each after its normalization and beside the identity."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: list[int],
        shift_size: list[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer = ShiftedWindowAttention,
    ) -> None:
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = attn_layer(
            dim, window_size, shift_size, num_heads, attention_dropout=attention_dropout, dropout=dropout
        )
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.norm2 = norm_layer(dim)
        self.mlp = MLP(dim, [int(dim * mlp_ratio), dim], activation_layer=nn.GELU, inplace=None, dropout=dropout)
        initialize(self.mlp, {nn.Linear: xavier_linear})

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class SwinTransformerBlockV2(SwinTransformerBlock):
    """V2's, which normalizes what each part gives."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: list[int],
        shift_size: list[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer = ShiftedWindowAttentionV2,
    ) -> None:
        super().__init__(
            dim,
            num_heads,
            window_size,
            shift_size,
            mlp_ratio,
            dropout,
            attention_dropout,
            stochastic_depth_prob,
            norm_layer,
            attn_layer,
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.stochastic_depth(self.norm1(self.attn(x)))
        return x + self.stochastic_depth(self.norm2(self.mlp(x)))


def add_stages(
    layers: list[nn.Module],
    block: Layer,
    downsample_layer: Layer,
    width: int,
    depths: Sequence[int],
    num_heads: Sequence[int],
    stochastic_depth_prob: float,
    norm_layer: Layer,
    *,
    window_size: Sequence[int],
    **options: Any,
) -> int:
    """Append stages of blocks, the windows of every second one shifted, with `downsample_layer` in between; gives the last stage's channels."""
    number, last_number = 0, sum(depths) - 1
    for stage, depth in enumerate(depths):
        if stage > 0:
            layers.append(downsample_layer(width, norm_layer))
            width *= 2
        blocks = []
        for i in range(depth):
            blocks.append(
                block(
                    width,
                    num_heads[stage],
                    window_size=window_size,
                    shift_size=[0 if i % 2 == 0 else size // 2 for size in window_size],
                    stochastic_depth_prob=stochastic_depth_prob * number / last_number,
                    norm_layer=norm_layer,
                    **options,
                )
            )
            number += 1
        layers.append(nn.Sequential(*blocks))
    return width


class SwinTransformer(nn.Module):
    """Stages of blocks whose windows are shifted in every second one, with `downsample_layer` in between."""

    def __init__(
        self,
        patch_size: list[int],
        embed_dim: int,
        depths: list[int],
        num_heads: list[int],
        window_size: list[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.1,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        block = block or SwinTransformerBlock
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-5)
        patch = (patch_size[0], patch_size[1])
        layers: list[nn.Module] = [
            nn.Sequential(
                nn.Conv2d(3, embed_dim, kernel_size=patch, stride=patch),
                Permute([0, 2, 3, 1]),
                norm_layer(embed_dim),
            )
        ]
        width = add_stages(
            layers, block, downsample_layer, embed_dim, depths, num_heads, stochastic_depth_prob, norm_layer,
            window_size=window_size, mlp_ratio=mlp_ratio, dropout=dropout, attention_dropout=attention_dropout,
        )  # fmt: skip
        self.features = nn.Sequential(*layers)
        self.norm = norm_layer(width)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(width, num_classes)
        initialize(self, {nn.Linear: drawn(nn.init.trunc_normal_, std=0.02)})

    def forward(self, x: Tensor) -> Tensor:
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))


_V2 = {"window_size": [8, 8], "block": SwinTransformerBlockV2, "downsample_layer": PatchMergingV2}


def _swin(sizes: dict[str, Any], **kwargs: Any) -> SwinTransformer:
    return SwinTransformer([4, 4], **sizes, **kwargs)


def _row(name: str, embed_dim: int, third_depth: int, first_heads: int, stochastic_depth_prob: float):
    sizes: dict[str, Any] = {
        "embed_dim": embed_dim,
        "depths": [2, 2, third_depth, 2],
        "num_heads": [first_heads * 2**i for i in range(4)],
        "window_size": [7, 7],
        "stochastic_depth_prob": stochastic_depth_prob,
    }
    return declare(name, _swin, sizes | _V2 if "V2" in name else sizes)


Swin_T_Weights, swin_t = _row("Swin_T", 96, 6, 3, 0.2)
Swin_S_Weights, swin_s = _row("Swin_S", 96, 18, 3, 0.3)
Swin_B_Weights, swin_b = _row("Swin_B", 128, 18, 4, 0.5)
Swin_V2_T_Weights, swin_v2_t = _row("Swin_V2_T", 96, 6, 3, 0.2)
Swin_V2_S_Weights, swin_v2_s = _row("Swin_V2_S", 96, 18, 3, 0.3)
Swin_V2_B_Weights, swin_v2_b = _row("Swin_V2_B", 128, 18, 4, 0.5)
