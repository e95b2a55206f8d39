"""VGG (Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556), plain and with batch normalization."""

from typing import Any

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ._declare import declare
from ._initialize import drawn, he_by_outputs, initialize, ones_and_zeros

__all__ = [
    "VGG",
    "VGG11_BN_Weights",
    "VGG11_Weights",
    "VGG13_BN_Weights",
    "VGG13_Weights",
    "VGG16_BN_Weights",
    "VGG16_Weights",
    "VGG19_BN_Weights",
    "VGG19_Weights",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]


class VGG(nn.Module):
    """Convolutions of 3 x 3 (`features`), then three linear layers, for pictures of 32 x 32 or more."""

    def __init__(
        self, features: nn.Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            rules = {
                nn.Conv2d: he_by_outputs(),
                nn.BatchNorm2d: ones_and_zeros,
                nn.Linear: drawn(nn.init.normal_, std=0.01),
            }
            initialize(self, rules)

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(jtorch.flatten(x, 1))


# The columns of the paper's table 1: widths of the convolutions, "M" for a pooling.
cfgs: dict[str, list[str | int]] = {
    letter: [
        entry
        for width, repeats in zip((64, 128, 256, 512, 512), counts, strict=True)
        for entry in [width] * repeats + ["M"]
    ]
    for letter, counts in {
        "A": (1, 1, 2, 2, 2),
        "B": (2, 2, 2, 2, 2),
        "D": (2, 2, 3, 3, 3),
        "E": (2, 2, 4, 4, 4),
    }.items()
}


def make_layers(cfg: list[str | int], batch_norm: bool = False) -> nn.Sequential:
    """The convolutions of a column of the paper's table."""
    layers: list[nn.Module] = []
    channels = 3
    for entry in cfg:
        if entry == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        width = int(entry)
        layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
        if batch_norm:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU(inplace=True))
        channels = width
    return nn.Sequential(*layers)


def _vgg(cfg: str, batch_norm: bool, **kwargs: Any) -> VGG:
    return VGG(make_layers(cfgs[cfg], batch_norm), **kwargs)


def _row(name: str, cfg: str, batch_norm: bool):
    return declare(name, _vgg, cfg, batch_norm, overridden={"init_weights": False})


VGG11_Weights, vgg11 = _row("VGG11", "A", False)
VGG11_BN_Weights, vgg11_bn = _row("VGG11_BN", "A", True)
VGG13_Weights, vgg13 = _row("VGG13", "B", False)
VGG13_BN_Weights, vgg13_bn = _row("VGG13_BN", "B", True)
VGG16_Weights, vgg16 = _row("VGG16", "D", False)
VGG16_BN_Weights, vgg16_bn = _row("VGG16_BN", "D", True)
VGG19_Weights, vgg19 = _row("VGG19", "E", False)
VGG19_BN_Weights, vgg19_bn = _row("VGG19_BN", "E", True)
