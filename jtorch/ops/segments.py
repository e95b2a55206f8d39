"""Reductions over segments of a dimension that a tensor of lengths or offsets describes."""

import math

import jax
import jax.numpy as jnp

from .kinds import scalar_name
from .registry import Array, OptionalArray, op

REDUCTIONS = ("sum", "mean", "max", "min", "prod")


def _rows(data, axis: int):
    """`data` as (batch, along, rest): what is before `axis`, along it and after it."""
    return data.reshape((math.prod(data.shape[:axis]), data.shape[axis], math.prod(data.shape[axis + 1 :])))


def _segments(along: int, lengths, offsets):
    """For each batch: the segment of each position (the number of segments where it is in none), and how long segments are."""
    if lengths is not None:
        sizes = lengths.reshape(-1, lengths.shape[-1])
        ends = jnp.cumsum(sizes, axis=1)
        first = jnp.zeros_like(ends[:, :1])
    else:
        bounds = offsets.reshape(-1, offsets.shape[-1])
        sizes, ends, first = jnp.diff(bounds, axis=1), bounds[:, 1:], bounds[:, :1]
    place = jnp.arange(along)
    ids = jax.vmap(lambda end: jnp.searchsorted(end, place, side="right"))(ends)
    return jnp.where(place < first, sizes.shape[1], ids), sizes


@op(promote="none", variants="function")
def segment_reduce(
    data: Array, reduce, *, lengths: OptionalArray = None, indices: OptionalArray = None, offsets: OptionalArray = None,
    axis=0, unsafe=False, initial=None,
):  # fmt: skip
    """Reduce consecutive segments of dimension `axis` by sum, mean, max, min or prod.

    `lengths` (or `offsets`, one more) has the shape of `data` before `axis`, then one entry for each segment. A segment of nothing
    gives `initial`, by default what torch's loop begins with: 0, nan for mean, -inf for max, inf for min, 1.
    """
    if reduce not in REDUCTIONS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if indices is not None:
        raise RuntimeError("segment_reduce(): indices based reduction is not supported yet.")
    if lengths is None and offsets is None:
        raise RuntimeError("segment_reduce(): Either lengths or offsets must be defined.")
    described = lengths if lengths is not None else offsets
    axis = axis + data.ndim if axis < 0 else axis
    if axis != described.ndim - 1:
        name = "lengths" if lengths is not None else "offsets"
        raise RuntimeError(f"segment_reduce(): Expected axis to be the last dimension of {name} but got {axis}.")
    if not jnp.issubdtype(data.dtype, jnp.floating):
        raise NotImplementedError(f"\"_segment_reduce_cpu\" not implemented for '{scalar_name(data)}'")
    rows = _rows(data, axis)
    ids, sizes = _segments(data.shape[axis], lengths, offsets)
    count = sizes.shape[1]
    fold = {"max": jax.ops.segment_max, "min": jax.ops.segment_min, "prod": jax.ops.segment_prod}.get(
        reduce, jax.ops.segment_sum
    )
    made = jax.vmap(lambda row, place: fold(row, place, count))(rows, ids)
    if initial is not None:
        start = jnp.asarray(initial, data.dtype)
        join = {"max": jnp.maximum, "min": jnp.minimum, "prod": jnp.multiply}.get(reduce, jnp.add)
        made = join(made, start)
    if reduce == "mean":
        length = sizes[:, :, None].astype(data.dtype)
        empty = jnp.nan if initial is None else initial
        made = jnp.where(length > 0, made / jnp.where(length > 0, length, 1), jnp.asarray(empty, data.dtype))
    return made.reshape((*data.shape[:axis], count, *data.shape[axis + 1 :]))


@segment_reduce.check
def segment_reduce_check(xp, *, data_shape, lengths, axis, unsafe):
    if lengths is None or unsafe:
        return xp.asarray(False), RuntimeError, ""
    axis = axis + len(data_shape) if axis < 0 else axis
    wrong = (lengths.sum(-1) != data_shape[axis]).any() | (lengths < 0).any()
    return (
        wrong,
        RuntimeError,
        "segment_reduce(): Expected all rows of lengths along axis to sum to data.size(lengths.dim()-1) when !unsafe.",
    )


@segment_reduce.backward
def segment_reduce_backward(grad, result, data, lengths, offsets, reduce, axis, initial):
    axis = axis + data.ndim if axis < 0 else axis
    ids, sizes = _segments(data.shape[axis], lengths, offsets)
    count = sizes.shape[1]
    rows, given, made = _rows(data, axis), _rows(grad, axis), _rows(result, axis)

    def at_places(per_segment):
        """What belongs to the segment of each position; zero for a position in none."""
        wide = jnp.concatenate([per_segment, jnp.zeros_like(per_segment[:, :1])], 1)
        return jnp.take_along_axis(wide, ids[:, :, None], 1)

    def summed(values):
        return jax.vmap(lambda row, place: jax.ops.segment_sum(row, place, count))(values, ids)

    spread = at_places(given)
    if reduce == "sum":
        made = spread
    elif reduce == "mean":
        made = spread / jnp.maximum(at_places(sizes[:, :, None].astype(data.dtype)), 1)
    elif reduce in ("max", "min"):
        # torch shares the gradient between the places of a tie, but only where it is positive.
        hit = (rows == at_places(made)) | jnp.isnan(rows)
        ties = jnp.maximum(at_places(summed(hit.astype(data.dtype))), 1)
        made = jnp.where(hit, jnp.where(spread > 0, spread / ties, spread), 0)
    else:
        # The product of the others: by division, except where that would be by zero.
        zero = rows == 0
        zeros = at_places(summed(zero.astype(data.dtype)))
        others = jax.vmap(lambda row, place: jax.ops.segment_prod(row, place, count))(jnp.where(zero, 1, rows), ids)
        others = at_places(others * jnp.asarray(1 if initial is None else initial, data.dtype))
        by_division = at_places(made) / jnp.where(zero, 1, rows)
        made = spread * jnp.where(zero, jnp.where(zeros == 1, others, 0), by_division)
    return made.reshape(data.shape), None, None, None
