"""The decomposition P L D L* P* of symmetric or Hermitian matrices with pivots (Bunch and Kaufman, 1977), as LAPACK packs it.

Torch has no gradients of it.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import is_complex, is_exact, scalar_name
from .linalg import check_square
from .registry import Array, op
from .shapes import broadcast_shapes, column_major, matrices_column_major


def _sytrf(matrices, hermitian):
    """LAPACK's factors, pivots and reports of a stack of matrices, of which only the lower triangles are read."""
    from scipy.linalg import get_lapack_funcs

    matrices = np.asarray(matrices)
    name = "hetrf" if hermitian and np.iscomplexobj(matrices) else "sytrf"
    factorize, work = get_lapack_funcs((name, f"{name}_lwork"), dtype=matrices.dtype)
    n = matrices.shape[-1]
    size = max(1, int(work(n, lower=1)[0].real))
    flat = matrices.reshape(-1, n, n)
    factors, pivots = np.empty_like(flat), np.empty(flat.shape[:-1], np.int32)
    reports = np.empty(len(flat), np.int32)
    for i, matrix in enumerate(flat):
        factor, pivots[i], reports[i] = factorize(matrix, lower=1, lwork=size)
        factors[i] = np.tril(factor)
    batch = matrices.shape[:-2]
    return factors.reshape(matrices.shape), pivots.reshape(*batch, n), reports.reshape(batch)


@op(
    "values.ldl_factor_ex",
    promote="none",
    variants="",
    outputs=("LD", "pivots", "info"),
)
def ldl_factor_ex(input: Array, *, hermitian=False):
    """L below and D on the diagonal of one matrix, the pivots, and for each matrix 0 or where D is exactly 0."""
    check_square("torch.linalg.ldl_factor_ex", input)
    batch, n = input.shape[:-2], input.shape[-1]
    if input.size == 0:
        return input, jnp.zeros((*batch, n), jnp.int32), jnp.zeros(batch, jnp.int32)
    shapes = (
        jax.ShapeDtypeStruct(input.shape, input.dtype),
        jax.ShapeDtypeStruct((*batch, n), jnp.int32),
        jax.ShapeDtypeStruct(batch, jnp.int32),
    )
    return jax.pure_callback(lambda x: _sytrf(x, hermitian), shapes, input, vmap_method="expand_dims")


@ldl_factor_ex.host
def ldl_factor_ex_host(input, *, hermitian=False):
    batch, n = input.shape[:-2], input.shape[-1]
    if input.size == 0:
        return input, np.zeros((*batch, n), np.int32), np.zeros(batch, np.int32)
    return _sytrf(input, hermitian)


@ldl_factor_ex.backward
def ldl_factor_ex_backward(grads):
    raise RuntimeError("derivative for aten::linalg_ldl_factor_ex is not implemented")


@ldl_factor_ex.layout
def ldl_factor_ex_layout(shapes):
    return [column_major(shapes[0]), None, None]


@op("linalg.ldl_solve", promote="none", variants="function out")
def ldl_solve(LD: Array, pivots: Array, B: Array, *, hermitian=False):
    """X with A X = B, from what `ldl_factor` gives for A."""
    check_square("torch.linalg.ldl_solve", LD)
    if B.ndim < 2:
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got -2)")
    if LD.dtype != B.dtype:
        raise RuntimeError(
            f"Expected b and A to have the same dtype, but found b of type {scalar_name(B)} and A of type "
            f"{scalar_name(LD)} instead."
        )
    if B.shape[-2] != LD.shape[-1]:
        raise RuntimeError(
            "Incompatible matrix sizes for torch.linalg.ldl_solve: each A matrix is "
            f"{LD.shape[-1]} by {LD.shape[-1]} but each b matrix is {B.shape[-2]} by {B.shape[-1]}"
        )
    if LD.shape[:-1] != pivots.shape:
        raise RuntimeError(
            "torch.linalg.ldl_solve: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots.shape)} instead"
        )
    if not is_exact(pivots):
        raise RuntimeError(f"torch.linalg.ldl_solve: Expected pivots to be integers. Got {scalar_name(pivots)}")
    batch = broadcast_shapes(LD.shape[:-2], B.shape[:-2])
    if 0 in (*batch, *B.shape[-2:]):
        return jnp.zeros((*batch, *B.shape[-2:]), B.dtype)
    ld, order, b = (
        jnp.broadcast_to(x, (*batch, *x.shape[rank:])).reshape(-1, *x.shape[rank:])
        for x, rank in ((LD, LD.ndim - 2), (pivots, pivots.ndim - 1), (B, B.ndim - 2))
    )
    hermitian = hermitian and is_complex(LD)
    x = jax.vmap(lambda *each: _solved(*each, hermitian))(ld, order.astype(jnp.int64), b)
    return x.reshape(*batch, *B.shape[-2:])


ldl_solve.layout(matrices_column_major)


@ldl_solve.backward
def ldl_solve_backward(grad):
    raise RuntimeError("derivative for aten::linalg_ldl_solve is not implemented")


def _solved(ld, pivots, b, hermitian):
    """One system. A block of D takes two places where two pivots are negative: the second says which row its second place changed with."""
    n = len(pivots)
    rows = jnp.arange(n)
    first = (pivots < 0) & (jnp.cumsum(pivots < 0) % 2 == 1)
    second = (pivots < 0) & ~first
    partner = jnp.abs(pivots) - 1
    turned = jnp.conj if hermitian else lambda x: x

    def column(k):
        return jnp.where(rows > k + first[k], ld[:, k], 0)

    def exchanged(k, x):
        place = k + first[k]
        one, other = x[place], x[partner[k]]
        changed = x.at[place].set(other).at[partner[k]].set(one)
        return jnp.where(second[k], x, changed)

    def down(k, x):
        x = exchanged(k, x)
        return x - column(k)[:, None] * x[k]

    def up(i, x):
        k = n - 1 - i
        x = x.at[k].add(-turned(column(k)) @ x)
        return exchanged(k, x)

    x = lax.fori_loop(0, n, down, b)
    below = jnp.append(jnp.diagonal(ld, -1), 0)
    x = _divided(
        jnp.real(jnp.diagonal(ld)).astype(ld.dtype) if hermitian else jnp.diagonal(ld), below, first, second, turned, x
    )
    return lax.fori_loop(0, n, up, x)


def _divided(diagonal, below, first, second, turned, x):
    """x divided by D, whose blocks are [d] or [[d, turned(e)], [e, f]]."""
    e = jnp.where(first, turned(below), jnp.where(second, jnp.roll(below, 1), 0))
    other = jnp.where(first, jnp.roll(diagonal, -1), jnp.where(second, jnp.roll(diagonal, 1), 1))
    beside = jnp.where(first[:, None], jnp.roll(x, -1, 0), jnp.where(second[:, None], jnp.roll(x, 1, 0), 0))
    # e times its own counterpart in the block.
    both = jnp.where(first | second, e * jnp.where(first, below, turned(jnp.roll(below, 1))), 0)
    return (other[:, None] * x - e[:, None] * beside) / (diagonal * other - both)[:, None]
