"""Layers, losses, parameters: torch.nn."""

from jtorch.nn import attention, functional, grad, init, modules, parallel, parameter, utils
from jtorch.nn.modules import *  # noqa: F403
from jtorch.nn.modules import __all__ as _layers
from jtorch.nn.modules.module import factory_kwargs
from jtorch.nn.parallel import DataParallel
from jtorch.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer",
    "DataParallel",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "factory_kwargs",
    "attention",
    "functional",
    "grad",
    "init",
    "modules",
    "parallel",
    "parameter",
    "utils",
    *_layers,
]
