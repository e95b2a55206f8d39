"""Video Swin Transformer: attention within shifted windows in space and time (https://arxiv.org/abs/2106.13230)."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from .._declare import declare
from .._initialize import drawn, initialize
from ..swin_transformer import PatchMerging, SwinTransformerBlock, add_stages, attention_in_windows, relative_positions

__all__ = [
    "Swin3D_B_Weights",
    "Swin3D_S_Weights",
    "Swin3D_T_Weights",
    "SwinTransformer3d",
    "swin3d_b",
    "swin3d_s",
    "swin3d_t",
]

Layer = Callable[..., nn.Module]


def _padded(x: Tensor, size: tuple[int, ...], side: tuple[int, ...], last: int) -> Tensor:
    """Zeros after time, height and width, of `size`, to multiples of `side`; `last` axes come behind them."""
    time, height, width = (-axis % multiple for axis, multiple in zip(size, side, strict=True))
    return F.pad(x, (0, 0) * last + (0, width, 0, height, 0, time))


def shifted_window_attention_3d(
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
    training: bool = True,
) -> Tensor:
    """Attention of (N, T, H, W, C) within windows, after a shift by `shift_size` that is undone at the end."""
    _, time, height, width, _ = input.shape
    window = (window_size[0], window_size[1], window_size[2])
    x = attention_in_windows(
        _padded(input, (time, height, width), window, last=1),
        qkv_weight,
        proj_weight,
        relative_position_bias,
        window,
        num_heads,
        (shift_size[0], shift_size[1], shift_size[2]),
        attention_dropout,
        dropout,
        qkv_bias,
        proj_bias,
        None,
        training,
    )
    return x[:, :time, :height, :width, :].contiguous()


class ShiftedWindowAttention3d(nn.Module):
    """`shifted_window_attention_3d` with a learned bias for each relative position."""

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
        if len(window_size) != 3 or len(shift_size) != 3:
            raise ValueError("window_size and shift_size must be of length 2")  # torchvision's words; it means 3
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
        time, height, width = self.window_size
        table = jtorch.zeros((2 * time - 1) * (2 * height - 1) * (2 * width - 1), self.num_heads)
        self.relative_position_bias_table = nn.Parameter(table)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def define_relative_position_index(self) -> None:
        self.register_buffer("relative_position_index", jtorch.from_numpy(relative_positions(*self.window_size)))

    def get_relative_position_bias(self, window_size: list[int]) -> Tensor:
        """(1, heads, positions, positions). A window that is cut takes the corner of the index, as the published weights do."""
        positions = window_size[0] * window_size[1] * window_size[2]
        index = self.relative_position_index[:positions, :positions].flatten()
        bias = self.relative_position_bias_table[index].view(positions, positions, -1)
        return bias.permute(2, 0, 1).contiguous().unsqueeze(0)

    def forward(self, x: Tensor) -> Tensor:
        window_size, shift_size = list(self.window_size), list(self.shift_size)
        for axis, size in enumerate(x.shape[1:4]):
            if size <= window_size[axis]:
                window_size[axis], shift_size[axis] = size, 0
        return shifted_window_attention_3d(
            x,
            self.qkv.weight,
            self.proj.weight,
            self.get_relative_position_bias(window_size),
            window_size,
            self.num_heads,
            shift_size=shift_size,
            attention_dropout=self.attention_dropout,
            dropout=self.dropout,
            qkv_bias=self.qkv.bias,
            proj_bias=self.proj.bias,
            training=self.training,
        )


class PatchEmbed3d(nn.Module):
    """Each patch of a video (N, C, T, H, W), padded to whole patches, becomes one position: (N, T', H', W', embed_dim)."""

    def __init__(
        self, patch_size: list[int], in_channels: int = 3, embed_dim: int = 96, norm_layer: Layer | None = None
    ) -> None:
        super().__init__()
        self.tuple_patch_size = (patch_size[0], patch_size[1], patch_size[2])
        self.proj = nn.Conv3d(in_channels, embed_dim, kernel_size=self.tuple_patch_size, stride=self.tuple_patch_size)
        self.norm = nn.Identity() if norm_layer is None else norm_layer(embed_dim)

    def forward(self, x: Tensor) -> Tensor:
        x = self.proj(_padded(x, tuple(x.shape[2:]), self.tuple_patch_size, last=0))
        return self.norm(x.permute(0, 2, 3, 4, 1))


class SwinTransformer3d(nn.Module):
    """Stages of blocks whose windows are shifted in every second one, with `downsample_layer` in between.

    Videos (N, 3, T, H, W) to (N, classes).
    """

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
        num_classes: int = 400,
        norm_layer: Layer | None = None,
        block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
        patch_embed: Layer | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        block = block or SwinTransformerBlock
        norm_layer = norm_layer or partial(nn.LayerNorm, eps=1e-5)
        self.patch_embed = (patch_embed or PatchEmbed3d)(
            patch_size=patch_size, embed_dim=embed_dim, norm_layer=norm_layer
        )
        self.pos_drop = nn.Dropout(p=dropout)
        layers: list[nn.Module] = []
        width = add_stages(
            layers, block, downsample_layer, embed_dim, depths, num_heads, stochastic_depth_prob, norm_layer,
            window_size=window_size, mlp_ratio=mlp_ratio, dropout=dropout, attention_dropout=attention_dropout,
            attn_layer=ShiftedWindowAttention3d,
        )  # fmt: skip
        self.features = nn.Sequential(*layers)
        self.num_features = width
        self.norm = norm_layer(width)
        self.avgpool = nn.AdaptiveAvgPool3d(1)
        self.head = nn.Linear(width, num_classes)
        initialize(self, {nn.Linear: drawn(nn.init.trunc_normal_, std=0.02)})

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.features(self.pos_drop(self.patch_embed(x))))
        return self.head(self.avgpool(x.permute(0, 4, 1, 2, 3)).flatten(1))


def _swin3d(sizes: dict[str, Any], **kwargs: Any) -> SwinTransformer3d:
    return SwinTransformer3d([2, 4, 4], window_size=[8, 7, 7], stochastic_depth_prob=0.1, **sizes, **kwargs)


def _row(name: str, embed_dim: int, third_depth: int, first_heads: int):
    sizes = {
        "embed_dim": embed_dim,
        "depths": [2, 2, third_depth, 2],
        "num_heads": [first_heads * 2**i for i in range(4)],
    }
    return declare(name, _swin3d, sizes)


Swin3D_T_Weights, swin3d_t = _row("Swin3D_T", 96, 6, 3)
Swin3D_S_Weights, swin3d_s = _row("Swin3D_S", 96, 18, 3)
Swin3D_B_Weights, swin3d_b = _row("Swin3D_B", 128, 18, 4)
