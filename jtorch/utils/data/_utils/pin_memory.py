"""`pin_memory` of everything in a batch that has such a method."""

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

import jtorch

__all__ = ["pin_memory"]


def pin_memory(data, device=None):
    """`data` with its tensors pinned; containers keep their class where that class can be rebuilt."""
    if isinstance(data, jtorch.Tensor) or hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, (str, bytes)):
        return data
    if isinstance(data, Mapping):
        pinned = {key: pin_memory(value, device) for key, value in data.items()}
        return rebuild_mapping(data, pinned)
    if isinstance(data, tuple):
        parts = [pin_memory(value, device) for value in data]
        return type(data)(*parts) if hasattr(data, "_fields") else type(data)(parts)
    if isinstance(data, Sequence):
        return rebuild_sequence(data, [pin_memory(value, device) for value in data])
    return data


def rebuild_mapping(original, items):
    """The dict `items` as a mapping of the class of `original`, or as it is where that class cannot be filled.

    A mutable mapping is copied and updated, since its class may carry more than its items.
    """
    try:
        if isinstance(original, MutableMapping):
            clone = copy.copy(original)
            clone.update(items)
            return clone
        return type(original)(items)
    except TypeError:
        return items


def rebuild_sequence(original, items):
    """The list `items` as a sequence of the class of `original`, or as it is where that class cannot be filled."""
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            for i, item in enumerate(items):
                clone[i] = item
            return clone
        return type(original)(items)
    except TypeError:
        return items
