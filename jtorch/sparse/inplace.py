"""In-place forms that are not the result written over the tensor: they reach what shares the values, or change the entries."""

import numpy as np

from .. import creation, dtypes
from ..tensor import Tensor
from ..transfer import move
from .elementwise import ZERO_PRESERVING
from .indices import index_tensor, place_of
from .storage import (
    LAYOUT_WORDS,
    compressed,
    coo,
    dense_shape,
    indices_of,
    is_compressed,
    is_coo,
    is_sparse,
    nnz,
    values_of,
)
from .storage import sparse_dim as dimensions
from .table import KERNELS, inplace, refuse, unavailable


def _writing(name: str, needs_order: bool):
    """The operation of this name, written into the memory of the values, which detached tensors share."""

    def run(input, *rest):
        if needs_order and is_coo(input) and not input._storage.coalesced:
            raise RuntimeError(f"{name}_ requires coalesced input")
        made = KERNELS[name](input, *rest)
        mine = values_of(input)
        if made.dtype is mine.dtype:
            mine._write(values_of(made)._read())
        return made

    return run


for _name in (*ZERO_PRESERVING, "round"):
    inplace(_name)(_writing(_name, needs_order=True))
inplace("neg")(_writing("neg", needs_order=False))


@inplace("div")
def div_(input, other):
    if not is_sparse(input):
        return KERNELS["div"](input, other)
    return _writing("div", needs_order=False)(input, other)


@inplace("zero")
def zero_(input):
    """Without any entry."""
    return empty(input._aval.shape, input.dtype, input._aval.layout, place_of(input), dimensions(input), dense_shape(input))  # fmt: skip


@inplace("fill")
def fill_(input, value):
    if not is_compressed(input):
        refuse("fill", (input,), True)
    mine = values_of(input)
    mine._write(mine.clone().fill_(value)._read())
    return input


@inplace("copy")
def copy_(input, source):
    """A COO tensor takes the entries and the size of the other, as far as it may be resized to that; a compressed one keeps its size."""
    if is_coo(input) is not is_coo(source) and dtypes.strided in (input._aval.layout, source._aval.layout):
        if not is_compressed(input) and not is_compressed(source):
            raise RuntimeError(
                f"copy_() between dense and sparse Tensors is not implemented! Found self type = {input.type()} and src type = {source.type()}"
            )
    if not is_compressed(input):
        if is_compressed(source):
            word = LAYOUT_WORDS[input._aval.layout]
            raise RuntimeError(f"copy_sparse_compressed_ expected sparse compressed tensor layout but got {word}")
        sparse_resize_(input, source._aval.shape, dimensions(source), len(dense_shape(source)))
        return KERNELS["clone"](source.to(input.dtype))
    if input._aval.layout is not source._aval.layout:
        words = LAYOUT_WORDS[input._aval.layout], LAYOUT_WORDS[source._aval.layout]
        raise RuntimeError(
            f"torch.copy_: copy of sparse compressed tensors having different layouts is not supported. self layout is {words[0]} and src layout is {words[1]}"
        )
    if nnz(input) != nnz(source):
        raise RuntimeError("torch.copy_: only sparse compressed tensors with the same number of specified elements are supported.")  # fmt: skip
    (dim, n), (_, m) = _compressed_size(input), _compressed_size(source)
    if n != m:
        word = LAYOUT_WORDS[input._aval.layout]
        raise RuntimeError(
            f"torch.copy_: expected shapes of self and src to match along dimension {dim} for {word} layout but the corresponding dimensions of self and src are {n} and {m}, respectively."
        )
    pairs = zip(input._storage.components, source._storage.components, strict=True)
    return compressed(input._aval.layout, *(to.detach().clone().copy_(given) for to, given in pairs), input._aval.shape)


def _compressed_size(input) -> tuple[int, int]:
    """The dimension that is compressed, and its size."""
    first = len(input._aval.shape) - len(dense_shape(input)) - 2
    dim = first if input._aval.layout is dtypes.sparse_csr else first + 1
    return dim, input._aval.shape[dim]


def empty(shape, dtype, layout, place, sparse: int | None = None, dense: tuple = ()):
    """A sparse tensor without entries; `sparse` dimensions of a COO one are sparse, all by default."""
    values = creation.zeros(0, *dense, dtype=dtype)
    values._storage.value = move(values._storage.value, place)
    if layout is dtypes.sparse_coo:
        count = len(shape) if sparse is None else sparse
        return coo(index_tensor(np.zeros((count, 0), np.int64), place), values, shape, coalesced=True)
    kept = shape[: len(shape) - len(dense)]
    if len(kept) < 2:
        raise RuntimeError(f"torch.empty: Only batched sparse compressed (non-block) tensors are supported, but got size {list(shape)}")  # fmt: skip
    outer = kept[-2] if layout is dtypes.sparse_csr else kept[-1]
    batch = kept[:-2]
    if batch:
        values = values.view(1, *values._aval.shape).expand(*batch, *values._aval.shape)
    pointers = index_tensor(np.zeros((*batch, outer + 1), np.int64), place)
    return compressed(layout, pointers, index_tensor(np.zeros((*batch, 0), np.int64), place), values, shape)


def sparse_resize_(self: Tensor, size, sparse_dim: int, dense_dim: int) -> Tensor:
    """Give a COO tensor another size. With entries the number of sparse dimensions stays and no size shrinks."""
    size = tuple(n.__index__() for n in size)
    _check_resize(self, "sparse_resize_", size, sparse_dim, dense_dim)
    have, sparse = self._aval.shape, dimensions(self)
    if nnz(self):
        kinds = (("sparse", sparse, sparse_dim), ("dense", len(have) - sparse, dense_dim))
        for kind, now, wanted in kinds:
            if now != wanted:
                raise RuntimeError(f"changing the number of {kind} dimensions (from {now} to {wanted}) on a non-empty sparse tensor is not supported.")  # fmt: skip
        for kind, old, new in (("sparse", have[:sparse], size[:sparse]), ("dense", have[sparse:], size[sparse:])):
            if any(n < m for n, m in zip(new, old, strict=True)):
                raise RuntimeError(f"shrinking the size of {kind} dimensions (from {list(old)} to {list(new)}) on a non-empty sparse tensor is not supported.")  # fmt: skip
    given, wide = values_of(self), size[sparse_dim:]
    if nnz(self) and wide != have[sparse:]:
        grown = creation.zeros(nnz(self), *wide, dtype=given.dtype, device=given.device)
        grown[tuple(slice(n) for n in given._aval.shape)] = given
        return become(self, coo(indices_of(self), grown, size, self._storage.coalesced))
    if nnz(self):
        return become(self, coo(indices_of(self), given, size, self._storage.coalesced))
    return sparse_resize_and_clear_(self, size, sparse_dim, dense_dim)


def resize_as_sparse_(input: Tensor, the_template: Tensor) -> Tensor:
    """Give a sparse tensor the size of another: a COO tensor loses its entries, a compressed one takes the other's indices."""
    if not is_sparse(input) or input._aval.layout is not the_template._aval.layout:
        raise unavailable("resize_as_sparse_", input)
    if is_coo(input):
        if input._aval.shape == the_template._aval.shape and dimensions(input) == dimensions(the_template):
            return input
        return sparse_resize_and_clear_(input, the_template._aval.shape, dimensions(the_template), len(dense_shape(the_template)))  # fmt: skip
    raise NotImplementedError(
        "resize_as_sparse_ of a compressed tensor is not supported by jtorch; use torch.empty_like"
    )


def sparse_resize_and_clear_(self: Tensor, size, sparse_dim: int, dense_dim: int) -> Tensor:
    """Give a COO tensor another size, and no entries."""
    size = tuple(n.__index__() for n in size)
    _check_resize(self, "sparse_resize_and_clear_", size, sparse_dim, dense_dim)
    made = empty(size, self.dtype, dtypes.sparse_coo, place_of(self), sparse_dim, size[sparse_dim:])
    return become(self, made)


def _check_resize(tensor, name, size, sparse, dense):
    if not is_coo(tensor):
        raise unavailable(name, tensor)
    if sparse + dense != len(size):
        raise RuntimeError(f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(size)}, sparse_dim = {sparse}, dense_dim = {dense}")  # fmt: skip


def become(tensor: Tensor, made: Tensor) -> Tensor:
    """Give a tensor the entries and the size of another."""
    tensor._storage.write(made._read())
    tensor._aval, tensor._strides = made._aval, made._strides
    tensor._counter.version += 1
    return tensor
