"""ResNets for videos, by how they convolve over time (Tran et al. 2018, https://arxiv.org/abs/1711.11248)."""

from collections.abc import Callable, Sequence

from jtorch import nn
from jtorch.tensor import Tensor

from .._declare import declare
from .._initialize import drawn, he_by_outputs, initialize, ones_and_zeros

__all__ = [
    "MC3_18_Weights",
    "R2Plus1D_18_Weights",
    "R3D_18_Weights",
    "VideoResNet",
    "mc3_18",
    "r2plus1d_18",
    "r3d_18",
]


class Conv3DSimple(nn.Conv3d):
    """A convolution of 3 x 3 x 3."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int | None = None, stride: int = 1, padding: int = 1
    ) -> None:
        super().__init__(in_planes, out_planes, (3, 3, 3), stride=stride, padding=padding, bias=False)

    @staticmethod
    def get_downsample_stride(stride: int) -> tuple[int, int, int]:
        return stride, stride, stride


def _in_space(in_planes: int, out_planes: int, stride: int, padding: int, size: int = 3) -> dict:
    return {
        "in_channels": in_planes,
        "out_channels": out_planes,
        "kernel_size": (1, size, size),
        "stride": (1, stride, stride),
        "padding": (0, padding, padding),
        "bias": False,
    }


def _in_time(in_planes: int, out_planes: int, stride: int, padding: int) -> nn.Conv3d:
    return nn.Conv3d(in_planes, out_planes, (3, 1, 1), stride=(stride, 1, 1), padding=(padding, 0, 0), bias=False)


def _normalized(planes: int, activation: bool = True) -> list[nn.Module]:
    return [nn.BatchNorm3d(planes), nn.ReLU(inplace=True)] if activation else [nn.BatchNorm3d(planes)]


class Conv2Plus1D(nn.Sequential):
    """A convolution in space, then one in time."""

    def __init__(self, in_planes: int, out_planes: int, midplanes: int, stride: int = 1, padding: int = 1) -> None:
        super().__init__(
            nn.Conv3d(**_in_space(in_planes, midplanes, stride, padding)),
            *_normalized(midplanes),
            _in_time(midplanes, out_planes, stride, padding),
        )

    @staticmethod
    def get_downsample_stride(stride: int) -> tuple[int, int, int]:
        return stride, stride, stride


class Conv3DNoTemporal(nn.Conv3d):
    """A convolution in space alone."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int | None = None, stride: int = 1, padding: int = 1
    ) -> None:
        super().__init__(**_in_space(in_planes, out_planes, stride, padding))

    @staticmethod
    def get_downsample_stride(stride: int) -> tuple[int, int, int]:
        return 1, stride, stride


def _between(inplanes: int, planes: int) -> int:
    """Channels between the two convolutions that give them the weights of one of 3 x 3 x 3 (section 3.5 of the paper)."""
    return (inplanes * planes * 3 * 3 * 3) // (inplanes * 3 * 3 + 3 * planes)


class BasicBlock(nn.Module):
    """Two convolutions beside the identity or `downsample`."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        conv_builder: Callable[..., nn.Module],
        stride: int = 1,
        downsample: nn.Module | None = None,
    ) -> None:
        super().__init__()
        width = _between(inplanes, planes)
        self.conv1 = nn.Sequential(conv_builder(inplanes, planes, width, stride), *_normalized(planes))
        self.conv2 = nn.Sequential(conv_builder(planes, planes, width), *_normalized(planes, activation=False))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv2(self.conv1(x))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class Bottleneck(nn.Module):
    """A convolution in space and time between two of 1 x 1 x 1, beside the identity or `downsample`."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        conv_builder: Callable[..., nn.Module],
        stride: int = 1,
        downsample: nn.Module | None = None,
    ) -> None:
        super().__init__()
        width = _between(inplanes, planes)
        wide = planes * self.expansion
        self.conv1 = nn.Sequential(nn.Conv3d(inplanes, planes, kernel_size=1, bias=False), *_normalized(planes))
        self.conv2 = nn.Sequential(conv_builder(planes, planes, width, stride), *_normalized(planes))
        self.conv3 = nn.Sequential(
            nn.Conv3d(planes, wide, kernel_size=1, bias=False), *_normalized(wide, activation=False)
        )
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Tensor:
        out = self.conv3(self.conv2(self.conv1(x)))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class BasicStem(nn.Sequential):
    """A convolution of 3 x 7 x 7."""

    def __init__(self) -> None:
        stem = nn.Conv3d(3, 64, kernel_size=(3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False)
        super().__init__(stem, *_normalized(64))


class R2Plus1dStem(nn.Sequential):
    """A convolution of 7 x 7 in space, then one of 3 in time."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv3d(**_in_space(3, 45, 2, 3, size=7)),
            *_normalized(45),
            _in_time(45, 64, 1, 1),
            *_normalized(64),
        )


class VideoResNet(nn.Module):
    """Four stages of `layers[i]` residual blocks with `conv_makers[i]`: (N, 3, T, H, W) to (N, classes)."""

    def __init__(
        self,
        block: type[BasicBlock | Bottleneck],
        conv_makers: Sequence[type[Conv3DSimple | Conv3DNoTemporal | Conv2Plus1D]],
        layers: list[int],
        stem: Callable[..., nn.Module],
        num_classes: int = 400,
        zero_init_residual: bool = False,
    ) -> None:
        super().__init__()
        self.inplanes = 64
        self.stem = stem()
        self.layer1 = self._make_layer(block, conv_makers[0], 64, layers[0], stride=1)
        self.layer2 = self._make_layer(block, conv_makers[1], 128, layers[1], stride=2)
        self.layer3 = self._make_layer(block, conv_makers[2], 256, layers[2], stride=2)
        self.layer4 = self._make_layer(block, conv_makers[3], 512, layers[3], stride=2)
        self.avgpool = nn.AdaptiveAvgPool3d((1, 1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        linear = drawn(nn.init.normal_, std=0.01)
        initialize(self, {nn.Conv3d: he_by_outputs(), nn.BatchNorm3d: ones_and_zeros, nn.Linear: linear})
        if zero_init_residual:
            for module in self.modules():
                if isinstance(module, Bottleneck):
                    nn.init.zeros_(module.conv3[1].weight)

    def _make_layer(self, block, conv_builder, planes: int, blocks: int, stride: int = 1) -> nn.Sequential:
        wide = planes * block.expansion
        downsample = None
        if stride != 1 or self.inplanes != wide:
            steps = conv_builder.get_downsample_stride(stride)
            downsample = nn.Sequential(
                nn.Conv3d(self.inplanes, wide, kernel_size=1, stride=steps, bias=False), nn.BatchNorm3d(wide)
            )
        first = block(self.inplanes, planes, conv_builder, stride, downsample)
        self.inplanes = wide
        return nn.Sequential(first, *(block(wide, planes, conv_builder) for _ in range(1, blocks)))

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        return self.fc(self.avgpool(x).flatten(1))


def _row(name: str, makers: list, stem: type[nn.Sequential]):
    return declare(name, VideoResNet, BasicBlock, makers, [2, 2, 2, 2], stem)


R3D_18_Weights, r3d_18 = _row("R3D_18", [Conv3DSimple] * 4, BasicStem)
MC3_18_Weights, mc3_18 = _row("MC3_18", [Conv3DSimple] + [Conv3DNoTemporal] * 3, BasicStem)
R2Plus1D_18_Weights, r2plus1d_18 = _row("R2Plus1D_18", [Conv2Plus1D] * 4, R2Plus1dStem)
