"""Linear algebra under torch's older names; most of them warn that `torch.linalg` has the newer one."""

import warnings

from .. import dtypes
from .composite import composite, operation
from .decompositions import results, svdvals
from .linalg import multi_dot, pinv
from .norms import matrix_norm, norm

_svd, _qr, _cholesky = operation("linalg.svd"), operation("linalg.qr"), operation("old.cholesky")
_lu_factor_ex, _lu_solve = operation("values.lu_factor_ex"), operation("linalg.lu_solve")
_solve_triangular, _cross = operation("linalg.solve_triangular"), operation("linalg.cross")
_vector_norm, _householder_product = operation("linalg.vector_norm"), operation("linalg.householder_product")

# What torch's warning goes on to say.
_INSTEAD = {
    "cholesky": " and will be removed in a future PyTorch release.\nL = torch.cholesky(A)\nshould be replaced with\nL = torch.linalg.cholesky(A)\n"
    "and\nU = torch.cholesky(A, upper=True)\nshould be replaced with\nU = torch.linalg.cholesky(A).mH\nThis transform will produce equivalent "
    "results for all valid (symmetric positive definite) inputs.",
    "qr": " and will be removed in a future PyTorch release.\nThe boolean parameter 'some' has been replaced with a string parameter 'mode'.\n"
    "Q, R = torch.qr(A, some)\nshould be replaced with\nQ, R = torch.linalg.qr(A, 'reduced' if some else 'complete')",
    "lu_factor / torch.linalg.lu_factor_ex": " and will be removed in a future PyTorch release.\nLU, pivots = torch.lu(A, compute_pivots)\n"
    "should be replaced with\nLU, pivots = torch.linalg.lu_factor(A, compute_pivots)\nand\n"
    "LU, pivots, info = torch.lu(A, compute_pivots, get_infos=True)\nshould be replaced with\n"
    "LU, pivots, info = torch.linalg.lu_factor_ex(A, compute_pivots)",
    "lu_solve": "and will be removed in a future PyTorch release.\nNote that torch.linalg.lu_solve has its arguments reversed.\n"
    "X = torch.lu_solve(B, LU, pivots)\nshould be replaced with\nX = torch.linalg.lu_solve(LU, pivots, B)",
    "solve_triangular": "and will be removed in a future PyTorch release.\ntorch.linalg.solve_triangular has its arguments reversed and does not "
    "return a copy of one of the inputs.\nX = torch.triangular_solve(B, A).solution\nshould be replaced with\n"
    "X = torch.linalg.solve_triangular(A, B).",
}  # fmt: skip


def _warn(message):
    warnings.warn(message, UserWarning, stacklevel=4)  # the line of whoever called the function users see


def _deprecated(old, new):
    _warn(f"torch.{old} is deprecated in favor of torch.linalg.{new}{_INSTEAD[new]}")


# --- factorizations and systems ------------------------------------------------------------------------------------


@composite("cholesky", variants="function method out")
def cholesky(input, upper=False):
    """`linalg.cholesky` under its older name."""
    _deprecated("cholesky", "cholesky")
    return _cholesky(input, upper)


_SVD = results("svd", ("U", "S", "V"))


@composite("svd", variants="function method out")
def svd(input, some=True, compute_uv=True):
    """U, S and V with U diag(S) V* = A; V itself, not its adjoint as in `linalg.svd`."""
    if not compute_uv:
        m, n = input.shape[-2:]
        batch = input.shape[:-2]
        return _SVD(input.new_zeros(*batch, m, m), svdvals(input), input.new_zeros(*batch, n, n).mT)
    u, s, vh = _svd(input, not some)
    return _SVD(u, s, vh.mH)


_QR = results("qr", ("Q", "R"))


@composite("qr", variants="function method out")
def qr(input, some=True):
    """`linalg.qr` under its older name: Q with as few columns as needed, or square unless `some`."""
    _deprecated("qr", "qr")
    return _QR(*_qr(input, "reduced" if some else "complete"))


@composite("lu", variants="function method out")
def lu(input, pivot=True, get_infos=False):
    """`linalg.lu_factor` under its older name; with `get_infos` also whether a pivot is 0."""
    _deprecated("lu", "lu_factor / torch.linalg.lu_factor_ex")
    factors = _lu_factor_ex(input, pivot=pivot)
    return tuple(factors) if get_infos else tuple(factors[:2])


@composite("lu_solve", variants="function method out")
def lu_solve(input, LU_data, LU_pivots):
    """X with A X = B, from the LU factors of A."""
    _deprecated("lu_solve", "lu_solve")
    return _lu_solve(LU_data, LU_pivots, input)


_TRIANGULAR = results("triangular_solve", ("solution", "cloned_coefficient"))


@composite("triangular_solve", variants="function method out")
def triangular_solve(input, A, upper=True, transpose=False, unitriangular=False):
    """`linalg.solve_triangular` under its older name, with the coefficients."""
    _deprecated("triangular_solve", "solve_triangular")
    solution = _solve_triangular(A.mT if transpose else A, input, upper=upper != transpose, unitriangular=unitriangular)
    return _TRIANGULAR(solution, A.mT.clone(memory_format=dtypes.contiguous_format).mT)  # LAPACK's own copy


@composite("pinverse")
def pinverse(input, rcond=1e-15):
    """`linalg.pinv` under its older name."""
    return pinv(input, rcond)


# --- products ------------------------------------------------------------------------------------------------------


@composite("chain_matmul", variants="function out")
def chain_matmul(*matrices):
    """`linalg.multi_dot` under its older name."""
    _warn(
        "torch.chain_matmul is deprecated and will be removed in a future PyTorch release. Use torch.linalg.multi_dot instead, "
        "which accepts a list of two or more tensors rather than multiple parameters."
    )
    if len(matrices) == 1:
        return matrices[0]
    return multi_dot(matrices)


@composite("cross", variants="function method out")
def cross(input, other, dim=None):
    """Cross product of vectors of three components, along `dim` or the first dimension of size 3."""
    if dim is None:
        _warn(
            "Using torch.cross without specifying the dim arg is deprecated.\nPlease either pass the dim explicitly or simply "
            "use torch.linalg.cross.\nThe default value of dim will change to agree with that of linalg.cross in a future release."
        )
        dim = next((d for d, size in enumerate(input.shape) if size == 3), None)
        if dim is None:
            raise RuntimeError("no dimension of size 3 in input")
    return _cross(input, other, dim=dim)


# --- norms ---------------------------------------------------------------------------------------------------------


def _left_for_jit(name, instead):
    _warn(
        f"at::{name} is deprecated and it is just left for JIT compatibility. It will be removed in a future PyTorch release. "
        f"Please use `{instead}` instead"
    )


@composite("nuclear_norm", variants="function out")
def nuclear_norm(input, dim=(-2, -1), keepdim=False):
    """`linalg.matrix_norm(input, "nuc")` under its older name."""
    _left_for_jit("nuclear_norm", "linalg.matrix_norm(A, 'nuc', dim, keepdim)")
    return matrix_norm(input, "nuc", dim, keepdim)


@composite("frobenius_norm", variants="function out")
def frobenius_norm(input, dim, keepdim=False):
    """`linalg.vector_norm(input, 2)` over at most two dimensions."""
    _left_for_jit("frobenius_norm", "linalg.vector_norm(A, 2., dim, keepdim)")
    dim = (dim,) if isinstance(dim, int) else tuple(dim)
    if len(dim) > 2:
        raise RuntimeError(f"Expected at most 2 dimensions, but got {len(dim)} dimensions instead.")
    return _vector_norm(input, 2, dim or None, keepdim)


@composite("norm_except_dim", variants="function")
def norm_except_dim(v, pow=2, dim=0):
    """The norm over all dimensions but one, which are kept with size 1; over all of them for `dim` -1."""
    if dim == -1:
        return norm(v, pow)
    return norm(v, pow, tuple(d for d in range(v.dim()) if d != dim), keepdim=True)


# --- reflections ---------------------------------------------------------------------------------------------------


@composite("orgqr", variants="function method out")
def orgqr(input, input2):
    """`linalg.householder_product` under its older name."""
    return _householder_product(input, input2)


# --- of sparse tensors ---------------------------------------------------------------------------------------------


@composite("native_norm", variants="function")
def native_norm(input, p=2, dim=None, keepdim=False, dtype=None):
    """`norm` of a sparse tensor; strided tensors have `torch.linalg.vector_norm`."""
    if input.layout is dtypes.strided:
        raise NotImplementedError(
            "Could not run 'aten::native_norm' with arguments from the 'CPU' backend. It needs a sparse tensor: torch.linalg.vector_norm takes others."
        )
    return norm(input, p, dim or None, keepdim, None, dtype)
