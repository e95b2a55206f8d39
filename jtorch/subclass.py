"""Tensor subclasses: `__torch_function__` of a user's own, and results that keep the subclass."""

from .tensor import Tensor


def call_torch_function(function, types_of, args, kwargs):
    """Give a call to the first subclass that defines `__torch_function__`; torch's TypeError when all decline."""
    candidates = []
    for tensor in types_of:
        kind = type(tensor)
        if kind not in candidates and kind._plain is not True:
            candidates.append(kind)
    candidates.sort(key=lambda kind: -len(kind.__mro__))
    kinds = tuple(type(t) for t in types_of)
    for kind in candidates:
        result = kind.__torch_function__(function, kinds, args, kwargs or {})
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"no implementation found for 'torch.{function.__name__}' on types that implement __torch_function__: {[k.__name__ for k in candidates]}"
    )


class DisableTorchFunctionSubclass:
    """Inside the block subclasses are treated as plain tensors."""

    depth = 0

    def __enter__(self):
        DisableTorchFunctionSubclass.depth += 1

    def __exit__(self, *exc):
        DisableTorchFunctionSubclass.depth -= 1


class DisableTorchFunction(DisableTorchFunctionSubclass):
    """Inside the block neither subclasses nor blocks that intercept functions are asked."""


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
