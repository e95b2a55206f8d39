"""Products of Householder reflections I - tau v v*, the form in which LAPACK leaves the Q of a QR decomposition.

Reflection i has tau[i] and the vector v that is 0 above place i, 1 there, and below what column i of the matrix holds below its diagonal.
"""

import jax.numpy as jnp

from .kinds import is_exact, is_half, not_implemented, scalar_name
from .matmul import adjoint, product
from .registry import Array, op
from .shapes import column_major, matrices_column_major


def _vectors(x):
    return jnp.tril(x, -1) + jnp.eye(*x.shape[-2:], dtype=x.dtype)


def _reflected(vectors, tau, x, order):
    """The reflections applied to `x` one after the other."""
    for i in order:
        v = vectors[..., :, i : i + 1]
        x = x - tau[..., i, None, None] * product(v, product(adjoint(v), x))
    return x


@op(promote="none", variants="function method out", outputs=("a", "tau"), differentiable=False)
def geqrf(input: Array):
    """The reflections of a QR decomposition below the diagonal, R on and above it, and their factors tau."""
    if input.ndim < 2:
        raise RuntimeError("torch.geqrf: input must have at least 2 dimensions.")
    if is_exact(input) or is_half(input):
        raise not_implemented("geqrf_cpu", input)
    if input.size == 0:
        return input, jnp.zeros((*input.shape[:-2], min(input.shape[-2:])), input.dtype)
    packed, tau = jnp.linalg.qr(input, "raw")
    return jnp.swapaxes(packed, -1, -2), tau


@geqrf.layout
def geqrf_layout(shapes):
    return [column_major(shapes[0]), None]


def _check_reflections(name: str, input, tau) -> None:
    if tau.ndim != input.ndim - 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and "
            f"input.ndim is equal to {input.ndim}"
        )
    if tau.shape[:-1] != input.shape[:-2]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}"
        )


@op(
    "linalg.householder_product",
    promote="none",
    variants="function out",
    node="LinalgHouseholderProduct",
)
def householder_product(input: Array, tau: Array):
    """The first columns of the product of the reflections."""
    name = "torch.linalg.householder_product"
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    m, n = input.shape[-2:]
    if m < n:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if n < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    _check_reflections(name, input, tau)
    if tau.dtype != input.dtype:
        raise RuntimeError(f"{name}: tau dtype {scalar_name(tau)} does not match input dtype {scalar_name(input)}")
    start = jnp.broadcast_to(jnp.eye(m, n, dtype=input.dtype), input.shape)
    return _reflected(_vectors(input), tau, start, range(tau.shape[-1] - 1, -1, -1))


householder_product.layout(matrices_column_major)


@op(promote="none", variants="function method out", node="Ormqr")
def ormqr(input: Array, input2: Array, input3: Array, left=True, transpose=False):
    """`input3` multiplied from the left (or right) by the whole product of the reflections, with factors `input2` (or its adjoint)."""
    tau, other = input2, input3
    if input.ndim < 2:
        raise RuntimeError("torch.ormqr: input must have at least 2 dimensions.")
    if other.ndim < 2:
        raise RuntimeError("torch.ormqr: other must have at least 2 dimensions.")
    side = -2 if left else -1
    if other.shape[side] < tau.shape[-1]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other.shape[side] != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[-1] != min(other.shape[side], input.shape[-1]):
        raise RuntimeError("torch.ormqr: tau.shape[-1] must be equal to min(other.shape[-2], input.shape[-1])")
    _check_reflections("torch.ormqr", input, tau)
    if other.ndim != input.ndim:
        raise RuntimeError(
            "torch.ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to "
            f"{other.ndim} and input.ndim is equal to {input.ndim}"
        )
    if other.shape[:-2] != input.shape[:-2]:
        raise RuntimeError(
            f"torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but got {list(other.shape[:-2])}"
        )
    for name, x in (("tau", tau), ("other", other)):
        if x.dtype != input.dtype:
            raise RuntimeError(
                f"torch.ormqr: Expected input and {name} to have the same dtype, but input has dtype"
                f"{scalar_name(input)} and {name} has dtype {scalar_name(x)}"
            )
    vectors, count = _vectors(input), tau.shape[-1]
    # From the right the product meets the adjoint of `other`, adjoint itself.
    x, inverse = (other, transpose) if left else (adjoint(other), not transpose)
    if inverse:
        x = _reflected(vectors, jnp.conj(tau), x, range(count))
    else:
        x = _reflected(vectors, tau, x, range(count - 1, -1, -1))
    return x if left else adjoint(x)


ormqr.layout(matrices_column_major)
