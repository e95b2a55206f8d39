"""Factorisations in the spellings of torch.linalg, with and without reports of failure."""

from collections import namedtuple

from ..autograd.mode import is_grad_enabled
from ..ops.linalg import LinAlgError
from .composite import COMPOSITES, Composite, composite, operation

_svd, _svdvals, _eigh, _eig = (
    operation(name) for name in ("linalg.svd", "values.svdvals", "linalg.eigh", "linalg.eig")
)
_cholesky, _cholesky_ex = operation("linalg.cholesky"), operation("values.cholesky_ex")
_lu_factor_ex, _ldl_factor_ex, _lu_unpack, _permutation = (
    operation(name) for name in ("values.lu_factor_ex", "values.ldl_factor_ex", "values.lu_unpack", "pivots.lu_unpack")
)

COMPOSITES.append(Composite("linalg.LinAlgError", LinAlgError, ("function",)))


def results(name, fields):
    """A named result, printed as torch prints it."""
    made = namedtuple(name, fields)

    def __repr__(self):
        rows = ",\n".join(f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{rows})"

    made.__repr__ = __repr__
    made.__module__ = "torch.return_types"
    return made


@composite("linalg.svdvals", variants="function out")
def svdvals(input, *, driver=None):
    """Singular values in falling order.

    >>> import jtorch as torch
    >>> torch.linalg.svdvals(torch.tensor([[3.0, 0.0], [0.0, 4.0]]))
    tensor([4., 3.])
    """
    # Their gradient needs the singular vectors.
    return _svd(input, False)[1] if input.requires_grad and is_grad_enabled() else _svdvals(input)


@composite("linalg.eigvalsh", variants="function out")
def eigvalsh(input, UPLO="L"):
    """Eigenvalues of Hermitian matrices in rising order; only the triangle `UPLO` is read."""
    return _eigh(input, UPLO)[0]


@composite("linalg.eigvals", variants="function out")
def eigvals(input):
    """Eigenvalues of square matrices, always complex."""
    return _eig(input)[0]


_CHOLESKY_EX = results("linalg_cholesky_ex", ("L", "info"))


@composite("linalg.cholesky_ex", variants="function out")
def cholesky_ex(input, *, upper=False, check_errors=False):
    """`linalg.cholesky` that reports by number which minor is not positive definite, instead of raising."""
    factor, info = _cholesky_ex(input, upper=upper)
    if check_errors and bool((info != 0).any()):
        _cholesky(input, upper=upper)
    return _CHOLESKY_EX(factor, info)


# --- LU ------------------------------------------------------------------------------------------------------------

_LU_FACTOR, _LU_FACTOR_EX = (
    results("linalg_lu_factor", ("LU", "pivots")),
    results("linalg_lu_factor_ex", ("LU", "pivots", "info")),
)
_LU, _LU_UNPACK = results("linalg_lu", ("P", "L", "U")), results("lu_unpack", ("P", "L", "U"))


@composite("linalg.lu_factor_ex", variants="function out")
def lu_factor_ex(input, *, pivot=True, check_errors=False):
    """L and U in one matrix, the row exchanges counted from 1, and for each matrix 0 or where a pivot is 0."""
    factors = _LU_FACTOR_EX(*_lu_factor_ex(input, pivot=pivot))
    if check_errors and bool((factors.info != 0).any()):
        raise LinAlgError(
            f"torch.linalg.lu_factor_ex: U[{int(factors.info.max())},{int(factors.info.max())}] is zero and using it on "
            "lu_solve would result in a division by zero."
        )
    return factors


@composite("linalg.lu_factor", variants="function out")
def lu_factor(input, *, pivot=True):
    """L and U in one matrix, and the row exchanges counted from 1."""
    return _LU_FACTOR(*_lu_factor_ex(input, pivot=pivot)[:2])


@composite("lu_unpack", variants="function out")
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """P, L and U from what `lu_factor` gives; empty where not asked for."""
    empty = LU_data.new_empty(0)
    low, up = _lu_unpack(LU_data) if unpack_data else (empty, empty)
    return _LU_UNPACK(_permutation(LU_data, LU_pivots) if unpack_pivots else empty, low, up)


@composite("linalg.lu", variants="function out")
def linalg_lu(input, *, pivot=True):
    """P, L and U with P L U = A."""
    if input.dim() < 2:
        raise RuntimeError(
            f"linalg.lu: Expected tensor with 2 or more dimensions. Got size: {list(input.shape)} instead"
        )
    return _LU(*lu_unpack(*lu_factor(input, pivot=pivot)))


# --- LDL -----------------------------------------------------------------------------------------------------------

_LDL_FACTOR, _LDL_FACTOR_EX = (
    results("linalg_ldl_factor", ("LD", "pivots")),
    results("linalg_ldl_factor_ex", ("LD", "pivots", "info")),
)


def _refuse_zero_in_d(name, info):
    if bool((info != 0).any()):
        raise RuntimeError(
            f"{name}: D has an exact zero on its diagonal: the matrix is singular and no system can be solved with it."
        )


@composite("linalg.ldl_factor_ex", variants="function out")
def ldl_factor_ex(input, *, hermitian=False, check_errors=False):
    """L and D of a symmetric or Hermitian matrix in one, the pivots, and for each matrix 0 or which element of D is 0."""
    factors = _LDL_FACTOR_EX(*_ldl_factor_ex(input, hermitian=hermitian))
    if check_errors:
        _refuse_zero_in_d("torch.linalg.ldl_factor_ex", factors.info)
    return factors


@composite("linalg.ldl_factor", variants="function out")
def ldl_factor(input, *, hermitian=False):
    """L and D of a symmetric or Hermitian matrix in one, and the pivots; `ldl_solve` takes both.

    >>> import jtorch as torch
    >>> torch.linalg.ldl_factor(torch.tensor([[2.0, 1.0], [1.0, 2.0]])).LD
    tensor([[2.0000, 0.0000],
            [0.5000, 1.5000]])
    """
    *factors, info = _ldl_factor_ex(input, hermitian=hermitian)
    _refuse_zero_in_d("torch.linalg.ldl_factor", info)
    return _LDL_FACTOR(*factors)
