"""`__torch_function__`: classes, and blocks of code, that decide about functions of torch themselves; results that keep a subclass."""

import functools
import inspect

from .autograd.mode import STATE
from .devices import device
from .dtypes import dtype
from .size import Size
from .tensor import Tensor

# Classes that decide about nothing, as those of nearly all arguments.
PLAIN = {Tensor, bool, bytes, complex, device, dtype, float, int, slice, str, type(None), Size}


def call_torch_function(function, deciders, args, kwargs):
    """Give a call to those that decide about it: the innermost block, then the most derived class; torch's TypeError where all decline."""
    candidates, ordered = {}, []
    for one in deciders:
        kind = type(one)
        if kind in candidates or getattr(kind, "_plain", False) is True:
            continue
        candidates[kind] = one
        ordered.insert(next((i for i, other in enumerate(ordered) if issubclass(kind, other)), len(ordered)), kind)
    kinds, kwargs = tuple(ordered), kwargs or {}
    if STATE.modes:
        modes = STATE.modes
        STATE.modes = modes[:-1]  # what the block itself calls is for those around it
        try:
            result = modes[-1].__torch_function__(function, kinds, args, kwargs)
        finally:
            STATE.modes = modes
        if result is not NotImplemented:
            return result
    for kind in ordered:
        asked = kind if issubclass(kind, Tensor) else candidates[kind]
        result = asked.__torch_function__(function, kinds, args, kwargs)
        if result is not NotImplemented:
            return result
    asked = [f"\n  - tensor subclass {kind}" for kind in ordered] or [f"\n  - mode object {STATE.modes[-1]!r}"]
    raise TypeError(
        f"Multiple dispatch failed for 'torch.{function.__name__}'; all __torch_function__ handlers returned NotImplemented:\n{''.join(asked)}"
    )


def decides(value) -> bool:
    """Whether a value's class decides about functions: it defines `__torch_function__` itself."""
    kind = type(value)
    asked = getattr(kind, "__torch_function__", None)
    if asked is None or asked is disabled_torch_function or isinstance(value, type):
        return False
    if STATE.plain:
        return False
    if not issubclass(kind, Tensor):
        return True
    if kind._plain is True or value._dispatcher is not None:
        return False
    return getattr(asked, "__func__", asked) is not Tensor.__torch_function__.__func__


def deciders(args, kwargs=()) -> list:
    """The arguments, and items of lists among them, that decide about the function they are given to."""
    found = []
    for arg in (*args, *kwargs.values()) if kwargs else args:
        kind = arg.__class__
        if kind in PLAIN:
            continue
        if kind is tuple or kind is list:
            found += [item for item in arg if item.__class__ not in PLAIN and decides(item)]
        elif decides(arg):
            found.append(arg)
    return found


def _spelled_out(fn, args, kwargs):
    """A call in which arguments without a default are given by position and all others by name."""
    bound = inspect.signature(fn).bind(*args, **kwargs)
    bound.apply_defaults()
    required = [name for name, p in bound.signature.parameters.items() if p.default is p.empty]
    rest = {name: value for name, value in bound.arguments.items() if name not in required}
    return tuple(bound.arguments[name] for name in required), rest


def offered(fn, module="jtorch", spelled=False):
    """A function, of `module`, that is first offered to the blocks and arguments that decide about functions.

    `spelled` hands over what has a default by name, whether it was given or not.
    """

    @functools.wraps(fn)
    def call(*args, **kwargs):
        found = deciders(args, kwargs)
        if found or STATE.modes:
            if spelled:
                args, kwargs = _spelled_out(fn, args, kwargs)
            return call_torch_function(call, found, args, kwargs)
        return fn(*args, **kwargs)

    call.__module__, call.__qualname__ = module, fn.__name__  # where pickles find it
    return call


class DisableTorchFunctionSubclass:
    """Inside the block, and its thread, subclasses are treated as plain tensors, and no argument decides about a function."""

    def __enter__(self):
        STATE.plain += 1

    def __exit__(self, *exc):
        STATE.plain -= 1


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Inside the block neither subclasses nor blocks that intercept functions are asked."""

    def __enter__(self):
        super().__enter__()
        self._modes, STATE.modes = STATE.modes, ()

    def __exit__(self, *exc):
        STATE.modes = self._modes
        super().__exit__(*exc)


def default_torch_function(cls, func, types, args=(), kwargs=None):
    """What `Tensor.__torch_function__` does: run the function on plain tensors and give the results the subclass."""
    with DisableTorchFunctionSubclass():
        result = func(*args, **(kwargs or {}))
    return result if func in KEEP else convert(result, cls)


def disabled_torch_function(func, types, args=(), kwargs=None):
    """The `__torch_function__` of subclasses whose results are plain tensors: torch._C._disabled_torch_function_impl."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


KEEP: set = set()


def convert(result, cls):
    if cls is Tensor:
        return result
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(convert(r, cls) for r in result))
    if isinstance(result, (tuple, list)):
        return type(result)(convert(r, cls) for r in result)
    return result
