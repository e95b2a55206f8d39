"""Tools around training. Modules are found when asked for; data loading is always there."""

import importlib

from jtorch.utils import data

__all__ = ["data"]

_MODULES = frozenset(
    "_pytree benchmark bottleneck checkpoint data deterministic dlpack flop_counter hooks model_zoo tensorboard".split()
)
_NAMES = {"set_module": "swapping", "swap_tensors": "swapping", "summary": "model_summary", "draw": "model_picture"}


def __getattr__(name):
    if name in _NAMES:
        return getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}': jtorch has no torch.utils.{name}")
