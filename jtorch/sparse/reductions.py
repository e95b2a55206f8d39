"""Sums, norms and softmax over sparse tensors."""

from .. import dtypes
from ..dispatch import apply, wrap_dim
from ..ops import sparse as ops
from ..ops.kinds import SCALAR_NAMES
from ..tensor import Tensor
from .access import coalesce, flat_values, values
from .conversion import grouped, to_dense, values_at
from .history import record
from .indices import index_tensor, place_of
from .shapes import unsqueezed
from .storage import coo, indices_of, is_compressed, is_coo, is_sparse, rebuilt, sparse_dim, values_of
from .table import composite, kernel, refuse, unavailable


@kernel("sum")
def sum(input, dim=None, keepdim=False, dtype=None):
    if dtype is None and input.dtype.priority < 2:
        dtype = dtypes.int64
    elif dtype is not None and not isinstance(dtype, dtypes.dtype):
        dtype = dtypes.from_numpy_dtype(dtype)
    shape, ndim = input._aval.shape, len(input._aval.shape)
    if dim is None or dim == () or dim == []:
        made = flat_values(input).sum(dtype=dtype)
        source = input.dtype
        return record("Sum", made, (input, lambda grad: grad.to(source).expand(shape)))
    dims = _wrapped(dim, ndim)
    if is_compressed(input):
        if not keepdim:
            raise RuntimeError("reduction operations on CSR tensors with keepdim=False is unsupported")
        made = sum(input.to_sparse(), dim, True, dtype)
        return made.to_sparse(layout=input._aval.layout)
    made = _sum_over(input if dtype is None else input.to(dtype), dims, "SumBackward1")
    if keepdim:
        for d in sorted(dims):
            made = unsqueezed(made, d) if is_coo(made) else made.unsqueeze(d)
    return made


def _wrapped(dim, ndim) -> tuple[int, ...]:
    dims = tuple(wrap_dim(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    if len(set(dims)) < len(dims):
        repeated = next(d for d in dims if dims.count(d) > 1)
        raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
    return dims


def _sum_over(input, dims, name):
    """The sum over some dimensions: sparse as long as a sparse dimension is left."""
    input = coalesce(input)
    sparse, shape = sparse_dim(input), input._aval.shape
    given = values_of(input)
    within = [d - sparse + 1 for d in dims if d >= sparse]
    if within:
        given = given.sum(within)
    kept = [d for d in range(sparse) if d not in dims]
    rest = tuple(n for d, n in enumerate(shape) if d not in dims)
    if not kept:
        made, group = given.sum(0), None
    elif len(kept) == sparse:
        made, group = coo(indices_of(input), given, rest, coalesced=True), None
    else:
        found, group = grouped(input, kept)
        place = place_of(input)
        group = index_tensor(group, place)
        made = coo(index_tensor(found, place), apply(ops.sum_groups, (given, group, found.shape[1]))[0], rest, coalesced=True)  # fmt: skip
    pattern, summed = input.detach(), made.detach()

    def backward(grad):
        spread = values_at(grad, summed) if is_sparse(summed) else to_dense(grad).unsqueeze(0)
        for d in sorted(within):
            spread = spread.unsqueeze(d)
        if group is not None:
            spread = spread.index_select(0, group)
        return rebuilt(pattern, spread.expand(values_of(pattern)._aval.shape))

    return record(name, made, (input, backward), once=True)


def sparse_sum(input: Tensor, dim=None, dtype=None) -> Tensor:
    """The sum over all elements, or over the dimensions given; the gradient has the entries of the input.

    >>> import jtorch as torch
    >>> torch.sparse.sum(torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse(), 0).values()
    tensor([2., 1.])
    """
    if dim is None:
        given = values(coalesce(input))
        return given.sum() if dtype is None else given.sum(dtype=dtype)
    if not is_coo(input):
        raise unavailable("_sparse_sum.dim", input) if is_compressed(input) else _not_sparse(input)
    if dtype is not None:
        input = input.to(dtype)
    dims = _wrapped(dim, len(input._aval.shape))
    if not dims:
        raise RuntimeError("torch.sparse.sum: no dimensions given; leave out dim to sum over all")
    return _sum_over(input, dims, "SparseSum")


def _not_sparse(input):
    return RuntimeError("coalesce expected sparse coordinate tensor layout but got Strided")


@kernel("any")
def any(input, dim=None, keepdim=False):
    if dim is not None or is_compressed(input):
        refuse("any.dim" if dim is not None else "any.all_out", (input,), False)
    return values_of(input).any()


@composite("norm", "native_norm")
def norm(input, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """The norm of all elements as one vector: that of the values."""
    if is_compressed(input):
        refuse("norm.out", (input,), False)
    if dim is not None and len(_wrapped(dim, len(input._aval.shape))) != len(input._aval.shape):
        raise RuntimeError(
            "norm_sparse currently only supports full reductions, so 'dim' must either be empty or contain all dimensions of the input"
        )
    if keepdim:
        raise RuntimeError("norm_sparse currently does not support keepdim=True")
    if dtype is not None:
        if p == "fro":
            raise ValueError("dtype argument is not supported in frobenius norm")
        raise RuntimeError("norm_sparse currently does not support 'dtype' argument")
    return values(coalesce(input)).norm(2 if p in ("fro", None) else p)


# Softmax


def softmax(input: Tensor, dim: int, dtype=None) -> Tensor:
    """Softmax over the entries along a dimension: what has no entry counts as -inf.

    >>> import jtorch as torch
    >>> torch.sparse.softmax(torch.sparse_coo_tensor([[0, 0], [0, 2]], [1.0, 1.0], (1, 3)), 1).values()
    tensor([0.5000, 0.5000])
    """
    return _softmax(input, dim, dtype, log=False)


def log_softmax(input: Tensor, dim: int, dtype=None) -> Tensor:
    """The logarithm of `softmax`."""
    return _softmax(input, dim, dtype, log=True)


def _softmax(input, dim, dtype, log):
    name = "log_softmax" if log else "softmax"
    if not is_coo(input):
        raise unavailable(f"_sparse_{name}", input)
    if dtype is not None:
        input = input.to(dtype)
    dim = wrap_dim(dim, len(input._aval.shape))
    if input.dtype.priority < 2:
        raise NotImplementedError(f"\"{name}\" not implemented for '{SCALAR_NAMES[input.dtype.name]}'")
    label = "SparseLogSoftmax" if log else "SparseSoftmax"
    source, sparse = coalesce(input), sparse_dim(input)
    if dim >= sparse:
        within = dim - sparse + 1
        given = values(source)
        made = given.log_softmax(within) if log else given.softmax(within)
        result = rebuilt(source, made.detach())
        pattern = source.detach()

        def dense_backward(grad):
            incoming = values_at(grad, pattern)
            y = values_of(result_values)
            if log:
                return rebuilt(pattern, incoming - y.exp() * incoming.sum(within, keepdim=True))
            return rebuilt(pattern, y * (incoming - (incoming * y).sum(within, keepdim=True)))

        result_values = result.detach()
        return record(label, result, (input, dense_backward), once=True)
    others = [d for d in range(sparse) if d != dim]
    found, group = grouped(source, others)
    place = place_of(source)
    group, count = index_tensor(group, place), max(found.shape[1], 1)
    made = apply(ops.group_softmax, (values_of(source), group, count, log))[0]
    result = rebuilt(source, made)
    pattern = source.detach()

    def backward(grad):
        incoming = values_at(grad, pattern)
        return rebuilt(pattern, apply(ops.group_softmax_backward, (incoming, made, group, count, log))[0])

    return record(label, result, (input, backward), once=True)
