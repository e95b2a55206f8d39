"""Layers, losses, parameters: torch.nn."""

from jtorch.nn import functional, init, modules, parameter, utils
from jtorch.nn.modules import *  # noqa: F403
from jtorch.nn.modules import __all__ as _layers
from jtorch.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "functional",
    "init",
    "modules",
    "parameter",
    "utils",
    *_layers,
]
