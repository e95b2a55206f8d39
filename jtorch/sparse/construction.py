"""Sparse tensors from their components: `sparse_coo_tensor`, `sparse_csr_tensor` and their kin."""

import math
import warnings

import numpy as np

from .. import creation, devices, dtypes
from ..ops.kinds import SCALAR_NAMES
from ..tensor import Tensor
from ..transfer import place_of as place_of_device
from .conversion import refuse_blocks, values_at
from .history import record
from .indices import host, index_tensor
from .inplace import empty
from .invariants import (
    check_compressed,
    check_coo_indices,
    check_coo_shapes,
    check_counts,
    check_not_negative,
    check_sparse_tensor_invariants,
)
from .storage import (
    COMPRESSED,
    LAYOUT_WORDS,
    coo,
    dense_shape,
    is_compressed,
    is_coo,
    is_sparse,
    rebuilt,
    sparse_dim,
    values_of,
)
from .storage import compressed as compressed_tensor
from .table import refuse


def sparse_coo_tensor(*args, **kwargs) -> Tensor:
    """A COO tensor: `sparse_coo_tensor(indices, values, size=None)`, or `sparse_coo_tensor(size)` without entries.

    `indices` (sparse_dim, nnz) say where, `values` (nnz, *dense shape) what; entries of one place count as their sum. Without `size` it is the smallest that
    has room. `is_coalesced=True` declares the indices to be in order and distinct; `check_invariants=True` looks whether they are.

    >>> import jtorch as torch
    >>> torch.sparse_coo_tensor([[0, 1], [1, 0]], [3.0, 4.0], (2, 2))
    tensor(indices=tensor([[0, 1],
                           [1, 0]]),
           values=tensor([3., 4.]),
           size=(2, 2), nnz=2, layout=torch.sparse_coo)
    """
    known = ("indices", "values", "size")
    given = dict(zip(known, args, strict=False))
    if len(args) == 1 and isinstance(args[0], (tuple, list)) and "values" not in kwargs:
        given = {"size": args[0]}
    if len(args) > 3 or (set(kwargs) & set(given)) or not (args or kwargs):
        raise _no_overload(args)
    given |= {name: kwargs.pop(name) for name in known if name in kwargs}
    if "indices" not in given:
        return _empty_coo(given.get("size"), **kwargs)
    if "values" not in given:
        raise TypeError(
            f"sparse_coo_tensor(): argument 'size' (position 1) must be tuple of ints, not {type(given['indices']).__name__}"
        )
    if given.get("size") is not None and not isinstance(given["size"], (tuple, list)):
        raise _no_overload(args)
    return _coo_tensor(given["indices"], given["values"], given.get("size"), **kwargs)


def _no_overload(args):
    shown = ", ".join(type(a).__name__ for a in args)
    return TypeError(
        f"sparse_coo_tensor() received an invalid combination of arguments - got ({shown}), but expected one of:\n"
        " * (object indices, object values, *, torch.dtype dtype = None, torch.device device = None, bool requires_grad = False, bool check_invariants = None)\n"
        " * (object indices, object values, tuple of ints size, *, ..., bool is_coalesced = None)\n * (tuple of ints size, *, ...)\n"
    )


def _place(device):
    return place_of_device(devices.default_device() if device is None else device)


def _empty_coo(size, *, dtype=None, device=None, pin_memory=False, requires_grad=False, check_invariants=None, layout=None):  # fmt: skip
    made = empty(tuple(size), dtype or dtypes.default_dtype(), dtypes.sparse_coo, _place(device))
    return made.requires_grad_(requires_grad)


def _values(values, dtype, device) -> Tensor:
    if not isinstance(values, Tensor):
        values = creation.tensor(values, dtype=dtype, device=device)
    values = values.to(device=device or values.device, dtype=dtype or values.dtype)
    return values if values._aval.shape else values.reshape(1)


def _numbers(indices, like: Tensor, dtype=None) -> Tensor:
    """Indices given as anything, as a tensor beside the values."""
    if not isinstance(indices, Tensor):
        made = creation.tensor(indices)
        indices = made.to(dtypes.int64) if made.dtype not in (dtypes.int32, dtypes.int64) else made
    return indices.detach().to(device=like.device, dtype=dtype or indices.dtype)


def _coo_tensor(
    indices, values, size, *, dtype=None, device=None, pin_memory=False, requires_grad=False, check_invariants=None, is_coalesced=None
):  # fmt: skip
    values = _values(values, dtype, device)
    indices = _numbers(indices, values, dtypes.int64)
    check = check_sparse_tensor_invariants.is_enabled() if check_invariants is None else check_invariants
    if size is None:
        size = _inferred(indices, values)
    size = tuple(n.__index__() for n in size)
    check_coo_shapes(indices, values, size)
    if check:
        check_coo_indices(indices, size, is_coalesced)
    made = coo(indices, values.detach(), size, bool(is_coalesced))
    if requires_grad:
        made.requires_grad_()
    pattern = made.detach()
    return record("SparseCooTensorWithDimsAndTensors", made, (values, lambda grad: values_at(grad, pattern)), once=True)


def _inferred(indices, values) -> tuple[int, ...]:
    """The smallest size with room for all entries."""
    check_counts(indices, values)
    rows = host(indices)
    check_not_negative(rows)
    sparse = rows.max(1) + 1 if rows.shape[1] else np.zeros(len(rows), np.int64)
    return (*sparse.tolist(), *values._aval.shape[1:])


def _sparse_coo_tensor_unsafe(indices, values, size, dtype=None, device=None, is_coalesced=None) -> Tensor:
    """`sparse_coo_tensor` without any check of the indices."""
    return _coo_tensor(indices, values, size, dtype=dtype, device=device, check_invariants=False, is_coalesced=is_coalesced)  # fmt: skip


def sparse_compressed_tensor(
    compressed_indices, plain_indices, values, size=None, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False, check_invariants=None
) -> Tensor:  # fmt: skip
    """A tensor of a compressed layout: `layout` is torch.sparse_csr or torch.sparse_csc.

    >>> import jtorch as torch
    >>> torch.sparse_compressed_tensor([0, 1, 2], [1, 0], [3.0, 4.0], layout=torch.sparse_csr).to_dense()
    tensor([[0., 3.],
            [4., 0.]])
    """
    if layout not in COMPRESSED:
        if layout in (dtypes.sparse_bsr, dtypes.sparse_bsc):
            refuse_blocks(layout)
        word = "none" if layout is None else LAYOUT_WORDS[layout]
        raise RuntimeError(f"sparse_compressed_tensor expected sparse compressed tensor layout but got {word}")
    values = _values(values, dtype, device)
    compressed, plain = _numbers(compressed_indices, values), _numbers(plain_indices, values)
    check = check_sparse_tensor_invariants.is_enabled() if check_invariants is None else check_invariants
    if size is None:
        size = _inferred_compressed(layout, compressed, plain, values)
    size = tuple(n.__index__() for n in size)
    if check:
        check_compressed(layout, compressed, plain, values, size)
    made = compressed_tensor(layout, compressed, plain, values.detach(), size)
    if requires_grad:
        made.requires_grad_()
    pattern = made.detach()
    return record("SparseCompressedTensor", made, (values, lambda grad: values_at(grad, pattern)), once=True)


def _inferred_compressed(layout, compressed, plain, values) -> tuple[int, ...]:
    batch = len(compressed._aval.shape) - 1
    outer = compressed._aval.shape[-1] - 1
    numbers = host(plain)
    inner = int(numbers.max()) + 1 if math.prod(numbers.shape) else 0
    matrix = (outer, inner) if layout is dtypes.sparse_csr else (inner, outer)
    return (*compressed._aval.shape[:batch], *matrix, *values._aval.shape[batch + 1 :])


def sparse_csr_tensor(crow_indices, col_indices, values, size=None, **options) -> Tensor:
    """A matrix whose rows are compressed: row i has the columns and values from `crow_indices[i]` to `crow_indices[i + 1]`.

    >>> import jtorch as torch
    >>> torch.sparse_csr_tensor([0, 1, 2], [1, 0], [3.0, 4.0]).to_dense()
    tensor([[0., 3.],
            [4., 0.]])
    """
    return sparse_compressed_tensor(
        crow_indices, col_indices, values, size, **(options | {"layout": dtypes.sparse_csr})
    )


def sparse_csc_tensor(ccol_indices, row_indices, values, size=None, **options) -> Tensor:
    """A matrix whose columns are compressed."""
    return sparse_compressed_tensor(
        ccol_indices, row_indices, values, size, **(options | {"layout": dtypes.sparse_csc})
    )


def sparse_bsr_tensor(crow_indices, col_indices, values, size=None, **options):
    """Raises: blocks are not there; use `sparse_csr_tensor`."""
    refuse_blocks(dtypes.sparse_bsr)


def sparse_bsc_tensor(ccol_indices, row_indices, values, size=None, **options):
    """Raises: blocks are not there; use `sparse_csc_tensor`."""
    refuse_blocks(dtypes.sparse_bsc)


def spdiags(diagonals: Tensor, offsets: Tensor, shape, layout=None) -> Tensor:
    """A matrix with the rows of `diagonals` on the diagonals of the given offsets: column j of a diagonal has element j of its row.

    >>> import jtorch as torch
    >>> torch.sparse.spdiags(torch.tensor([[1., 2.], [3., 4.]]), torch.tensor([0, -1]), (2, 2)).to_dense()
    tensor([[1., 0.],
            [3., 2.]])
    """
    rows = diagonals if len(diagonals._aval.shape) == 2 else diagonals.unsqueeze(0)
    at = offsets if len(offsets._aval.shape) == 1 else offsets.unsqueeze(0)
    if len(shape) != 2:
        raise RuntimeError("Output shape must be 2d")
    if layout not in (None, dtypes.sparse_coo, *COMPRESSED):
        raise RuntimeError(f"Only output layouts (Sparse, SparseCsc, SparseCsr) are supported, got {LAYOUT_WORDS[layout]}")  # fmt: skip
    if len(rows._aval.shape) != 2:
        raise RuntimeError("Diagonals must be vector or matrix")
    if len(at._aval.shape) != 1:
        raise RuntimeError("Offsets must be scalar or vector")
    count, wide = rows._aval.shape
    if count != at._aval.shape[0]:
        raise RuntimeError(f"Number of diagonals ({count}) does not match the number of offsets ({at._aval.shape[0]})")
    if at.dtype is not dtypes.int64:
        raise RuntimeError(f"Offset Tensor must have dtype Long but got {SCALAR_NAMES[at.dtype.name]}")
    numbers = host(at)
    if len(np.unique(numbers)) < count:
        raise RuntimeError("Offset tensor contains duplicate values")
    places = []
    for row, offset in enumerate(numbers.tolist()):
        columns = np.arange(max(offset, 0), max(min(wide, shape[1], shape[0] + offset), max(offset, 0)))
        places.append(np.stack([columns - offset, columns, np.full(len(columns), row)]))
    found = np.concatenate(places, 1).astype(np.int64)
    place = diagonals._storage.value.place
    taken = rows.reshape(-1).index_select(0, index_tensor(found[2] * wide + found[1], place))
    made = _coo_tensor(index_tensor(found[:2], place), taken, tuple(shape))
    return made if layout in (None, dtypes.sparse_coo) else made.to_sparse(layout=layout)


def factory(name: str, shape, dtype, layout, device, requires_grad) -> Tensor:
    """`zeros` and `empty` with a sparse layout; torch's errors for functions that would fill all elements."""
    if name not in ("zeros", "empty"):
        if name in ("ones", "full"):
            raise RuntimeError("full(...) is not implemented for sparse layout")
        word = LAYOUT_WORDS.get(layout, str(layout))
        raise NotImplementedError(f"Could not run 'aten::{name}' with arguments from the '{word}CPU' backend. Make it strided and convert it with .to_sparse().")  # fmt: skip
    if layout in (dtypes.sparse_bsr, dtypes.sparse_bsc):
        refuse_blocks(layout)
    made = empty(shape, dtype, layout, _place(device))
    return made.requires_grad_(requires_grad)


def random_like(input: Tensor, draw, dtype, device, requires_grad, generator) -> Tensor:
    """Random values at the entries of a compressed tensor; torch has none for the other layouts."""
    if not is_compressed(input) or draw.__name__ != "randn":
        refuse({"rand": "uniform", "randn": "normal"}.get(draw.__name__, "random"), (input,), True)
    shape = values_of(input)._aval.shape
    made = draw(shape, dtype=dtype or input.dtype, device=device or input.device, generator=generator)
    return rebuilt(input.detach(), made).requires_grad_(requires_grad)


def new(input: Tensor, args, device) -> Tensor:
    """`input.new(...)`, the constructor of old: without entries from a size, else from indices, values and a size."""
    if not is_coo(input):
        refuse("new", (input,), False)
    return old_constructor(input.dtype, args, device or input.device)


def old_constructor(dtype, args, device) -> Tensor:
    """`torch.sparse.FloatTensor(...)`: from indices, values and maybe a size, or without entries from a size."""
    given = ("indices", "values", "shape")[: len(args)] if args and isinstance(args[0], Tensor) else ("shape",)
    warnings.warn(
        f"torch.sparse.SparseTensor({', '.join(given)}, *, device=) is deprecated.  Please use "
        f"torch.sparse_coo_tensor({', '.join(given)}, dtype=, device=).",
        UserWarning,
        stacklevel=3,
    )
    if len(given) > 1:
        return sparse_coo_tensor(*args, dtype=dtype, device=device)
    return _empty_coo(args[0] if args and isinstance(args[0], (tuple, list)) else args, dtype=dtype, device=device)


def like(name: str, input: Tensor, dtype, layout, device, requires_grad, fill=None) -> Tensor:
    """`zeros_like` and its kin, where the input or the wanted layout is sparse."""
    layout, dtype = layout or input._aval.layout, dtype or input.dtype
    place = input._storage.value.place if device is None else _place(device)
    if layout is dtypes.strided:
        return creation.full(input._aval.shape, 0 if fill is None else fill, dtype=dtype, device=place.device, requires_grad=requires_grad)  # fmt: skip
    if is_compressed(input) and layout is input._aval.layout and name != "zeros_like":
        made = rebuilt(input.detach(), creation.full_like(values_of(input), 0 if fill is None else fill, dtype=dtype))
    elif name in ("zeros_like", "empty_like"):
        sparse = sparse_dim(input) if is_sparse(input) else None
        made = empty(input._aval.shape, dtype, layout, place, sparse, dense_shape(input) if is_sparse(input) else ())
    else:
        refuse("fill", (input,), True)
    return made.requires_grad_(requires_grad)
