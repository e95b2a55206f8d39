"""Rows of a table picked by index."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import widened
from .registry import Array, OptionalArray, op


def _rows_check(xp, indices, weight_shape):
    bad = (indices < 0) | (indices >= weight_shape[0])
    return xp.any(bad), IndexError, "index out of range in self"


@op("embedding", variants="", promote="none")
def embedding(weight: Array, indices: Array, padding_idx, scale_grad_by_freq):
    """weight[indices]; the row `padding_idx` gets no gradient, others optionally 1 / their number of uses."""
    return jnp.take(weight, indices, axis=0, mode="clip")


@embedding.check
def _(xp, indices, weight_shape):
    return _rows_check(xp, indices, weight_shape)


@embedding.backward
def _(grad, weight_shape, indices, padding_idx, scale_grad_by_freq):
    flat = indices.reshape(-1)
    rows = grad.reshape(-1, weight_shape[1])
    if padding_idx is not None and padding_idx >= 0:
        rows = jnp.where((flat == padding_idx)[:, None], jnp.zeros((), rows.dtype), rows)
    if scale_grad_by_freq:
        counts = jnp.zeros(weight_shape[0], rows.dtype).at[flat].add(1)
        rows = rows / counts[flat][:, None]
    return jnp.zeros(weight_shape, grad.dtype).at[flat].add(rows), None


@op("embedding_bag_", variants="", promote="none", node="EmbeddingBag")
def embedding_bag(
    weight: Array,
    indices: Array,
    offsets: OptionalArray,
    per_sample_weights: OptionalArray,
    mode,
    scale_grad_by_freq,
    include_last_offset,
    padding_idx,
):
    """Sum, mean or maximum of the rows of each bag: a row of `indices`, or those from one offset to the next.

    Rows at `padding_idx` are left out; an empty bag gives zeros.
    """
    counted = jnp.ones(indices.shape, bool) if padding_idx is None else indices != padding_idx
    rows = widened(jnp.take(weight, indices, axis=0, mode="clip"))
    if scale_grad_by_freq:
        uses = jnp.zeros(weight.shape[0], rows.dtype).at[indices].add(1)
        still = lax.stop_gradient(rows)
        rows = (
            still + (rows - still) / jnp.maximum(uses[indices], 1)[..., None]
        )  # the same rows, with a part of the gradient
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.astype(rows.dtype)[..., None]
    bag, bags = _bags(indices, offsets, include_last_offset)
    if mode == "max":
        return _largest(rows, counted, bag, bags).astype(weight.dtype)
    kept = jnp.where(counted[..., None], rows, 0)
    total = kept.sum(1) if bag is None else jax.ops.segment_sum(kept, bag, bags)
    if mode == "mean":
        ones = counted.astype(rows.dtype)
        count = ones.sum(1) if bag is None else jax.ops.segment_sum(ones, bag, bags)
        total = total / jnp.maximum(count, 1)[:, None]
    return total.astype(weight.dtype)


def _bags(indices, offsets, include_last_offset):
    """The bag of each index, and how many there are; (None, None) where bags are rows."""
    if offsets is None:
        return None, None
    bag = jnp.searchsorted(offsets, jnp.arange(indices.shape[0], dtype=offsets.dtype), side="right") - 1
    return bag, offsets.shape[0] - bool(include_last_offset)


def _largest(rows, counted, bag, bags):
    """The first of the largest elements of each bag."""
    masked = jnp.where(counted[..., None], rows, -jnp.inf)
    if bag is None:
        if rows.shape[1] == 0:
            return jnp.zeros((rows.shape[0], rows.shape[2]), rows.dtype)
        best = jnp.take_along_axis(masked, jnp.argmax(masked, 1, keepdims=True), 1)[:, 0]
        return jnp.where(counted.any(1)[:, None], best, 0)
    order = jnp.broadcast_to(jnp.arange(rows.shape[0])[:, None], rows.shape)
    top = jax.ops.segment_max(lax.stop_gradient(masked), bag, bags)
    first = jnp.where(masked == top[bag], order, np.iinfo(np.int64).max)
    place = jax.ops.segment_min(first, bag, bags)
    empty = place == np.iinfo(np.int64).max
    best = (
        jnp.take_along_axis(rows, jnp.where(empty, 0, place), 0, mode="clip") if rows.shape[0] else jnp.zeros_like(top)
    )
    return jnp.where(empty | jnp.isneginf(top), 0, best)


@embedding_bag.check
def _(xp, indices, weight_shape, offsets):
    rows = weight_shape[0]
    outside = (indices < 0) | (indices >= rows)
    late = early = xp.zeros((), bool)
    if offsets is not None and offsets.shape[0]:
        early, late = offsets[0] != 0, offsets[-1] > indices.shape[0]

    def message():
        if early:
            return (
                "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got "
                f"{int(offsets[0])}"
            )
        if late:
            return f"offsets[-1] can not be greater than input's length {indices.shape[0]} but got offsets[-1] of {int(offsets[-1])}"
        flat = np.flatnonzero(np.asarray(outside).reshape(-1))[0]
        return f"Index {flat} of input takes value {int(indices.reshape(-1)[flat])} which is not in the valid range [0, {rows})"

    return xp.any(outside) | early | late, RuntimeError, message


@op("embedding_rows", variants="", promote="none", differentiable=False)
def embedding_rows(grad: Array, indices: Array, padding_idx):
    """The gradient of each index of an embedding: the rows of a sparse gradient. That of `padding_idx` is zero."""
    rows = grad.reshape(-1, grad.shape[-1])
    if padding_idx is None:
        return rows
    return jnp.where((indices.reshape(-1) == padding_idx)[:, None], jnp.zeros((), rows.dtype), rows)


@op("embedding_bag_rows", variants="", promote="none", differentiable=False)
def embedding_bag_rows(
    grad: Array, indices: Array, offsets: OptionalArray, per_sample_weights: OptionalArray, mode, include_last_offset, padding_idx
):  # fmt: skip
    """The same of an embedding bag of mode "sum" or "mean": each index has the gradient of its bag, or its part of it."""
    bag, bags = _bags(indices, offsets, include_last_offset)
    rows = widened(jnp.broadcast_to(grad[:, None], (*indices.shape, grad.shape[1])) if bag is None else grad[bag])
    counted = jnp.ones(indices.shape, bool) if padding_idx is None else indices != padding_idx
    if mode == "mean":
        ones = counted.astype(rows.dtype)
        count = ones.sum(1, keepdims=True) if bag is None else jax.ops.segment_sum(ones, bag, bags)[bag]
        rows = rows / jnp.maximum(count, 1)[..., None]
    if per_sample_weights is not None:
        rows = rows * per_sample_weights.astype(rows.dtype)[..., None]
    return jnp.where(counted[..., None], rows, 0).astype(grad.dtype).reshape(-1, grad.shape[1])
