"""`torch.utils.swap_tensors`: two tensors exchange what they are, and keep their identity."""

from jtorch.attributes import state_of
from jtorch.tensor import Tensor


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Exchange class, memory, attributes and history of two tensors.

    >>> import jtorch as torch
    >>> a, b = torch.zeros(1), torch.ones(2)
    >>> torch.utils.swap_tensors(a, b); a
    tensor([1., 1.])
    """
    for tensor in (t1, t2):
        if tensor._accumulator is not None and tensor._accumulator() is not None:
            raise RuntimeError("_swap_tensor_impl: a tensor that a graph of gradients refers to cannot be swapped")
    first, second = dict(state_of(t1)), dict(state_of(t2))
    t1.__class__, t2.__class__ = t2.__class__, t1.__class__
    for tensor, state in ((t1, second), (t2, first)):
        state_of(tensor).clear()
        state_of(tensor).update(state)


def set_module(obj, mod: str) -> None:
    """Say in which module an object is at home: its `__module__`."""
    if not isinstance(mod, str):
        raise TypeError("The mod argument should be a string")
    obj.__module__ = mod
