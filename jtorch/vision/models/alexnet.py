"""AlexNet, in the version of Krizhevsky 2014 (https://arxiv.org/abs/1404.5997)."""

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ._declare import declare

__all__ = ["AlexNet", "AlexNet_Weights", "alexnet"]

# (channels, kernel, stride, padding) of convolutions, None for a pooling.
_FEATURES = ((64, 11, 4, 2), None, (192, 5, 1, 2), None, (384, 3, 1, 1), (256, 3, 1, 1), (256, 3, 1, 1), None)


def _features() -> nn.Sequential:
    layers: list[nn.Module] = []
    channels = 3
    for row in _FEATURES:
        if row is None:
            layers.append(nn.MaxPool2d(kernel_size=3, stride=2))
        else:
            width, kernel, stride, padding = row
            layers += [nn.Conv2d(channels, width, kernel, stride, padding), nn.ReLU(inplace=True)]
            channels = width
    return nn.Sequential(*layers)


class AlexNet(nn.Module):
    """Five convolutions and three linear layers, for pictures of 63 x 63 or more."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = _features()
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.avgpool(self.features(x))
        return self.classifier(jtorch.flatten(x, 1))


AlexNet_Weights, alexnet = declare("AlexNet", AlexNet)
