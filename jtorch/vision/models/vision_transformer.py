"""Vision Transformer: a picture as a sequence of patches (Dosovitskiy et al. 2021, https://arxiv.org/abs/2010.11929)."""

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ..ops.misc import MLP, Conv2dNormActivation
from ._api import WeightsEnum
from ._declare import declare
from ._initialize import initialize, truncated_by_inputs, xavier_linear

__all__ = [
    "ViT_B_16_Weights",
    "ViT_B_32_Weights",
    "ViT_H_14_Weights",
    "ViT_L_16_Weights",
    "ViT_L_32_Weights",
    "VisionTransformer",
    "vit_b_16",
    "vit_b_32",
    "vit_h_14",
    "vit_l_16",
    "vit_l_32",
]

Layer = Callable[..., nn.Module]
_LAYER_NORM = partial(nn.LayerNorm, eps=1e-6)


class ConvStemConfig(NamedTuple):
    """A convolution before the patches, as in https://arxiv.org/abs/2106.14881."""

    out_channels: int
    kernel_size: int
    stride: int
    norm_layer: Layer = nn.BatchNorm2d
    activation_layer: Layer = nn.ReLU


class MLPBlock(MLP):
    """The feed-forward part of a block."""

    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float) -> None:
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, dropout=dropout)
        initialize(self, {nn.Linear: xavier_linear})

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, *args):
        # Version 1 had the linear layers as linear_1 and linear_2; today they are 0 and 3 of a Sequential.
        if local_metadata.get("version", None) is None or local_metadata["version"] < 2:
            for older, index in (("linear_1", 0), ("linear_2", 3)):
                for kind in ("weight", "bias"):
                    if f"{prefix}{older}.{kind}" in state_dict:
                        state_dict[f"{prefix}{index}.{kind}"] = state_dict.pop(f"{prefix}{older}.{kind}")
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *args)


def _check_sequence(input: Tensor) -> None:
    if input.dim() != 3:
        raise AssertionError(f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}")


class EncoderBlock(nn.Module):
    """Attention and MLP, each after its normalization and beside the identity."""

    def __init__(
        self,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Layer = _LAYER_NORM,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, dropout=attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Tensor) -> Tensor:
        _check_sequence(input)
        x = self.ln_1(input)
        x, _ = self.self_attention(x, x, x, need_weights=False)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Learned positions, then `num_layers` blocks, then a normalization."""

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Layer = _LAYER_NORM,
    ) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(jtorch.empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        block = partial(EncoderBlock, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer)
        self.layers = nn.Sequential(OrderedDict((f"encoder_layer_{i}", block()) for i in range(num_layers)))
        self.ln = norm_layer(hidden_dim)

    def forward(self, input: Tensor) -> Tensor:
        _check_sequence(input)
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """For pictures of exactly `image_size` x `image_size`; the class is read at a token put before the patches."""

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        norm_layer: Layer = _LAYER_NORM,
        conv_stem_configs: list[ConvStemConfig] | None = None,
    ) -> None:
        super().__init__()
        if image_size % patch_size != 0:
            raise AssertionError("Input shape indivisible by patch size!")
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_dim = hidden_dim
        self.mlp_dim = mlp_dim
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.num_classes = num_classes
        self.representation_size = representation_size
        self.norm_layer = norm_layer

        if conv_stem_configs is None:
            self.conv_proj: nn.Module = nn.Conv2d(3, hidden_dim, kernel_size=patch_size, stride=patch_size)
        else:
            self.conv_proj = _conv_stem(conv_stem_configs, hidden_dim)
        self.class_token = nn.Parameter(jtorch.zeros(1, 1, hidden_dim))
        self.seq_length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(
            self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
        )
        if representation_size is None:
            heads = OrderedDict(head=nn.Linear(hidden_dim, num_classes))
        else:
            heads = OrderedDict(
                pre_logits=nn.Linear(hidden_dim, representation_size),
                act=nn.Tanh(),
                head=nn.Linear(representation_size, num_classes),
            )
        self.heads = nn.Sequential(heads)
        self._initialize()

    def _initialize(self) -> None:
        if isinstance(self.conv_proj, nn.Conv2d):
            patches = self.conv_proj
            fan_in = patches.in_channels * patches.kernel_size[0] * patches.kernel_size[1]
            nn.init.trunc_normal_(patches.weight, std=truncated_by_inputs(fan_in))
        else:
            patches = self.conv_proj.conv_last
            nn.init.normal_(patches.weight, std=math.sqrt(2.0 / patches.out_channels))
        if patches.bias is not None:
            nn.init.zeros_(patches.bias)
        if self.representation_size is not None:
            hidden = self.heads.pre_logits
            nn.init.trunc_normal_(hidden.weight, std=truncated_by_inputs(hidden.in_features))
            nn.init.zeros_(hidden.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def _process_input(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, patches, hidden_dim)."""
        n, _, height, width = x.shape
        for name, size in (("height", height), ("width", width)):
            if size != self.image_size:
                raise AssertionError(f"Wrong image {name}! Expected {self.image_size} but got {size}!")
        return self.conv_proj(x).reshape(n, self.hidden_dim, -1).permute(0, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self._process_input(x)
        x = jtorch.cat([self.class_token.expand(x.shape[0], -1, -1), x], dim=1)
        x = self.encoder(x)
        return self.heads(x[:, 0])


def _conv_stem(configs: list[ConvStemConfig], hidden_dim: int) -> nn.Sequential:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 3
    for i, config in enumerate(configs):
        layers[f"conv_bn_relu_{i}"] = Conv2dNormActivation(
            channels,
            config.out_channels,
            kernel_size=config.kernel_size,
            stride=config.stride,
            norm_layer=config.norm_layer,
            activation_layer=config.activation_layer,
        )
        channels = config.out_channels
    layers["conv_last"] = nn.Conv2d(channels, hidden_dim, kernel_size=1)
    return nn.Sequential(layers)


def _image_size(weights: WeightsEnum) -> dict[str, Any]:
    """The positions were learned for pictures of one size."""
    return {"image_size": weights.meta["min_size"][0]}


def _row(name: str, patch_size: int, num_layers: int, num_heads: int, hidden_dim: int):
    sizes = {
        "patch_size": patch_size,
        "num_layers": num_layers,
        "num_heads": num_heads,
        "hidden_dim": hidden_dim,
        "mlp_dim": 4 * hidden_dim,
    }
    return declare(name, partial(_vit, sizes), defaults={"image_size": 224}, prescribed=_image_size)


def _vit(sizes: dict[str, int], **kwargs: Any) -> VisionTransformer:
    return VisionTransformer(**sizes, **kwargs)


ViT_B_16_Weights, vit_b_16 = _row("ViT_B_16", 16, 12, 12, 768)
ViT_B_32_Weights, vit_b_32 = _row("ViT_B_32", 32, 12, 12, 768)
ViT_L_16_Weights, vit_l_16 = _row("ViT_L_16", 16, 24, 16, 1024)
ViT_L_32_Weights, vit_l_32 = _row("ViT_L_32", 32, 24, 16, 1024)
ViT_H_14_Weights, vit_h_14 = _row("ViT_H_14", 14, 32, 16, 1280)


def interpolate_embeddings(
    image_size: int,
    patch_size: int,
    model_state: "OrderedDict[str, Tensor]",
    interpolation_mode: str = "bicubic",
    reset_heads: bool = False,
) -> "OrderedDict[str, Tensor]":
    """A state for pictures of another size: the learned positions, taken as a picture, are resized.

    With `reset_heads` the state returned lacks the classifier, if there was something to resize. `model_state` itself
    gets the new positions.
    """
    embedding = model_state["encoder.pos_embedding"]
    n, seq_length, hidden_dim = embedding.shape
    if n != 1:
        raise ValueError(f"Unexpected position embedding shape: {embedding.shape}")
    side = image_size // patch_size
    if side**2 + 1 == seq_length:
        return model_state
    old_length = seq_length - 1
    old_side = math.isqrt(old_length)
    if old_side**2 != old_length:
        raise ValueError(
            "seq_length is not a perfect square! Instead got seq_length_1d * seq_length_1d = "
            f"{old_side**2} and seq_length = {old_length}"
        )
    token, patches = embedding[:, :1, :], embedding[:, 1:, :]
    picture = patches.permute(0, 2, 1).reshape(1, hidden_dim, old_side, old_side)
    picture = nn.functional.interpolate(picture, size=side, mode=interpolation_mode, align_corners=True)
    patches = picture.reshape(1, hidden_dim, side**2).permute(0, 2, 1)
    model_state["encoder.pos_embedding"] = jtorch.cat([token, patches], dim=1)
    if reset_heads:
        return OrderedDict((name, value) for name, value in model_state.items() if not name.startswith("heads"))
    return model_state
