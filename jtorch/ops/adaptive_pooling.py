"""Pooling into a given number of windows per spatial dimension, and into windows drawn at random."""

import math

import jax.numpy as jnp
from jax import lax

from . import channels_last
from .kinds import is_floating, not_implemented, widened
from .pooling import SQUEEZED, add_at, lowest, node_by_dimensions, offsets
from .registry import Array, op


def _check(input, size, name):
    n = len(size)
    for d in range(input.ndim - n, input.ndim):
        if input.shape[d] == 0:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {d} being empty"
            )
    if not is_floating(input):
        raise not_implemented(name, input)


def _average_node(statics):
    size = statics["size"]
    if len(size) == 1:
        return SQUEEZED
    return "MeanBackward1" if all(s == 1 for s in size) else f"AdaptiveAvgPool{len(size)}D"


def _bounds(extent, count):
    return [(j * extent // count, -(-(j + 1) * extent // count)) for j in range(count)]


@op("adaptive_avg_pool", variants="", promote="none", node=_average_node)
def adaptive_avg_pool(input: Array, size):
    """Means over windows that divide each spatial dimension into the wanted number of pieces."""
    n = len(size)
    _check(input, size, f"adaptive_avg_pool{max(n, 2)}d")
    out = widened(input)
    for axis, count in zip(range(input.ndim - n, input.ndim), size, strict=True):
        extent = out.shape[axis]
        if count == extent:
            continue
        if count and extent % count == 0:
            out = out.reshape(*out.shape[:axis], count, extent // count, *out.shape[axis + 1 :]).mean(axis + 1)
            continue
        pieces = [
            lax.slice_in_dim(out, low, high, axis=axis).mean(axis, keepdims=True)
            for low, high in _bounds(extent, count)
        ]
        out = jnp.concatenate(pieces, axis) if pieces else lax.slice_in_dim(out, 0, 0, axis=axis)
    return out.astype(input.dtype)


@op(
    "adaptive_max_pool",
    variants="",
    promote="none",
    node=node_by_dimensions("AdaptiveMaxPool{}D", "size"),
    outputs=("values", "indices"),
)
def adaptive_max_pool(input: Array, size):
    """Maxima over the same windows, and their flat positions in the spatial plane; the first of equal ones, NaN before all."""
    n = len(size)
    _check(input, size, f"adaptive_max_pool{max(n, 2)}d")
    shape = input.shape[-n:]
    values = input
    where = jnp.broadcast_to(jnp.arange(math.prod(shape), dtype=jnp.int64).reshape(shape), input.shape)
    # From the last dimension on, so that of equal maxima the first in memory order is found.
    for axis in range(input.ndim - 1, input.ndim - n - 1, -1):
        parts, spots = [lax.slice_in_dim(values, 0, 0, axis=axis)], [lax.slice_in_dim(where, 0, 0, axis=axis)]
        for low, high in _bounds(values.shape[axis], size[axis - input.ndim]):
            piece = lax.slice_in_dim(values, low, high, axis=axis)
            best = jnp.argmax(piece, axis, keepdims=True)
            parts.append(jnp.take_along_axis(piece, best, axis))
            spots.append(jnp.take_along_axis(lax.slice_in_dim(where, low, high, axis=axis), best, axis))
        values, where = jnp.concatenate(parts, axis), jnp.concatenate(spots, axis)
    return values, where


@adaptive_max_pool.backward
def _(grad, result1, input_shape, size):
    return add_at(grad, result1, input_shape, len(size))


@op(
    "fractional_max_pool",
    variants="",
    promote="none",
    node=node_by_dimensions("FractionalMaxPool{}D"),
    outputs=("values", "indices"),
)
def fractional_max_pool(input: Array, samples: Array, kernel, size):
    """Maxima over windows whose starts are spread by one random number per plane and dimension (Graham 2014).

    `samples` is (N, C, dimensions), in the order width, height for two dimensions and depth, height, width for three.
    """
    n = len(kernel)
    shape, lead = input.shape[-n:], input.shape[:-n]
    words = ("time", "height", "width")[3 - n :]
    name = "fractional_max_pool2d()" if n == 2 else "fractional_max_pool3d_out()"
    for word, k, extent, count in zip(words, kernel, shape, size, strict=True):
        if count + k - 1 > extent:
            raise RuntimeError(f"{name}: pool {word} {k} too large relative to input {word} {extent}")
    samples = samples.reshape(*lead, n)
    if n == 2:
        samples = samples[..., ::-1]
    starts = [_starts(samples[..., d], shape[d], size[d], kernel[d]) for d in range(n)]
    plane = input.reshape(*lead, math.prod(shape))
    best = where = None
    for offset in offsets(kernel):
        position = jnp.zeros((*lead, *(1,) * n), jnp.int64)
        for d in range(n):
            along = (starts[d] + offset[d]).reshape(*lead, *(1,) * d, size[d], *(1,) * (n - d - 1))
            position = position * shape[d] + along
        value = jnp.take_along_axis(plane, position.reshape(*lead, math.prod(size)), -1).reshape(position.shape)
        if best is None:
            best, where = jnp.full_like(value, lowest(value.dtype)), position
        better = (value > best) | jnp.isnan(value)
        best, where = jnp.where(better, value, best), jnp.where(better, position, where)
    return best, where


def _starts(sample, extent, count, kernel):
    """First elements of windows: the whole parts of evenly spaced numbers with a random start; the last window ends at the end."""
    if count == 1:
        return jnp.full((*sample.shape, 1), extent - kernel, jnp.int64)
    step = jnp.asarray((extent - kernel) / (count - 1), sample.dtype)
    sample = sample[..., None]
    first = ((jnp.arange(count - 1, dtype=sample.dtype) + sample) * step).astype(jnp.int64)
    first = first - (sample * step).astype(jnp.int64)
    return jnp.concatenate([first, jnp.full((*sample.shape[:-1], 1), extent - kernel, jnp.int64)], -1)


@fractional_max_pool.backward
def _(grad, result1, input_shape, kernel):
    return add_at(grad, result1, input_shape, len(kernel)), None


@op("max_unpool", variants="", promote="none", node=node_by_dimensions("MaxUnpool{}D", "size"))
def max_unpool(input: Array, indices: Array, size):
    """Values put at their flat positions in a plane of zeros."""
    n = len(size)
    lead = input.shape[:-n]
    rows = math.prod(lead)
    flat = jnp.zeros((rows, math.prod(size)), input.dtype)
    index = indices.reshape(rows, -1)
    made = flat.at[jnp.arange(rows)[:, None], index].set(input.reshape(rows, -1), mode="drop")
    return made.reshape(*lead, *size)


@max_unpool.check
def _(xp, indices, size):
    bad = (indices < 0) | (indices >= math.prod(size))

    def message():
        # A one-dimensional unpooling is a plane of width 1 in torch.
        plane = "x".join(map(str, (*size, 1) if len(size) == 1 else size))
        return f"Found an invalid max index: {int(indices[bad].reshape(-1)[0])} (output volumes are of size {plane})"

    return xp.any(bad), RuntimeError, message


@max_unpool.backward
def _(grad, indices, size):
    lead = grad.shape[: grad.ndim - len(size)]
    flat = grad.reshape(*lead, -1)
    return jnp.take_along_axis(flat, indices.reshape(*lead, -1), -1).reshape(indices.shape), None


adaptive_avg_pool.layout(channels_last.as_input)
adaptive_max_pool.layout(channels_last.as_input)
