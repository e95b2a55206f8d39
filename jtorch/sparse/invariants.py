"""What must hold of the components of a sparse tensor, and whether constructors look."""

import functools

import numpy as np

from .. import dtypes
from ..ops.kinds import SCALAR_NAMES
from .indices import host, linear


class check_sparse_tensor_invariants:
    """Switch for the checks of sparse constructors; a context manager and a decorator too.

    >>> import jtorch as torch
    >>> with torch.sparse.check_sparse_tensor_invariants():
    ...     torch.sparse.check_sparse_tensor_invariants.is_enabled()
    True
    >>> torch.sparse.check_sparse_tensor_invariants.is_enabled()
    False
    """

    _enabled = False

    def __init__(self, enable=True):
        self.state, self.saved_state = enable, None

    @staticmethod
    def is_enabled() -> bool:
        return check_sparse_tensor_invariants._enabled

    @staticmethod
    def enable() -> None:
        check_sparse_tensor_invariants._enabled = True

    @staticmethod
    def disable() -> None:
        check_sparse_tensor_invariants._enabled = False

    def __enter__(self):
        if self.saved_state is not None:
            raise RuntimeError("This context manager instance is already activated. Use a different context manager instance for context nesting.")  # fmt: skip
        self.saved_state = check_sparse_tensor_invariants._enabled
        check_sparse_tensor_invariants._enabled = self.state

    def __exit__(self, *exc):
        check_sparse_tensor_invariants._enabled, self.saved_state = self.saved_state, None

    def __call__(self, function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with type(self)(self.state):
                return function(*args, **kwargs)

        return wrapped


def check_coo_shapes(indices, values, size) -> None:
    """Torch's errors for components that do not fit together; the indices themselves are not looked at."""
    have, given = indices._aval.shape, values._aval.shape
    if not have:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    sparse, dense = have[0], len(given) - 1
    if len(size) != sparse + dense:
        raise RuntimeError(f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(size)}, sparse_dim = {sparse}, dense_dim = {dense}")  # fmt: skip
    check_counts(indices, values)
    wanted = (given[0], *size[sparse:])
    if given != wanted:
        raise RuntimeError(f"values has incorrect size, expected {list(wanted)}, got {list(given)}")


def check_counts(indices, values) -> None:
    if len(indices._aval.shape) != 2:
        raise RuntimeError(f"indices must be sparse_dim x nnz, but got: {list(indices._aval.shape)}")
    count, other = indices._aval.shape[1], values._aval.shape[0]
    if count != other:
        raise RuntimeError(f"indices and values must have same nnz, but got nnz from indices: {count}, nnz from values: {other}")  # fmt: skip


def check_not_negative(rows: np.ndarray) -> None:
    for d, row in enumerate(rows):
        if len(row) and row.min() < 0:
            raise RuntimeError(f"found negative index {row.min()} for dim {d}")


def check_coo_indices(indices, size, is_coalesced) -> None:
    """That all indices lie inside the size, and with `is_coalesced` are in order and distinct."""
    rows = host(indices)
    if not rows.shape[1]:
        return
    check_not_negative(rows)
    for d, (row, n) in enumerate(zip(rows, size, strict=False)):
        if row.max() >= n:
            raise RuntimeError(f"size is inconsistent with indices: for dim {d}, size is {n} but found index {row.max()}")  # fmt: skip
    if is_coalesced:
        position = linear(rows, size)
        if (position[1:] <= position[:-1]).any():
            raise RuntimeError("cannot set is_coalesced to true if indices correspond to uncoalesced COO tensor")


def _names(layout) -> tuple[str, ...]:
    """Of a compressed layout: compressed indices, plain indices, the dimension that is compressed and the other one."""
    if layout is dtypes.sparse_csr:
        return "crow_indices", "col_indices", "rows", "cols"
    return "ccol_indices", "row_indices", "cols", "rows"


def check_compressed(layout, compressed, plain, values, size) -> None:
    """All that torch asks of the components of a CSR or CSC tensor."""
    cname, pname, outer_name, inner_name = _names(layout)
    have, given, ndim = compressed._aval.shape, plain._aval.shape, len(compressed._aval.shape)
    if compressed.dtype is not plain.dtype:
        a, b = SCALAR_NAMES[compressed.dtype.name], SCALAR_NAMES[plain.dtype.name]
        raise RuntimeError(f"{cname} and {pname} must have the same dtype, bot got {a} and {b}, respectively")
    if compressed.dtype not in (dtypes.int32, dtypes.int64):
        raise RuntimeError(f"{cname} and {pname} dtype must be Int or Long, but got {SCALAR_NAMES[compressed.dtype.name]}")  # fmt: skip
    if ndim != len(given):
        raise RuntimeError(f"{cname} and {pname} dimensionalities must be equal but got {ndim} and {len(given)}, respectively")  # fmt: skip
    batch, dense = ndim - 1, len(values._aval.shape) - ndim
    if len(size) != batch + 2 + max(dense, 0):
        raise RuntimeError(
            f"tensor dimensionality must be sum of batch, base, and dense dimensionalities (={batch} + 2 + {max(dense, 0)}) but got {len(size)}"
        )
    rows, columns = size[batch], size[batch + 1]
    outer, inner = (rows, columns) if layout is dtypes.sparse_csr else (columns, rows)
    count = values._aval.shape[batch]
    word = "rows" if outer_name == "rows" else "columns"
    if have[-1] != outer + 1:
        raise RuntimeError(f"{cname}.shape[-1] must be equal to the number of {word} + 1 (={outer + 1}), but got {have[-1]}")  # fmt: skip
    if given[-1] != count:
        raise RuntimeError(f"{pname}.shape[-1] must be equal to nnz (={count}) as defined by values.shape[{batch}], but got {given[-1]}")  # fmt: skip
    wanted = (*size[:batch], count, *size[batch + 2 :])
    if values._aval.shape != tuple(wanted):
        raise RuntimeError(f"values has incorrect size, expected {list(wanted)}, got {list(values._aval.shape)}")
    _check_order(cname, pname, outer_name, inner_name, host(compressed), host(plain), inner)


def _check_order(cname, pname, outer_name, inner_name, compressed, plain, inner) -> None:
    count = plain.shape[-1]
    steps = np.diff(compressed, axis=-1)
    each = f"{pname}[..., {cname}[..., i - 1]:{cname}[..., i]] for all i = 1, ..., n{outer_name}"
    rules = [
        (f"{cname}[..., 0] == 0", compressed[..., 0] == 0),
        (f"{cname}[..., -1] == nnz", compressed[..., -1] == count),
        (f"0 <= {cname}[..., 1:] - {cname}[..., :-1] <= n{inner_name}", (steps >= 0) & (steps <= inner)),
        (f"0 <= {pname} < n{inner_name}", (plain >= 0) & (plain < inner)),
    ]
    for rule, holds in rules:
        if not holds.all():
            raise RuntimeError(f"`{rule}` is not satisfied.")
    for pointers, numbers in zip(compressed.reshape(-1, compressed.shape[-1]), plain.reshape(-1, count), strict=True):
        starts = np.zeros(count, bool)
        starts[pointers[:-1][pointers[:-1] < count]] = True
        if count and (np.diff(numbers, prepend=-1) <= 0)[~starts].any():
            raise RuntimeError(f"`{each} are sorted and distinct along the last dimension values` is not satisfied.")
