"""What libraries ask torch's compiled part for, where there is an answer without it."""

from types import SimpleNamespace

from jtorch.random import Generator
from jtorch.subclass import DisableTorchFunction, DisableTorchFunctionSubclass
from jtorch.subclass import disabled_torch_function as _disabled_torch_function_impl
from jtorch.tensor import Tensor

__all__ = [
    "DisableTorchFunction", "DisableTorchFunctionSubclass", "Generator", "_are_functorch_transforms_active", "_cuda_isInBadFork",
    "_disabled_torch_function_impl", "_get_default_device", "_get_tracing_state", "_log_api_usage_once", "_nn",
]  # fmt: skip


def _log_api_usage_once(event: str) -> None:
    """Nobody listens, as in torch unless a program installs a listener in C++."""


def _get_tracing_state() -> None:
    """The graph that torch.jit.trace is making: there is none, functions are run."""


class Value:
    """What an operation of a TorchScript graph is given or gives. Nothing is one here: functions of `torch.jit` are kept as JAX programs."""

    def __init__(self):
        raise TypeError("torch._C.Value: No constructor defined!")


def _are_functorch_transforms_active() -> bool:
    """Whether the call is inside vmap; the other transforms of torch.func run functions on tensors as they are."""
    from jtorch.autograd.mode import STATE

    return STATE.vmap is not None


def _get_default_device() -> str:
    """The type of the device that new tensors are made on."""
    import jtorch

    return jtorch.get_default_device().type


def _cuda_isInBadFork() -> bool:
    """Whether this process was forked from one that uses CUDA: JAX says so itself, when it is used."""
    return False


def _parse_to(*args, **kwargs):
    from jtorch.nn.modules.module import _parse_to

    return _parse_to(*args, **kwargs)


_TensorMeta = type(Tensor)
_nn = SimpleNamespace(_parse_to=_parse_to)
