"""Initial weights by the kind of layer, drawn in the order of `model.modules()` as torchvision draws them."""

import math
from collections.abc import Callable, Mapping
from functools import partial

from jtorch import nn

Initializer = Callable[[nn.Module], None]


def initialize(model: nn.Module, rules: Mapping[type | tuple[type, ...], Initializer]) -> None:
    """Apply to each module of a model the first rule whose kind it is."""
    for module in model.modules():
        for kind, rule in rules.items():
            if isinstance(module, kind):
                rule(module)
                break


def drawn(draw: Callable, zero_bias: bool = True, **arguments: float | str) -> Initializer:
    """The weight from a function of `torch.nn.init`, the bias zero or as it was."""

    def rule(module: nn.Module) -> None:
        draw(module.weight, **arguments)
        if zero_bias and module.bias is not None:
            nn.init.zeros_(module.bias)

    return rule


def ones_and_zeros(module: nn.Module) -> None:
    """A normalization that at first scales and shifts nothing."""
    nn.init.ones_(module.weight)
    nn.init.zeros_(module.bias)


# He et al. 2015 (https://arxiv.org/abs/1502.01852), eq. 14: the variance of gradients is kept.
he_by_outputs = partial(drawn, nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu")

# Of the mobile families: MobileNet V2 and V3.
MOBILE: Mapping[type | tuple[type, ...], Initializer] = {
    nn.Conv2d: he_by_outputs(),
    (nn.BatchNorm2d, nn.GroupNorm): ones_and_zeros,
    nn.Linear: drawn(nn.init.normal_, std=0.01),
}


def xavier_linear(module: nn.Module) -> None:
    """Of the linear layers in transformers' blocks: Glorot and Bengio 2010, with a bias that is nearly zero."""
    nn.init.xavier_uniform_(module.weight)
    if module.bias is not None:
        nn.init.normal_(module.bias, std=1e-6)


def truncated_by_inputs(fan_in: int) -> float:
    """The standard deviation of LeCun's initialization."""
    return math.sqrt(1 / fan_in)
