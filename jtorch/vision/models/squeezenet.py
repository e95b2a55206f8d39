"""SqueezeNet: few channels before each convolution of 3 x 3 (Iandola et al. 2016, https://arxiv.org/abs/1602.07360)."""

from functools import partial

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from ._declare import declare

__all__ = ["SqueezeNet", "SqueezeNet1_0_Weights", "SqueezeNet1_1_Weights", "squeezenet1_0", "squeezenet1_1"]


class Fire(nn.Module):
    """Squeeze by 1 x 1, then widen by 1 x 1 and by 3 x 3 side by side."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        return jtorch.cat(
            [self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1
        )


# Kernel and width of the first convolution; then Fire modules as (inputs, squeezed, each half), None for a pooling.
_VERSIONS = {
    "1_0": (7, 96, (None, (96, 16, 64), (128, 16, 64), (128, 32, 128), None, (256, 32, 128), (256, 48, 192), (384, 48, 192), (384, 64, 256), None, (512, 64, 256))),
    "1_1": (3, 64, (None, (64, 16, 64), (128, 16, 64), None, (128, 32, 128), (256, 32, 128), None, (256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256))),
}  # fmt: skip


class SqueezeNet(nn.Module):
    """Fire modules, then a convolution whose channels are the classes, for pictures of 21 x 21 (1_0) or 17 x 17 (1_1) or more."""

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        if version not in _VERSIONS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        kernel, width, rows = _VERSIONS[version]
        pool = partial(nn.MaxPool2d, kernel_size=3, stride=2, ceil_mode=True)
        self.num_classes = num_classes
        self.features = nn.Sequential(
            nn.Conv2d(3, width, kernel_size=kernel, stride=2),
            nn.ReLU(inplace=True),
            *(pool() if row is None else Fire(*row, row[-1]) for row in rows),
        )
        last = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), last, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is last:
                    nn.init.normal_(module.weight, std=0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        return jtorch.flatten(self.classifier(self.features(x)), 1)


SqueezeNet1_0_Weights, squeezenet1_0 = declare("SqueezeNet1_0", SqueezeNet, "1_0")
SqueezeNet1_1_Weights, squeezenet1_1 = declare("SqueezeNet1_1", SqueezeNet, "1_1")
