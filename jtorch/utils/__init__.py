"""Tools around training. Modules are found when asked for; data loading is always there."""

import importlib

from jtorch.utils import data

__all__ = ["data"]

_MODULES = frozenset("benchmark checkpoint data deterministic dlpack hooks model_zoo".split())


def __getattr__(name):
    if name in ("set_module", "swap_tensors"):
        return getattr(importlib.import_module(f"{__name__}.swapping"), name)
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.utils' has no attribute '{name}': jtorch has no torch.utils.{name}")
