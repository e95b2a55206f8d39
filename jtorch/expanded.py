"""Writes to expanded tensors that torch allows, with a warning: those by position and by mask.

Each element in memory stands for several positions. What is written goes to the elements themselves, taken once each.
"""

from . import dtypes
from .dispatch import apply
from .ops.registry import OPS
from .overlap import warn_expanded
from .tensor import Tensor


def distinct(tensor: Tensor) -> Tensor:
    """A view that has each element of an expanded tensor once."""
    for dim, (stride, n) in enumerate(zip(tensor.stride(), tensor.shape, strict=True)):
        if stride == 0 and n > 1:
            tensor = tensor.narrow(dim, 0, 1)
    return tensor


def write(name: str, target: Tensor, *args) -> Tensor:
    """The in-place form of the operation `name` on an expanded tensor."""
    warn_expanded(name)
    _WRITES[name](target, distinct(target), *args)
    return target


def _masked_fill(target, elements, mask, value):
    mask = mask.expand(target.shape)
    shared = [d for d, n in enumerate(elements.shape) if n != target.shape[d]]
    elements.masked_fill_(mask.any(dim=shared, keepdim=True), value)


def _index_fill(target, elements, dim, index, value):
    from .creation import zeros

    at = [1] * target.dim()
    at[dim] = -1
    mask = zeros(target.shape[dim], dtype=dtypes.bool).index_fill_(0, index, True).reshape(at)
    _masked_fill(target, elements, mask, value)


def _index_put(target, elements, indices, values, where, accumulate):
    from .creation import arange

    places = arange(elements.numel()).reshape(elements.shape).expand(target.shape)
    found = apply(OPS["index"], (places, indices, where))[0]
    elements.put_(found, values.expand(found.shape), accumulate)


_WRITES = {"masked_fill": _masked_fill, "index_fill": _index_fill, "index_put": _index_put}
