"""Scripting and tracing: both return the Python object they were given."""

import contextlib
import inspect
import warnings

from jtorch import futures
from jtorch.nn import Module


class Error(RuntimeError):
    """An error inside a TorchScript program."""


class ScriptModule(Module):
    """Base of modules written for TorchScript: a module like any other."""


class ScriptFunction:
    """The type of scripted functions in torch; nothing is one here."""


def _deprecated(name: str, instead: str = "switch to `torch.compile` or `torch.export`") -> None:
    warnings.warn(f"`torch.jit.{name}` is deprecated. Please {instead}.", DeprecationWarning, stacklevel=3)


_COMPILE = "use `torch.compile` instead"


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """The function, module or class itself, which computes what its TorchScript program would.

    >>> import jtorch as torch
    >>> import warnings; warnings.simplefilter("ignore")
    >>> torch.jit.script(lambda x: x + 1)(torch.zeros(1))
    tensor([1.])
    """
    _deprecated("script")
    if not (callable(obj) or inspect.isclass(obj)):
        raise TypeError(f"{type(obj)} is a built-in class: torch.jit.script takes a function, a module or a class")
    return obj


def trace(func, example_inputs=None, *args, **kwargs):
    """The function or module itself. Its control flow stays as it is: torch would keep the path of the example alone."""
    _deprecated("trace")
    if not callable(func):
        raise TypeError(f"torch.jit.trace takes a function or a module, got {type(func).__name__}")
    return func


def trace_module(mod, inputs, *args, **kwargs):
    """The module itself."""
    _deprecated("trace_module")
    return mod


def script_method(fn):
    """The method itself."""
    return fn


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """The module itself, which must be in evaluation mode as torch demands."""
    _deprecated("freeze", _COMPILE)
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before freezing."
        )
    return mod


def optimize_for_inference(mod, other_methods=None):
    """The module itself, in evaluation mode."""
    _deprecated("optimize_for_inference", _COMPILE)
    return freeze(mod.eval())


def save(m, f, _extra_files=None):
    raise NotImplementedError(
        "torch.jit.save: there is no TorchScript program to write; use torch.save(module.state_dict(), f)"
    )


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    raise NotImplementedError(
        "torch.jit.load: TorchScript programs cannot be run; load a state_dict by torch.load into the module's Python class"
    )


def fork(func, *args, **kwargs):
    """Run a function, at once; `wait` gives its result."""
    _deprecated("fork", _COMPILE)
    return futures.fork(func, *args, **kwargs)


def wait(future):
    """The result of `fork`."""
    _deprecated("wait", _COMPILE)
    return future.wait()


@contextlib.contextmanager
def optimized_execution(should_optimize):
    """Context that changes nothing: the engine decides."""
    yield


class strict_fusion:
    """Context that changes nothing: XLA fuses what it can."""

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        return False


def set_fusion_strategy(strategy):
    """XLA has one strategy; the previous one is what is given."""
    _deprecated("set_fusion_strategy", _COMPILE)
    return strategy


def enable_onednn_fusion(enabled: bool) -> None:
    """Nothing to switch: XLA chooses its kernels."""


def onednn_fusion_enabled() -> bool:
    return False
