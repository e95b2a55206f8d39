"""Multiscale vision transformers for videos: V1 (https://arxiv.org/abs/2104.11227) and V2 (https://arxiv.org/abs/2112.01526)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ...ops.misc import MLP
from ...ops.stochastic_depth import StochasticDepth
from .._declare import declare
from .._initialize import drawn, initialize

__all__ = ["MViT", "MViT_V1_B_Weights", "MViT_V2_S_Weights", "mvit_v1_b", "mvit_v2_s"]

Layer = Callable[..., nn.Module]
# Positions in time, height and width. Besides these each sequence has the class token, first.
Grid = tuple[int, int, int]


@dataclass
class MSBlockConfig:
    """A block: its heads and channels, and how its queries and its keys and values are pooled (an empty list: not)."""

    num_heads: int
    input_channels: int
    output_channels: int
    kernel_q: list[int]
    kernel_kv: list[int]
    stride_q: list[int]
    stride_kv: list[int]


class Pool(nn.Module):
    """Pools the positions of (N, 1 + T * H * W, C), or of each head of (N, heads, 1 + T * H * W, C), and not the class token.

    Returns the pooled sequences and their grid.
    """

    def __init__(
        self,
        pool: nn.Module,
        norm: nn.Module | None,
        activation: nn.Module | None = None,
        norm_before_pool: bool = False,
    ) -> None:
        super().__init__()
        self.pool = pool
        after = [layer for layer in (norm, activation) if layer is not None]
        self.norm_act = nn.Sequential(*after) if after else None
        self.norm_before_pool = norm_before_pool

    def forward(self, x: Tensor, thw: Grid) -> tuple[Tensor, Grid]:
        if x.ndim not in (3, 4):
            raise ValueError(f"Unsupported input dimension {x.shape}")
        one_head = x.ndim == 3
        if one_head:
            x = x.unsqueeze(1)
        n, heads, _, channels = x.shape
        token, positions = x[:, :, :1], x[:, :, 1:]
        videos = positions.transpose(2, 3).reshape(n * heads, channels, *thw)
        if self.norm_before_pool and self.norm_act is not None:
            videos = self.norm_act(videos)
        videos = self.pool(videos)
        x = jtorch.cat((token, videos.reshape(n, heads, channels, -1).transpose(2, 3)), dim=2)
        if not self.norm_before_pool and self.norm_act is not None:
            x = self.norm_act(x)
        time, height, width = videos.shape[2:]
        return (x.squeeze(1) if one_head else x), (time, height, width)


@cache
def _offsets(queries: int, keys: int) -> np.ndarray:
    """For each query and key along one axis, the row of the table of relative positions: (queries, keys).

    Where one side is pooled, its steps are as much longer.
    """
    query_step, key_step = max(keys / queries, 1.0), max(queries / keys, 1.0)
    query = np.arange(queries, dtype=np.float32)[:, None] * np.float32(query_step)
    key = (np.arange(keys, dtype=np.float32)[None, :] + np.float32(1.0 - keys)) * np.float32(key_step)
    return (query - key).astype(np.int64)


def _relative_positions(table: Tensor, queries: int, keys: int) -> Tensor:
    """(queries, keys, channels), from a table that is resized to as many rows as there are relative positions."""
    rows = 2 * max(queries, keys) - 1
    if len(table) != rows:
        table = F.interpolate(table.T.unsqueeze(0), size=rows, mode="linear").squeeze(0).T
    return table[jtorch.from_numpy(_offsets(queries, keys)).to(table.device)]


class MultiscaleAttention(nn.Module):
    """Attention whose queries, keys and values are pooled first: section 3.1 of V1's paper, 4.1 of V2's.

    `rel_pos_embed` adds V2's decomposed relative positions, `residual_pool` its pooled queries to the result.
    """

    def __init__(
        self,
        input_size: list[int],
        embed_dim: int,
        output_dim: int,
        num_heads: int,
        kernel_q: list[int],
        kernel_kv: list[int],
        stride_q: list[int],
        stride_kv: list[int],
        residual_pool: bool,
        residual_with_cls_embed: bool,
        rel_pos_embed: bool,
        dropout: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.embed_dim = embed_dim
        self.output_dim = output_dim
        self.num_heads = num_heads
        self.head_dim = output_dim // num_heads
        self.scaler = 1.0 / math.sqrt(self.head_dim)
        self.residual_pool = residual_pool
        self.residual_with_cls_embed = residual_with_cls_embed

        self.qkv = nn.Linear(embed_dim, 3 * output_dim)
        project: list[nn.Module] = [nn.Linear(output_dim, output_dim)]
        if dropout > 0.0:
            project.append(nn.Dropout(dropout, inplace=True))
        self.project = nn.Sequential(*project)
        self.pool_q = self._pool(kernel_q, stride_q, norm_layer)
        self.pool_k = self._pool(kernel_kv, stride_kv, norm_layer)
        self.pool_v = self._pool(kernel_kv, stride_kv, norm_layer)

        self.rel_pos_h = self.rel_pos_w = self.rel_pos_t = None
        if rel_pos_embed:
            size = max(input_size[1:])
            pooled = [size // stride[1] if stride else size for stride in (stride_q, stride_kv)]
            self.rel_pos_h = self._table(max(pooled))
            self.rel_pos_w = self._table(max(pooled))
            self.rel_pos_t = self._table(input_size[0])

    def _pool(self, kernel: list[int], stride: list[int], norm_layer: Layer) -> Pool | None:
        if math.prod(kernel) == 1 and math.prod(stride) == 1:
            return None
        width = self.head_dim
        padding = [side // 2 for side in kernel]
        conv = nn.Conv3d(width, width, kernel, stride=stride, padding=padding, groups=width, bias=False)
        return Pool(conv, norm_layer(width))

    def _table(self, size: int) -> nn.Parameter:
        table = nn.Parameter(jtorch.zeros(2 * size - 1, self.head_dim))
        nn.init.trunc_normal_(table, std=0.02)
        return table

    def _bias(self, q: Tensor, q_grid: Grid, k_grid: Grid) -> Tensor:
        """What relative positions add to the attention: for each axis the query times its vector, nothing for the token."""
        n, heads, _, channels = q.shape
        q = q[:, :, 1:].reshape(n, heads, *q_grid, channels)
        tables = (self.rel_pos_t, self.rel_pos_h, self.rel_pos_w)
        time, height, width = map(_relative_positions, tables, q_grid, k_grid)
        in_time = jtorch.einsum("bythwc,tkc->bythwk", q, time)
        in_height = jtorch.einsum("bythwc,hkc->bythwk", q, height)
        in_width = jtorch.einsum("bythwc,wkc->bythwk", q, width)
        bias = in_height[..., None, :, None] + in_width[..., None, None, :] + in_time[..., :, None, None]
        return F.pad(bias.reshape(n, heads, math.prod(q_grid), math.prod(k_grid)), (1, 0, 1, 0))

    def forward(self, x: Tensor, thw: Grid) -> tuple[Tensor, Grid]:
        n, positions, _ = x.shape
        q, k, v = self.qkv(x).reshape(n, positions, 3, self.num_heads, self.head_dim).transpose(1, 3).unbind(dim=2)
        q_grid = k_grid = thw
        if self.pool_k is not None:
            k, k_grid = self.pool_k(k, thw)
        if self.pool_v is not None:
            v, _ = self.pool_v(v, thw)
        if self.pool_q is not None:
            q, q_grid = self.pool_q(q, thw)

        attention = jtorch.matmul(self.scaler * q, k.transpose(2, 3))
        if self.rel_pos_h is not None:
            attention = attention + self._bias(q, q_grid, k_grid)
        x = jtorch.matmul(attention.softmax(dim=-1), v)
        if self.residual_pool and self.residual_with_cls_embed:
            x = x + q
        elif self.residual_pool:
            x = jtorch.cat((x[:, :, :1], x[:, :, 1:] + q[:, :, 1:]), dim=2)
        return self.project(x.transpose(1, 2).reshape(n, -1, self.output_dim)), q_grid


class MultiscaleBlock(nn.Module):
    """Attention and MLP, each after its normalization and beside the identity, which is pooled and projected to fit.

    The channels grow in the attention (`proj_after_attn`, V2) or in the MLP (V1).
    """

    def __init__(
        self,
        input_size: list[int],
        cnf: MSBlockConfig,
        residual_pool: bool,
        residual_with_cls_embed: bool,
        rel_pos_embed: bool,
        proj_after_attn: bool,
        dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.proj_after_attn = proj_after_attn
        self.pool_skip = None
        if math.prod(cnf.stride_q) > 1:
            kernel = [step + 1 if step > 1 else step for step in cnf.stride_q]
            padding = [side // 2 for side in kernel]
            self.pool_skip = Pool(nn.MaxPool3d(kernel, stride=cnf.stride_q, padding=padding), None)
        width = cnf.output_channels if proj_after_attn else cnf.input_channels
        self.norm1 = norm_layer(cnf.input_channels)
        self.norm2 = norm_layer(width)
        self.needs_transposal = isinstance(self.norm1, nn.BatchNorm1d)
        self.attn = MultiscaleAttention(
            input_size,
            cnf.input_channels,
            width,
            cnf.num_heads,
            kernel_q=cnf.kernel_q,
            kernel_kv=cnf.kernel_kv,
            stride_q=cnf.stride_q,
            stride_kv=cnf.stride_kv,
            rel_pos_embed=rel_pos_embed,
            residual_pool=residual_pool,
            residual_with_cls_embed=residual_with_cls_embed,
            dropout=dropout,
            norm_layer=norm_layer,
        )
        sizes = [4 * width, cnf.output_channels]
        self.mlp = MLP(width, sizes, activation_layer=nn.GELU, dropout=dropout, inplace=None)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.project = None
        if cnf.input_channels != cnf.output_channels:
            self.project = nn.Linear(cnf.input_channels, cnf.output_channels)

    def _normalized(self, norm: nn.Module, x: Tensor) -> Tensor:
        return norm(x.transpose(1, 2)).transpose(1, 2) if self.needs_transposal else norm(x)

    def forward(self, x: Tensor, thw: Grid) -> tuple[Tensor, Grid]:
        normalized = self._normalized(self.norm1, x)
        attended, grid = self.attn(normalized, thw)
        if self.project is not None and self.proj_after_attn:
            x = self.project(normalized)
        if self.pool_skip is not None:
            x, _ = self.pool_skip(x, thw)
        x = x + self.stochastic_depth(attended)

        normalized = self._normalized(self.norm2, x)
        if self.project is not None and not self.proj_after_attn:
            x = self.project(normalized)
        return x + self.stochastic_depth(self.mlp(normalized)), grid


class PositionalEncoding(nn.Module):
    """Puts the class token first and, without relative positions, adds a vector for the time and one for the place."""

    def __init__(self, embed_size: int, spatial_size: tuple[int, int], temporal_size: int, rel_pos_embed: bool) -> None:
        super().__init__()
        self.spatial_size = spatial_size
        self.temporal_size = temporal_size
        self.class_token = nn.Parameter(jtorch.zeros(embed_size))
        self.spatial_pos = self.temporal_pos = self.class_pos = None
        if not rel_pos_embed:
            self.spatial_pos = nn.Parameter(jtorch.zeros(math.prod(spatial_size), embed_size))
            self.temporal_pos = nn.Parameter(jtorch.zeros(temporal_size, embed_size))
            self.class_pos = nn.Parameter(jtorch.zeros(embed_size))

    def forward(self, x: Tensor) -> Tensor:
        token = self.class_token.expand(x.size(0), -1).unsqueeze(1)
        x = jtorch.cat((token, x), dim=1)
        if self.spatial_pos is not None:
            places = (self.temporal_pos[:, None] + self.spatial_pos[None]).flatten(0, 1)
            x = x + jtorch.cat((self.class_pos.unsqueeze(0), places), dim=0).unsqueeze(0)
        return x


class MViT(nn.Module):
    """Blocks of multiscale attention over the patches of a video: (N, 3, T, H, W) of the given size to (N, classes).

    A picture (N, 3, H, W) is a video of one frame.
    """

    def __init__(
        self,
        spatial_size: tuple[int, int],
        temporal_size: int,
        block_setting: Sequence[MSBlockConfig],
        residual_pool: bool,
        residual_with_cls_embed: bool,
        rel_pos_embed: bool,
        proj_after_attn: bool,
        dropout: float = 0.5,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        num_classes: int = 400,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        patch_embed_kernel: tuple[int, int, int] = (3, 7, 7),
        patch_embed_stride: tuple[int, int, int] = (2, 4, 4),
        patch_embed_padding: tuple[int, int, int] = (1, 3, 3),
    ) -> None:
        super().__init__()
        if not block_setting:
            raise ValueError("The configuration parameter can't be empty.")
        block = block or MultiscaleBlock
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-6)
        self.conv_proj = nn.Conv3d(
            in_channels=3,
            out_channels=block_setting[0].input_channels,
            kernel_size=patch_embed_kernel,
            stride=patch_embed_stride,
            padding=patch_embed_padding,
        )
        size = _divided([temporal_size, *spatial_size], self.conv_proj.stride)
        self.pos_encoding = PositionalEncoding(
            embed_size=block_setting[0].input_channels,
            spatial_size=(size[1], size[2]),
            temporal_size=size[0],
            rel_pos_embed=rel_pos_embed,
        )
        self.blocks = nn.ModuleList()
        for number, cnf in enumerate(block_setting):
            self.blocks.append(
                block(
                    input_size=size,
                    cnf=cnf,
                    residual_pool=residual_pool,
                    residual_with_cls_embed=residual_with_cls_embed,
                    rel_pos_embed=rel_pos_embed,
                    proj_after_attn=proj_after_attn,
                    dropout=attention_dropout,
                    stochastic_depth_prob=stochastic_depth_prob * number / (len(block_setting) - 1.0),
                    norm_layer=norm_layer,
                )
            )
            if cnf.stride_q:
                size = _divided(size, cnf.stride_q)
        width = block_setting[-1].output_channels
        self.norm = norm_layer(width)
        self.head = nn.Sequential(nn.Dropout(dropout, inplace=True), nn.Linear(width, num_classes))
        initialize(self, {nn.Linear: drawn(nn.init.trunc_normal_, std=0.02), PositionalEncoding: _draw_positions})

    def forward(self, x: Tensor) -> Tensor:
        if x.ndim not in (4, 5):
            raise ValueError(f"Unsupported input dimension {x.shape}")
        if x.ndim == 4:
            x = x.unsqueeze(2)
        x = self.pos_encoding(self.conv_proj(x).flatten(2).transpose(1, 2))
        grid = (self.pos_encoding.temporal_size, *self.pos_encoding.spatial_size)
        for block in self.blocks:
            x, grid = block(x, grid)
        return self.head(self.norm(x)[:, 0])


def _divided(size: Sequence[int], steps: Sequence[int]) -> list[int]:
    return [axis // step for axis, step in zip(size, steps, strict=True)]


def _draw_positions(encoding: nn.Module) -> None:
    for vectors in encoding.parameters():
        nn.init.trunc_normal_(vectors, std=0.02)


# Heads of the 16 blocks of both models. A stage begins where they double: its queries are pooled in space, and its keys
# and values less than those before, so that their resolution stays.
_HEADS = [1] + [2] * 2 + [4] * 11 + [8] * 2


def _settings(widen_first: bool, pool_always: bool) -> list[MSBlockConfig]:
    """The channels double in the first block of a stage, or else in the last of the one before; `pool_always` pools all queries."""
    widths = [96 * heads for heads in _HEADS]
    before, after = ([widths[0], *widths[:-1]], widths) if widen_first else (widths, [*widths[1:], widths[-1]])
    settings = []
    for number, heads in enumerate(_HEADS):
        begins = number > 0 and heads != _HEADS[number - 1]
        kernel, stride = ([3, 3, 3], [1, 1, 1]) if pool_always else ([], [])
        if begins:
            kernel, stride = [3, 3, 3], [1, 2, 2]
        keys = [1, 8 // heads, 8 // heads]
        settings.append(MSBlockConfig(heads, before[number], after[number], kernel, [3, 3, 3], stride, keys))
    return settings


def _mvit(fixed: dict[str, Any], **kwargs: Any) -> MViT:
    return MViT((224, 224), 16, **fixed, **kwargs)


MViT_V1_B_Weights, mvit_v1_b = declare(
    "MViT_V1_B",
    _mvit,
    {
        "block_setting": _settings(widen_first=False, pool_always=False),
        "residual_pool": False,
        "residual_with_cls_embed": False,
    },
    defaults={"rel_pos_embed": False, "proj_after_attn": False, "stochastic_depth_prob": 0.2},
)
MViT_V2_S_Weights, mvit_v2_s = declare(
    "MViT_V2_S",
    _mvit,
    {
        "block_setting": _settings(widen_first=True, pool_always=True),
        "residual_pool": True,
        "residual_with_cls_embed": False,
        "rel_pos_embed": True,
        "proj_after_attn": True,
    },
    defaults={"stochastic_depth_prob": 0.2},
)
