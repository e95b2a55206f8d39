"""Gathers and scatters."""

import numpy as np
from jax.lax import GatherScatterMode

from .registry import RULES, Unknown, kind, reshaped, rule


def _windows(operand_shape, indices, mapped, windows, collapsed, batching, batch_of_indices):
    """For each dimension of the operand the positions of all windows, as arrays over (batch of the indices, kept dimensions of a window); and where a window leaves the operand."""
    batch_shape = indices.shape[:-1]
    kept = [d for d in range(len(operand_shape)) if d not in collapsed and d not in batching]
    starts, outside = [], np.zeros(batch_shape, bool)
    for d, size in enumerate(operand_shape):
        if d in mapped:
            start = indices[..., mapped.index(d)].astype(np.int64)
            outside = outside | (start < 0) | (start > size - windows[d])
            start = np.clip(start, 0, max(size - windows[d], 0))
        elif d in batching:
            axis = batch_of_indices[batching.index(d)]
            inner = [1] * len(batch_shape)
            inner[axis] = size
            start = np.arange(size).reshape(inner)
        else:
            start = None
        starts.append(start)
    positions = []
    for d, start in enumerate(starts):
        inner = [1] * len(kept)
        if d in kept:
            inner[kept.index(d)] = windows[d]
        offset = np.arange(windows[d] if d in kept else 1).reshape([1] * len(batch_shape) + inner)
        positions.append(offset if start is None else reshaped(start, np.shape(start) + (1,) * len(kept)) + offset)
    return tuple(positions), outside


def _last_axis_is_vector(indices_aval, count):
    if indices_aval.ndim == 0 or indices_aval.shape[-1] != count:
        raise Unknown("positions")


def _fill_of(aval):
    """What JAX puts where a position is outside."""
    letter = kind(aval)
    if letter in "fcb":
        return True if letter == "b" else np.nan
    limits = np.iinfo(aval.dtype)
    return limits.max if letter == "u" else limits.min


@rule("gather")
def _gather(equation):
    p = equation.params
    numbers, windows, mode = p["dimension_numbers"], p["slice_sizes"], p["mode"]
    operand, indices = (v.aval for v in equation.invars)
    out = equation.outvars[0].aval
    mapped = list(numbers.start_index_map)
    _last_axis_is_vector(indices, len(mapped))
    collapsed, batching = list(numbers.collapsed_slice_dims), list(numbers.operand_batching_dims)
    batch_of_indices = list(numbers.start_indices_batching_dims)
    offset_dims = list(numbers.offset_dims)
    # The raw result has the batch first and the kept dimensions of the window after it.
    others = [d for d in range(out.ndim) if d not in offset_dims]
    order = np.argsort([*others, *offset_dims]).tolist()
    fill = None
    if mode == GatherScatterMode.FILL_OR_DROP:
        fill = _fill_of(operand) if p["fill_value"] is None else p["fill_value"]

    def gather(x, at):
        positions, outside = _windows(operand.shape, at, mapped, windows, collapsed, batching, batch_of_indices)
        if not operand.size:
            return np.full(out.shape, 0 if fill is None else fill, operand.dtype)
        raw = x[positions] if positions else np.asarray(x)
        if fill is not None and outside.any():
            raw = np.where(
                reshaped(outside, np.shape(outside) + (1,) * len(offset_dims)), np.asarray(fill, operand.dtype), raw
            )
        shape = (*at.shape[:-1], *(windows[d] for d in range(operand.ndim) if d not in collapsed and d not in batching))
        return np.transpose(np.broadcast_to(raw, shape), order)

    return gather, 5 + operand.ndim


def _scatter(name, write, kinds="biufc"):
    def build(equation):
        p = equation.params
        numbers, mode = p["dimension_numbers"], p["mode"]
        operand, indices, updates = (v.aval for v in equation.invars)
        if kind(operand) not in kinds:
            raise Unknown(name)
        mapped = list(numbers.scatter_dims_to_operand_dims)
        _last_axis_is_vector(indices, len(mapped))
        inserted, batching = list(numbers.inserted_window_dims), list(numbers.operand_batching_dims)
        batch_of_indices = list(numbers.scatter_indices_batching_dims)
        window_dims = list(numbers.update_window_dims)
        windows = [1] * operand.ndim
        kept = [d for d in range(operand.ndim) if d not in inserted and d not in batching]
        for d, u in zip(kept, window_dims, strict=True):
            windows[d] = updates.shape[u]
        others = [d for d in range(updates.ndim) if d not in window_dims]

        def scatter(x, at, values):
            made = np.array(x)
            if not values.size or not made.size:
                return made
            positions, outside = _windows(operand.shape, at, mapped, windows, inserted, batching, batch_of_indices)
            values = np.transpose(values, [*others, *window_dims])
            if not positions:
                write(made, (), values.reshape(()))
                return made
            if mode != GatherScatterMode.CLIP and outside.any():
                inside = np.broadcast_to(~reshaped(outside, np.shape(outside) + (1,) * len(kept)), values.shape)
                positions = tuple(np.broadcast_to(position, values.shape)[inside] for position in positions)
                values = values[inside]
            write(made, positions, values)
            return made

        return scatter, 20

    RULES[name] = build


def _set(made, positions, values):
    made[positions] = values


_scatter("scatter", _set)
for _name, _ufunc, _kinds in (
    ("add", np.add, "iufc"),
    ("mul", np.multiply, "iufc"),
    ("min", np.minimum, "iuf"),
    ("max", np.maximum, "iuf"),
):
    _scatter(f"scatter-{_name}", _ufunc.at, _kinds)
    _scatter(f"scatter_{_name}", _ufunc.at, _kinds)  # as newer versions of JAX spell it
