"""Inception V3 (Szegedy et al. 2016, https://arxiv.org/abs/1512.00567)."""

import warnings
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from ._api import WeightsEnum
from ._declare import builder, load, weights_enum
from ._initialize import ones_and_zeros
from ._utils import _ovewrite_named_param

__all__ = ["Inception3", "InceptionOutputs", "Inception_V3_Weights", "_InceptionOutputs", "inception_v3"]

Layer = Callable[..., nn.Module]

InceptionOutputs = namedtuple("InceptionOutputs", ["logits", "aux_logits"])
InceptionOutputs.__annotations__ = {"logits": Tensor, "aux_logits": Tensor | None}
_InceptionOutputs = InceptionOutputs


def renormalized(x: Tensor) -> Tensor:
    """From ImageNet's mean and deviation of each colour to 0.5 and 0.5, with which the weights were trained."""
    statistics = ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))
    channels = [
        jtorch.unsqueeze(x[:, i], 1) * (std / 0.5) + (mean - 0.5) / 0.5 for i, (mean, std) in enumerate(statistics)
    ]
    return jtorch.cat(channels, 1)


def initial_choice(init_weights: bool | None, model: str) -> bool:
    """Whether to draw truncated normals, which None still means."""
    if init_weights is None:
        warnings.warn(
            f"The default weight initialization of {model} will be changed in future releases of torchvision. If you "
            "wish to keep the old behavior (which leads to long initialization times due to scipy/scipy#11299), "
            "please set init_weights=True.",
            FutureWarning,
            stacklevel=3,
        )
    return True if init_weights is None else init_weights


def draw_truncated(model: nn.Module, std_of: Callable[[nn.Module], float]) -> None:
    """Truncated normals for convolutions and linear layers; their biases stay as they are."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(module.weight, mean=0.0, std=std_of(module), a=-2, b=2)
        elif isinstance(module, nn.BatchNorm2d):
            ones_and_zeros(module)


def prescribe(kwargs: dict[str, Any], weights: WeightsEnum) -> None:
    """The arguments of a network with auxiliary classifiers that published weights fit."""
    kwargs.setdefault("transform_input", True)
    for name, value in (
        ("aux_logits", True),
        ("init_weights", False),
        ("num_classes", len(weights.meta["categories"])),
    ):
        _ovewrite_named_param(kwargs, name, value)


class BasicConv2d(nn.Module):
    """A convolution without bias, normalization, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


class _Mixed(nn.Module):
    """Branches side by side, whose outputs are joined."""

    def _chain(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = getattr(self, name)(x)
        return x

    def _forward(self, x: Tensor) -> list[Tensor]:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        return jtorch.cat(self._forward(x), 1)


def _average(x: Tensor) -> Tensor:
    return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)


class InceptionA(_Mixed):
    """Figure 5 of the paper."""

    def __init__(self, in_channels: int, pool_features: int, conv_block: Layer | None = None) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch1x1 = conv(in_channels, 64, kernel_size=1)
        self.branch5x5_1 = conv(in_channels, 48, kernel_size=1)
        self.branch5x5_2 = conv(48, 64, kernel_size=5, padding=2)
        self.branch3x3dbl_1 = conv(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = conv(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = conv(96, 96, kernel_size=3, padding=1)
        self.branch_pool = conv(in_channels, pool_features, kernel_size=1)

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [
            self.branch1x1(x),
            self._chain(x, "branch5x5_1", "branch5x5_2"),
            self._chain(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            self.branch_pool(_average(x)),
        ]


class InceptionB(_Mixed):
    """The reduction from 35 x 35 to 17 x 17: figure 10."""

    def __init__(self, in_channels: int, conv_block: Layer | None = None) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch3x3 = conv(in_channels, 384, kernel_size=3, stride=2)
        self.branch3x3dbl_1 = conv(in_channels, 64, kernel_size=1)
        self.branch3x3dbl_2 = conv(64, 96, kernel_size=3, padding=1)
        self.branch3x3dbl_3 = conv(96, 96, kernel_size=3, stride=2)

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [
            self.branch3x3(x),
            self._chain(x, "branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"),
            F.max_pool2d(x, kernel_size=3, stride=2),
        ]


class InceptionC(_Mixed):
    """Figure 6: convolutions of 7 x 7, factorized."""

    def __init__(self, in_channels: int, channels_7x7: int, conv_block: Layer | None = None) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        wide = partial(conv, kernel_size=(1, 7), padding=(0, 3))
        tall = partial(conv, kernel_size=(7, 1), padding=(3, 0))
        width = channels_7x7
        self.branch1x1 = conv(in_channels, 192, kernel_size=1)
        self.branch7x7_1 = conv(in_channels, width, kernel_size=1)
        self.branch7x7_2 = wide(width, width)
        self.branch7x7_3 = tall(width, 192)
        self.branch7x7dbl_1 = conv(in_channels, width, kernel_size=1)
        self.branch7x7dbl_2 = tall(width, width)
        self.branch7x7dbl_3 = wide(width, width)
        self.branch7x7dbl_4 = tall(width, width)
        self.branch7x7dbl_5 = wide(width, 192)
        self.branch_pool = conv(in_channels, 192, kernel_size=1)

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [
            self.branch1x1(x),
            self._chain(x, "branch7x7_1", "branch7x7_2", "branch7x7_3"),
            self._chain(x, *(f"branch7x7dbl_{i}" for i in range(1, 6))),
            self.branch_pool(_average(x)),
        ]


class InceptionD(_Mixed):
    """The reduction from 17 x 17 to 8 x 8."""

    def __init__(self, in_channels: int, conv_block: Layer | None = None) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.branch3x3_1 = conv(in_channels, 192, kernel_size=1)
        self.branch3x3_2 = conv(192, 320, kernel_size=3, stride=2)
        self.branch7x7x3_1 = conv(in_channels, 192, kernel_size=1)
        self.branch7x7x3_2 = conv(192, 192, kernel_size=(1, 7), padding=(0, 3))
        self.branch7x7x3_3 = conv(192, 192, kernel_size=(7, 1), padding=(3, 0))
        self.branch7x7x3_4 = conv(192, 192, kernel_size=3, stride=2)

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [
            self._chain(x, "branch3x3_1", "branch3x3_2"),
            self._chain(x, *(f"branch7x7x3_{i}" for i in range(1, 5))),
            F.max_pool2d(x, kernel_size=3, stride=2),
        ]


class InceptionE(_Mixed):
    """Figure 7: branches that fork once more."""

    def __init__(self, in_channels: int, conv_block: Layer | None = None) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        wide = partial(conv, kernel_size=(1, 3), padding=(0, 1))
        tall = partial(conv, kernel_size=(3, 1), padding=(1, 0))
        self.branch1x1 = conv(in_channels, 320, kernel_size=1)
        self.branch3x3_1 = conv(in_channels, 384, kernel_size=1)
        self.branch3x3_2a = wide(384, 384)
        self.branch3x3_2b = tall(384, 384)
        self.branch3x3dbl_1 = conv(in_channels, 448, kernel_size=1)
        self.branch3x3dbl_2 = conv(448, 384, kernel_size=3, padding=1)
        self.branch3x3dbl_3a = wide(384, 384)
        self.branch3x3dbl_3b = tall(384, 384)
        self.branch_pool = conv(in_channels, 192, kernel_size=1)

    def _forward(self, x: Tensor) -> list[Tensor]:
        branch1x1 = self.branch1x1(x)
        single = self.branch3x3_1(x)
        single = jtorch.cat([self.branch3x3_2a(single), self.branch3x3_2b(single)], 1)
        double = self._chain(x, "branch3x3dbl_1", "branch3x3dbl_2")
        double = jtorch.cat([self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)], 1)
        return [branch1x1, single, double, self.branch_pool(_average(x))]


class InceptionAux(nn.Module):
    """The auxiliary classifier, which is trained along."""

    def __init__(self, in_channels: int, num_classes: int, conv_block: Layer | None = None) -> None:
        super().__init__()
        conv = conv_block or BasicConv2d
        self.conv0 = conv(in_channels, 128, kernel_size=1)
        self.conv1 = conv(128, 768, kernel_size=5)
        self.conv1.stddev = 0.01
        self.fc = nn.Linear(768, num_classes)
        self.fc.stddev = 0.001

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(self.conv0(F.avg_pool2d(x, kernel_size=5, stride=3)))
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.fc(jtorch.flatten(x, 1))


class Inception3(nn.Module):
    """For pictures of 75 x 75 or more; trained on 299 x 299.

    In training it returns `InceptionOutputs(logits, aux_logits)`, unless `aux_logits=False`. `transform_input` takes
    pictures with ImageNet's normalization.
    """

    image_size = 299

    def __init__(
        self,
        num_classes: int = 1000,
        aux_logits: bool = True,
        transform_input: bool = False,
        inception_blocks: Sequence[Layer] | None = None,
        init_weights: bool | None = None,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        blocks = inception_blocks
        if blocks is None:
            blocks = (BasicConv2d, InceptionA, InceptionB, InceptionC, InceptionD, InceptionE, InceptionAux)
        init_weights = initial_choice(init_weights, "inception_v3")
        if len(blocks) != 7:
            raise ValueError(f"length of inception_blocks should be 7 instead of {len(blocks)}")
        conv, a, b, c, d, e, aux = blocks
        self.aux_logits = aux_logits
        self.transform_input = transform_input
        self.Conv2d_1a_3x3 = conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = conv(32, 64, kernel_size=3, padding=1)
        self.maxpool1 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Conv2d_3b_1x1 = conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = conv(80, 192, kernel_size=3)
        self.maxpool2 = nn.MaxPool2d(kernel_size=3, stride=2)
        self.Mixed_5b = a(192, pool_features=32)
        self.Mixed_5c = a(256, pool_features=64)
        self.Mixed_5d = a(288, pool_features=64)
        self.Mixed_6a = b(288)
        self.Mixed_6b = c(768, channels_7x7=128)
        self.Mixed_6c = c(768, channels_7x7=160)
        self.Mixed_6d = c(768, channels_7x7=160)
        self.Mixed_6e = c(768, channels_7x7=192)
        self.AuxLogits: nn.Module | None = aux(768, num_classes) if aux_logits else None
        self.Mixed_7a = d(768)
        self.Mixed_7b = e(1280)
        self.Mixed_7c = e(2048)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.dropout = nn.Dropout(p=dropout)
        self.fc = nn.Linear(2048, num_classes)
        if init_weights:
            draw_truncated(self, lambda module: float(getattr(module, "stddev", 0.1)))

    def _forward(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(self.maxpool2(x))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        aux = self.AuxLogits(x) if self.AuxLogits is not None and self.training else None
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        x = jtorch.flatten(self.dropout(self.avgpool(x)), 1)
        return self.fc(x), aux

    def forward(self, x: Tensor) -> Tensor | InceptionOutputs:
        logits, aux = self._forward(renormalized(x) if self.transform_input else x)
        return InceptionOutputs(logits, aux) if self.training and self.aux_logits else logits


Inception_V3_Weights = weights_enum("Inception_V3_Weights", __name__)


@builder(Inception_V3_Weights, __name__)
def inception_v3(weights: WeightsEnum | None, progress: bool, **kwargs: Any) -> Inception3:
    if weights is None:
        return Inception3(**kwargs)
    prescribe(kwargs, weights)
    model = Inception3(**kwargs)
    load(model, weights, progress)
    return model
