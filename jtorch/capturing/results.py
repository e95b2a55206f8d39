"""What a recorded call returns, as a shape to build again: containers, numbers and tensors over arrays that a program made."""

import dataclasses

from jtorch.attributes import state_of
from jtorch.storage import Storage
from jtorch.tensor import Tensor

from .reachable import PLAIN


class Template:
    """How to make a tensor again: a view of a storage that was there, or of a new one."""

    __slots__ = ("state", "kind", "strides")

    # What a tensor made again takes over of its model: geometry, and what it is.
    _TAKEN = ("_aval", "_strides", "_offset", "_chain", "_made_in_inference", "_plain")

    def __init__(self, tensor: Tensor, whole=False):
        self.kind = type(tensor)
        self.strides = tensor._storage.strides
        own = state_of(tensor)
        self.state = {name: own[name] for name in self._TAKEN if name in own}
        if tensor._requires and tensor._node is None:
            self.state["_requires"] = True
        if whole:  # it will have memory of its own
            self.state.pop("_chain", None)
            self.state.pop("_offset", None)

    def make(self, storage: Storage) -> Tensor:
        made = self.kind.__new_plain__(storage.value) if self.kind is Tensor else object.__new__(self.kind)
        state_of(made).update(self.state)
        made._storage = made._counter = storage
        return made


def flatten(result, found: list):
    """A function that builds a result again from tensors like those appended to `found`; None where it cannot be said how."""
    kind = type(result)
    if isinstance(result, Tensor):
        position = len(found)
        found.append(result)
        return lambda tensors: tensors[position]
    if kind in (*PLAIN, float):
        return lambda tensors: result
    if isinstance(result, dict):
        parts = {key: flatten(item, found) for key, item in result.items()}
        if None in parts.values():
            return None

        def table(tensors):
            made = {key: part(tensors) for key, part in parts.items()}
            return made if kind is dict else kind(made)

        return table
    if isinstance(result, (list, tuple)):
        items = [flatten(item, found) for item in result]
        if None in items:
            return None
        if hasattr(result, "_fields"):
            return lambda tensors: kind(*(item(tensors) for item in items))
        return lambda tensors: kind(item(tensors) for item in items)
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        parts = {field.name: flatten(getattr(result, field.name), found) for field in dataclasses.fields(result)}
        if None in parts.values():
            return None
        return lambda tensors: dataclasses.replace(result, **{name: part(tensors) for name, part in parts.items()})
    return None
