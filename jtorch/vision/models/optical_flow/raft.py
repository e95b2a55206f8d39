"""RAFT: optical flow refined step by step from the correlation of all pairs of pixels (https://arxiv.org/abs/2003.12039)."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ...ops.misc import Conv2dNormActivation
from .._declare import declare
from .._initialize import he_by_outputs, initialize, ones_and_zeros
from ._utils import grid_sample, make_coords_grid, upsample_flow

__all__ = ["RAFT", "Raft_Large_Weights", "Raft_Small_Weights", "raft_large", "raft_small"]

Layer = Callable[..., nn.Module]


def _downsample(in_channels: int, out_channels: int, norm_layer: Layer | None, stride: int) -> nn.Module:
    return Conv2dNormActivation(
        in_channels, out_channels, 1, stride, norm_layer=norm_layer, bias=True, activation_layer=None
    )


# Convolutions have a bias although a normalization follows: the published weights have them.
class ResidualBlock(nn.Module):
    """Two convolutions of 3 x 3 beside the identity, or a projection where the size changes or `always_project`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        norm_layer: Layer | None,
        stride: int = 1,
        always_project: bool = False,
    ) -> None:
        super().__init__()
        self.convnormrelu1 = Conv2dNormActivation(
            in_channels, out_channels, 3, stride, norm_layer=norm_layer, bias=True
        )
        self.convnormrelu2 = Conv2dNormActivation(out_channels, out_channels, 3, norm_layer=norm_layer, bias=True)
        project = stride != 1 or always_project
        self.downsample = _downsample(in_channels, out_channels, norm_layer, stride) if project else nn.Identity()
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convnormrelu2(self.convnormrelu1(x))
        return self.relu(self.downsample(x) + y)


class BottleneckBlock(nn.Module):
    """A convolution of 3 x 3 between two of 1 x 1 that work on a quarter of the channels, beside the identity or a projection."""

    def __init__(self, in_channels: int, out_channels: int, *, norm_layer: Layer | None, stride: int = 1) -> None:
        super().__init__()
        narrow = out_channels // 4
        self.convnormrelu1 = Conv2dNormActivation(in_channels, narrow, 1, norm_layer=norm_layer, bias=True)
        self.convnormrelu2 = Conv2dNormActivation(narrow, narrow, 3, stride, norm_layer=norm_layer, bias=True)
        self.convnormrelu3 = Conv2dNormActivation(narrow, out_channels, 1, norm_layer=norm_layer, bias=True)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Identity() if stride == 1 else _downsample(in_channels, out_channels, norm_layer, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convnormrelu3(self.convnormrelu2(self.convnormrelu1(x)))
        return self.relu(self.downsample(x) + y)


class FeatureEncoder(nn.Module):
    """A picture's features at an eighth of its resolution: (N, 3, H, W) to (N, layers[-1], H / 8, W / 8)."""

    def __init__(
        self,
        *,
        block: Layer = ResidualBlock,
        layers: tuple[int, ...] = (64, 64, 96, 128, 256),
        strides: tuple[int, ...] = (2, 1, 2, 2),
        norm_layer: Layer | None = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        if len(layers) != 5:
            raise ValueError(f"The expected number of layers is 5, instead got {len(layers)}")

        def stage(number: int) -> nn.Sequential:
            width = layers[number]
            first = block(layers[number - 1], width, norm_layer=norm_layer, stride=strides[number])
            return nn.Sequential(first, block(width, width, norm_layer=norm_layer, stride=1))

        self.convnormrelu = Conv2dNormActivation(3, layers[0], 7, strides[0], norm_layer=norm_layer, bias=True)
        self.layer1 = stage(1)
        self.layer2 = stage(2)
        self.layer3 = stage(3)
        self.conv = nn.Conv2d(layers[3], layers[4], kernel_size=1)
        initialize(self, {nn.Conv2d: he_by_outputs(zero_bias=False), nn.BatchNorm2d: ones_and_zeros})
        self.output_dim = layers[-1]
        self.downsample_factor = 2 ** strides.count(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.layer3(self.layer2(self.layer1(self.convnormrelu(x)))))


class MotionEncoder(nn.Module):
    """Motion features (N, out_channels, H, W), of the flow so far, which is their last two channels, and the correlation there."""

    def __init__(
        self,
        *,
        in_channels_corr: int,
        corr_layers: tuple[int, ...] = (256, 192),
        flow_layers: tuple[int, ...] = (128, 64),
        out_channels: int = 128,
    ) -> None:
        super().__init__()
        if len(flow_layers) != 2:
            raise ValueError(f"The expected number of flow_layers is 2, instead got {len(flow_layers)}")
        if len(corr_layers) not in (1, 2):
            raise ValueError(f"The number of corr_layers should be 1 or 2, instead got {len(corr_layers)}")
        self.convcorr1 = Conv2dNormActivation(in_channels_corr, corr_layers[0], 1, norm_layer=None)
        self.convcorr2: nn.Module = nn.Identity()
        if len(corr_layers) == 2:
            self.convcorr2 = Conv2dNormActivation(*corr_layers, 3, norm_layer=None)
        self.convflow1 = Conv2dNormActivation(2, flow_layers[0], 7, norm_layer=None)
        self.convflow2 = Conv2dNormActivation(flow_layers[0], flow_layers[1], 3, norm_layer=None)
        self.conv = Conv2dNormActivation(corr_layers[-1] + flow_layers[-1], out_channels - 2, 3, norm_layer=None)
        self.out_channels = out_channels

    def forward(self, flow: Tensor, corr_features: Tensor) -> Tensor:
        corr = self.convcorr2(self.convcorr1(corr_features))
        encoded = self.convflow2(self.convflow1(flow))
        return jtorch.cat([self.conv(jtorch.cat([corr, encoded], dim=1)), flow], dim=1)


class ConvGRU(nn.Module):
    """A gated recurrent unit whose matrices are convolutions: eq. 3 to 6 of the paper."""

    def __init__(self, *, input_size: int, hidden_size: int, kernel_size: Any, padding: Any) -> None:
        super().__init__()
        channels = hidden_size + input_size
        self.convz = nn.Conv2d(channels, hidden_size, kernel_size=kernel_size, padding=padding)
        self.convr = nn.Conv2d(channels, hidden_size, kernel_size=kernel_size, padding=padding)
        self.convq = nn.Conv2d(channels, hidden_size, kernel_size=kernel_size, padding=padding)

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        both = jtorch.cat([h, x], dim=1)
        update = jtorch.sigmoid(self.convz(both))
        reset = jtorch.sigmoid(self.convr(both))
        new = jtorch.tanh(self.convq(jtorch.cat([reset * h, x], dim=1)))
        return (1 - update) * h + update * new


def _pass_through_h(h: Tensor, _: Tensor) -> Tensor:
    return h


class RecurrentBlock(nn.Module):
    """One `ConvGRU`, or one for rows and one for columns."""

    def __init__(
        self, *, input_size: int, hidden_size: int, kernel_size: Any = ((1, 5), (5, 1)), padding: Any = ((0, 2), (2, 0))
    ) -> None:
        super().__init__()
        if len(kernel_size) != len(padding):
            raise ValueError(
                "kernel_size should have the same length as padding, instead got "
                f"len(kernel_size) = {len(kernel_size)} and len(padding) = {len(padding)}"
            )
        if len(kernel_size) not in (1, 2):
            raise ValueError(f"kernel_size should either 1 or 2, instead got {len(kernel_size)}")
        units = [
            ConvGRU(input_size=input_size, hidden_size=hidden_size, kernel_size=kernel, padding=border)
            for kernel, border in zip(kernel_size, padding, strict=True)
        ]
        self.convgru1 = units[0]
        self.convgru2 = units[1] if len(units) == 2 else _pass_through_h
        self.hidden_size = hidden_size

    def forward(self, h: Tensor, x: Tensor) -> Tensor:
        return self.convgru2(self.convgru1(h, x), x)


class FlowHead(nn.Module):
    """The change of the flow, from the hidden state."""

    def __init__(self, *, in_channels: int, hidden_size: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, hidden_size, 3, padding=1)
        self.conv2 = nn.Conv2d(hidden_size, 2, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.relu(self.conv1(x)))


class UpdateBlock(nn.Module):
    """One step: the next hidden state, and the change of the flow."""

    def __init__(self, *, motion_encoder: nn.Module, recurrent_block: nn.Module, flow_head: nn.Module) -> None:
        super().__init__()
        self.motion_encoder = motion_encoder
        self.recurrent_block = recurrent_block
        self.flow_head = flow_head
        self.hidden_state_size = recurrent_block.hidden_size

    def forward(
        self, hidden_state: Tensor, context: Tensor, corr_features: Tensor, flow: Tensor
    ) -> tuple[Tensor, Tensor]:
        motion = self.motion_encoder(flow, corr_features)
        hidden_state = self.recurrent_block(hidden_state, jtorch.cat([context, motion], dim=1))
        return hidden_state, self.flow_head(hidden_state)


class MaskPredictor(nn.Module):
    """How each of the 8 x 8 pixels that one becomes is combined from the 9 around it, times `multiplier`."""

    def __init__(self, *, in_channels: int, hidden_size: int, multiplier: float = 0.25) -> None:
        super().__init__()
        self.convrelu = Conv2dNormActivation(in_channels, hidden_size, 3, norm_layer=None)
        self.conv = nn.Conv2d(hidden_size, 8 * 8 * 9, 1, padding=0)
        self.multiplier = multiplier

    def forward(self, x: Tensor) -> Tensor:
        return self.multiplier * self.conv(self.convrelu(x))


@cache
def _neighbours(radius: int) -> np.ndarray:
    """The steps to all pixels at most `radius` away in each direction: (1, 2 * radius + 1, 2 * radius + 1, 2)."""
    steps = np.arange(-radius, radius + 1, dtype=np.float32)
    return np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1)[None]


class CorrBlock(nn.Module):
    """The correlation of each pixel with all of the other picture, at `num_levels` resolutions, and a look-up within `radius`.

    Section 3.2 of the paper, whose neighbourhood is a square: its norm is the largest coordinate, as in the authors' code.
    """

    def __init__(self, *, num_levels: int = 4, radius: int = 4) -> None:
        super().__init__()
        self.num_levels = num_levels
        self.radius = radius
        self.corr_pyramid: list[Tensor] = []
        self.out_channels = num_levels * (2 * radius + 1) ** 2

    def build_pyramid(self, fmap1: Tensor, fmap2: Tensor) -> None:
        """Correlate two feature maps, and pool the pixels of the second."""
        if fmap1.shape != fmap2.shape:
            raise ValueError(
                "Input feature maps should have the same shape, "
                f"instead got {fmap1.shape} (fmap1.shape) != {fmap2.shape} (fmap2.shape)"
            )
        # The coarsest level needs two pixels: coordinates are divided by their number less one.
        smallest = 2 * 2 ** (self.num_levels - 1)
        if min(fmap1.shape[-2:]) < smallest:
            raise ValueError(
                "Feature maps are too small to be down-sampled by the correlation pyramid. "
                f"H and W of feature maps should be at least {smallest}; got: {fmap1.shape[-2:]}. "
                "Remember that input images to the model are downsampled by 8, so that means their "
                f"dimensions should be at least 8 * {smallest} = {8 * smallest}."
            )
        n, channels, height, width = fmap1.shape
        volume = jtorch.matmul(fmap1.flatten(2).transpose(1, 2), fmap2.flatten(2)) / np.float32(channels**0.5)
        level = volume.reshape(n * height * width, 1, height, width)
        self.corr_pyramid = [level]
        for _ in range(self.num_levels - 1):
            level = F.avg_pool2d(level, kernel_size=2, stride=2)
            self.corr_pyramid.append(level)

    def index_pyramid(self, centroids_coords: Tensor) -> Tensor:
        """The correlation around the given pixels (N, 2, H, W) of the other picture: (N, out_channels, H, W)."""
        n, _, height, width = centroids_coords.shape
        steps = jtorch.from_numpy(_neighbours(self.radius)).to(centroids_coords.device)
        centres = centroids_coords.permute(0, 2, 3, 1).reshape(n * height * width, 1, 1, 2)
        found = []
        for level in self.corr_pyramid:
            values = grid_sample(level, centres + steps, align_corners=True, mode="bilinear")
            found.append(values.view(n, height, width, -1))
            centres = centres / 2
        features = jtorch.cat(found, dim=-1).permute(0, 3, 1, 2).contiguous()
        expected = (n, self.out_channels, height, width)
        if features.shape != expected:
            raise ValueError(f"Output shape of index pyramid is incorrect. Should be {expected}, got {features.shape}")
        return features


class RAFT(nn.Module):
    """From two pictures (N, 3, H, W), with H and W divisible by 8, `num_flow_updates` flows (N, 2, H, W), each better than the last.

    A flow is each pixel's movement to the right and down, in pixels. The parts can be replaced by modules with the same
    methods; without a `mask_predictor` flows are interpolated.
    """

    def __init__(
        self,
        *,
        feature_encoder: nn.Module,
        context_encoder: nn.Module,
        corr_block: nn.Module,
        update_block: nn.Module,
        mask_predictor: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.feature_encoder = feature_encoder
        self.context_encoder = context_encoder
        self.corr_block = corr_block
        self.update_block = update_block
        self.mask_predictor = mask_predictor
        if not hasattr(self.update_block, "hidden_state_size"):
            raise ValueError("The update_block parameter should expose a 'hidden_state_size' attribute.")

    def forward(self, image1: Tensor, image2: Tensor, num_flow_updates: int = 12) -> list[Tensor]:
        n, _, h, w = image1.shape
        if (h, w) != image2.shape[-2:]:
            raise ValueError(f"input images should have the same shape, instead got ({h}, {w}) != {image2.shape[-2:]}")
        if h % 8 or w % 8:
            raise ValueError(f"input image H and W should be divisible by 8, instead got {h} (h) and {w} (w)")
        small = (h // 8, w // 8)

        features1, features2 = self.feature_encoder(jtorch.cat([image1, image2], dim=0)).chunk(2, dim=0)
        if features1.shape[-2:] != small:
            raise ValueError("The feature encoder should downsample H and W by 8")
        self.corr_block.build_pyramid(features1, features2)
        hidden_state, context = self._contexts(image1, small)

        origin = make_coords_grid(n, *small).to(features1.device)
        target = origin
        flows = []
        for _ in range(num_flow_updates):
            target = target.detach()  # section 3.3: the gradient goes through the change alone
            correlation = self.corr_block.index_pyramid(centroids_coords=target)
            hidden_state, change = self.update_block(hidden_state, context, correlation, target - origin)
            target = target + change
            mask = None if self.mask_predictor is None else self.mask_predictor(hidden_state)
            flows.append(upsample_flow(flow=target - origin, up_mask=mask))
        return flows

    def _contexts(self, image: Tensor, small: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """The first hidden state, and what every step sees of the first picture."""
        output = self.context_encoder(image)
        if output.shape[-2:] != small:
            raise ValueError("The context encoder should downsample H and W by 8")
        hidden = self.update_block.hidden_state_size
        rest = output.shape[1] - hidden
        if rest <= 0:
            raise ValueError(
                f"The context encoder outputs {output.shape[1]} channels, "
                f"but it should have at strictly more than hidden_state={hidden} channels"
            )
        hidden_state, context = output.split([hidden, rest], dim=1)
        return jtorch.tanh(hidden_state), F.relu(context)


def _raft(
    encoder: dict[str, Any],
    context: dict[str, Any],
    radius: int,
    motion: dict[str, Any],
    recurrent: dict[str, Any],
    flow_hidden: int,
    has_mask: bool,
    **parts: nn.Module,
) -> RAFT:
    """The model of these sizes; `parts` are there instead of what would be made."""
    feature_encoder = parts.pop("feature_encoder", None) or FeatureEncoder(**encoder)
    context_encoder = parts.pop("context_encoder", None) or FeatureEncoder(**context)
    corr_block = parts.pop("corr_block", None) or CorrBlock(num_levels=4, radius=radius)
    hidden = recurrent["hidden_size"]
    update_block = parts.pop("update_block", None)
    if update_block is None:
        motion_encoder = MotionEncoder(in_channels_corr=corr_block.out_channels, **motion)
        seen = motion_encoder.out_channels + context["layers"][-1] - hidden
        update_block = UpdateBlock(
            motion_encoder=motion_encoder,
            recurrent_block=RecurrentBlock(input_size=seen, **recurrent),
            flow_head=FlowHead(in_channels=hidden, hidden_size=flow_hidden),
        )
    mask_predictor = parts.pop("mask_predictor", None)
    if mask_predictor is None and has_mask:
        mask_predictor = MaskPredictor(in_channels=hidden, hidden_size=256)
    return RAFT(
        feature_encoder=feature_encoder,
        context_encoder=context_encoder,
        corr_block=corr_block,
        update_block=update_block,
        mask_predictor=mask_predictor,
        **parts,
    )


Raft_Large_Weights, raft_large = declare(
    "Raft_Large",
    _raft,
    {"norm_layer": nn.InstanceNorm2d},
    {"layers": (64, 64, 96, 128, 256)},
    4,
    {},
    {"hidden_size": 128},
    256,
    True,
)
Raft_Small_Weights, raft_small = declare(
    "Raft_Small",
    _raft,
    {"block": BottleneckBlock, "layers": (32, 32, 64, 96, 128), "norm_layer": nn.InstanceNorm2d},
    {"block": BottleneckBlock, "layers": (32, 32, 64, 96, 160), "norm_layer": None},
    3,
    {"corr_layers": (96,), "flow_layers": (64, 32), "out_channels": 82},
    {"hidden_size": 96, "kernel_size": (3,), "padding": (1,)},
    128,
    False,
)
