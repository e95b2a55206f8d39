"""What a sparse tensor consists of: its indices, values, and how many dimensions of each kind it has. Strided tensors have torch's errors."""

from .. import dtypes
from ..dispatch import apply
from ..ops import sparse as ops
from ..ops.registry import OPS
from ..outs import store_results
from ..tensor import Tensor
from . import storage
from .history import record
from .indices import groups, host, index_tensor, place_of
from .storage import LAYOUT_WORDS, alias, coo, indices_of, is_compressed, is_coo, is_sparse, rebuilt, values_of
from .table import unavailable


def _require_coo(input, name):
    if not is_coo(input):
        word = LAYOUT_WORDS[input._aval.layout]
        raise RuntimeError(f"{name} expected sparse coordinate tensor layout but got {word}")


def indices(input: Tensor) -> Tensor:
    """The indices (sparse_dim, nnz) of a coalesced COO tensor, in row-major order."""
    _require_coo(input, "indices")
    if not input._storage.coalesced:
        raise RuntimeError("Cannot get indices on an uncoalesced tensor, please call .coalesce() first")
    return alias(indices_of(input))


def values(input: Tensor) -> Tensor:
    """The values (nnz, *dense shape), through which gradients flow.

    >>> import jtorch as torch
    >>> torch.eye(2).to_sparse().values()
    tensor([1., 1.])
    """
    if not is_sparse(input):
        raise RuntimeError("values expected sparse tensor layout but got Strided")
    if not input._storage.coalesced:
        raise RuntimeError("Cannot get values on an uncoalesced tensor, please call .coalesce() first")
    pattern = input.detach()
    return record("Values", alias(values_of(input)), (input, lambda grad: rebuilt(pattern, grad)), once=True)


def _indices(input: Tensor) -> Tensor:
    """The indices of a COO tensor, whether coalesced or not."""
    if not is_coo(input):
        raise unavailable("_indices", input)
    return alias(indices_of(input))


def _values(input: Tensor) -> Tensor:
    """The values of a COO tensor, whether coalesced or not; not for gradients."""
    if not is_coo(input):
        raise unavailable("_values", input)
    return alias(values_of(input))


def _nnz(input: Tensor) -> int:
    if not is_sparse(input):
        raise unavailable("_nnz", input)
    return storage.nnz(input)


def sparse_dim(input: Tensor) -> int:
    """How many dimensions are sparse; of a strided tensor none."""
    return storage.sparse_dim(input)


def dense_dim(input: Tensor) -> int:
    """How many dimensions are dense; of a strided tensor all."""
    return storage.dense_dim(input)


_dimI, _dimV = sparse_dim, dense_dim


def _component(name: str, layout, position: int, kind: str):
    def method(input: Tensor) -> Tensor:
        if input._aval.layout is not layout:
            word = LAYOUT_WORDS[input._aval.layout]
            raise RuntimeError(f"{name} expected sparse {kind} compressed tensor layout but got {word}")
        return alias(input._storage.components[position])

    method.__name__ = method.__qualname__ = name
    return method


crow_indices = _component("crow_indices", dtypes.sparse_csr, 0, "row")
col_indices = _component("col_indices", dtypes.sparse_csr, 1, "row")
ccol_indices = _component("ccol_indices", dtypes.sparse_csc, 0, "column")
row_indices = _component("row_indices", dtypes.sparse_csc, 1, "column")


def _copying(get):
    name = f"{get.__name__}_copy"

    def copy(input: Tensor, *, out=None) -> Tensor:
        if is_coo(input):
            raise unavailable(name, input)
        made = get(input).clone()
        return made if out is None else store_results(out, made, name, (input,))

    copy.__name__, copy.__doc__ = name, f"A copy of what `{get.__name__}` gives of a compressed tensor."
    return copy


crow_indices_copy, col_indices_copy = _copying(crow_indices), _copying(col_indices)
ccol_indices_copy, row_indices_copy = _copying(ccol_indices), _copying(row_indices)
indices_copy, values_copy = _copying(indices), _copying(values)


def is_coalesced(input: Tensor) -> bool:
    """Whether every place has at most one entry and they are in row-major order."""
    _require_coo(input, "is_coalesced")
    return input._storage.coalesced


def _coalesced_(input: Tensor, coalesced: bool) -> Tensor:
    """Declare entries to be in order and distinct, or not to be: nothing is checked."""
    if not is_coo(input):
        raise unavailable("_coalesced_", input)
    input._storage.coalesced = bool(coalesced)
    return input


def coalesce(input: Tensor) -> Tensor:
    """The tensor with the entries of one place summed and in row-major order; itself if that is so already.

    >>> import jtorch as torch
    >>> torch.sparse_coo_tensor([[1, 1]], [2.0, 3.0], (2,)).coalesce().values()
    tensor([5.])
    """
    _require_coo(input, "coalesce")
    if input._storage.coalesced:
        return input
    found, group = groups(host(indices_of(input)), storage.sparse_shape(input))
    place = place_of(input)
    summed = apply(ops.sum_groups, (values_of(input), index_tensor(group, place), found.shape[1]))[0]
    made = coo(index_tensor(found, place), summed, input._aval.shape, coalesced=True)
    return record("Coalesce", made, (input, lambda grad: grad))


def entries(input: Tensor) -> Tensor:
    """The places of all entries: indices (dimensions that are not dense, entries), in the order of `flat_values`."""
    if is_coo(input):
        return indices_of(input)
    kept = input._storage
    pointers, plain = (c._read() for c in kept.components[:2])
    known = kept.__dict__.get("entries")
    if known is None or known[0] is not pointers or known[1] is not plain:
        from .compression import expanded

        made = expanded(pointers.numpy(), plain.numpy(), input._aval.layout)
        known = kept.entries = (pointers, plain, index_tensor(made, place_of(input)))
    return known[2]


def cat_components(tensors, dim: int) -> Tensor:
    """Values or indices of several tensors as one."""
    return apply(OPS["cat"], (tensors, dim))[0]


def flat_values(input: Tensor) -> Tensor:
    """The values of all entries in one dimension: those of compressed tensors may be stacked."""
    values = values_of(input)
    batch = len(input._storage.components[0]._aval.shape) - 1 if is_compressed(input) else 0
    return values.flatten(0, batch) if batch else values
