"""torch.overrides: for functions of one's own that honour `__torch_function__` of their arguments."""

import functools

from jtorch.subclass import DisableTorchFunctionSubclass, call_torch_function
from jtorch.tensor import Tensor

__all__ = [
    "DisableTorchFunctionSubclass", "TorchFunctionMode", "handle_torch_function", "has_torch_function", "has_torch_function_unary",
    "has_torch_function_variadic", "is_tensor_like", "is_tensor_method_or_property", "resolve_name", "wrap_torch_function",
]  # fmt: skip


def _overrides(value) -> bool:
    kind = type(value)
    if kind is Tensor or not hasattr(kind, "__torch_function__") or DisableTorchFunctionSubclass.depth:
        return False
    return not issubclass(kind, Tensor) or kind._plain is not True


def has_torch_function(relevant_args) -> bool:
    """Whether one of the arguments wants to decide about a function."""
    return any(map(_overrides, relevant_args))


def has_torch_function_unary(arg) -> bool:
    return _overrides(arg)


def has_torch_function_variadic(*args) -> bool:
    return has_torch_function(args)


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """Let the arguments decide: the most derived type first, TypeError where all decline.

    >>> import jtorch as torch
    >>> class Loud(torch.Tensor):
    ...     @classmethod
    ...     def __torch_function__(cls, func, types, args=(), kwargs=None):
    ...         return "loud " + func.__name__
    >>> def double(x):
    ...     if torch.overrides.has_torch_function((x,)):
    ...         return torch.overrides.handle_torch_function(double, (x,), x)
    ...     return x * 2
    >>> double(torch.ones(1).as_subclass(Loud))
    'loud double'
    """
    return call_torch_function(public_api, [a for a in relevant_args if _overrides(a)], args, kwargs)


def wrap_torch_function(dispatcher):
    """Decorator of a function: `dispatcher(*args)` gives the arguments that may decide about it."""

    def decorate(func):
        @functools.wraps(func)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return func(*args, **kwargs)

        return wrapped

    return decorate


def is_tensor_like(inp) -> bool:
    """Whether an object is a tensor or behaves as one by `__torch_function__`."""
    return type(inp) is Tensor or hasattr(type(inp), "__torch_function__")


def is_tensor_method_or_property(func) -> bool:
    """Whether a function is one of `Tensor`'s."""
    return func in Tensor.__dict__.values() or getattr(func, "__name__", None) == "__get__"


def resolve_name(f) -> str | None:
    """The name under which users know a function: `torch.nn.functional.relu`."""
    module, name = getattr(f, "__module__", None), getattr(f, "__qualname__", None)
    if module is None or name is None:
        return None
    return (
        f"torch{module.removeprefix('jtorch')}.{name}" if module.partition(".")[0] == "jtorch" else f"{module}.{name}"
    )


class TorchFunctionMode:
    """A block in which every function of torch is intercepted: not offered."""

    def __init__(self):
        raise NotImplementedError(
            "torch.overrides.TorchFunctionMode: functions are not intercepted by blocks; define __torch_function__ on a subclass of Tensor"
        )
