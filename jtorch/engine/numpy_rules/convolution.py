"""Convolutions as products of matrices: each window of the input is a row."""

import math

import numpy as np

from .registry import SHORT_FLOATS, Unknown, kind, rule


@rule("conv_general_dilated")
def _convolution(equation):
    p = equation.params
    left, right = (v.aval for v in equation.invars)
    out = equation.outvars[0].aval
    if kind(left) not in "fc" or p["batch_group_count"] != 1 and p["feature_group_count"] != 1:
        raise Unknown("conv_general_dilated")
    numbers = p["dimension_numbers"]
    strides, padding = p["window_strides"], p["padding"]
    sizes = [right.shape[d] for d in numbers.rhs_spec[2:]]
    spans = [(size - 1) * d + 1 for size, d in zip(sizes, p["rhs_dilation"], strict=True)]
    spread = p["lhs_dilation"]
    extents = [
        max((left.shape[d] - 1) * s + 1, 0) + low + high
        for d, s, (low, high) in zip(numbers.lhs_spec[2:], spread, padding, strict=True)
    ]
    if any(extent < span for extent, span in zip(extents, spans, strict=True)) or 0 in left.shape or 0 in out.shape:
        raise Unknown("conv_general_dilated")
    wide = np.dtype(np.float32) if left.dtype in SHORT_FLOATS else left.dtype
    batches, groups = p["batch_group_count"], p["feature_group_count"]
    outer, inner = left.shape[numbers.lhs_spec[0]] // batches, left.shape[numbers.lhs_spec[1]] // groups
    made = right.shape[numbers.rhs_spec[0]] // (batches * groups)
    places = [out.shape[d] for d in numbers.out_spec[2:]]
    n, pieces = len(sizes), batches * groups
    order = np.argsort(numbers.out_spec).tolist()
    axes = (0, *range(2, 2 + n), 1, *range(2 + n, 2 + 2 * n))  # windows as (images, *places, channels, *kernel)

    def convolve(x, weight):
        x = _spread(np.transpose(x, numbers.lhs_spec).astype(wide, copy=False), spread, padding)
        weight = np.transpose(weight, numbers.rhs_spec).astype(wide, copy=False)
        rows = np.empty((pieces, made, outer, *places), wide)
        for piece in range(pieces):
            images = slice(piece * outer, (piece + 1) * outer) if batches > 1 else slice(None)
            channels = slice(piece * inner, (piece + 1) * inner) if groups > 1 else slice(None)
            windows = np.lib.stride_tricks.sliding_window_view(x[images, channels], spans, tuple(range(2, 2 + n)))
            steps = (slice(None), slice(None), *(slice(None, None, s) for s in strides))
            windows = windows[(*steps, *(slice(None, None, d) for d in p["rhs_dilation"]))]
            matrix = np.transpose(windows, axes).reshape(outer * math.prod(places), -1)
            kernel = weight[piece * made : (piece + 1) * made].reshape(made, -1)
            rows[piece] = (kernel @ matrix.T).reshape(made, outer, *places)
        found = np.moveaxis(rows.reshape(pieces * made, outer, *places), 0, 1)
        return np.transpose(found, order).astype(out.dtype, copy=False)

    biggest = max(left.size, right.size, out.size)
    windows = outer * batches * math.prod(places) * math.prod(sizes) * inner * groups
    return convolve, (2 * windows + 0.05 * windows * made) / biggest


def _spread(x, dilation, padding):
    """The input with gaps between its elements, padded or cut at the ends."""
    if max(dilation) > 1:
        shape = [(size - 1) * d + 1 for size, d in zip(x.shape[2:], dilation, strict=True)]
        wide = np.zeros((*x.shape[:2], *shape), x.dtype)
        wide[(slice(None), slice(None), *(slice(None, None, d) for d in dilation))] = x
        x = wide
    x = np.pad(x, ((0, 0), (0, 0), *((max(low, 0), max(high, 0)) for low, high in padding)))
    cut = (slice(max(-low, 0), size - max(-high, 0)) for (low, high), size in zip(padding, x.shape[2:], strict=True))
    return x[(slice(None), slice(None), *cut)]
