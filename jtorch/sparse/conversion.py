"""Between layouts: to_dense, to_sparse and its kin, and the entries of one tensor at the places of another."""

from typing import NoReturn

from .. import dtypes
from ..dispatch import apply
from ..ops import sparse as ops
from ..tensor import Tensor
from .access import coalesce, entries, flat_values
from .compression import compress
from .history import record
from .indices import found, groups, host, index_tensor, linear, place_of
from .storage import (
    COMPRESSED,
    LAYOUT_WORDS,
    coo,
    dense_dim,
    indices_of,
    is_compressed,
    is_coo,
    is_sparse,
    rebuilt,
    sparse_dim,
    sparse_tensor,
    values_of,
)
from .storage import compressed as compressed_tensor
from .table import unavailable


def to_dense(input: Tensor, dtype=None, *, masked_grad=None) -> Tensor:
    """The strided tensor with the same elements; entries of one place are summed.

    The gradient of a sparse input has the entries of the input, with `masked_grad=False` all that are not zero.

    >>> import jtorch as torch
    >>> torch.sparse_coo_tensor([[0, 1]], [2.0, 3.0], (3,)).to_dense()
    tensor([2., 3., 0.])
    """
    if not is_sparse(input):
        return input if dtype is None else input.to(dtype)
    if dtype is not None:
        raise RuntimeError("dtype argument is not supported by sparse_to_dense")
    made = apply(ops.scatter, (entries(input), flat_values(input), input._aval.shape))[0]
    pattern = input.detach()

    def backward(grad):
        if masked_grad is False:
            return _as_layout(grad, pattern._aval.layout, sparse_dim(pattern), dense_dim(pattern))
        return sparse_mask(grad, coalesce(pattern) if is_coo(pattern) else pattern)

    return record("ToDense", made, (input, backward), once=True)


def _as_layout(tensor, layout, sparse=None, dense=None):
    if layout is dtypes.sparse_coo:
        return tensor.to_dense().to_sparse(sparse)
    return tensor.to_sparse(layout=layout, dense_dim=dense or None)


def to_sparse(input: Tensor, sparse_dim=None, *, layout=None, blocksize=None, dense_dim=None) -> Tensor:
    """The tensor as a sparse one, COO unless `layout` says otherwise.

    `sparse_dim` dimensions become sparse (all by default), or all but `dense_dim`.

    >>> import jtorch as torch
    >>> torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse().indices()
    tensor([[0, 1],
            [1, 0]])
    """
    if sparse_dim is not None:
        if layout is not None or blocksize is not None or dense_dim is not None:
            raise RuntimeError("to_sparse: the sparse_dim argument cannot be given together with layout, blocksize or dense_dim")  # fmt: skip
        return _to_coo(input, sparse_dim.__index__(), "ToSparseBackward0")
    layout = dtypes.sparse_coo if layout is None else layout
    if layout is input._aval.layout and layout is not dtypes.sparse_coo:
        return input
    if layout is dtypes.strided:
        return to_dense(input)
    if layout in COMPRESSED:
        return _to_compressed(input, layout, dense_dim, "ToSparseBackward1")
    if layout is not dtypes.sparse_coo:
        refuse_blocks(layout)
    if is_sparse(input):
        return _to_coo(input, None, "ToSparseBackward1")
    wanted = len(input._aval.shape) - (dense_dim or 0)
    return _to_coo(input, wanted, "ToSparseBackward1")


def to_sparse_coo(input: Tensor) -> Tensor:
    """The tensor in the layout torch.sparse_coo."""
    return to_sparse(input)


def to_sparse_csr(input: Tensor, dense_dim=None) -> Tensor:
    """The tensor in the layout torch.sparse_csr: rows are compressed.

    >>> import jtorch as torch
    >>> torch.eye(2).to_sparse_csr().crow_indices()
    tensor([0, 1, 2])
    """
    return _to_compressed(input, dtypes.sparse_csr, dense_dim, "ToSparseCsr")


def to_sparse_csc(input: Tensor, dense_dim=None) -> Tensor:
    """The tensor in the layout torch.sparse_csc: columns are compressed."""
    return _to_compressed(input, dtypes.sparse_csc, dense_dim, "ToSparseCsc")


def to_sparse_bsr(input: Tensor, blocksize, dense_dim=None) -> Tensor:
    """Raises: blocks are not there; use `to_sparse_csr`."""
    refuse_blocks(dtypes.sparse_bsr)


def to_sparse_bsc(input: Tensor, blocksize, dense_dim=None) -> Tensor:
    """Raises: blocks are not there; use `to_sparse_csc`."""
    refuse_blocks(dtypes.sparse_bsc)


def refuse_blocks(layout) -> NoReturn:
    plain = dtypes.sparse_csc if layout is dtypes.sparse_bsc else dtypes.sparse_csr
    raise NotImplementedError(f"tensors with layout {layout} are not supported by jtorch; use {plain}")


def _to_coo(input, sparse, label):
    layout, shape = input._aval.layout, input._aval.shape
    if is_coo(input):
        if sparse is not None and sparse != sparse_dim(input):
            raise RuntimeError(
                "to_sparse: conversion from Sparse to Sparse with sparse_dim argument !=self.sparse_dim() is not supported"
            )
        return input
    if is_compressed(input):
        if sparse is not None and sparse != 2:
            word = LAYOUT_WORDS[layout]
            raise RuntimeError(f"sparse_compressed_to_sparse: conversion from {word} to Sparse with sparse_dim argument !=2 is not supported")  # fmt: skip
        ordered = layout is dtypes.sparse_csr
        made = coo(entries(input).clone(), flat_values(input).clone(), shape, coalesced=ordered)
        pattern = dense_dim(input) or None
        return record(label, made, (input, lambda grad: grad.to_sparse(layout=layout, dense_dim=pattern)))
    ndim = len(shape)
    if not 0 <= sparse <= ndim:
        raise RuntimeError(f"dense_to_sparse: sparse_dim argument must be in [0,{ndim}] range, but {sparse} is given")
    if ndim and not sparse:
        raise RuntimeError("dense_to_sparse: sparse_dim argument must be in >0 when self.dim()>0")
    places = _specified(input, sparse)
    made = coo(places, apply(ops.gather, (input.detach(), places))[0], shape, coalesced=True)
    return record(label, made, (input, to_dense))


def _specified(input, sparse) -> Tensor:
    """Where a strided tensor has anything but zeros, in its first `sparse` dimensions: indices (sparse, count)."""
    input = input.detach()
    there = input if sparse == len(input._aval.shape) else (input != 0).flatten(sparse).any(-1)
    return index_tensor(host(there.nonzero()).T, place_of(input))


def _to_compressed(input, layout, dense, label):
    source, shape = input._aval.layout, input._aval.shape
    if source is layout:
        return input.detach() if not input.requires_grad else record(label, input.detach(), (input, lambda grad: grad))
    if is_coo(input):
        if sparse_dim(input) != 2:
            raise RuntimeError(
                f"sparse_coo_to_sparse: conversion from Sparse to {LAYOUT_WORDS[layout]} for input tensors with sparse_dim()!=2 is not supported"
            )
        input_entries, kept = coalesce(input.detach()), dense_dim(input)
    elif is_compressed(input):
        input_entries, kept = input.detach(), dense_dim(input)
    else:
        kept = 0 if dense is None else dense
        if len(shape) - kept < 2:
            raise RuntimeError(f"{'Csr' if layout is dtypes.sparse_csr else 'Csc'}: a sparse compressed tensor must have at least 2 dimensions that are not dense, got {len(shape) - kept}")  # fmt: skip
        places = _specified(input, len(shape) - kept)
        input_entries = coo(places, apply(ops.gather, (input.detach(), places))[0], shape, coalesced=True)
    made = _compressed_from(input_entries, layout, kept)
    return record(label, made, (input, lambda grad: _back(grad, source, kept)))


def _back(grad, layout, dense):
    """A gradient in the layout of what was converted."""
    return to_dense(grad) if layout is dtypes.strided else grad.to_sparse(layout=layout, dense_dim=(dense or None) if layout is not dtypes.sparse_coo else None)  # fmt: skip


def _compressed_from(source, layout, dense):
    """A compressed tensor with the entries of another sparse one."""
    shape, place = source._aval.shape, place_of(source)
    kept = shape[: len(shape) - dense]
    pointers, plain, order = compress(host(entries(source)), kept, layout)
    values = flat_values(source).index_select(0, index_tensor(order, place))
    values = values.view(*plain.shape, *values._aval.shape[1:]) if plain.ndim > 1 else values
    return compressed_tensor(layout, index_tensor(pointers, place), index_tensor(plain, place), values, shape)


# Elements at the places of another tensor


def same_entries(a: Tensor, b: Tensor) -> bool:
    """Whether two sparse tensors have the same places in the same order."""
    if a._aval.layout is b._aval.layout:
        pairs = zip(a._storage.components[:-1], b._storage.components[:-1], strict=True)
        if all(x._read() is y._read() for x, y in pairs):
            return True
    x, y = host(entries(a)), host(entries(b))
    return x.shape == y.shape and bool((x == y).all())


def values_at(input: Tensor, like: Tensor) -> Tensor:
    """The elements of a tensor of any layout at the places of a sparse one, in the shape of its values; zero where there is none."""
    if is_sparse(input) and len(input._aval.shape) - dense_dim(input) != len(like._aval.shape) - dense_dim(like):
        input = to_dense(input)
    if not is_sparse(input):
        made = apply(ops.gather, (input.detach(), entries(like)))[0]
    elif same_entries(input, like):
        made = flat_values(input)
    else:
        source = coalesce(input.detach()) if is_coo(input) else input
        sizes = input._aval.shape[: host(entries(like)).shape[0]]
        own = linear(host(entries(source)), sizes)
        order = own.argsort() if input._aval.layout is dtypes.sparse_csc else None
        position, there = found(linear(host(entries(like)), sizes), own if order is None else own[order])
        if order is not None and len(order):
            position = order[position]
        place = place_of(input)
        made = apply(ops.spread, (flat_values(source), index_tensor(position, place), index_tensor(there, place)))[0]
    shape = values_of(like)._aval.shape
    batch = len(shape) - dense_dim(like)
    return made.view(*shape[:batch], *made._aval.shape[1:]) if batch > 1 else made


def sparse_mask(input: Tensor, mask: Tensor) -> Tensor:
    """The elements of a tensor at the places where a sparse mask has entries; the values of the mask do not matter.

    >>> import jtorch as torch
    >>> torch.arange(3.).sparse_mask(torch.tensor([0, 5, 5]).to_sparse()).values()
    tensor([1., 2.])
    """
    if not is_sparse(mask):
        raise unavailable("sparse_mask" if not is_sparse(input) else "_nnz", mask)
    if input._aval.shape != mask._aval.shape:
        raise RuntimeError(
            f"sparse_mask(): operands have incompatible sizes; self has size {list(input._aval.shape)} but mask has size {list(mask._aval.shape)}"
        )
    if is_compressed(input) and is_coo(mask):
        raise RuntimeError("sparse_mask_sparse_compressed expects mask to have sparse compressed layout, got Sparse")
    pattern, layout = mask.detach(), input._aval.layout
    made = rebuilt(pattern, values_at(input, pattern))

    def backward(grad):
        masked = sparse_mask(grad, pattern) if is_sparse(grad) or is_compressed(pattern) else grad
        return masked.to_dense() if layout is dtypes.strided else masked

    return record("SparseMask", made, (input, backward), once=True)


def grouped(input: Tensor, dims) -> tuple:
    """The distinct places of a coalesced tensor in some of its sparse dimensions, and which of them each entry has."""
    rows = host(indices_of(input))[list(dims)]
    return groups(rows, [input._aval.shape[d] for d in dims])


def moved(input: Tensor, place) -> Tensor:
    """The tensor on another device; its gradient moves back."""
    parts = [c.detach().to(place.device) for c in input._storage.components]
    source = input.device
    made = sparse_tensor(input._aval, parts, input._storage.coalesced)
    return record("ToCopy", made, (input, lambda grad: grad.to(source)))
