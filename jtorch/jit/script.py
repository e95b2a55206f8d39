"""Scripting and tracing: both wrap the Python object they are given."""

import contextlib
import inspect
import warnings

from jtorch import futures
from jtorch.jit.scripted import RecursiveScriptModule, ScriptFunction, ScriptModule, TopLevelTracedModule
from jtorch.nn import Module


class Error(RuntimeError):
    """An error inside a TorchScript program."""


def _deprecated(name: str, instead: str = "switch to `torch.compile` or `torch.export`") -> None:
    warnings.warn(f"`torch.jit.{name}` is deprecated. Please {instead}.", DeprecationWarning, stacklevel=3)


_COMPILE = "use `torch.compile` instead"


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """A module or function that can be shown and saved; called, it runs the Python that it was made from. A class is given back.

    Calls are remembered by their shapes, of which `save` makes programs; `example_inputs`, a list of tuples of arguments, are such calls.

    >>> import jtorch as torch
    >>> import warnings; warnings.simplefilter("ignore")
    >>> torch.jit.script(lambda x: x + 1)(torch.zeros(1))
    tensor([1.])
    """
    _deprecated("script")
    if inspect.isclass(obj) or isinstance(obj, (ScriptFunction, ScriptModule)):
        return obj
    if not callable(obj):
        raise TypeError(f"{type(obj)} is a built-in class: torch.jit.script takes a function, a module or a class")
    made = RecursiveScriptModule(obj) if isinstance(obj, Module) else ScriptFunction(obj)
    for inputs in example_inputs or ():
        made._remember(_as_tuple(inputs), {})
    return made


def trace(func, example_inputs=None, optimize=None, check_trace=True, check_inputs=None, check_tolerance=1e-5, strict=True, _force_outplace=False, _module_class=None, _compilation_unit=None, example_kwarg_inputs=None, _store_inputs=True):  # fmt: skip
    """A module or function that can be shown and saved for the shapes of the examples, and of `check_inputs`, a list of further ones.

    Called, it runs its Python: control flow stays as it is, where torch would keep the path of the example alone.
    """
    _deprecated("trace")
    if isinstance(func, (ScriptFunction, ScriptModule)):
        return func
    if not callable(func):
        raise TypeError(f"torch.jit.trace takes a function or a module, got {type(func).__name__}")
    if example_inputs is None and example_kwarg_inputs is None:
        raise RuntimeError("example_kwarg_inputs should be a dict: torch.jit.trace needs example inputs")
    made = TopLevelTracedModule(func) if isinstance(func, Module) else ScriptFunction(func)
    for inputs in (() if example_inputs is None else _as_tuple(example_inputs), *map(_as_tuple, check_inputs or ())):
        made._remember(inputs, example_kwarg_inputs or {})
    return made


def _as_tuple(inputs) -> tuple:
    return tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)


def trace_module(mod, inputs, *args, **kwargs):
    """`trace` of a module by the arguments of its `forward`; other methods stay callable."""
    if not isinstance(mod, Module):
        raise AttributeError("expected torch.nn.Module as the first argument")
    if not isinstance(inputs, dict):
        raise AttributeError("expected a dictionary of (method_name, input) pairs")
    return trace(mod, inputs.get("forward", ()))


def script_method(fn):
    """The method itself."""
    return fn


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """The module itself, which must be in evaluation mode as torch demands."""
    _deprecated("freeze", _COMPILE)
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(
            "Freezing expects a ScriptModule as input. Please use torch.jit.script or torch.jit.trace to script your 'nn.Module'."
        )
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() on your module before freezing."
        )
    return mod


def optimize_for_inference(mod, other_methods=None):
    """The module itself, in evaluation mode."""
    _deprecated("optimize_for_inference", _COMPILE)
    return freeze(mod.eval())


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
