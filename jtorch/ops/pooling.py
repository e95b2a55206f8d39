"""Pooling over windows of one to three spatial dimensions."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from . import channels_last
from .extremes import highest
from .kinds import is_bool, is_floating, not_implemented, widened
from .registry import Array, op

# One-dimensional pools are two-dimensional ones of a squeezed dimension in torch, which names their nodes so.
SQUEEZED = "SqueezeBackward1"


def node_by_dimensions(name: str, parameter: str = "kernel"):
    """The node's name by the number of spatial dimensions: `name` has {} where 2 or 3 stands."""

    def named(statics):
        n = len(statics[parameter])
        return SQUEEZED if n == 1 else name.format(n)

    return named


def output_size(size, kernel, stride, padding, dilation, ceil_mode):
    """How many windows fit; with `ceil_mode` a last one may reach over the end, but must start inside."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-span // stride) if ceil_mode else span // stride) + 1
    if ceil_mode and (count - 1) * stride >= size + padding:
        count -= 1
    return count


def _windows(channels, shape, kernel, stride, padding, dilation, ceil_mode):
    """Output sizes, and how far each end has to be padded."""
    counts, edges = [], []
    sizes = [output_size(*given, ceil_mode) for given in zip(shape, kernel, stride, padding, dilation, strict=True)]
    if min(sizes) < 1:
        line = (1,) if len(shape) == 1 else ()  # torch shows a line as a plane of height 1
        given, made = ("x".join(map(str, (channels, *line, *n))) for n in (shape, sizes))
        raise RuntimeError(
            f"Given input size: ({given}). Calculated output size: ({made}). Output size is too small\n"
            "Take a smaller kernel, or pad."
        )
    for size, k, s, p, d in zip(shape, kernel, stride, padding, dilation, strict=True):
        count = output_size(size, k, s, p, d, ceil_mode)
        counts.append(count)
        edges.append((p, max((count - 1) * s + d * (k - 1) + 1 - size - p, 0)))
    return counts, edges


@op(
    "max_pool",
    variants="",
    promote="none",
    node=node_by_dimensions("MaxPool{}DWithIndices"),
    outputs=("values", "indices"),
)
def max_pool(input: Array, kernel, stride, padding, dilation, ceil_mode):
    """Maximum of each window and its flat position in the spatial plane; the first of equal elements wins, NaN wins over all."""
    if is_bool(input):
        raise not_implemented(f"max_pool{max(len(kernel), 2)}d", input)
    n = len(kernel)
    counts, edges = _windows(input.shape[-n - 1], input.shape[-n:], kernel, stride, padding, dilation, ceil_mode)
    low = lowest(input.dtype)
    lead = [(0, 0)] * (input.ndim - n)
    padded = jnp.pad(input, lead + edges, constant_values=low)
    plane = jnp.arange(math.prod(input.shape[-n:]), dtype=jnp.int64).reshape(input.shape[-n:])
    positions = jnp.pad(plane, edges, constant_values=-1)
    if math.prod(kernel) <= SMALL_WINDOW:
        return _compare_each(padded, positions, kernel, stride, dilation, counts)
    best, where = padded, jnp.broadcast_to(positions, padded.shape)
    # One dimension after the other, the last one first: the rows of a window are in memory order, and so are the elements of a row.
    for axis, *window in reversed(list(zip(range(-n, 0), kernel, stride, dilation, counts, strict=True))):
        best, where = _best_along(best, where, axis + input.ndim, *window)
    return best, where


# Windows of up to so many elements are compared element by element, which XLA makes one loop of: it runs two or three times as fast as what is done
# for larger ones, but compiles in time that grows with the window (2 s at 200 elements).
SMALL_WINDOW = 200


def _compare_each(padded, positions, kernel, stride, dilation, counts):
    best = where = None
    for offset in offsets(kernel):
        part = [
            slice(o * d, o * d + (c - 1) * s + 1, s)
            for o, d, c, s in zip(offset, dilation, counts, stride, strict=True)
        ]
        value = padded[(..., *part)]
        position = jnp.broadcast_to(positions[tuple(part)], value.shape)
        if best is None:
            best, where = value, position
            continue
        better = (value > best) | ((where < 0) & (position >= 0))
        if is_floating(value):
            better |= jnp.isnan(value)
        best, where = jnp.where(better, value, best), jnp.where(better, position, where)
    return best, where


def _best_along(value, position, axis, kernel, stride, dilation, count):
    """Windows along one axis: their maximum and its position, which grows along the axis (-1 in padding)."""
    if stride == kernel and dilation == 1:
        value, position = (
            lax.slice_in_dim(a, 0, count * kernel, axis=axis).reshape(
                (*a.shape[:axis], count, kernel, *a.shape[axis + 1 :])
            )
            for a in (value, position)
        )
    else:
        places = np.arange(count)[:, None] * stride + np.arange(kernel) * dilation
        value, position = (jnp.take(a, places, axis, mode="clip") for a in (value, position))
    best = highest(value, axis + 1)
    attained = value == jnp.expand_dims(best, axis + 1)
    if is_floating(value):
        attained |= jnp.isnan(value)
    attained &= position >= 0
    first = jnp.min(jnp.where(attained, position, jnp.iinfo(position.dtype).max), axis + 1)
    last = jnp.max(jnp.where(attained, position, -1), axis + 1)
    if is_floating(best):
        first = jnp.where(jnp.isnan(best), last, first)
    return best, jnp.where(last < 0, -1, first)


def lowest(dtype):
    """What every element is at least as large as."""
    return -jnp.inf if jnp.issubdtype(dtype, jnp.floating) else jnp.iinfo(dtype).min


def offsets(kernel):
    """Places in a window, in memory order."""
    return itertools.product(*map(range, kernel))


@max_pool.backward
def _(grad, result1, input_shape, kernel, stride, padding, dilation, ceil_mode):
    if stride == kernel and all(p == 0 for p in padding) and all(d == 1 for d in dilation) and not ceil_mode:
        return _unpool_disjoint(grad, result1, input_shape, kernel)
    return add_at(grad, result1, input_shape, len(kernel))


def add_at(grad, where, shape, n):
    """Zeros of a shape, with values added at flat positions in the plane of the last `n` dimensions."""
    rows, plane = math.prod(shape[: len(shape) - n]), math.prod(shape[len(shape) - n :])
    if not rows:
        return jnp.zeros(shape, grad.dtype)
    flat = jnp.zeros((rows, plane), grad.dtype)
    made = jax.vmap(lambda out, index, g: out.at[index].add(g))(flat, where.reshape(rows, -1), grad.reshape(rows, -1))
    return made.reshape(shape)


def _unpool_disjoint(grad, where, shape, kernel):
    """Windows that do not overlap: every input element looks up its one window and compares positions, with no scatter."""
    n = len(kernel)
    for axis, k in zip(range(len(shape) - n, len(shape)), kernel, strict=True):
        grad, where = jnp.repeat(grad, k, axis), jnp.repeat(where, k, axis)
    edges = [(0, 0)] * (len(shape) - n) + [
        (0, full - have) for full, have in zip(shape[-n:], grad.shape[-n:], strict=True)
    ]
    if any(high for _, high in edges):
        grad, where = jnp.pad(grad, edges), jnp.pad(where, edges, constant_values=-1)
    plane = jnp.arange(math.prod(shape[-n:]), dtype=where.dtype).reshape(shape[-n:])
    return jnp.where(where == plane, grad, jnp.zeros((), grad.dtype))


@op("avg_pool", variants="", promote="none", node=node_by_dimensions("AvgPool{}D"))
def avg_pool(input: Array, kernel, stride, padding, ceil_mode, count_include_pad, divisor_override):
    """Mean of each window; `count_include_pad` counts padding as elements, `divisor_override` replaces the count."""
    if is_bool(input):
        raise not_implemented(f"avg_pool{max(len(kernel), 2)}d", input)
    n = len(kernel)
    counts, edges = _windows(input.shape[-n - 1], input.shape[-n:], kernel, stride, padding, (1,) * n, ceil_mode)
    lead = input.ndim - n
    wide = widened(input)
    total = lax.reduce_window(
        wide,
        0.0 if is_floating(wide) else 0,
        lax.add,
        (1,) * lead + tuple(kernel),
        (1,) * lead + tuple(stride),
        [(0, 0)] * lead + edges,
    )
    if divisor_override is not None:
        return _divide(total, divisor_override, input)
    sizes = []
    for size, k, s, p, count in zip(input.shape[-n:], kernel, stride, padding, counts, strict=True):
        start = jnp.arange(count) * s - p
        end = jnp.minimum(start + k, size + p)
        if not count_include_pad:
            start, end = jnp.maximum(start, 0), jnp.minimum(end, size)
        sizes.append(end - start)
    divisor = sizes[0]
    for extent in sizes[1:]:
        divisor = divisor[..., None] * extent
    return _divide(total, divisor, input)


def _divide(total, count, input):
    """The quotient in the dtype of the input; integers round towards zero."""
    count = jnp.asarray(count, total.dtype)
    return (total / count if is_floating(total) else lax.div(total, jnp.broadcast_to(count, total.shape))).astype(
        input.dtype
    )


max_pool.layout(channels_last.as_input)
avg_pool.layout(channels_last.as_input)
