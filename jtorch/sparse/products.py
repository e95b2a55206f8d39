"""Matrix products with sparse operands: mm, mv, addmm and their kin, and those of torch.sparse."""

import numpy as np

from .. import creation, dtypes
from ..autograd.mode import STATE
from ..dispatch import CPP_NAMES, apply
from ..ops import sparse as ops
from ..ops.kinds import SCALAR_NAMES
from ..ops.registry import OPS
from ..tensor import Tensor
from .access import coalesce, entries, flat_values, values
from .conversion import sparse_mask, to_dense
from .elementwise import appended
from .history import record
from .indices import host, index_tensor, linear, place_of, unravelled
from .inplace import become, empty
from .storage import LAYOUT_WORDS, coo, dense_dim, is_compressed, is_coo, is_sparse, rebuilt
from .table import kernel, refuse, unavailable


def _t(x: Tensor) -> Tensor:
    """The conjugate transpose of a matrix of any layout."""
    return x.t().conj() if x.is_complex() else x.t()


def _own(x: Tensor) -> Tensor:
    """What a gradient computes with: the operand with its history only where that may be wanted again."""
    return x if STATE.grad else x.detach()


def _check_matrices(a, b):
    for position, x in (("2", a), ("3", b)):
        if len(x._aval.shape) != 2 or (is_sparse(x) and dense_dim(x)):
            raise RuntimeError(f"addmm: Argument #{position}: matrices expected, got {len(x._aval.shape)}D tensor")
    if is_sparse(a) and a.dtype is not b.dtype:
        x, y = SCALAR_NAMES[a.dtype.name], SCALAR_NAMES[b.dtype.name]
        raise RuntimeError(f"expected scalar type {x} but found {y}")
    if a.dtype is not b.dtype:
        x, y = CPP_NAMES[a.dtype.name], CPP_NAMES[b.dtype.name]
        raise RuntimeError(f"expected m1 and m2 to have the same dtype, but got: {x} != {y}")
    inner, given = a._aval.shape[1], b._aval.shape[0]
    if inner != given:
        if is_coo(a) and not is_sparse(b):
            raise RuntimeError(f"addmm: Argument #3 (dense): Expected dim 0 size {inner}, got {given}")
        (n, k), (m, p) = a._aval.shape, b._aval.shape
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({n}x{k} and {m}x{p})")


def _product(a: Tensor, b: Tensor) -> Tensor:
    """a @ b without history. Strided if an operand is, else sparse."""
    if is_sparse(a) and is_sparse(b):
        return _sparse_product(a, b)
    if is_sparse(a):
        return apply(ops.times_dense, (entries(a), flat_values(a), b.detach(), a._aval.shape[0], False))[0]
    turned = apply(ops.times_dense, (entries(b), flat_values(b), a.detach().t(), b._aval.shape[1], True))[0].t()
    return turned if is_coo(b) else turned.contiguous()


def _sparse_product(a, b):
    """The product of two sparse matrices: which entries it has is worked out here, from those of the operands."""
    if is_compressed(a) and is_compressed(b):
        b = b.to_sparse(layout=a._aval.layout)
    if a._aval.layout is not b._aval.layout:
        x, y = LAYOUT_WORDS[a._aval.layout], LAYOUT_WORDS[b._aval.layout]
        raise RuntimeError(f"addmm: computation on CPU is not implemented for {x} + {x} @ {y}")
    left, right = host(entries(a)), host(entries(b))
    order = np.argsort(right[0], kind="stable")
    rows = right[0][order]
    begin, end = np.searchsorted(rows, left[1], "left"), np.searchsorted(rows, left[1], "right")
    counts = end - begin
    first = np.repeat(np.arange(left.shape[1]), counts)
    # For each entry of `a` the run of entries of `b` in its row: positions within the run, from where it begins.
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    second = order[np.repeat(begin, counts) + within]
    shape = a._aval.shape[0], b._aval.shape[1]
    found, group = np.unique(linear(np.stack([left[0][first], right[1][second]]), shape), return_inverse=True)
    place = place_of(a)
    known = [index_tensor(x.astype(np.int64), place) for x in (first, second, group.reshape(-1))]
    made = apply(ops.pairs, (flat_values(a), flat_values(b), *known, len(found)))[0]
    result = coo(index_tensor(unravelled(found, shape), place), made, shape, coalesced=True)
    return result if is_coo(a) else result.to_sparse(layout=a._aval.layout)


@kernel("mm")
def mm(input, mat2):
    _check_matrices(input, mat2)
    made = _product(input, mat2)
    a, b = _own(input), _own(mat2)
    terms = (input, lambda grad: grad @ _t(b)), (mat2, lambda grad: _t(a) @ grad)
    return record("Mm", made, *terms, saved=(input, mat2))


@kernel("mv")
def mv(input, vec):
    return _mv("Mv", input, vec)


def _mv(name, matrix, vec):
    if len(matrix._aval.shape) != 2 or len(vec._aval.shape) != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {len(vec._aval.shape)}, {len(matrix._aval.shape)}, {len(vec._aval.shape)}")  # fmt: skip
    if matrix._aval.shape[1] != vec._aval.shape[0]:
        raise RuntimeError("mv: expected self.size(-1) == vec.size(-1)")
    if is_sparse(vec):
        refuse("mv", (vec,), False)
    if matrix.dtype is not vec.dtype:
        raise RuntimeError(f"expected scalar type {SCALAR_NAMES[matrix.dtype.name]} but found {SCALAR_NAMES[vec.dtype.name]}")  # fmt: skip
    made = apply(ops.times_dense, (entries(matrix), flat_values(matrix), vec.detach(), matrix._aval.shape[0], False))[0]
    a, x = _own(matrix), _own(vec)
    terms = (matrix, lambda grad: grad.outer(x.conj())), (vec, lambda grad: _t(a).mv(grad))
    return record(name, made, *terms, saved=(matrix, vec))


@kernel("addmv")
def addmv(input, mat, vec, beta=1, alpha=1):
    return _plus(_mv("Mv", mat, vec), input, beta, alpha)


def _plus(product, input, beta, alpha):
    """beta * input + alpha * product; with beta 0 the input does not matter."""
    product = product if _is_one(alpha) else product * alpha
    if not isinstance(beta, Tensor) and beta == 0:
        return product
    return (input if _is_one(beta) else input * beta) + product


def _is_one(number) -> bool:
    return not isinstance(number, Tensor) and number == 1


@kernel("addmm")
def addmm(input, mat1, mat2, beta=1, alpha=1):
    return _addmm("Addmm", input, mat1, mat2, beta, alpha, masked=False)


def _addmm(name, input, mat1, mat2, beta, alpha, masked):
    """beta * input + alpha * (mat1 @ mat2) as one node; with `masked` the gradient of a sparse `mat1` has its entries only."""
    if not any(map(is_compressed, (mat1, mat2))):
        if is_sparse(input) and is_sparse(mat1) and not is_sparse(mat2):
            raise RuntimeError("addmm_sparse_dense: expected strided result tensor, got tensor with layout Sparse")
        if not is_sparse(mat1) or is_sparse(mat2):
            words = ["Sparse" if is_sparse(x) else "Strided" for x in (mat1, mat2)]
            raise RuntimeError(
                "addmm_sparse_dense: expected either 'mat1' to have sparse layout and 'mat2' to have strided layout, got 'mat1' with layout "
                f"{words[0]} and 'mat2' with layout {words[1]}"
            )
    _check_matrices(mat1, mat2)
    shape = mat1._aval.shape[0], mat2._aval.shape[1]
    made = _plus(_product(mat1, mat2), input.detach(), beta, alpha)
    if made._aval.shape != shape:
        raise RuntimeError(f"The expanded size of the tensor must match: input {list(input._aval.shape)}, product {list(shape)}")  # fmt: skip
    a, b, size = _own(mat1), _own(mat2), input._aval.shape

    def to_mat1(grad):
        if masked and is_sparse(a):
            return _sampled_gradient(grad, a, b, alpha)
        return _times(grad @ _t(b), alpha)

    terms = [(input, lambda grad: _times(grad if grad._aval.shape == size else grad.sum_to_size(size), beta))]
    terms += [(mat1, to_mat1), (mat2, lambda grad: _times(_t(a) @ grad, alpha))]
    return record(name, made, *terms, saved=(mat1, mat2))


def _times(x, number):
    number = number.conjugate() if isinstance(number, complex) else number
    return x if _is_one(number) else x * number


def _sampled_gradient(grad, a, b, alpha):
    """alpha * grad @ b^H at the places where `a` has entries."""
    pattern = coalesce(a.detach()) if is_coo(a) else a.detach()
    if is_sparse(grad) or is_sparse(b) or grad.requires_grad or b.requires_grad:
        return sparse_mask(_times(to_dense(grad) @ _t(to_dense(b)), alpha), pattern)
    made = apply(ops.sampled, (entries(pattern), grad, _t(b)))[0]
    return rebuilt(pattern, _times(made, alpha))


@kernel("bmm")
def bmm(input, mat2):
    if is_sparse(mat2):
        raise RuntimeError("bmm_sparse: Tensor 'mat2' must be dense")
    if not is_coo(input):
        refuse("bmm", (input, mat2), False)
    if len(input._aval.shape) != 3 or len(mat2._aval.shape) != 3 or dense_dim(input):
        raise RuntimeError("bmm_sparse: Tensors must be 3-dimensional, and 'self' must have no dense dimensions")
    (batch, rows, inner), (batch2, inner2, columns) = input._aval.shape, mat2._aval.shape
    if batch != batch2:
        raise RuntimeError("bmm_sparse: 'self.size(0)' and 'mat2.size(0)' must match")
    if inner != inner2:
        raise RuntimeError("bmm_sparse: 'self.size(2)' and 'mat2.size(1)' must match")
    # The matrices as the blocks of one.
    at = entries(input)
    blocks = _stacked(at[0] * rows + at[1], at[0] * inner + at[2])
    flat = mat2.detach().reshape(batch * inner, columns)
    made = apply(ops.times_dense, (blocks, flat_values(input), flat, batch * rows, False))[0].view(batch, rows, columns)
    a, b = _own(input), _own(mat2)
    to_input = (input, lambda grad: grad.bmm(b.conj().transpose(1, 2)))
    to_mat2 = (mat2, lambda grad: a.conj().transpose(1, 2).bmm(grad))
    return record("Bmm", made, to_input, to_mat2, saved=(input, mat2))


def _stacked(*rows):
    return apply(OPS["stack"], (list(rows), 0))[0]


@kernel("stack.matmul")
def stacked_matmul(input, other):
    dims = len(input._aval.shape), len(other._aval.shape)
    if dims == (1, 2) and not is_sparse(input):
        return mm(input.unsqueeze(0), other).squeeze(0)
    if dims == (3, 3):
        return bmm(input, other)
    refuse("matmul", (input, other), False)


@kernel("_linear_matrix", "_linear_matrix_plain", "_linear_batch", "_linear_batch_plain")
def linear_layer(input, weight, bias=None):
    batch = input._aval.shape[:-1]
    flat = input if len(batch) == 1 else input.reshape(-1, input._aval.shape[-1])
    made = flat @ weight.t()
    made = made if len(batch) == 1 else made.reshape(*batch, made._aval.shape[-1])
    return made if bias is None else made + bias


# torch.sparse, and functions of torch for sparse matrices alone


def sparse_mm(sparse: Tensor, dense: Tensor, reduce=None) -> Tensor:
    """The product of a sparse matrix and a strided one (strided) or a sparse one (sparse); the gradient of the first has its entries.

    `reduce` ("sum", "mean", "amax", "amin", "prod") combines the products of a row of a CSR matrix otherwise than by their sum.

    >>> import jtorch as torch
    >>> torch.sparse.mm(torch.eye(2).to_sparse(), torch.tensor([[1.0], [2.0]]))
    tensor([[1.],
            [2.]])
    """
    if reduce is not None:
        return _reduced_mm(sparse, dense, reduce)
    if is_sparse(sparse) and is_sparse(dense):
        return _sparse_sparse_mm(sparse, dense)
    if is_sparse(sparse):
        zero = creation.zeros(sparse._aval.shape[0], dense._aval.shape[-1], dtype=sparse.dtype, device=sparse.device)
        return sparse_addmm(zero, sparse, dense, beta=0)
    if not is_sparse(dense):
        return (dense.t() @ sparse.t()).transpose(0, 1)
    return sparse_mm(dense.t(), sparse.t()).transpose(0, 1)


def _sparse_sparse_mm(mat1, mat2):
    _check_matrices(mat1, mat2)
    made = _product(mat1, mat2)
    a, b = _own(mat1), _own(mat2)

    def masked(grad, x):
        return sparse_mask(grad, coalesce(x.detach()) if is_coo(x) else x.detach())

    terms = (mat1, lambda grad: masked(grad @ _t(b), a)), (mat2, lambda grad: masked(_t(a) @ grad, b))
    return record("SparseSparseMatmul", made, *terms, saved=(mat1, mat2))


def _reduced_mm(mat1, mat2, reduce):
    if not isinstance(mat1, Tensor) or mat1._aval.layout is not dtypes.sparse_csr:
        raise unavailable("_sparse_mm_reduce_impl", mat1)
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    _check_matrices(mat1, mat2)
    given = values(mat1) if mat1.requires_grad else flat_values(mat1)
    return apply(ops.reduced_product, (entries(mat1), given, mat2, mat1._aval.shape[0], reduce))[0]


def sparse_addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta=1, alpha=1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2); the gradient of a sparse `mat1` has its entries.

    >>> import jtorch as torch
    >>> torch.sparse.addmm(torch.ones(2, 1), torch.eye(2).to_sparse(), torch.ones(2, 1))
    tensor([[2.],
            [2.]])
    """
    if not is_sparse(mat1) and not is_sparse(mat2):
        _check_matrices(mat1, mat2)
        return _plus(mat1 @ mat2, input, beta, alpha)
    return _addmm("SparseAddmm", input, mat1, mat2, beta, alpha, masked=True)


def sampled_addmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta=1.0, alpha=1.0, out=None) -> Tensor:
    """alpha * (mat1 @ mat2) at the entries of a CSR matrix, and beta times that matrix.

    >>> import jtorch as torch
    >>> torch.sparse.sampled_addmm(torch.eye(2).to_sparse_csr(), torch.ones(2, 3), torch.ones(3, 2)).values()
    tensor([4., 4.])
    """
    if not is_compressed(input):
        raise unavailable("sparse_sampled_addmm", input)
    if input._aval.layout is not dtypes.sparse_csr:
        raise RuntimeError("sampled_addmm: Expected self to be sparse csr tensor; convert it with .to_sparse_csr()")
    if len(input._aval.shape) != 2:
        raise NotImplementedError(
            "sampled_addmm of stacked matrices is not supported by jtorch; call it for each matrix"
        )
    (n, k), (m, p) = mat1._aval.shape[-2:], mat2._aval.shape[-2:]
    if k != m:
        raise RuntimeError(f"sampled_addmm: mat1 and mat2 shapes cannot be multiplied ({n}x{k} and {m}x{p})")
    if (n, p) != input._aval.shape:
        name, d, have, want = ("mat1", 0, n, input._aval.shape[0]) if n != input._aval.shape[0] else ("mat2", 1, p, input._aval.shape[1])  # fmt: skip
        raise RuntimeError(f"sampled_addmm: {name}.shape[-{2 - d}] {have} must match self.shape[-{2 - d}] {want}")
    made = apply(ops.sampled, (entries(input), mat1.detach(), mat2.detach()))[0]
    result = rebuilt(input, _plus(made, flat_values(input), beta, alpha))
    a, b, pattern = _own(mat1), _own(mat2), input.detach()

    def masked(grad):
        return sparse_mask(grad, pattern)

    terms = (
        (input, lambda grad: _times(masked(grad), beta)),
        (mat1, lambda grad: _times(masked(grad) @ _t(b), alpha)),
        (mat2, lambda grad: _times(_t(a) @ masked(grad), alpha)),
    )
    result = record("SparseSampledAddmm", result, *terms, saved=(mat1, mat2))
    return result if out is None else out.copy_(result)


def hspmm(mat1: Tensor, mat2: Tensor, *, out=None) -> Tensor:
    """The product of a sparse matrix and a strided one, with the rows that are not empty as the entries of a hybrid COO tensor."""
    if not is_coo(mat1):
        raise unavailable("hspmm", mat1)
    product = mm(mat1.detach(), mat2.detach())
    rows = np.unique(host(entries(mat1))[0])
    kept = index_tensor(rows, place_of(mat1))
    made = coo(kept.view(1, -1), product.index_select(0, kept), product._aval.shape, coalesced=True)
    return made if out is None else become(out, made)


def sspaddmm(input: Tensor, mat1: Tensor, mat2: Tensor, *, beta=1, alpha=1, out=None) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2) of two sparse matrices and a strided one, as a sparse tensor."""
    if not (is_coo(input) and is_coo(mat1)):
        raise unavailable("sspaddmm.out", mat1 if is_coo(input) else input)
    rows = coalesce(hspmm(mat1, mat2) * alpha)
    (found,), columns = host(entries(rows)), mat2._aval.shape[1]
    at = np.stack([np.repeat(found, columns), np.tile(np.arange(columns), len(found))])
    product = coo(index_tensor(at, place_of(rows)), flat_values(rows).reshape(-1), input._aval.shape)
    scaled = input.detach() if _is_one(beta) else input.detach() * beta
    made = appended(scaled, product)
    return made if out is None else become(out, made)


def smm(input: Tensor, mat2: Tensor) -> Tensor:
    """The product of a sparse matrix and a strided one, as a sparse tensor."""
    if not is_coo(input):
        raise unavailable("sspaddmm.out", input)
    shape = input._aval.shape[0], mat2._aval.shape[1]
    return sspaddmm(empty(shape, mat2.dtype, dtypes.sparse_coo, place_of(input)), input, mat2)


# torch's older names
hsmm, saddmm = hspmm, sspaddmm


def spsolve(input, other, *, left=True):
    """Raises: there is no sparse direct solver; `torch.linalg.solve` on `.to_dense()` solves the system."""
    raise NotImplementedError(
        "torch.sparse.spsolve is not supported by jtorch; use torch.linalg.solve(A.to_dense(), B)"
    )
