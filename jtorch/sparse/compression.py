"""Between coordinates and the compressed form of CSR and CSC, of one matrix or of stacked ones with equally many entries."""

import math

import numpy as np

from .. import dtypes
from .indices import pointers, rows_of


def expanded(compressed: np.ndarray, plain: np.ndarray, layout) -> np.ndarray:
    """The coordinates (batch dimensions, row, column) of entries in the order they are stored."""
    batch, count = plain.shape[:-1], plain.shape[-1]
    flat = compressed.reshape(-1, compressed.shape[-1])
    outer = np.concatenate([rows_of(row) for row in flat]) if len(flat) else np.zeros(0, np.int64)
    matrix = outer, plain.reshape(-1).astype(np.int64)
    if layout is dtypes.sparse_csc:
        matrix = matrix[::-1]
    if not batch:
        return np.stack(matrix)
    stacked = np.repeat(np.indices(batch).reshape(len(batch), -1), count, axis=1)
    return np.concatenate([stacked, np.stack(matrix)])


def compress(coordinates: np.ndarray, shape, layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compressed and plain indices of distinct entries, and the order in which their values belong.

    `coordinates` (dimensions, entries) are those of a matrix or of stacked ones, `shape` the sizes of these dimensions.
    """
    *stacked, rows, columns = coordinates
    outer, inner = (rows, columns) if layout is dtypes.sparse_csr else (columns, rows)
    count = shape[-2] if layout is dtypes.sparse_csr else shape[-1]
    batch = tuple(shape[:-2])
    matrix = np.ravel_multi_index(tuple(stacked), batch) if batch else np.zeros(len(rows), np.int64)
    order = np.lexsort((inner, outer, matrix))
    matrices = math.prod(batch)
    if not matrices:
        word = "to_sparse_csr" if layout is dtypes.sparse_csr else "to_sparse_csc"
        raise RuntimeError(f"{word}: Expected product of batch dimensions to be non-zero.")
    each = np.bincount(matrix, minlength=matrices)
    if each.min() != each.max():
        raise RuntimeError("Expect the same number of specified elements per batch.")
    begin = pointers((matrix * count + outer)[order], matrices * count)
    per_matrix = int(each[0])
    compressed = np.stack([begin[m * count : (m + 1) * count + 1] - m * per_matrix for m in range(matrices)])
    return compressed.reshape(*batch, count + 1), inner[order].reshape(*batch, per_matrix), order
