"""Factorisations of matrices: Cholesky, QR, singular values, eigenvalues, LU. Their gradients come from their results."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import is_complex
from .linalg import SMALL, LinAlgError, batch_text, check_matrix, check_square, triangular
from .matmul import adjoint, product
from .registry import Array, op
from .shapes import column_major, matrices_column_major


def _diagonal_matrix(values):
    return values[..., None] * jnp.eye(values.shape[-1], dtype=values.dtype)


def _diagonal(x):
    return jnp.diagonal(x, axis1=-2, axis2=-1)


def _first_of_each(marked):
    """Where the first mark of each line is, counted from 1; 0 where there is none."""
    if not marked.shape[-1]:
        return jnp.zeros(marked.shape[:-1], jnp.int32)
    return jnp.where(marked.any(-1), jnp.argmax(marked, -1) + 1, 0).astype(jnp.int32)


def _skew(x):
    return x - adjoint(x)


# --- Cholesky ------------------------------------------------------------------------------------------------------


def _factor(input, upper):
    if input.size == 0:
        return input
    lower = lax.linalg.cholesky(adjoint(input) if upper else input, symmetrize_input=False)
    return adjoint(lower) if upper else lower


def _cholesky_slope(grad, result, upper):
    # Murray, Differentiation of the Cholesky decomposition, 2016, section 3; made Hermitian.
    lower, g = (adjoint(result), adjoint(grad)) if upper else (result, grad)
    inner = jnp.tril(product(adjoint(lower), jnp.tril(g)))
    inner = 0.5 * (inner + adjoint(jnp.tril(inner, -1)))
    half = triangular(lower, inner, upper=False, conjugate_transpose=True)
    return triangular(lower, half, upper=False, left=False)


def _not_positive(matrix, upper):
    """The first matrix of a stack that is not positive definite, and the order of its failing minor; or None."""
    if matrix.size == 0:
        return None
    for number, square in enumerate(np.asarray(matrix).reshape(-1, *matrix.shape[-2:])):
        square = square.conj().T if upper else square
        for attempt in (len(square), *range(1, len(square) + 1)):
            try:
                np.linalg.cholesky(square[:attempt, :attempt])
            except np.linalg.LinAlgError:
                if attempt < len(square) or len(square) == 1:
                    return number, attempt
            else:
                if attempt == len(square):
                    break
        else:
            return number, len(square)
    return None


def _cholesky_check(name):
    def check(xp, *, input, upper):
        if xp is jnp:  # part of a program: it only says whether to look closer
            return jnp.isnan(_factor(input, upper)).any(), LinAlgError, None
        found = _not_positive(input, upper)

        def message():
            number, order = found
            return (
                f"{name}: {batch_text(number, input.shape)}The factorization could not be completed because the input is "
                f"not positive-definite (the leading minor of order {order} is not positive-definite)."
            )

        return found is not None, LinAlgError, message

    return check


@op("linalg.cholesky", promote="none", variants="function out", node="LinalgCholeskyEx")
def cholesky(input: Array, *, upper=False):
    """The triangular L with L L* = A of Hermitian positive definite matrices; only one triangle of A is read."""
    check_square("linalg.cholesky", input)
    return _factor(input, upper)


@op("old.cholesky", promote="none", variants="", node="Cholesky")
def old_cholesky(input: Array, upper=False):
    """`linalg.cholesky` under its older name."""
    check_square("cholesky", input)
    return _factor(input, upper)


cholesky.layout(matrices_column_major)
old_cholesky.layout(matrices_column_major)


@cholesky.backward
@old_cholesky.backward
def cholesky_backward(grad, result, upper):
    return _cholesky_slope(grad, result, upper)


cholesky.check(_cholesky_check("linalg.cholesky"))
old_cholesky.check(_cholesky_check("cholesky"))


@op("values.cholesky_ex", promote="none", variants="", node="LinalgCholeskyEx", outputs=("L", "info"))
def cholesky_ex(input: Array, *, upper=False):
    """`linalg.cholesky`, and for each matrix 0 or the order of the first minor that is not positive definite."""
    check_square("linalg.cholesky_ex", input)
    factor = _factor(input, upper)
    return factor, _first_of_each(jnp.isnan(_diagonal(factor)))


@cholesky_ex.layout
def cholesky_ex_layout(shapes):
    return [column_major(shapes[0]), None]


@cholesky_ex.backward
def cholesky_ex_backward(grads, result0, upper):
    return _cholesky_slope(grads[0], result0, upper)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def _from_factor(factor, right, upper):
    """X with L L* X = B. Its gradient fills the triangle of the factor that is not read, too, as torch's does."""
    lower = adjoint(factor) if upper else factor
    return triangular(lower, triangular(lower, right, upper=False), upper=False, conjugate_transpose=True)


def _from_factor_slopes(grad, factor, solution, upper):
    to_right = _from_factor(factor, grad, upper)
    both = product(to_right, adjoint(solution))
    both = both + adjoint(both)
    return -product(factor, both) if upper else -product(both, factor), to_right


def _from_factor_forward(factor, right, upper):
    solution = _from_factor(factor, right, upper)
    return solution, (factor, solution)


def _from_factor_backward(upper, saved, cotangent):
    slopes = _from_factor_slopes(jnp.conj(cotangent), *saved, upper)  # JAX's gradient is the conjugate of torch's
    return tuple(jnp.conj(slope) for slope in slopes)


_from_factor.defvjp(_from_factor_forward, _from_factor_backward)


@op(promote="none", variants="function method out", node="CholeskySolve")
def cholesky_solve(input: Array, input2: Array, upper=False):
    """X with A X = B, from the Cholesky factor of A."""
    check_matrix("cholesky_solve", input)
    check_square("cholesky_solve", input2)
    if input2.shape[-1] != input.shape[-2]:
        raise RuntimeError(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {input2.shape[-1]} by {input2.shape[-1]} but each b "
            f"matrix is {input.shape[-2]} by {input.shape[-1]}"
        )
    return _from_factor(input2, input, upper)


cholesky_solve.layout(matrices_column_major)


@cholesky_solve.backward
def cholesky_solve_backward(grad, input2, result, upper):
    return _from_factor_slopes(grad, input2, result, upper)[::-1]


@op(promote="none", variants="function method out", node="CholeskyInverse")
def cholesky_inverse(input: Array, upper=False):
    """The inverse of A, from its Cholesky factor."""
    check_square("cholesky_inverse", input)
    eye = jnp.broadcast_to(jnp.eye(input.shape[-1], dtype=input.dtype), input.shape)
    return _from_factor(input, eye, upper)


cholesky_inverse.layout(matrices_column_major)


@cholesky_inverse.backward
def cholesky_inverse_backward(grad, input, result, upper):
    both = product(result, product(grad + adjoint(grad), result))
    return -product(input, both) if upper else -product(both, input)


# --- QR ------------------------------------------------------------------------------------------------------------


@op("linalg.qr", promote="none", variants="function out", node="LinalgQr", outputs=("Q", "R"))
def qr(input: Array, mode="reduced"):
    """Q with orthonormal columns and upper triangular R, with Q R = A. `mode` "complete" gives a square Q, "r" none."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    check_matrix("linalg.qr", input)
    if mode == "r":
        return jnp.zeros((0,), input.dtype), jnp.linalg.qr(input, "r")
    return tuple(jnp.linalg.qr(input, mode))


qr.layout(matrices_column_major)


@qr.backward
def qr_backward(grads, results, mode):
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
            "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    (q, r), (to_q, to_r) = results, grads
    m, n = q.shape[-2], r.shape[-1]
    if mode == "complete" and m > n:
        raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols")
    if m >= n:
        return _square_qr_slope(q, r, to_q, to_r)
    # A wide matrix is its first square part beside the rest, which is Q times the rest of R.
    square, rest = r[..., :m], r[..., m:]
    to_square, to_rest = to_r[..., :m], to_r[..., m:]
    left = _square_qr_slope(q, square, to_q + product(product(q, rest), adjoint(to_rest)), to_square)
    return jnp.concatenate([left, product(q, to_rest)], -1)


def _square_qr_slope(q, r, to_q, to_r):
    # Walter, Lehmann, Lamour, On evaluating higher-order derivatives of the QR decomposition, 2012.
    inner = jnp.triu(product(to_r, adjoint(r)) - product(adjoint(q), to_q))
    inner = inner + adjoint(inner)
    inner = inner - 0.5 * _diagonal_matrix(_diagonal(inner))
    return triangular(r, to_q + product(q, inner), upper=True, left=False, conjugate_transpose=True)


# --- singular values -----------------------------------------------------------------------------------------------


def _finite(name):
    def check(xp, *, input):
        words = f"{name}: The algorithm failed to converge because the input matrix contained non-finite values."
        return ~xp.isfinite(input).all(), LinAlgError, words

    return check


def _in_double(factor, input):
    """Factors of small matrices computed in double precision, which costs little there: slopes divide by the gaps between their values."""
    if max(input.shape[-2:]) > SMALL or input.dtype.itemsize // (1 + is_complex(input)) == 8:
        return factor(input)
    made = factor(input.astype(jnp.complex128 if is_complex(input) else jnp.float64))
    return tuple(f.astype(jnp.complex64 if is_complex(f) else jnp.float32) for f in made)


def _svd(input, full_matrices):
    if input.size == 0:
        m, n = input.shape[-2:]
        batch, k = input.shape[:-2], min(m, n)
        real = jnp.real(input).dtype
        u = jnp.broadcast_to(
            jnp.eye(m, m if full_matrices else k, dtype=input.dtype), (*batch, m, m if full_matrices else k)
        )
        vh = jnp.broadcast_to(
            jnp.eye(n if full_matrices else k, n, dtype=input.dtype), (*batch, n if full_matrices else k, n)
        )
        return u, jnp.zeros((*batch, k), real), vh
    return _in_double(lambda a: tuple(jnp.linalg.svd(a, full_matrices=full_matrices)), input)


@op("linalg.svd", promote="none", variants="function out", node="LinalgSvd", outputs=("U", "S", "Vh"))
def svd(input: Array, full_matrices=True, *, driver=None):
    """U, the singular values S in falling order and V*, with U diag(S) V* = A."""
    check_matrix("linalg.svd", input)
    return _svd(input, full_matrices)


@svd.layout
def svd_layout(shapes):
    return [column_major(shapes[0]), None, column_major(shapes[2])]


@svd.backward
def svd_backward(grads, results):
    (u, s, vh), (to_u, to_s, to_vh) = results, grads
    k = s.shape[-1]
    return _svd_slope(u[..., :k], s, vh[..., :k, :], to_u[..., :k], to_s, to_vh[..., :k, :])


def _over(a, b):
    """a / b, and 0 for 0 / 0."""
    nothing = (a == 0) & (b == 0)
    return jnp.where(nothing, 0, a) / jnp.where(nothing, 1, b)


def _svd_slope(u, s, vh, to_u, to_s, to_vh):
    # Giles, An extended collection of matrix derivative results, 2008; with the complex phases of torch's rule.
    k = s.shape[-1]
    eye = jnp.eye(k, dtype=s.dtype)
    gap = (s[..., None, :] - s[..., :, None]) * (s[..., None, :] + s[..., :, None]) + eye
    v = adjoint(vh)
    to_v = adjoint(to_vh)
    inner_u, inner_v = _skew(product(adjoint(u), to_u)), _skew(product(vh, to_v))
    columns, rows = s[..., None, :].astype(u.dtype), s[..., :, None].astype(u.dtype)
    # Where nothing is wanted of the vectors, as for the values alone, equal values do no harm.
    inner_u, inner_v = (_over(inner, gap) for inner in (inner_u, inner_v))
    core = inner_u * columns + rows * inner_v + _diagonal_matrix(to_s.astype(u.dtype))
    if is_complex(u):
        core = core + _diagonal_matrix(_over(_diagonal(inner_u), 2 * s))  # the gap of a value from itself is 1
    slope = product(u, product(core, vh))
    if u.shape[-2] > k:
        scaled = _over(to_u, columns)
        slope = slope + product(scaled - product(u, product(adjoint(u), scaled)), vh)
    if v.shape[-2] > k:
        scaled = _over(adjoint(to_v), rows)
        slope = slope + product(u, scaled - product(product(scaled, v), vh))
    return slope


@op("values.svdvals", promote="none", variants="", node="LinalgSvd")
def svdvals(input: Array):
    """Singular values alone, for those who need no gradient through them."""
    check_matrix("linalg.svd", input)
    if input.size == 0:
        return _svd(input, False)[1]
    (values,) = _in_double(lambda a: (jnp.linalg.svd(a, compute_uv=False),), input)
    return values


svd.check(_finite("linalg.svd"))
svdvals.check(_finite("linalg.svd"))


# --- eigenvalues ---------------------------------------------------------------------------------------------------


def _eigh(input, uplo):
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    if input.size == 0:
        return jnp.zeros(input.shape[:-1], jnp.real(input).dtype), input
    return _in_double(lambda a: tuple(jnp.linalg.eigh(a, UPLO=uplo.upper(), symmetrize_input=False)), input)


def _eigh_slope(to_values, to_vectors, values, vectors):
    # Vectors stay orthonormal, so only the skew part of their gradient counts.
    inner = 0.5 * _skew(product(adjoint(vectors), to_vectors))
    gap = values[..., None, :] - values[..., :, None]
    eye = jnp.eye(values.shape[-1], dtype=bool)
    core = jnp.where(eye, 0, inner / jnp.where(eye, 1, gap)) + _diagonal_matrix(to_values.astype(inner.dtype))
    return product(vectors, product(core, adjoint(vectors)))


def values_and_vectors(shapes):
    return [None, column_major(shapes[1])]


@op("linalg.eigh", promote="none", variants="function out", node="LinalgEigh", outputs=("eigenvalues", "eigenvectors"))
def eigh(input: Array, UPLO="L"):
    """Eigenvalues in rising order and eigenvectors of Hermitian matrices; only the triangle `UPLO` is read."""
    check_square("linalg.eigh", input)
    return _eigh(input, UPLO)


eigh.layout(values_and_vectors)


@eigh.backward
def eigh_backward(grads, results):
    return _eigh_slope(*grads, *results)


def _eig(input):
    dtype = jnp.promote_types(input.dtype, jnp.complex64)
    if input.size == 0:
        return jnp.zeros(input.shape[:-1], dtype), jnp.zeros(input.shape, dtype)
    values, vectors = _in_double(lambda a: tuple(jnp.linalg.eig(a)), input)
    return values.astype(dtype), vectors.astype(dtype)


def _eig_slope(to_values, to_vectors, values, vectors):
    # Boeddeker et al., On the computation of complex-valued gradients, 2017; eigenvectors of norm 1.
    inner = product(adjoint(vectors), to_vectors)
    along = jnp.real(_diagonal(inner)).astype(inner.dtype)
    inner = inner - product(adjoint(vectors), vectors * along[..., None, :])
    gap = jnp.conj(values[..., None, :] - values[..., :, None])
    eye = jnp.eye(values.shape[-1], dtype=bool)
    core = jnp.where(eye, 0, inner / jnp.where(eye, 1, gap)) + _diagonal_matrix(to_values)
    return jnp.linalg.solve(adjoint(vectors), product(core, adjoint(vectors)))


def _eig_check(xp, *, input):
    words = "torch.linalg.eig: input tensor should not contain infs or NaNs."
    return ~xp.isfinite(input).all(), RuntimeError, words


@op("linalg.eig", promote="none", variants="function out", node="LinalgEig", outputs=("eigenvalues", "eigenvectors"))
def eig(input: Array):
    """Eigenvalues and eigenvectors of square matrices, always complex; the eigenvectors have norm 1."""
    check_square("linalg.eig", input)
    return _eig(input)


eig.layout(values_and_vectors)


@eig.backward
def eig_backward(grads, results):
    return _eig_slope(*grads, *results)


eig.check(_eig_check)


# --- LU ------------------------------------------------------------------------------------------------------------


@op("values.lu_factor_ex", promote="none", variants="", node="LinalgLuFactorEx", outputs=("LU", "pivots", "info"))
def lu_factor_ex(input: Array, *, pivot=True):
    """L below and U on and above the diagonal of one matrix, the row exchanges counted from 1, and the first zero pivot."""
    check_matrix("torch.lu_factor", input)
    if not pivot:
        raise RuntimeError("linalg.lu_factor: LU without pivoting is not implemented on the CPU")
    lu, pivots, _ = lax.linalg.lu(input)
    return lu, (pivots + 1).astype(jnp.int32), _first_of_each(_diagonal(lu) == 0)


@lu_factor_ex.layout
def lu_factor_ex_layout(shapes):
    return [column_major(shapes[0]), None, None]


@op("linalg.lu_solve", promote="none", variants="function out", node="LinalgLuSolve")
def lu_solve(LU: Array, pivots: Array, B: Array, *, left=True, adjoint=False):
    """X with A X = B (or X A = B, or with A*), from the LU factors of A."""
    size = LU.shape[-1]
    order = permutation(pivots, size)
    a = LU
    b = B if left else _turned(B)
    turned = adjoint if left else not adjoint
    if turned:
        x = triangular(a, b, upper=True, conjugate_transpose=True)
        x = triangular(a, x, upper=False, conjugate_transpose=True, unit=True)
        back = jnp.argsort(order, -1)
        x = jnp.take_along_axis(x, jnp.broadcast_to(back[..., :, None], x.shape), -2)
    else:
        batch = jnp.broadcast_shapes(order.shape[:-1], b.shape[:-2])
        b = jnp.broadcast_to(b, (*batch, *b.shape[-2:]))
        b = jnp.take_along_axis(b, jnp.broadcast_to(order[..., :, None], b.shape), -2)
        x = triangular(a, b, upper=False, unit=True)
        x = triangular(a, x, upper=True)
    return x if left else _turned(x)


@lu_solve.layout
def lu_solve_layout(shapes, *, left):
    return matrices_column_major(shapes) if left else [None]


def _turned(x):
    return jnp.conj(jnp.swapaxes(x, -1, -2))


def permutation(pivots, size: int):
    """The order of rows that a list of exchanges (counted from 1) leads to."""
    return lax.linalg.lu_pivots_to_permutation(pivots.astype(jnp.int32) - 1, size)


@op("values.lu_unpack", promote="none", variants="", node="LuUnpack", outputs=("L", "U"))
def lu_unpack(LU_data: Array):
    """The triangular factors L and U from the matrix that holds both."""
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    lower = jnp.tril(LU_data[..., :, :k], -1) + jnp.eye(m, k, dtype=LU_data.dtype)
    return lower, jnp.triu(LU_data[..., :k, :])


@op("pivots.lu_unpack", promote="none", variants="", differentiable=False)
def permutation_matrix(LU_data: Array, LU_pivots: Array):
    """The matrix P of the row exchanges, with P L U the matrix they were made for."""
    m = LU_data.shape[-2]
    # Row i of P L U is row j of L U where order[j] = i.
    order = permutation(LU_pivots, m)
    return (order[..., None, :] == jnp.arange(m)[:, None]).astype(LU_data.dtype)
