"""Padding at the ends of the last dimensions."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import is_bool, not_implemented
from .registry import Array, Number, op


def _edges(ndim, widths):
    """(low, high) of every dimension, from widths that begin with the last one."""
    pairs = list(zip(widths[::2], widths[1::2], strict=True))[::-1]
    return [(0, 0)] * (ndim - len(pairs)) + pairs


@op("constant_pad_nd", variants="function", promote="none", node="ConstantPadNd")
def constant_pad(input: Array, pad, value: Number = 0):
    """Padded with one value; negative widths crop."""
    edges = _edges(input.ndim, pad)
    for size, (low, high) in zip(input.shape, edges, strict=True):
        if max(-low, 0) + max(-high, 0) > size:
            raise RuntimeError("narrow(): length must be non-negative.\nNegative padding crops more than there is.")
    return lax.pad(input, jnp.asarray(value).astype(input.dtype), [(low, high, 0) for low, high in edges])


def _numpy_pad(input, widths, mode):
    edges = _edges(input.ndim, widths)
    for axis, (low, high) in enumerate(edges):
        size = input.shape[axis]
        if size + low + high < 1 and (low or high):
            letter = "DHW"[axis - input.ndim]
            raise RuntimeError(
                f"input ({letter}: {size}) is too small. Calculated output {letter}: {size + low + high}"
            )
    if all(low >= 0 and high >= 0 for low, high in edges):
        return jnp.pad(input, edges, mode=mode)
    # A negative width crops, and what the other end repeats is of the whole input: by position.
    for axis, (low, high) in enumerate(edges):
        last = max(input.shape[axis] - 1, 0)
        positions = np.arange(-low, input.shape[axis] + high)
        if mode == "edge":
            positions = positions.clip(0, last)
        elif mode == "reflect":
            positions = last - abs(last - abs(positions))
        else:
            inside = range(max(-low, 0), input.shape[axis] - max(-high, 0))
            positions = (positions - inside.start) % max(len(inside), 1) + inside.start
        input = jnp.take(input, positions, axis=axis)
    return input


def _mirroring(name, node):
    return op(name, variants="", promote="none", node=lambda statics: node.format(len(statics["pad"]) // 2))


@_mirroring("reflection_pad", "ReflectionPad{}D")
def reflection_pad(input: Array, pad):
    """Padded with the mirror image, the edge not repeated."""
    if is_bool(input):
        raise not_implemented(f"reflection_pad{len(pad) // 2}d", input)
    for d, (low, high) in enumerate(zip(pad[::2], pad[1::2], strict=True)):
        axis = input.ndim - 1 - d
        if max(low, high) >= input.shape[axis]:
            raise RuntimeError(
                f"Argument #{4 + 2 * d}: Padding size should be less than the corresponding input dimension, but got: padding "
                f"({low}, {high}) at dimension {axis} of input {list(input.shape)}"
            )
    return _numpy_pad(input, pad, "reflect")


@_mirroring("replication_pad", "ReplicationPad{}D")
def replication_pad(input: Array, pad):
    """Padded with the edge."""
    n = len(pad) // 2
    if 0 in input.shape[input.ndim - n - 1 :]:
        raise RuntimeError(
            f"Expected {n + 1}D or {n + 2}D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for "
            f"input, but got: {list(input.shape)}"
        )
    return _numpy_pad(input, pad, "edge")


@op("circular_pad", variants="", promote="none", node="CopySlices")
def circular_pad(input: Array, pad):
    """Padded with the other end."""
    for size, low, high in zip(input.shape[::-1], pad[::2], pad[1::2], strict=False):
        if low > size or high > size:
            raise RuntimeError("Padding value causes wrapping around more than once.")
        if size + low + high < 0:
            raise RuntimeError("Negative padding value is resulting in an empty dimension")
    return _numpy_pad(input, pad, "wrap")
