"""`Variable`, which tensors have been since torch 0.4: calling it gives a tensor, and every tensor is an instance of it."""

import warnings

from .. import creation
from ..tensor import Tensor


class VariableMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, Tensor)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, Tensor)


class _Engine:
    """`Variable._execution_engine`, which frameworks ask to be called after a backward pass."""

    @staticmethod
    def queue_callback(callback) -> None:
        from .backward_pass import queue_callback

        queue_callback(callback)


class Variable(metaclass=VariableMeta):
    """A tensor on the memory of another one. Deprecated: use tensors, and `requires_grad=True`.

    >>> import jtorch as torch
    >>> torch.autograd.Variable(torch.ones(1), requires_grad=True)
    tensor([1.], requires_grad=True)
    """

    _execution_engine = _Engine()

    def __new__(cls, data=None, requires_grad=False, volatile=None):
        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.",
                UserWarning,
                stacklevel=2,
            )
        if data is None:
            data = creation.zeros(0)
        elif not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        made = data.detach()
        if requires_grad:
            if not (made.is_floating_point() or made.is_complex()):
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            made.requires_grad_(True)
        return made
