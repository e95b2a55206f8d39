"""Functions of matrices built from products, inverses and factorisations."""

import math

from .. import creation, dtypes
from ..ops.linalg import LinAlgError
from ..tensor import Tensor
from .composite import composite, operation
from .decompositions import results, svdvals
from .norms import linalg_norm
from .products import matmul

_inv, _inv_ex, _solve, _slogdet = (
    operation(name) for name in ("linalg.inv", "values.inv_ex", "linalg.solve", "linalg.slogdet")
)
_pinv, _lstsq, _mm, _vdot, _eigvalsh = (
    operation(name) for name in ("tolerances.pinv", "matrices.lstsq", "mm", "vdot", "linalg.eigh")
)


@composite("logdet")
def logdet(input):
    """Logarithm of the determinant; NaN where that is negative."""
    sign, logarithm = _slogdet(input)
    if input.is_complex():
        return logarithm + sign.log()
    return operation("dtype.where")(sign == -1, math.nan, logarithm, dtype=logarithm.dtype)


_SLOGDET = results("slogdet", ("sign", "logabsdet"))


@composite("slogdet", variants="function method out")
def slogdet(input):
    """`linalg.slogdet`."""
    return _SLOGDET(*_slogdet(input))


_INV_EX = results("linalg_inv_ex", ("inverse", "info"))


@composite("linalg.inv_ex", variants="function out")
def inv_ex(input, *, check_errors=False):
    """Inverse that reports by number which matrices have none, instead of raising."""
    made = _INV_EX(*_inv_ex(input))
    if check_errors and bool((made.info != 0).any()):
        _inv(input)
    return made


_SOLVE_EX = results("linalg_solve_ex", ("result", "info"))


@composite("linalg.solve_ex", variants="function out")
def solve_ex(input, other, *, left=True, check_errors=False):
    """`linalg.solve`, and 0 for each matrix."""
    result = _solve(input, other, left=left)
    return _SOLVE_EX(result, creation.zeros(input.shape[:-2], dtype=dtypes.int32, device=input.device))


@composite("linalg.matrix_power", "matrix_power", variants="function method out")
def matrix_power(input, n):
    """A multiplied with itself `n` times; for negative `n` its inverse.

    >>> import jtorch as torch
    >>> torch.linalg.matrix_power(torch.tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    tensor([[1., 3.],
            [0., 1.]])
    """
    if not isinstance(n, int):
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    if input.dim() < 2:
        raise RuntimeError("linalg.matrix_power: The input tensor A must have at least 2 dimensions.")
    if input.shape[-1] != input.shape[-2]:
        raise RuntimeError(
            f"linalg.matrix_power: A must be batches of square matrices, but they are {input.shape[-2]} by "
            f"{input.shape[-1]} matrices"
        )
    if n == 0:
        return input.clone().copy_(creation.eye(input.shape[-1], dtype=input.dtype, device=input.device))
    square, n = (input, n) if n > 0 else (_inv(input), -n)
    result = None
    while n:
        if n & 1:
            result = square if result is None else matmul(result, square)
        n >>= 1
        if n:
            square = matmul(square, square)
    return result.clone(memory_format=dtypes.contiguous_format) if result is input else result


def _tolerances(input, atol, rtol, hermitian=False):
    """Torch's defaults: rtol is eps times the larger side unless one of the two is given."""
    real = input.dtype.to_real()
    if rtol is None:
        given = atol is not None and not (isinstance(atol, (int, float)) and atol == 0)
        rtol = 0.0 if given else dtypes.finfo(real).eps * max(input.shape[-2:])
    return tuple(
        t if isinstance(t, Tensor) else creation.tensor(float(t or 0.0), dtype=real, device=input.device)
        for t in (atol, rtol)
    )


@composite("linalg.pinv", variants="function out")
def pinv(input, rcond=None, hermitian=False, *, atol=None, rtol=None):
    """The pseudo-inverse; singular values up to max(atol, rtol * the largest) count as 0.

    >>> import jtorch as torch
    >>> torch.linalg.pinv(torch.tensor([[2.0, 0.0], [0.0, 0.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    if input.dim() < 2 or not (input.is_floating_point() or input.is_complex()):
        kind = input.type().rpartition(".")[2].removesuffix("Tensor")
        raise RuntimeError(
            f"linalg.pinv({kind}{{{list(input.shape)}}}): expected a tensor with 2 or more dimensions of float, double, "
            "cfloat or cdouble types"
        )
    atol, rtol = _tolerances(input, atol, rcond if rtol is None else rtol)
    return _pinv(input, atol, rtol, hermitian=hermitian)


@composite("linalg.matrix_rank", variants="function out")
def matrix_rank(input, tol=None, hermitian=False, *, atol=None, rtol=None):
    """How many singular values exceed max(atol, rtol * the largest).

    >>> import jtorch as torch
    >>> torch.linalg.matrix_rank(torch.eye(3))
    tensor(3)
    """
    if input.dim() < 2:
        raise RuntimeError("torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.")
    values = _eigvalsh(input)[0].abs() if hermitian else svdvals(input.detach())
    if 0 in input.shape:
        return creation.zeros(input.shape[:-2], dtype=dtypes.int64, device=input.device)
    atol, rtol = _tolerances(input, tol if tol is not None else atol, 0.0 if tol is not None and rtol is None else rtol)
    limit = operation("maximum")(atol, rtol * values.amax(-1))
    return (values > limit.unsqueeze(-1)).sum(-1)


@composite("linalg.cond", variants="function out")
def cond(input, p=None):
    """Condition number: a norm of A times that of its inverse; by default from singular values."""
    if p is None or p in (2, -2):
        values = svdvals(input)
        large, small = values[..., 0], values[..., -1]
        return small / large if p == -2 else large / small
    if 0 in input.shape[-2:]:
        return input.real.new_zeros(input.shape[:-2]) if input.is_complex() else input.new_zeros(input.shape[:-2])
    inverse, info = _inv_ex(input)
    number = linalg_norm(input, p, (-2, -1)) * linalg_norm(inverse, p, (-2, -1))
    return number.masked_fill(info != 0, math.inf)


_LSTSQ = results("linalg_lstsq", ("solution", "residuals", "rank", "singular_values"))


@composite("linalg.lstsq", variants="function out")
def lstsq(input, b, rcond=None, *, driver=None):
    """X that makes A X - B smallest, the shortest of several; with rank, and residuals where the solution is unique.

    `driver` is one of torch's "gels", "gelsy" (default), "gelsd", "gelss"; all compute by singular values here.
    """
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), but got "
            + str(driver)
        )
    if input.dim() < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    if b.dim() < 1:
        raise RuntimeError("torch.linalg.lstsq: other must have at least 1 dimension.")
    vector = b.dim() == 1 or (input.dim() - 1 == b.dim() and b.shape == input.shape[:-1])
    right = b.unsqueeze(-1) if vector else b
    if input.shape[-2] != right.shape[-2]:
        words = "other.size(-1)" if vector else "other.size(-2)"
        raise RuntimeError(f"torch.linalg.lstsq: input.size(-2) should match {words}")
    if input.dtype is not b.dtype:
        raise RuntimeError("torch.linalg.lstsq: input and other must be of the same type.")
    limit = dtypes.finfo(input.dtype.to_real()).eps * max(input.shape[-2:]) if rcond is None else rcond
    m, n = input.shape[-2:]
    driver = driver or "gelsy"
    values = input.new_empty(0, dtype=input.dtype.to_real())
    rank = creation.empty(0, dtype=dtypes.int64, device=input.device)
    if driver != "gels":
        singular = svdvals(input.detach())
        rank = (singular > limit * singular[..., :1]).sum(-1)
        if driver != "gelsy":
            values = singular
    with_residuals = m > n and (driver == "gels" or (driver != "gelsy" and bool((rank == n).all())))
    rcond = 0.0 if driver == "gels" else limit
    solution, residuals = _lstsq(input, right, rcond=rcond, with_residuals=with_residuals)
    return _LSTSQ(solution.squeeze(-1) if vector else solution, residuals, rank, values)


# --- several factors -----------------------------------------------------------------------------------------------


@composite("linalg.multi_dot", variants="function out")
def multi_dot(tensors):
    """Product of several matrices, in the order of multiplication that takes the fewest steps; the ends may be vectors."""
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    first, last = tensors[0], tensors[-1]
    factors = list(tensors)
    if first.dim() == 1:
        factors[0] = first.unsqueeze(0)
    if last.dim() == 1:
        factors[-1] = last.unsqueeze(-1)
    for place, x in enumerate(factors):
        if x.dim() != 2:
            kind = "1D or 2D" if place in (0, count - 1) else "2D"
            raise RuntimeError(f"multi_dot(): tensor {place} must be {kind} but got {tensors[place].dim()}D")
    product = _best_product(factors)
    if first.dim() == 1 and last.dim() == 1:
        return product.squeeze()
    if first.dim() == 1:
        return product.squeeze(0)
    return product.squeeze(-1) if last.dim() == 1 else product


def _best_product(factors):
    """Cormen et al., Introduction to Algorithms, section 15.2."""
    count = len(factors)
    sides = [x.shape[0] for x in factors] + [factors[-1].shape[1]]
    cost = [[0] * count for _ in range(count)]
    cut = [[0] * count for _ in range(count)]
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            options = [(cost[i][k] + cost[k + 1][j] + sides[i] * sides[k + 1] * sides[j + 1], k) for k in range(i, j)]
            cost[i][j], cut[i][j] = min(options)

    def multiplied(i, j):
        return factors[i] if i == j else _mm(multiplied(i, cut[i][j]), multiplied(cut[i][j] + 1, j))

    return multiplied(0, count - 1)


@composite("linalg.vecdot", variants="function out")
def vecdot(x, y, *, dim=-1):
    """Sum over `dim` of conj(x) * y."""
    if x.dim() == y.dim() == 1:
        return _vdot(x, y)
    return (x.conj() * y).sum(dim)


@composite("linalg.tensorinv", variants="function out")
def tensorinv(input, ind=2):
    """The inverse of A as a map from its last dimensions to its first `ind`."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    first, rest = input.shape[:ind], input.shape[ind:]
    rows, columns = math.prod(first), math.prod(rest)
    if rows != columns:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{columns} != {rows}"
        )
    return _inv(input.reshape(rows, columns)).reshape(*rest, *first)


@composite("linalg.tensorsolve", variants="function out")
def tensorsolve(input, other, dims=None):
    """X with tensordot(A, X, X.ndim) = B; the dimensions `dims` of A are moved to its end first."""
    if dims is not None:
        input = input.movedim(tuple(dims), tuple(range(-len(dims), 0)))
    shape = input.shape[other.dim() :]
    if math.prod(shape) != math.prod(input.shape[: other.dim()]):
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but "
            f"got {math.prod(shape)} != {math.prod(input.shape[: other.dim()])}"
        )
    return _solve(input.reshape(-1, math.prod(shape)), other.reshape(-1)).reshape(shape)


@composite("linalg.vander", variants="function")
def linalg_vander(x, N=None):
    """Powers 0 to N - 1 of each element of the last dimension, as rows."""
    x = x.reshape(1) if x.dim() == 0 else x
    count = x.shape[-1] if N is None else N
    if count <= 1 and N is not None:
        raise RuntimeError("N must be greater than 1.")
    powers = x.unsqueeze(-1).expand(*x.shape, count - 1).cumprod(-1)
    return operation("cat")([x.new_ones(*x.shape, 1, dtype=powers.dtype), powers], -1)


@composite("vander", variants="function")
def vander(x, N=None, increasing=False):
    """Powers of a vector's elements as columns, the highest first unless `increasing`."""
    if x.dim() != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    if count == 0:
        return x.new_empty(x.shape[0], 0)
    wide = x if x.is_floating_point() or x.is_complex() else x.long()
    rows = [wide.new_ones(x.shape[0], 1)]
    if count > 1:
        rows.append(wide.unsqueeze(1).expand(-1, count - 1).cumprod(1))
    result = operation("cat")(rows, 1)
    return result if increasing else operation("flip")(result, (1,))


@composite("linalg.diagonal", variants="function")
def linalg_diagonal(input, *, offset=0, dim1=-2, dim2=-1):
    """A view of the diagonals of matrices."""
    return input.diagonal(offset, dim1, dim2)


__all__ = ["LinAlgError", "lstsq", "matrix_power", "matrix_rank", "multi_dot", "pinv"]
