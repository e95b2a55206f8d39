"""Overlapping frames of a signal: how they add up."""

import jax.numpy as jnp

from .registry import Array, op


@op("frames.overlap_add", promote="none", variants="", node="UnfoldBackward")
def overlap_add(input: Array, step):
    """The signal whose frames (..., count, length), one every `step` positions, are added where they overlap.

    Frames are cut into pieces of `step`. Piece j of frame i lies at i + j, so that row j of pieces, shifted by j, stands under the
    others: a row of count + pieces, flattened and read with a width of one less, is shifted by one more than the row before.
    """
    *batch, count, length = input.shape
    pieces = -(-length // step)
    spread = [(0, 0)] * len(batch)
    x = jnp.pad(input, [*spread, (0, 0), (0, pieces * step - length)]).reshape(*batch, count, pieces, step)
    rows = jnp.pad(x.swapaxes(-3, -2), [*spread, (0, 0), (0, pieces), (0, 0)])
    rows = rows.reshape(*batch, -1, step)[..., : pieces * (count + pieces - 1), :]
    total = rows.reshape(*batch, pieces, count + pieces - 1, step).sum(-3)
    return total.reshape(*batch, -1)[..., : length + step * (count - 1)]


@op("frames.nowhere_zero", promote="none", variants="")
def nowhere_zero(input: Array, message):
    """The same, looked at: it is divided by."""
    return input


@nowhere_zero.check
def _(xp, input, message):
    return xp.any(xp.abs(input) <= 1e-11), RuntimeError, message
