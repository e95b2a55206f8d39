"""Storages: the memory that tensors view. One value, a version counter and, at times, a numpy array that shares it."""

import functools
import sys

import numpy as np

from . import engine


class Version:
    """A version counter of its own, for tensors made by `.data`: they share memory and not the counter."""

    __slots__ = ("version",)

    def __init__(self):
        self.version = 0


class Storage:
    """The memory behind one or more tensors.

    `value` has the shape of the base tensor, whatever strides are reported for it (`strides`, None when contiguous). `version` counts writes that
    autograd must see, `writes` all of them. While a numpy array shares the memory (`alias`) that array is the truth and `value` is not read.
    """

    # What few storages have lives in `__dict__`, which costs nothing until something is set.
    __slots__ = ("value", "version", "writes", "alias", "__dict__", "__weakref__")
    strides = first = None
    reference = None  # a weak reference to this storage, made when it is first written to

    next_address = 0x10000000

    def __init__(self, value, strides=None):
        self.value = value
        if strides is not None:
            self.strides = strides
        self.version = self.writes = 0
        self.alias = None

    def read(self):
        """The current value of the whole storage."""
        if self.alias is not None:
            self._follow_alias()
        return self.value

    def write(self, value) -> None:
        """Replace the contents. The caller bumps the version counter of the tensor it writes through."""
        self.writes += 1
        if self.alias is not None and self._alias_alive():
            np.copyto(self.alias, value.numpy())
            return
        self.alias = None
        old, self.value = self.value, value
        if value.array is None:
            engine.note_write(self, old, value)
        elif value.traced and not old.traced:
            engine.note_traced_write(self, old)

    def address(self) -> int:
        """A stand-in for the memory address: distinct per storage, equal for tensors that share it."""
        if self.first is None:
            self.first = Storage.next_address
            Storage.next_address += 64 + self.nbytes() // 64 * 64
        return self.first

    def nbytes(self) -> int:
        return self.value.aval.size * self.value.aval.dtype.itemsize

    # numpy sharing

    def share(self) -> np.ndarray:
        """A writable numpy array of the base's shape and strides that is this storage's memory from now on."""
        if self.alias is None or not self._alias_alive():
            source = self.value.numpy()
            self.alias = self._allocate(source)
        return self.alias

    def _allocate(self, source: np.ndarray) -> np.ndarray:
        if self.strides is None:
            return np.array(source, order="C", copy=True)
        flat = np.empty(_extent(source.shape, self.strides), source.dtype)
        buffer = np.lib.stride_tricks.as_strided(flat, source.shape, [s * source.itemsize for s in self.strides])
        buffer[...] = source
        return buffer

    def adopt(self, array: np.ndarray) -> None:
        """Make an array of the user's the memory of this storage (`from_numpy`)."""
        self.alias = array

    def _alias_alive(self) -> bool:
        """Whether somebody else can still reach the numpy memory: numpy collapses chains of views to their owner."""
        array = self.alias
        if sys.getrefcount(array) > 3:  # the slot, the local name, the argument
            return True
        owner = array.base
        if owner is None:
            return False
        while getattr(owner, "base", None) is not None:
            owner = owner.base
        if not isinstance(owner, np.ndarray):
            return True
        return sys.getrefcount(owner) > 3

    def _follow_alias(self) -> None:
        if self._alias_alive():
            copy = np.array(self.alias, order="C", copy=True)
        else:
            copy, self.alias = np.ascontiguousarray(self.alias).reshape(self.alias.shape), None
        self.writes += 1
        self.value = engine.Value(self.value.aval, copy, self.value.place)


def _extent(shape, strides) -> int:
    return 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)) if all(shape) else 0


@functools.lru_cache(4096)
def contiguous_strides(shape) -> tuple[int, ...]:
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def __getattr__(name):
    # Users look for UntypedStorage and its kin here; they are written in terms of tensors, which this file lies below.
    if name.endswith("Storage"):
        from . import storages

        found = storages.STORAGE_TYPES.get(name) or getattr(storages, name, None)
        if found is not None:
            return found
    raise AttributeError(f"module 'torch.storage' has no attribute {name!r}")
