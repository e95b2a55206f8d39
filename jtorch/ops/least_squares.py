"""Systems that have no exact solution, or many: the shortest X that makes A X - B smallest."""

import jax.numpy as jnp

from .kinds import is_complex
from .linalg import pinv_backward, pseudo_inverse
from .matmul import adjoint, product
from .registry import Array, op


def _inverse(input, rcond):
    # In double precision: torch solves by orthogonal factors, which keep digits that products with an inverse lose.
    wide = input.astype(jnp.promote_types(input.dtype, jnp.float64))
    real = jnp.real(wide).dtype
    return pseudo_inverse(wide, jnp.zeros((), real), jnp.asarray(rcond, real)).astype(input.dtype)


@op("matrices.lstsq", promote="none", variants="", node="LinalgLstsq", outputs=("solution", "residuals"))
def lstsq(input: Array, other: Array, *, rcond, with_residuals):
    """X, and the squared length of each column of A X - B where it is asked for; singular values up to rcond * the largest count as 0."""
    solution = product(_inverse(input, rcond), other)
    if not with_residuals:
        return solution, jnp.zeros((0,), jnp.real(solution).dtype)
    rest = product(input, solution) - other
    return solution, jnp.sum(jnp.real(rest * jnp.conj(rest)) if is_complex(rest) else rest * rest, -2)


@lstsq.layout
def lstsq_layout(shapes, *, input_shape):
    # The first rows of the memory that held B, or had room for X.
    *batch, _, columns = shapes[0]
    rows = max(input_shape[-2:])
    strides, step = [], rows * columns
    for size in reversed(batch):
        strides.append(step)
        step *= max(size, 1)
    return [(*reversed(strides), 1, rows), None]


@lstsq.backward
def lstsq_backward(grads, input, other, rcond, with_residuals):
    to_solution, to_residuals = grads
    inverse = _inverse(input, rcond)
    to_inverse = product(to_solution, adjoint(other))
    to_input, to_other = pinv_backward(to_inverse, input, inverse)[0], product(adjoint(inverse), to_solution)
    if with_residuals:
        solution = product(inverse, other)
        rest = 2 * to_residuals[..., None, :] * (product(input, solution) - other)
        to_input, to_other = to_input + product(rest, adjoint(solution)), to_other - rest
    return to_input, to_other
