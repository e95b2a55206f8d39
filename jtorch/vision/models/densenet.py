"""DenseNet: each layer sees all layers before it in its block (Huang et al. 2017, https://arxiv.org/abs/1608.06993)."""

import re
from collections import OrderedDict

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor
from jtorch.utils.checkpoint import checkpoint

from ._api import WeightsEnum
from ._declare import declare
from ._initialize import drawn, initialize, ones_and_zeros

__all__ = [
    "DenseNet",
    "DenseNet121_Weights",
    "DenseNet161_Weights",
    "DenseNet169_Weights",
    "DenseNet201_Weights",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]


class _DenseLayer(nn.Module):
    def __init__(
        self,
        num_input_features: int,
        growth_rate: int,
        bn_size: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        width = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, width, kernel_size=1, stride=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, growth_rate, kernel_size=3, stride=1, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def bn_function(self, inputs: list[Tensor]) -> Tensor:
        return self.conv1(self.relu1(self.norm1(jtorch.cat(inputs, 1))))

    def forward(self, input: Tensor | list[Tensor]) -> Tensor:
        inputs = [input] if isinstance(input, Tensor) else input
        if self.memory_efficient and any(tensor.requires_grad for tensor in inputs):
            # The concatenations take memory quadratic in the depth; they are made again for the backward pass.
            out = checkpoint(lambda *tensors: self.bn_function(list(tensors)), *inputs, use_reentrant=False)
        else:
            out = self.bn_function(inputs)
        out = self.conv2(self.relu2(self.norm2(out)))
        if self.drop_rate > 0:
            out = F.dropout(out, p=self.drop_rate, training=self.training)
        return out


class _DenseBlock(nn.ModuleDict):
    _version = 2

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        for i in range(num_layers):
            width = num_input_features + i * growth_rate
            self[f"denselayer{i + 1}"] = _DenseLayer(width, growth_rate, bn_size, drop_rate, memory_efficient)

    def forward(self, init_features: Tensor) -> Tensor:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return jtorch.cat(features, 1)


class _Transition(nn.Sequential):
    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, stride=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Dense blocks with transitions in between that halve channels and resolution, for pictures of 29 x 29 or more.

    `growth_rate` is the number of channels that a layer adds, `block_config` the number of layers in each block,
    `bn_size` the width of a layer's bottleneck in growth rates.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: tuple[int, int, int, int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        features: OrderedDict[str, nn.Module] = OrderedDict(
            conv0=nn.Conv2d(3, num_init_features, kernel_size=7, stride=2, padding=3, bias=False),
            norm0=nn.BatchNorm2d(num_init_features),
            relu0=nn.ReLU(inplace=True),
            pool0=nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        width = num_init_features
        for i, num_layers in enumerate(block_config, start=1):
            features[f"denseblock{i}"] = _DenseBlock(
                num_layers, width, bn_size, growth_rate, drop_rate, memory_efficient
            )
            width += num_layers * growth_rate
            if i != len(block_config):
                features[f"transition{i}"] = _Transition(width, width // 2)
                width //= 2
        features["norm5"] = nn.BatchNorm2d(width)
        self.features = nn.Sequential(features)
        self.classifier = nn.Linear(width, num_classes)

        rules = {
            nn.Conv2d: drawn(nn.init.kaiming_normal_, zero_bias=False),
            nn.BatchNorm2d: ones_and_zeros,
            nn.Linear: lambda layer: nn.init.zeros_(layer.bias),
        }
        initialize(self, rules)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x), inplace=True)
        x = F.adaptive_avg_pool2d(x, (1, 1))
        return self.classifier(jtorch.flatten(x, 1))


# The files' keys are older than the rule that a module's name holds no dot: `denselayer1.norm.1.weight`.
_OLD_KEY = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.(?:weight|bias|running_mean|running_var))")


def _load(model: nn.Module, weights: WeightsEnum, progress: bool) -> None:
    state = weights.get_state_dict(progress=progress, check_hash=True)
    model.load_state_dict({_OLD_KEY.sub(r"\1\2", key): value for key, value in state.items()})


def _row(name: str, growth_rate: int, block_config: tuple[int, int, int, int], num_init_features: int):
    return declare(name, DenseNet, growth_rate, block_config, num_init_features, load=_load)


DenseNet121_Weights, densenet121 = _row("DenseNet121", 32, (6, 12, 24, 16), 64)
DenseNet161_Weights, densenet161 = _row("DenseNet161", 48, (6, 12, 36, 24), 96)
DenseNet169_Weights, densenet169 = _row("DenseNet169", 32, (6, 12, 32, 32), 64)
DenseNet201_Weights, densenet201 = _row("DenseNet201", 32, (6, 12, 48, 32), 64)
