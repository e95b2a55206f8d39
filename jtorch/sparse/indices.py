"""Which entries a sparse tensor has: integer arithmetic in numpy.

How many entries a result has depends on the indices, so they have to be known when an operation is called. Values are left to the engine.
"""

import numpy as np

from ..engine import Place
from ..interop import own_numpy
from ..tensor import Tensor
from ..transfer import move


def host(tensor: Tensor) -> np.ndarray:
    """The elements of an index tensor, which must not be written to."""
    return tensor._read().numpy()


def index_tensor(array: np.ndarray, place: Place) -> Tensor:
    """An index tensor on a device."""
    made = own_numpy(array)
    made._storage.value = move(made._storage.value, place)
    return made


def place_of(tensor: Tensor) -> Place:
    return tensor._storage.value.place


def linear(indices: np.ndarray, sizes) -> np.ndarray:
    """The position of each entry in row-major order, from indices (dims, nnz)."""
    position = np.zeros(indices.shape[1], np.int64)
    for row, size in zip(indices, sizes, strict=True):
        position = position * size + row
    return position


def unravelled(positions: np.ndarray, sizes) -> np.ndarray:
    """The inverse of `linear`."""
    rows = []
    for size in reversed(sizes):
        positions, row = np.divmod(positions, max(size, 1))
        rows.append(row)
    return np.stack(rows[::-1]) if rows else np.zeros((0, len(positions)), np.int64)


def groups(indices: np.ndarray, sizes) -> tuple[np.ndarray, np.ndarray]:
    """The distinct columns of `indices` in row-major order, and for every entry which of them it has."""
    if not len(indices):
        entries = indices.shape[1]
        return np.zeros((0, min(entries, 1)), np.int64), np.zeros(entries, np.int64)
    distinct, group = np.unique(linear(indices, sizes), return_inverse=True)
    return unravelled(distinct, sizes), group.reshape(-1)


def pointers(rows: np.ndarray, count: int) -> np.ndarray:
    """Where each of `count` rows begins in a sorted list of row numbers, and where the last one ends: CSR's crow_indices."""
    return np.searchsorted(rows, np.arange(count + 1)).astype(np.int64)


def rows_of(pointers: np.ndarray) -> np.ndarray:
    """The row number of each entry: the inverse of `pointers`."""
    return np.repeat(np.arange(len(pointers) - 1, dtype=np.int64), np.diff(pointers))


def found(wanted: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each of `wanted` stands among sorted distinct numbers, and whether it is there at all."""
    if not len(among):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    place = np.minimum(np.searchsorted(among, wanted), len(among) - 1)
    return place, among[place] == wanted
