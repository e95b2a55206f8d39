"""Automatic differentiation: torch.autograd.

The tensor layer is built on `mode` and `node`, and the rest of this package on the tensor layer; so the names below are found when asked for.
"""

import importlib

_WHERE = {
    "mode": """no_grad enable_grad inference_mode set_grad_enabled is_grad_enabled set_multithreading_enabled
        enforce_grad_layout_policy""",
    "backward_pass": "backward grad",
    "function": "Function once_differentiable",
    "anomaly": "detect_anomaly set_detect_anomaly",
    "gradcheck": "gradcheck gradgradcheck",
    "variable": "Variable",
}
_NAMES = {name: module for module, names in _WHERE.items() for name in names.split()}
_MODULES = frozenset("functional forward_ad grad_mode anomaly_mode function graph profiler variable".split())


def __getattr__(name):
    if name in _NAMES:  # before the modules: `gradcheck` is a function here, though its module has that name too
        found = getattr(importlib.import_module(f"{__name__}.{_NAMES[name]}"), name)
        globals()[name] = found
        return found
    if name in _MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'torch.autograd' has no attribute '{name}': jtorch has no torch.autograd.{name}")
