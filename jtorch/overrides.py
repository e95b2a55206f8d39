"""torch.overrides: for functions of one's own that honour `__torch_function__` of their arguments."""

import functools
import warnings

from jtorch.autograd.mode import STATE
from jtorch.subclass import DisableTorchFunctionSubclass as DisableTorchFunctionSubclass
from jtorch.subclass import call_torch_function, decides
from jtorch.tensor import Tensor

__all__ = [
    "BaseTorchFunctionMode", "DisableTorchFunctionSubclass", "TorchFunctionMode", "handle_torch_function", "has_torch_function", "has_torch_function_unary",
    "has_torch_function_variadic", "is_tensor_like", "is_tensor_method_or_property", "resolve_name", "wrap_torch_function",
]  # fmt: skip


def has_torch_function(relevant_args) -> bool:
    """Whether one of the arguments wants to decide about a function."""
    return bool(STATE.modes) or any(map(decides, relevant_args))


def has_torch_function_unary(arg) -> bool:
    return has_torch_function((arg,))


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
    return call_torch_function(public_api, [a for a in relevant_args if decides(a)], args, kwargs)


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
    """A block in which every function of torch is first offered to the block: subclasses say in `__torch_function__` what happens.

    Functions of torch and `nn.functional`, operators, and methods that are operations are offered; creation of tensors from data, indexing and
    views by method are not. What the block's own `__torch_function__` calls is offered to the blocks around it.

    >>> import jtorch as torch
    >>> class Names(torch.overrides.TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Names():
    ...     _ = torch.nn.functional.relu(torch.ones(2) + 1)
    ones
    add
    relu
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def __enter__(self):
        STATE.modes = (*STATE.modes, self)
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        STATE.modes = STATE.modes[:-1]

    @classmethod
    def push(cls, *args, **kwargs):
        """The older spelling of making one."""
        warnings.warn(
            "`Mode.push()` is no longer necessary and can be replaced with just `with Mode()`",
            FutureWarning,
            stacklevel=2,
        )
        return cls(*args, **kwargs)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A block that changes nothing."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def _get_current_function_mode_stack() -> list:
    """The blocks that functions are offered to here, the innermost last."""
    return [*STATE.modes]


def _get_current_function_mode():
    return STATE.modes[-1] if STATE.modes else None
