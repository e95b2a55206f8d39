"""What moves elements, or picks and places blocks of them."""

import numpy as np

from .registry import Unknown, reshaped, rule


@rule("broadcast_in_dim")
def _broadcast(equation):
    if len(equation.invars) != 1:
        raise Unknown("broadcast_in_dim")
    shape, dims = equation.params["shape"], equation.params["broadcast_dimensions"]
    before = equation.invars[0].aval.shape
    inner = [1] * len(shape)
    for dim, size in zip(dims, before, strict=True):
        inner[dim] = size
    if tuple(inner) == tuple(shape):
        return (lambda x: reshaped(x, shape)), 0
    return (lambda x: np.broadcast_to(reshaped(x, inner), shape)), 0


@rule("reshape")
def _reshape(equation):
    order, shape = equation.params.get("dimensions"), equation.outvars[0].aval.shape
    if order is None:
        return lambda x: reshaped(x, shape)
    return lambda x: np.transpose(x, order).reshape(shape)


@rule("squeeze", "expand_dims")
def _squeeze(equation):
    shape = equation.outvars[0].aval.shape
    return (lambda x: reshaped(x, shape)), 0


@rule("transpose")
def _transpose(equation):
    order = equation.params["permutation"]
    return (lambda x: np.transpose(x, order)), 0


@rule("rev")
def _rev(equation):
    dims = equation.params["dimensions"]
    return (lambda x: np.flip(x, dims)), 0


@rule("concatenate")
def _concatenate(equation):
    dim = equation.params["dimension"]
    return lambda *arrays: np.concatenate(arrays, dim)


@rule("stack")
def _stack(equation):
    axis = equation.params["axis"]
    return lambda *arrays: np.stack(arrays, axis)


@rule("unstack")
def _unstack(equation):
    axis = equation.params["axis"]
    if len(equation.outvars) == 1:
        return (lambda x: np.take(x, 0, axis)), 0
    return (lambda x: list(np.moveaxis(x, axis, 0))), 0


@rule("tile")
def _tile(equation):
    reps = equation.params["reps"]
    return lambda x: np.tile(x, reps)


@rule("empty2")
def _empty(equation):
    aval = equation.outvars[0].aval
    return lambda: np.zeros(aval.shape, aval.dtype)


@rule("platform_index")
def _platform_index(equation):
    platforms = equation.params["platforms"]
    place = next((i for i, names in enumerate(platforms) if names and "cpu" in names), None)
    found = np.int32(platforms.index(None) if place is None else place)
    return (lambda: found), 0


@rule("split")
def _split(equation):
    sizes, axis = equation.params["sizes"], equation.params["axis"]
    ends = np.cumsum(sizes)[:-1].tolist()
    if len(sizes) == 1:
        return lambda x: x
    return (lambda x: np.split(x, ends, axis)), 0


@rule("iota")
def _iota(equation):
    aval, dim = equation.outvars[0].aval, equation.params["dimension"]
    if equation.invars:
        raise Unknown("iota")
    inner = [1] * aval.ndim
    inner[dim] = aval.shape[dim]
    return lambda: np.broadcast_to(
        np.arange(aval.shape[dim], dtype=np.int64).astype(aval.dtype).reshape(inner), aval.shape
    )


@rule("pad")
def _pad(equation):
    config = equation.params["padding_config"]
    shape = equation.outvars[0].aval.shape
    before = equation.invars[0].aval.shape
    source, target = [], []
    for size, (low, high, interior) in zip(before, config, strict=True):
        step = interior + 1
        first = max(0, -(low // step)) if low < 0 else 0  # the first element that is not cut off
        end = size + max(size - 1, 0) * interior + low + high
        last = max(first, min(size, (end - 1 - low) // step + 1))
        source.append(slice(first, last))
        begin = low + first * step
        target.append(slice(begin, begin + max(last - first - 1, 0) * step + 1, step) if last > first else slice(0, 0))
    source, target = tuple(source), tuple(target)

    def pad(x, value):
        made = np.full(shape, value, x.dtype)
        made[target] = x[source]
        return made

    return pad


@rule("slice")
def _slice(equation):
    p = equation.params
    strides = p["strides"] or (1,) * len(p["start_indices"])
    window = tuple(map(slice, p["start_indices"], p["limit_indices"], strides))
    return (lambda x: x[window]), 0


def _starts(positions, sizes, windows):
    return [min(max(int(p), 0), size - window) for p, size, window in zip(positions, sizes, windows, strict=True)]


@rule("dynamic_slice")
def _dynamic_slice(equation):
    windows, sizes = equation.params["slice_sizes"], equation.invars[0].aval.shape

    def take(x, *positions):
        starts = _starts(positions, sizes, windows)
        return x[tuple(slice(s, s + w) for s, w in zip(starts, windows, strict=True))]

    return take, 0


@rule("dynamic_update_slice")
def _dynamic_update_slice(equation):
    sizes, windows = equation.invars[0].aval.shape, equation.invars[1].aval.shape

    def put(x, update, *positions):
        starts = _starts(positions, sizes, windows)
        made = x.copy()
        made[tuple(slice(s, s + w) for s, w in zip(starts, windows, strict=True))] = update
        return made

    return put
