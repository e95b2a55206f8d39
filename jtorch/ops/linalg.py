"""Linear algebra on square matrices: determinants, inverses, systems, exponentials; stacks of matrices lead."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import is_complex, is_exact, real_dtype, scalar_name, widened
from .matmul import adjoint, product
from .matrix_exponential import exponential
from .registry import Array, op
from .shapes import broadcast_shapes, column_major, matrices_column_major, wrap_dim


class LinAlgError(RuntimeError):
    """A matrix that a decomposition cannot be computed for: torch.linalg.LinAlgError."""


LinAlgError.__name__ = LinAlgError.__qualname__ = "_LinAlgError"
LinAlgError.__module__ = "torch._C"


def check_matrix(name: str, x, low_precision=False) -> None:
    if x.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor A must have at least 2 dimensions.")
    if is_exact(x):
        raise RuntimeError(f"{name}: Expected a floating point or complex tensor as input. Got {scalar_name(x)}")
    if x.dtype.itemsize == 2 and not low_precision:
        raise RuntimeError(f"{name}: Low precision dtypes not supported. Got {scalar_name(x)}")


def check_square(name: str, x, low_precision=False) -> None:
    check_matrix(name, x, low_precision)
    if x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )


def batch_text(index, shape) -> str:
    """Which matrix of a stack fails, as torch's messages say it."""
    return f"(Batch element {index}): " if len(shape) > 2 else ""


# --- traces and cross products -------------------------------------------------------------------------------------


@op(promote="none", variants="function method")
def trace(input: Array):
    """Sum of a matrix's diagonal; integers add up in int64."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    x = input.astype(jnp.int64) if is_exact(input) else widened(input)
    return jnp.trace(x).astype(jnp.int64 if is_exact(input) else input.dtype)


def _cross(a, b, dim):
    before, after = (jnp.roll(x, -1, dim) for x in (a, b))
    return jnp.roll(before * jnp.roll(b, -2, dim) - jnp.roll(a, -2, dim) * after, 0, dim)


@op("linalg.cross", promote="arith", variants="function out", node="LinalgCross", elementwise=False)
def cross(input: Array, other: Array, *, dim=-1):
    """Cross product of vectors of three components along `dim`."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    wrap_dim(dim, input.ndim)
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    size = broadcast_shapes(input.shape, other.shape)
    a, b = jnp.broadcast_to(input, size), jnp.broadcast_to(other, size)
    return _cross(a, b, dim % len(size))


# --- determinants --------------------------------------------------------------------------------------------------


@op("linalg.det", promote="none", variants="function method out", aliases=("det",), node="LinalgDet")
def det(input: Array):
    """Determinant of square matrices."""
    check_square("linalg.det", input)
    return jnp.linalg.det(input) if input.shape[-1] else jnp.ones(input.shape[:-2], input.dtype)


@op(
    "linalg.slogdet",
    promote="none",
    variants="function out",
    node="LinalgSlogdet",
    outputs=("sign", "logabsdet"),
)
def slogdet(input: Array):
    """Sign (of modulus 1 for complex numbers) and logarithm of the absolute value of the determinant."""
    check_square("linalg.slogdet", input)
    if not input.shape[-1]:
        return jnp.ones(input.shape[:-2], input.dtype), jnp.zeros(input.shape[:-2], real_dtype(input.dtype))
    return tuple(jnp.linalg.slogdet(input))


# --- inverses and systems ------------------------------------------------------------------------------------------


def _singular(matrix):
    """The first matrix of a stack that has no inverse, because its elimination meets an exact zero; or None."""
    if matrix.size == 0:
        return None
    for number, square in enumerate(np.asarray(matrix).reshape(-1, *matrix.shape[-2:])):
        try:
            np.linalg.inv(square)
        except np.linalg.LinAlgError:
            return number
    return None


def _any_singular(matrix):
    """Whether a matrix of a stack may have no inverse, as part of a program: `_singular` then finds and names it."""
    if matrix.size == 0:
        return jnp.zeros((), bool)
    pivots = jnp.diagonal(lax.linalg.lu(matrix)[0], axis1=-2, axis2=-1)
    return (pivots == 0).any()


def _first_zero_pivot(square) -> int:
    """Where elimination with row exchanges first finds nothing to divide by, counted from 1."""
    u = np.array(square)
    for k in range(len(u)):
        best = k + int(np.argmax(np.abs(u[k:, k])))
        if u[best, k] == 0:
            return k + 1
        u[[k, best]] = u[[best, k]]
        u[k + 1 :] -= np.outer(u[k + 1 :, k] / u[k, k], u[k])
    return len(u)


@op(
    "linalg.inv",
    promote="none",
    variants="function method out",
    aliases=("inverse", "linalg.inverse"),
    node="LinalgInvEx",
)
def inv(input: Array):
    """Inverse of square matrices; a singular one is an error."""
    check_square("linalg.inv", input)
    return jnp.linalg.inv(input)


inv.layout(matrices_column_major)


@inv.check
def inv_check(xp, *, input):
    if xp is jnp:
        return _any_singular(input), LinAlgError, None
    number = _singular(input)

    def message():
        square = input.reshape(-1, *input.shape[-2:])[number]
        return (
            f"linalg.inv: {batch_text(number, input.shape)}The diagonal element {_first_zero_pivot(square)} is zero, "
            "the inversion could not be completed because the input matrix is singular."
        )

    return number is not None, LinAlgError, message


@inv.backward
def inv_backward(grad, result):
    turned = adjoint(result)
    return -product(turned, product(grad, turned))


@op("values.inv_ex", promote="none", variants="", node="LinalgInvEx", outputs=("inverse", "info"))
def inv_ex(input: Array):
    """Inverse of square matrices, and for each 0 or that it has none."""
    check_square("linalg.inv_ex", input)
    inverse = jnp.linalg.inv(input)
    broken = ~jnp.isfinite(inverse).all((-2, -1)) & jnp.isfinite(input).all((-2, -1))
    return inverse, broken.astype(jnp.int32)


@inv_ex.layout
def inv_ex_layout(shapes):
    return [column_major(shapes[0]), None]


@inv_ex.backward
def inv_ex_backward(grads, result0):
    return inv_backward(grads[0], result0)


def is_vector_system(a, b) -> bool:
    """Whether torch takes the right side of a system as vectors: one per matrix."""
    return b.ndim == 1 or (a.ndim - 1 == b.ndim and b.shape == a.shape[:-1])


def _solve(a, b):
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = jnp.broadcast_to(a, (*batch, *a.shape[-2:]))
    b = jnp.broadcast_to(b, (*batch, *b.shape[-2:]))
    return jnp.linalg.solve(a, b)


@op("linalg.solve", promote="none", variants="function out", node="LinalgSolveEx")
def solve(input: Array, other: Array, *, left=True):
    """X with A X = B, or X A = B unless `left`; a singular A is an error."""
    check_square("linalg.solve", input)
    if input.dtype != other.dtype:
        raise RuntimeError(
            f"linalg.solve: Expected A and B to have the same dtype, but found A of type {scalar_name(input)} and B of "
            f"type {scalar_name(other)} instead"
        )
    vector = is_vector_system(input, other)
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case "
            "linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    b = other[..., None] if vector else other
    if b.shape[-2 if left else -1] != input.shape[-1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation {equation} "
            f"({input.shape[-2]}x{input.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    x = _solve(input, b) if left else adjoint(_solve(adjoint(input), adjoint(b)))
    return x[..., 0] if vector else x


@solve.layout
def solve_layout(shapes, *, left):
    return matrices_column_major(shapes) if left else [None]  # also vectors, stacked: a matrix to LAPACK


@solve.check
def solve_check(xp, *, input):
    if xp is jnp:
        return _any_singular(input), LinAlgError, None
    number = _singular(input)
    where = "" if number is None else batch_text(number, input.shape)
    message = f"torch.linalg.solve: {where}The solver failed because the input matrix is singular."
    return number is not None, LinAlgError, message


@solve.backward
def solve_backward(grad, input, other_shape, result, left):
    vector = len(other_shape) == 1 or (input.ndim - 1 == len(other_shape) and other_shape == input.shape[:-1])
    g, x = (grad[..., None], result[..., None]) if vector else (grad, result)
    if left:
        to_b = _solve(adjoint(input), g)
        to_a = -product(to_b, adjoint(x))
    else:
        to_b = adjoint(_solve(input, adjoint(g)))
        to_a = -product(adjoint(x), to_b)
    return to_a, to_b[..., 0] if vector else to_b


# Matrices up to this size are factored, and slopes through them computed, in double precision, which costs little there.
SMALL = 64


def triangular(a, b, *, upper, left=True, conjugate_transpose=False, unit=False):
    """The solution of a triangular system; the other triangle is not looked at."""
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = jnp.broadcast_to(a, (*batch, *a.shape[-2:]))
    b = jnp.broadcast_to(b, (*batch, *b.shape[-2:]))
    return lax.linalg.triangular_solve(
        a,
        b,
        left_side=left,
        lower=not upper,
        transpose_a=conjugate_transpose,
        conjugate_a=conjugate_transpose and is_complex(a),
        unit_diagonal=unit,
    )


@op("linalg.solve_triangular", promote="none", variants="function out", node="LinalgSolveTriangular")
def solve_triangular(input: Array, other: Array, *, upper, left=True, unitriangular=False):
    """X with A X = B, or X A = B unless `left`, for triangular A."""
    check_square("linalg.solve_triangular", input)
    if input.dtype != other.dtype:
        raise RuntimeError(
            f"linalg.solve_triangular: Expected A and B to have the same dtype, but found A of type "
            f"{scalar_name(input)} and B of type {scalar_name(other)} instead"
        )
    check_matrix("linalg.solve_triangular", other)
    if other.shape[-2 if left else -1] != input.shape[-1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"linalg.solve_triangular: Incompatible shapes of A and B for the equation {equation} "
            f"({input.shape[-2]}x{input.shape[-1]} and {other.shape[-2]}x{other.shape[-1]})"
        )
    return triangular(input, other, upper=upper, left=left, unit=unitriangular)


solve_triangular.layout(matrices_column_major)


@solve_triangular.backward
def solve_triangular_backward(grad, input, result, upper, left, unitriangular):
    dtype = grad.dtype
    if max(*input.shape[-2:], *grad.shape[-2:]) <= SMALL:
        input, grad, result = (x.astype(jnp.promote_types(dtype, jnp.float64)) for x in (input, grad, result))
    to_b = triangular(input, grad, upper=upper, left=left, conjugate_transpose=True, unit=unitriangular)
    to_a = -product(to_b, adjoint(result)) if left else -product(adjoint(result), to_b)
    keep = jnp.triu if upper else jnp.tril
    offset = 1 if upper else -1
    return keep(to_a, offset if unitriangular else 0).astype(dtype), to_b.astype(dtype)


# --- generalised inverses and functions of matrices ----------------------------------------------------------------


def _pinv_slope(grad, a, p):
    """Golub and Pereyra, The differentiation of pseudo-inverses, 1973, for the rank staying as it is."""
    ph, gh = adjoint(p), adjoint(grad)
    if a.shape[-2] <= a.shape[-1]:
        k = product(gh, p)
        kp = product(k, ph)
        return -adjoint(product(p, k)) + kp - product(product(a, p), kp) + product(product(ph, p), gh - product(k, a))
    k = product(p, gh)
    pk = product(ph, k)
    rest = product(product(gh - product(a, k), p), ph)
    return -adjoint(product(k, p)) + rest + pk - product(product(pk, p), a)


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def pseudo_inverse(input, atol, rtol, hermitian=False):
    """The pseudo-inverse; its gradient is made of itself and not of singular values, which may be equal."""
    if input.size == 0:
        return jnp.zeros((*input.shape[:-2], input.shape[-1], input.shape[-2]), input.dtype)
    if hermitian:
        values, v = jnp.linalg.eigh(input, symmetrize_input=False)
        u, size = v, jnp.abs(values)
        vh = adjoint(v)
    else:
        u, values, vh = jnp.linalg.svd(input, full_matrices=False)
        size = values
    limit = jnp.maximum(atol, rtol * jnp.max(size, -1))[..., None].astype(size.dtype)
    keep = size > limit
    inverse = jnp.where(keep, 1 / jnp.where(keep, values, 1), 0)
    return product(adjoint(vh) * inverse[..., None, :].astype(input.dtype), adjoint(u))


def _pseudo_inverse_forward(input, atol, rtol, hermitian):
    result = pseudo_inverse(input, atol, rtol, hermitian)
    return result, (input, atol, rtol, result)


def _pseudo_inverse_backward(hermitian, saved, cotangent):
    input, atol, rtol, result = saved
    slope = _pinv_slope(jnp.conj(cotangent), input, result)  # JAX's gradient is the conjugate of torch's
    return jnp.conj(slope), jnp.zeros_like(atol), jnp.zeros_like(rtol)


pseudo_inverse.defvjp(_pseudo_inverse_forward, _pseudo_inverse_backward)


@op("tolerances.pinv", promote="none", variants="", node="LinalgPinv")
def pinv(input: Array, atol: Array, rtol: Array, *, hermitian=False):
    """The pseudo-inverse; singular values up to max(atol, rtol * the largest) count as 0."""
    return pseudo_inverse(input, atol, rtol, hermitian)


@pinv.backward
def pinv_backward(grad, input, result):
    return _pinv_slope(grad, input, result), None, None


@op("linalg.matrix_exp", promote="none", variants="function method", aliases=("matrix_exp",), node="LinalgMatrixExp")
def matrix_exp(input: Array):
    """The exponential of square matrices."""
    check_square("linalg.matrix_exp", input, low_precision=True)
    return _expm(input)


def _expm(x):
    if x.size == 0:
        return x
    # In double precision: scaling and squaring in float32 loses three digits.
    return exponential(x.astype(jnp.promote_types(x.dtype, jnp.float64))).astype(x.dtype)


@matrix_exp.backward
def matrix_exp_backward(grad, input):
    # The derivative at A* in the direction G.
    return jax.jvp(_expm, (adjoint(input),), (grad,))[1]
