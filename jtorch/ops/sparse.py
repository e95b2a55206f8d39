"""Sparse tensors in terms of their components: gathers, and sums over the entries that share a place.

Indices reach these functions as arrays. Positions outside the shape are left out, where torch would read or write beyond its memory.
"""

import jax
import jax.numpy as jnp
import numpy as np

from .kinds import is_bool, widened
from .registry import Array, Number, op

# Functions of one kind of array: numpy's on the host, where they need no compiling however the number of entries changes, and JAX's.


def _zeros(shape, like, dtype=None):
    xp = np if isinstance(like, np.ndarray) else jnp
    return xp.zeros(shape, like.dtype if dtype is None else dtype)


def _put(base, indices, values):
    """`base` with values added at the entries (for bool: or-ed)."""
    if not indices.shape[0]:
        return base | values.any(0) if is_bool(base) else base + values.sum(0)
    if isinstance(base, np.ndarray):
        return _put_on_host(base, indices, values)
    at = base.at[tuple(indices)]
    return at.max(values, mode="drop") if is_bool(base) else at.add(values, mode="drop")


def _put_on_host(base, indices, values):
    sizes = np.array(base.shape[: len(indices)])[:, None]
    inside = ((indices >= -sizes) & (indices < sizes)).all(0)
    made = base.copy()
    (np.logical_or if is_bool(base) else np.add).at(made, tuple(indices[:, inside]), values[inside])
    return made


def _take(array, indices):
    """The elements at the entries; zero for those outside."""
    if isinstance(array, np.ndarray):
        sizes = np.array(array.shape[: len(indices)])[:, None]
        inside = ((indices >= -sizes) & (indices < sizes)).all(0)
        made = np.zeros((indices.shape[1], *array.shape[len(indices) :]), array.dtype)
        made[inside] = array[tuple(indices[:, inside])]
        return made
    if not array.size:  # JAX refuses to gather from nothing
        return _zeros((indices.shape[1], *array.shape[len(indices) :]), array)
    return array.at[tuple(indices)].get(mode="fill", fill_value=0)


def on_both(spec):
    """Let an operation whose function takes numpy's arrays too be its own host function."""
    spec.host(spec.fn)
    return spec


@on_both
@op("sparse.scatter", variants="", promote="none", differentiable=False)
def scatter(indices: Array, values: Array, shape):
    """The strided tensor of a COO one: entries at one place are summed."""
    wide = widened(values)
    return _put(_zeros(shape, wide), indices, wide).astype(values.dtype)


@on_both
@op("sparse.add_to", variants="", promote="none", differentiable=False)
def add_to(dense: Array, indices: Array, values: Array, alpha: Number = 1):
    """`dense` with alpha * values added at the entries; all in the dtype of `dense`."""
    wide = widened(dense)
    scaled = values.astype(wide.dtype)
    if not isinstance(alpha, int):
        scaled = scaled & alpha.astype(bool) if is_bool(wide) else scaled * alpha.astype(wide.dtype)
    return _put(wide, indices, scaled).astype(dense.dtype)


@on_both
@op("sparse.gather", variants="", promote="none", differentiable=False)
def gather(dense: Array, indices: Array):
    """The elements of a strided tensor at the entries of a COO one."""
    if not indices.shape[0]:
        return _zeros((indices.shape[1], *dense.shape), dense) + dense
    return _take(dense, indices)


@on_both
@op("sparse.sum_groups", variants="", promote="none", differentiable=False)
def sum_groups(values: Array, group: Array, count):
    """The sums of the values of each group."""
    wide = widened(values)
    return _put(_zeros((count, *values.shape[1:]), wide), group[None], wide).astype(values.dtype)


@on_both
@op("sparse.spread", variants="", promote="none", differentiable=False)
def spread(values: Array, place: Array, found: Array):
    """values[place], and zero where nothing was found."""
    xp = np if isinstance(values, np.ndarray) else jnp
    return xp.where(found.reshape(-1, *[1] * (values.ndim - 1)), _take(values, place[None]), _zeros((), values))


@op("sparse.times_dense", variants="", promote="none", differentiable=False)
def times_dense(entries: Array, values: Array, dense: Array, count, transposed):
    """The product of the sparse matrix with these entries, or of its transpose (of `count` rows), and a strided matrix or vector."""
    rows, columns = (entries[1], entries[0]) if transposed else (entries[0], entries[1])
    products = widened(values).reshape(-1, *[1] * (dense.ndim - 1)) * _take(widened(dense), columns[None])
    out = jnp.zeros((count, *dense.shape[1:]), products.dtype).at[rows].add(products, mode="drop")
    return out.astype(dense.dtype)


@op("sparse.pairs", variants="", promote="none", differentiable=False)
def pairs(left: Array, right: Array, first: Array, second: Array, group: Array, count):
    """Sums of products of entries: what a product of two sparse matrices is made of."""
    products = _take(widened(left), first[None]) * _take(widened(right), second[None])
    return jnp.zeros((count,), products.dtype).at[group].add(products).astype(left.dtype)


@op("sparse.sampled", variants="", promote="none", differentiable=False)
def sampled(entries: Array, mat1: Array, mat2: Array):
    """The elements of mat1 @ mat2 at the entries alone."""
    products = _take(widened(mat1), entries[:1]) * _take(widened(mat2).T, entries[1:])
    return products.sum(-1).astype(mat1.dtype)


@op("sparse.reduced_product", variants="", promote="none", node="SparseMmReduceImpl")
def reduced_product(entries: Array, values: Array, dense: Array, count, reduce):
    """As `times_dense`, the products of a row combined by sum, mean, amax, amin or prod; a row without entries has zeros."""
    rows = entries[0]
    products = values[:, None] * _take(dense, entries[1:])
    if reduce == "prod":
        combined = jax.ops.segment_prod(products, rows, count)
    elif reduce in ("amax", "amin"):
        combined = _extreme(products, rows, count, reduce)
    else:
        combined = jax.ops.segment_sum(products, rows, count)
        if reduce == "mean":
            entries = jnp.zeros(count, products.dtype).at[rows].add(1)
            combined = combined / jnp.maximum(entries, 1)[:, None]
    filled = jnp.zeros(count, bool).at[rows].set(True)
    return jnp.where(filled[:, None], combined, 0)


def _extreme(products, rows, count, reduce):
    """The extreme of each row; of equal ones the first has the whole gradient, as in torch."""
    best = (jax.ops.segment_max if reduce == "amax" else jax.ops.segment_min)(
        jax.lax.stop_gradient(products), rows, count
    )
    order = jnp.broadcast_to(jnp.arange(products.shape[0])[:, None], products.shape)
    first = jax.ops.segment_min(jnp.where(products == best[rows], order, products.shape[0]), rows, count)
    return jnp.take_along_axis(products, jnp.minimum(first, max(products.shape[0] - 1, 0)), 0)


@op("sparse.group_softmax", variants="", promote="none", differentiable=False)
def group_softmax(values: Array, group: Array, count, log):
    """Softmax over the entries of each group: what is not specified counts as -inf."""
    wide = widened(values)
    largest = jax.ops.segment_max(wide, group, count)
    shifted = wide - jnp.where(jnp.isfinite(largest), largest, 0)[group]
    exponentials = jnp.exp(shifted)
    total = jax.ops.segment_sum(exponentials, group, count)[group]
    return (shifted - jnp.log(total) if log else exponentials / total).astype(values.dtype)


@op("sparse.group_softmax_backward", variants="", promote="none", differentiable=False)
def group_softmax_backward(grad: Array, result: Array, group: Array, count, log):
    """The gradient of `group_softmax`."""
    wide, result = widened(grad), widened(result)
    if log:
        return (wide - jnp.exp(result) * jax.ops.segment_sum(wide, group, count)[group]).astype(grad.dtype)
    return (result * (wide - jax.ops.segment_sum(wide * result, group, count)[group])).astype(grad.dtype)
