"""What a sparse tensor looks at: a storage whose memory is that of component tensors.

A COO tensor has `indices` (sparse_dim, nnz) and `values` (nnz, *dense shape); a compressed one (CSR, CSC) has compressed indices, plain indices and
`values`. The components are ordinary tensors, so devices, dtypes and the deferred engine serve them as they are. What makes the rest of the library see
that a tensor is sparse is its aval, which has another layout and is no shape that a primitive could be built for.
"""

from typing import NoReturn

from .. import dtypes
from ..dispatch import tensor_of
from ..errors import StridedOnly
from ..storage import Version
from ..tensor import Tensor, _new

# What torch calls a layout in its messages, and the backend that stands for it.
LAYOUT_WORDS = {
    dtypes.strided: "Strided", dtypes.sparse_coo: "Sparse", dtypes.sparse_csr: "SparseCsr", dtypes.sparse_csc: "SparseCsc",
    dtypes.sparse_bsr: "SparseBsr", dtypes.sparse_bsc: "SparseBsc",
}  # fmt: skip
COMPRESSED = (dtypes.sparse_csr, dtypes.sparse_csc)
_MOST = 2**63 - 1  # elements, entries or not: their positions are int64


class SparseAval:
    """Shape, dtype and layout of a sparse tensor. Never equal to another one, so that no recorded primitive is found for it."""

    __slots__ = ("dtype", "layout", "shape", "size")

    def __init__(self, shape: tuple[int, ...], dtype, layout):
        self.shape, self.dtype, self.layout = shape, dtype, layout
        self.size = 1
        for n in shape:
            self.size *= n
            if n < 0 or self.size > _MOST:
                raise RuntimeError("numel: integer multiplication overflow")

    @property
    def struct(self):
        raise StridedOnly("a sparse tensor is not one array; convert it with .to_dense()")

    def __repr__(self):
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}] {self.layout}"


class SparseValue:
    """The contents of a sparse tensor at one time: the values of its components. What backward passes hand on as a sparse gradient."""

    __slots__ = ("__weakref__", "aval", "coalesced", "components")

    def __init__(self, aval, components: tuple, coalesced: bool):
        self.aval, self.components, self.coalesced = aval, components, coalesced

    @property
    def place(self):
        return self.components[-1].place

    @property
    def array(self):
        raise StridedOnly("a sparse tensor is not one array; convert it with .to_dense()")

    traced = concrete = array

    def on_host(self):
        return None

    def numpy(self):
        if self.aval.size == 1:  # for `item` and what asks for it
            return self.tensor().to_dense()._read().numpy()
        raise RuntimeError("Cannot access data pointer of Tensor that doesn't have storage; convert with .to_dense()")

    def tensor(self, node=None, out: int = 0) -> Tensor:
        """A tensor around this value, with the given place in the graph."""
        made = sparse_tensor(self.aval, [tensor_of(c) for c in self.components], self.coalesced)
        if node is not None and self.aval.dtype.priority >= 2:
            made._requires, made._node, made._out = True, node, out
        return made


class SparseStorage:
    """The memory of a sparse tensor, with the interface of `Storage` as far as a tensor of another layout has it."""

    alias = None  # no numpy array shares it
    writes = 0

    def __init__(self, aval, components: list[Tensor], coalesced: bool):
        self.aval, self.components, self.coalesced = aval, components, coalesced
        self.version = 0

    @property
    def value(self) -> SparseValue:
        return SparseValue(self.aval, tuple(c._read() for c in self.components), self.coalesced)

    read = value.fget

    def write(self, value) -> None:
        """Replace the contents. A component that stays what it is goes on sharing its memory."""
        if not isinstance(value, SparseValue) or value.aval.layout is not self.aval.layout:
            word = LAYOUT_WORDS[self.aval.layout]
            raise StridedOnly(f"a strided result cannot be written into a tensor with layout {word}; use .to_sparse()")
        self.components = [
            old if old._read() is new else tensor_of(new)
            for old, new in zip(self.components, value.components, strict=True)
        ]
        self.aval, self.coalesced = value.aval, value.coalesced
        self.writes += 1

    def share(self):
        word = LAYOUT_WORDS[self.aval.layout]
        raise TypeError(f"can't convert {word} layout tensor to numpy. Use Tensor.to_dense() first.")

    def address(self):
        raise RuntimeError("Cannot access data pointer of Tensor that doesn't have storage")

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        self.refuse_access()

    def refuse_access(self) -> NoReturn:
        kind = "SparseTensorImpl" if self.aval.layout is dtypes.sparse_coo else "SparseCsrTensorImpl"
        raise NotImplementedError(f"Cannot access storage of {kind}")


def sparse_tensor(aval: SparseAval, components: list[Tensor], coalesced: bool = False) -> Tensor:
    """A sparse tensor over component tensors, whose memory it shares."""
    made = _new(Tensor)
    made._storage = made._counter = SparseStorage(aval, list(components), coalesced)
    made._aval = aval
    made._strides = (0,) * len(aval.shape)
    return made


def coo(indices: Tensor, values: Tensor, shape, coalesced: bool = False) -> Tensor:
    """A COO tensor over components that fit the shape."""
    aval = SparseAval(tuple(shape), values._aval.dtype, dtypes.sparse_coo)
    # As in torch: with at most one entry there is nothing to sum.
    return sparse_tensor(aval, [indices, values], coalesced or values._aval.shape[0] < 2)


def compressed(layout, pointers: Tensor, plain: Tensor, values: Tensor, shape) -> Tensor:
    """A CSR or CSC tensor over components that fit the shape."""
    aval = SparseAval(tuple(shape), values._aval.dtype, layout)
    return sparse_tensor(aval, [pointers, plain, values], True)


def rebuilt(like: Tensor, values: Tensor) -> Tensor:
    """A tensor with the indices of another one and these values; the dense dimensions are those of the values."""
    storage = like._storage
    kept = len(like._aval.shape) - dense_dim(like)
    skipped = len(storage.components[-1]._aval.shape) - dense_dim(like)
    shape = (*like._aval.shape[:kept], *values._aval.shape[skipped:])
    aval = SparseAval(shape, values._aval.dtype, like._aval.layout)
    return sparse_tensor(aval, [*(alias(c) for c in storage.components[:-1]), values], storage.coalesced)


def shared(tensor: Tensor, own_counter: bool) -> Tensor:
    """`.detach()` and `.data`: the same components, of which either tensor may later get others of its own."""
    storage = tensor._storage
    made = sparse_tensor(tensor._aval, storage.components, storage.coalesced)
    made._counter = Version() if own_counter else tensor._counter
    return made


def alias(component: Tensor) -> Tensor:
    """A component as a tensor of its own over the same memory."""
    return component.detach()


# Questions to a sparse tensor, in terms of its components


def layout_of(tensor: Tensor):
    return tensor._aval.layout


def is_coo(tensor) -> bool:
    return isinstance(tensor, Tensor) and tensor._aval.layout is dtypes.sparse_coo


def is_compressed(tensor) -> bool:
    return isinstance(tensor, Tensor) and tensor._aval.layout in COMPRESSED


def is_sparse(tensor) -> bool:
    return isinstance(tensor, Tensor) and tensor._aval.layout is not dtypes.strided


def indices_of(tensor: Tensor) -> Tensor:
    """The indices of a COO tensor."""
    return tensor._storage.components[0]


def values_of(tensor: Tensor) -> Tensor:
    return tensor._storage.components[-1]


def sparse_dim(tensor: Tensor) -> int:
    if tensor._aval.layout is dtypes.strided:
        return 0
    return indices_of(tensor)._aval.shape[0] if is_coo(tensor) else 2


def dense_dim(tensor: Tensor) -> int:
    if tensor._aval.layout is dtypes.strided:
        return len(tensor._aval.shape)
    before = 1 if is_coo(tensor) else len(tensor._storage.components[0]._aval.shape)
    return len(values_of(tensor)._aval.shape) - before


def nnz(tensor: Tensor) -> int:
    """How many entries are specified (of each matrix, where compressed ones are stacked)."""
    if is_coo(tensor):
        return values_of(tensor)._aval.shape[0]
    return tensor._storage.components[1]._aval.shape[-1]


def sparse_shape(tensor: Tensor) -> tuple[int, ...]:
    """The sizes of the sparse dimensions of a COO tensor."""
    return tensor._aval.shape[: sparse_dim(tensor)]


def dense_shape(tensor: Tensor) -> tuple[int, ...]:
    return tensor._aval.shape[len(tensor._aval.shape) - dense_dim(tensor) :]
