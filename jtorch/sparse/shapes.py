"""Sparse tensors with other dimensions: permuted, picked from, joined. All of them are copies; nothing is written through them."""

import functools

import numpy as np

from .. import creation, dtypes, promotion
from ..dispatch import wrap_dim
from ..functions import views
from ..tensor import Tensor
from .access import cat_components, coalesce
from .conversion import to_dense
from .history import record
from .indices import host, index_tensor, linear, place_of
from .storage import (
    LAYOUT_WORDS,
    alias,
    compressed,
    coo,
    dense_dim,
    indices_of,
    is_compressed,
    is_coo,
    is_sparse,
    rebuilt,
    sparse_dim,
    values_of,
)
from .table import composite, kernel, refuse, unavailable, view

# Views of strided tensors


@view("permute")
def permute(input, label, numbers, order):
    if is_compressed(input):
        return _transposed(input, label, order)
    sparse, ndim = sparse_dim(input), len(order)
    inverse = tuple(np.argsort(order)) if ndim else ()
    if label == "T" and (sparse > 2 or ndim > sparse):
        raise RuntimeError(
            f"t() expects a tensor with <= 2 sparse and 0 dense dimensions, but got {sparse} sparse and {ndim - sparse} dense dimensions"
        )
    moved = [d for d in range(ndim) if order[d] != d]
    if label == "Transpose" and any(d >= sparse for d in moved):
        raise RuntimeError(
            f"sparse transpose: transposed dimensions must be sparse Got sparse_dim: {sparse}, d0: {moved[0]}, d1: {moved[1]}"
        )
    if any((d < sparse) != (order[d] < sparse) for d in range(ndim)):
        raise RuntimeError(
            "permute(sparse_coo): transpositions between sparse and dense dimensions are not allowed.Only transpositions within sparse and dense dimensions are supported."
        )
    within = order[:sparse]
    rows, given = indices_of(input), values_of(input)
    ordered = within == tuple(range(sparse))
    if not ordered:
        rows = index_tensor(host(rows)[list(within)], place_of(input))
    if order[sparse:] != tuple(range(sparse, ndim)):
        given = given.permute(0, *(d - sparse + 1 for d in order[sparse:])).contiguous()
    shape = tuple(input._aval.shape[d] for d in order)
    made = coo(alias(rows), alias(given), shape, input._storage.coalesced and ordered)
    return record(label, made, (input, lambda grad: grad.permute(*(int(d) for d in inverse))))


def _transposed(input, label, order):
    """The transpose of a compressed matrix: what was compressed by rows is by columns."""
    if order == tuple(range(len(order))):
        return input
    if order != (1, 0) or label not in ("T", "Transpose") or dense_dim(input):
        refuse("as_strided", (input,), False)
    layout = dtypes.sparse_csc if input._aval.layout is dtypes.sparse_csr else dtypes.sparse_csr
    made = compressed(layout, *map(alias, input._storage.components), input._aval.shape[::-1])
    return record(label, made, (input, lambda grad: grad.transpose(0, 1)))


@view("view")
def reshaped(input, label, numbers, size):
    """What is a view of the same elements otherwise: of these sparse tensors have `unsqueeze` alone."""
    if label != "Unsqueeze":
        if label == "UnsafeView" or (label == "View" and is_compressed(input)):
            raise RuntimeError("reshape is not implemented for sparse tensors")
        refuse("as_strided" if label.startswith("Squeeze") else "view", (input,), False)
    shape = input._aval.shape
    return unsqueezed(input, next(d for d in range(len(size)) if (*shape[:d], 1, *shape[d:]) == tuple(size)))


def unsqueezed(input: Tensor, dim: int) -> Tensor:
    """A new dimension of size 1: a sparse one up to the first dense dimension, then a dense one."""
    if is_compressed(input):
        raise RuntimeError("Sparse CSR tensors do not have strides")
    sparse, shape = sparse_dim(input), input._aval.shape
    size = (*shape[:dim], 1, *shape[dim:])
    rows, given = indices_of(input), values_of(input)
    if dim <= sparse:
        rows = index_tensor(np.insert(host(rows), dim, 0, axis=0), place_of(input))
    else:
        given = given.unsqueeze(dim - sparse + 1)
    made = coo(alias(rows), alias(given), size, input._storage.coalesced)

    def backward(grad):
        return grad.select(dim, 0) if is_sparse(grad) else grad.squeeze(dim)

    return record("Unsqueeze", made, (input, backward))


@view("index_basic")
def index_basic(input, label, numbers, plan):
    """Basic indexing, of which sparse tensors have numbers, `None` and whole dimensions."""
    if any(item[0] == "slice" for item in plan):
        refuse("as_strided", (input,), False)
    starts, made, dim = iter(numbers), input, 0
    for item in plan:
        if item[0] == "int":
            made = select(made, dim, next(starts) if item[1] is None else item[1], label)
            continue
        if item[0] == "new":
            made = unsqueezed(made, dim) if is_sparse(made) else made.unsqueeze(dim)
        dim += 1
    return made


def select(input: Tensor, dim: int, index: int, label: str = "Select") -> Tensor:
    """One position of a dimension; strided once no sparse dimension is left."""
    if not is_sparse(input):
        return input.select(dim, index)
    if is_compressed(input):
        return select(input.to_sparse(), dim, index, label)
    sparse, shape = sparse_dim(input), input._aval.shape
    rest = (*shape[:dim], *shape[dim + 1 :])
    rows, given, place = host(indices_of(input)), values_of(input), place_of(input)
    if dim >= sparse:
        made = coo(alias(indices_of(input)), given.select(dim - sparse + 1, index).clone(), rest, input._storage.coalesced)  # fmt: skip
    else:
        kept = np.flatnonzero(rows[dim] == index)
        given = given.index_select(0, index_tensor(kept, place))
        if sparse == 1:
            made = given.sum(0).to(input.dtype)
        else:
            made = coo(index_tensor(np.delete(rows[:, kept], dim, 0), place), given, rest, input._storage.coalesced)

    def backward(grad):
        if not is_sparse(grad):
            whole = creation.zeros(shape, dtype=grad.dtype, device=grad.device)
            return whole.select_scatter(grad, dim, index)
        return _placed(unsqueezed(grad, dim), dim, index, shape)

    return record(label, made, (input, backward))


def _placed(input, dim, start, shape):
    """A COO tensor as the part of a larger one that begins at `start`."""
    sparse, rows, given = sparse_dim(input), indices_of(input), values_of(input)
    if dim < sparse:
        shift = np.zeros((sparse, 1), np.int64)
        shift[dim] = start
        rows = index_tensor(host(rows) + shift, place_of(input))
    else:
        given = _padded(given, dim - sparse + 1, start, shape[dim])
    return coo(rows, given, shape, input._storage.coalesced)


def _padded(given, dim, start, size):
    """Values with zeros before and after them along a dimension."""
    parts, have = [], list(given._aval.shape)
    for count in (start, size - start - have[dim]):
        have[dim] = count
        parts.append(creation.zeros(have, dtype=given.dtype, device=given.device))
    return cat_components([parts[0], given, parts[1]], dim)


@view("view_as_real")
def view_as_real(input, label, numbers):
    def backward(grad):
        return rebuilt(grad, views.view_as_complex(values_of(grad).contiguous())) if is_sparse(grad) else views.view_as_complex(grad)  # fmt: skip

    return record(label, rebuilt(input, views.view_as_real(values_of(input)).clone()), (input, backward))


@view("view_as_complex")
def view_as_complex(input, label, numbers):
    def backward(grad):
        return rebuilt(grad, views.view_as_real(values_of(grad))) if is_sparse(grad) else views.view_as_real(grad)

    return record(label, rebuilt(input, views.view_as_complex(values_of(input)).clone()), (input, backward))


@view("real")
def real(input, label, numbers):
    source = input.dtype
    return record("Select", rebuilt(input, values_of(input).real.clone()), (input, lambda grad: grad.to(source)))


@view("imag")
def imag(input, label, numbers):
    source = input.dtype
    return record("Select", rebuilt(input, values_of(input).imag.clone()), (input, lambda grad: grad.to(source) * 1j))


@view("alias")
def same(input, label, numbers):
    return record("Alias", input.detach(), (input, lambda grad: grad))


@view("expand")
def expand(input, label, numbers, size):
    raise RuntimeError(f"expand is unsupported for {LAYOUT_WORDS[input._aval.layout]} tensors")


# Picking


@kernel("index_select")
def index_select(input, dim, index):
    if is_compressed(input):
        refuse("index_select", (input,), False)
    if not is_sparse(input):
        refuse("index_select", (index,), False)
    dim = wrap_dim(dim, len(input._aval.shape))
    if is_sparse(index) or index.dtype is not dtypes.int64 or len(index._aval.shape) != 1:
        raise IndexError("index_select() argument index must be 1-D strided (non-sparse) long-tensor.")
    sparse, shape, place = sparse_dim(input), input._aval.shape, place_of(input)
    picks, n = host(index), input._aval.shape[dim]
    size = (*shape[:dim], len(picks), *shape[dim + 1 :])
    outside = picks[(picks < -n) | (picks >= n)]
    if len(outside):
        raise IndexError(
            f"index_select(): index contains {outside[0]} that is out of range for tensor of size {list(shape)} at dimension {dim}"
        )
    if dim >= sparse:
        given = values_of(input).index_select(dim - sparse + 1, index % n if n else index)
        made = coo(alias(indices_of(input)), given, size, input._storage.coalesced)
    else:
        made = _selected(input, dim, picks % n if n else picks, size, place)

    def backward(grad):
        whole = creation.zeros(shape, dtype=grad.dtype, device=grad.device)
        return whole.index_add(dim, index % n if n else index, to_dense(grad)).sparse_mask(coalesce(pattern))

    pattern = input.detach()
    return record("IndexSelect", made, (input, backward))


def _selected(input, dim, picks, size, place):
    """For every pick in turn the entries that have it, in their order."""
    rows = host(indices_of(input))
    order = np.argsort(rows[dim], kind="stable")
    column = rows[dim][order]
    begin, end = np.searchsorted(column, picks, "left"), np.searchsorted(column, picks, "right")
    counts = end - begin
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    chosen = order[np.repeat(begin, counts) + within]
    found = rows[:, chosen].copy()
    found[dim] = np.repeat(np.arange(len(picks)), counts)
    position = linear(found, size)
    ordered = bool((position[1:] > position[:-1]).all())
    given = values_of(input).index_select(0, index_tensor(chosen, place))
    return coo(index_tensor(found, place), given, size, input._storage.coalesced and ordered)


@composite("narrow_copy")
def narrow_copy(input, dim, start, length):
    if not is_coo(input):
        raise unavailable("narrow_copy", input)
    shape = input._aval.shape
    dim = wrap_dim(dim, len(shape))
    start = start + shape[dim] if start < 0 else start
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if start + length > shape[dim]:
        raise RuntimeError(
            f"Invalid range to narrow. range(start, start+length) must be a subset of range(0, {shape[dim]})."
        )
    sparse, place, size = sparse_dim(input), place_of(input), (*shape[:dim], length, *shape[dim + 1 :])
    if dim >= sparse:
        given = values_of(input).narrow(dim - sparse + 1, start, length).clone()
        made = coo(alias(indices_of(input)), given, size, input._storage.coalesced)
    else:
        rows = host(indices_of(input))
        kept = np.flatnonzero((rows[dim] >= start) & (rows[dim] < start + length))
        found = rows[:, kept].copy()
        found[dim] -= start
        given = values_of(input).index_select(0, index_tensor(kept, place))
        made = coo(index_tensor(found, place), given, size, input._storage.coalesced)
    return record("NarrowCopy", made, (input, lambda grad: _placed(_sparse_like(grad, sparse), dim, start, shape)))


def _sparse_like(grad, sparse):
    return grad if is_sparse(grad) else grad.to_sparse(sparse)


# Joining


@kernel("cat")
def cat(tensors, dim=0):
    return _joined(list(tensors), dim, "Cat")


def _joined(tensors, dim, name):
    for position, tensor in enumerate(tensors):
        if is_compressed(tensor):
            raise RuntimeError("Sparse CSR tensors do not have is_contiguous")
        if not is_sparse(tensor):
            if not position:
                raise unavailable("_values", tensor)
            raise RuntimeError(f"Concatenating sparse tensors, but a dense tensor was found at position {position}.")
    first = tensors[0]
    shape, sparse = first._aval.shape, sparse_dim(first)
    dim = wrap_dim(dim, len(shape))
    for position, tensor in enumerate(tensors):
        other = tensor._aval.shape
        if sparse_dim(tensor) != sparse or dense_dim(tensor) != dense_dim(first):
            raise RuntimeError(
                f"All tensors must have the same sparse_dim and dense_dim: {sparse}, {dense_dim(first)}, but tensor at position {position} has {sparse_dim(tensor)}, {dense_dim(tensor)}."
            )
        if len(other) != len(shape) or any(
            n != m for d, (n, m) in enumerate(zip(shape, other, strict=True)) if d != dim
        ):
            raise RuntimeError(
                f"All tensors must have the same shape: {list(shape)} (except in the concatenating dimension), but found shape: {list(other)} at position {position}."
            )
    dtype = promotion.result_type([t.dtype for t in tensors], [], [])
    starts = np.cumsum([0, *(t._aval.shape[dim] for t in tensors)]).tolist()
    size = (*shape[:dim], starts[-1], *shape[dim + 1 :])
    placed = [_placed(t.detach().to(dtype), dim, start, size) for t, start in zip(tensors, starts, strict=False)]
    rows = index_tensor(np.concatenate([host(indices_of(t)) for t in placed], 1), place_of(first))
    given = cat_components([values_of(t) for t in placed], 0)
    made = coo(rows, given, size, len(tensors) == 1 and first._storage.coalesced)
    terms = [
        (tensor, functools.partial(_part, tensor=tensor.detach(), dim=dim, start=start))
        for tensor, start in zip(tensors, starts, strict=False)
    ]
    return record(name, made, *terms)


def _part(grad, tensor, dim, start):
    length = tensor._aval.shape[dim]
    made = narrow_copy(grad, dim, start, length) if is_sparse(grad) else grad.narrow(dim, start, length)
    return made.to(tensor.dtype)


@kernel("stack")
def stack(tensors, dim=0):
    tensors = list(tensors)
    if tensors and is_coo(tensors[0]):
        dim = wrap_dim(dim, len(tensors[0]._aval.shape) + 1)
        shapes = [t._aval.shape for t in tensors]
        if any(s != shapes[0] for s in shapes):
            position = next(i for i, s in enumerate(shapes) if s != shapes[0])
            raise RuntimeError(f"stack expects each tensor to be equal size, but got {list(shapes[0])} at entry 0 and {list(shapes[position])} at entry {position}")  # fmt: skip
    lifted = [unsqueezed(t, dim) if is_coo(t) else t for t in tensors]
    return _joined(lifted, dim, "Stack")


@kernel("vstack", "row_stack")
def vstack(tensors):
    return _joined([unsqueezed(t, 0) if is_coo(t) and len(t._aval.shape) == 1 else t for t in tensors], 0, "Cat")


@kernel("hstack")
def hstack(tensors):
    tensors = list(tensors)
    return _joined(tensors, 0 if len(tensors[0]._aval.shape) == 1 else 1, "Cat")
