"""Pooling of regions of interest: rectangles of a feature map, each brought to the same number of bins.

A region is a row (index in the batch, x1, y1, x2, y2). Positions along y and along x do not depend on each other, so what a bin
takes from the map is a product of weights per axis. Regions have no gradient, as in torchvision.
"""

import jax
import jax.numpy as jnp

from .kinds import widened
from .registry import Array, Arrays, op

_AT_ONCE = 16  # regions in one step of a loop over whole maps, which bounds what is held in memory


@op("roi_align", variants="", promote="none")
def roi_align(input: Array, rois: Array, size, scale, sampling_ratio, aligned):
    """Means of bilinear samples in each bin: (K, C, *size) of (N, C, H, W) (He et al. 2017, https://arxiv.org/abs/1703.06870).

    Without a `sampling_ratio` the number of samples depends on the region; at most H by W are taken then.
    """
    spans = _spans(rois, scale, 0.5 if aligned else 0.0, None if aligned else 1.0)
    if sampling_ratio > 0:
        levels = jnp.zeros(len(rois), jnp.int64)
        return _sampled([input], levels, rois, spans, size, sampling_ratio).astype(input.dtype)
    weights = [_adaptive(*span, bins, extent) for span, bins, extent in zip(spans, size, input.shape[2:], strict=True)]
    return _contracted(input, rois, weights, 1 / jnp.maximum(_samples(weights), 1), False).astype(input.dtype)


@op("multiscale_roi_align", variants="", promote="none")
def multiscale_roi_align(inputs: Arrays, rois: Array, levels: Array, size, scales, sampling_ratio):
    """`roi_align` where each region is taken from one of several maps, of equal channels: `levels` (K) says which."""
    spans = _spans(rois, jnp.asarray(scales, rois.dtype)[levels], 0.0, 1.0)
    return _sampled(inputs, levels, rois, spans, size, sampling_ratio).astype(inputs[0].dtype)


@op("ps_roi_align", variants="", promote="none")
def ps_roi_align(input: Array, rois: Array, size, scale, sampling_ratio):
    """`roi_align` where each bin has channels of its own (Dai et al. 2016, https://arxiv.org/abs/1605.06409)."""
    spans = _spans(rois, scale, 0.5, None)
    if sampling_ratio > 0:
        levels = jnp.zeros(len(rois), jnp.int64)
        return _sampled([input], levels, rois, spans, size, sampling_ratio, True).astype(input.dtype)
    weights = [_adaptive(*span, bins, extent) for span, bins, extent in zip(spans, size, input.shape[2:], strict=True)]
    samples = _samples(weights)
    out = _contracted(input, rois, weights, 1 / jnp.where(samples == 0, 1, samples), True)
    return jnp.where((samples == 0)[:, None], jnp.nan, out).astype(input.dtype)  # the mean of no samples


@op("roi_pool", variants="", promote="none")
def roi_pool(input: Array, rois: Array, size, scale):
    """The maximum of each bin's elements, zero where it has none (Girshick 2015, https://arxiv.org/abs/1504.08083)."""
    count, channels, height, width = input.shape[0], *input.shape[1:]
    if not len(rois) or not input.size:
        return jnp.zeros((len(rois), channels, *size), input.dtype)
    windows = [
        _windows(*_rounded(rois, scale, axis), bins, extent, extent, inclusive=1)
        for axis, bins, extent in zip((1, 0), size, (height, width), strict=True)
    ]
    batch = rois[:, 0].astype(jnp.int64)
    values = jax.lax.stop_gradient(widened(input))

    def first_maximum(region):
        # By rows, then among rows: the first of equal elements, which alone gets the gradient.
        index, rows, columns = region
        picture = values[index][:, :, None, :]
        masked = jnp.where(columns, picture, -jnp.inf)
        column = jnp.argmax(masked, -1)
        best = jnp.where(rows[None, :, :, None], jnp.max(masked, -1)[:, None], -jnp.inf)
        row = jnp.argmax(best, 2)
        chosen = jnp.take_along_axis(column[:, None], row[:, :, None], 2)[:, :, 0]
        return row * width + chosen

    index = jax.lax.map(first_maximum, (batch, *windows), batch_size=_AT_ONCE)
    planes = input.reshape(count, channels, height * width)
    found = planes[batch[:, None, None, None], jnp.arange(channels)[:, None, None], index]
    some = windows[0].any(-1)[:, None, :, None] & windows[1].any(-1)[:, None, None, :]
    return jnp.where(some, found, jnp.zeros((), input.dtype))


@op("ps_roi_pool", variants="", promote="none")
def ps_roi_pool(input: Array, rois: Array, size, scale):
    """The mean of each bin's elements, taken from channels of the bin's own (Dai et al. 2016).

    As in torchvision the last row and the last column of the map are in no bin; its kernel for gradients, which counts them
    as elements, is not followed.
    """
    weights = [
        _windows(*_rounded(rois, scale, axis), bins, extent, extent - 1).astype(widened(input).dtype)
        for axis, bins, extent in zip((1, 0), size, input.shape[2:], strict=True)
    ]
    rows, columns = (weight.sum(-1) for weight in weights)
    elements = rows[:, :, None] * columns[:, None, :]
    return _contracted(input, rois, weights, 1 / jnp.maximum(elements, 1), True).astype(input.dtype)


def _spans(rois, scale, shift, least):
    """(start, length) of regions along y and along x, in elements of the map."""
    spans = []
    for axis in (2, 1):
        start, end = (rois[:, column] * scale - shift for column in (axis, axis + 2))
        length = end - start
        spans.append((start, length if least is None else jnp.maximum(length, least)))
    return spans


def _positions(start, length, bins, samples, count):
    """Positions (K, bins, samples) of `count` samples per bin."""
    width = (length / bins)[:, None, None]
    return (
        start[:, None, None]
        + jnp.arange(bins, dtype=start.dtype)[:, None] * width
        + (jnp.arange(samples, dtype=start.dtype) + 0.5) * (width / count)
    )


def _neighbours(position, extent):
    """The elements on both sides of a position, and their weights: zero farther than one element outside of the map."""
    inside = (position >= -1) & (position <= extent)
    position = jnp.maximum(position, 0)
    low = jnp.minimum(jnp.floor(jnp.where(inside, position, 0)).astype(jnp.int64), extent - 1)
    high = jnp.minimum(low + 1, extent - 1)
    part = jnp.where(low >= extent - 1, 0, position - low).astype(position.dtype)
    return (low, jnp.where(inside, 1 - part, 0)), (high, jnp.where(inside, part, 0))


def _sampled(inputs, levels, rois, spans, size, samples, per_bin=False):
    """Means of samples x samples per bin, by reading the four neighbours of each: rows of all channels."""
    dtype = widened(inputs[0]).dtype
    bins = size[0] * size[1] if per_bin else 1
    channels = inputs[0].shape[1] // bins
    planes = [
        jnp.moveaxis(x.reshape(x.shape[0], channels, bins, -1), 1, -1).swapaxes(1, 2).reshape(-1, channels)
        for x in map(widened, inputs)
    ]
    firsts, shapes, rows = [], [], 0
    for x in inputs:
        firsts.append(rows // bins)
        shapes.append(x.shape[2:])
        rows += x.shape[0] * x.shape[2] * x.shape[3] * bins
    heights, widths = jnp.asarray([shape[0] for shape in shapes])[levels], jnp.asarray([s[1] for s in shapes])[levels]
    first = jnp.asarray(firsts)[levels] + rois[:, 0].astype(jnp.int64) * heights * widths
    planes = planes[0] if len(planes) == 1 else jnp.concatenate(planes)
    ys, xs = (
        _neighbours(_positions(*span, count, samples, samples), extent[:, None, None])
        for span, count, extent in zip(spans, size, (heights, widths), strict=True)
    )
    out = 0
    for y, y_weight in ys:
        for x, x_weight in xs:
            index = (first[:, None, None] + y * widths[:, None, None])[..., None, None] + x[:, None, None]
            if per_bin:
                index = index * bins + jnp.arange(bins).reshape(size[0], 1, size[1], 1)
            weight = y_weight[..., None, None] * x_weight[:, None, None]
            found = jnp.take(planes, index, axis=0, mode="clip")
            out = out + (found * weight[..., None].astype(dtype)).sum((2, 4))
    return jnp.moveaxis(out / (samples * samples), -1, 1)


def _adaptive(start, length, bins, extent):
    """(weights (K, bins, extent) of a map's elements, how many samples (K)) where the number of samples is the region's own."""
    count = jnp.ceil(length / bins)
    position = _positions(start, length, bins, extent, jnp.maximum(count, 1)[:, None, None])
    taken = jnp.arange(extent) < count[:, None, None]
    weights = 0
    for index, weight in _neighbours(position, extent):
        chosen = jax.nn.one_hot(index, extent, dtype=weight.dtype)
        weights = weights + jnp.einsum("kbs,kbse->kbe", jnp.where(taken, weight, 0), chosen, precision="highest")
    return weights, count


def _samples(weights):
    """How many samples a bin has (K, 1, 1); `weights` lose their counts."""
    samples = weights[0][1] * weights[1][1]
    weights[:] = [weight for weight, _ in weights]
    return samples[:, None, None]


def _contracted(input, rois, weights, factor, per_bin):
    """Each region's map summed over both axes with weights (K, bins, extent), times `factor` (K, ...)."""
    size = tuple(weight.shape[1] for weight in weights)
    channels = input.shape[1] // (size[0] * size[1] if per_bin else 1)
    if not len(rois):
        return jnp.zeros((0, channels, *size), input.dtype)
    wide = widened(input)
    weights = [weight.astype(wide.dtype) for weight in weights]
    if per_bin:
        wide = wide.reshape(len(wide), channels, *size, *wide.shape[2:])

    def pooled(region):
        index, rows, columns = region
        terms = "ph,cpqhw,qw->cpq" if per_bin else "ph,chw,qw->cpq"
        return jnp.einsum(terms, rows, wide[index], columns, precision="highest")

    out = jax.lax.map(pooled, (rois[:, 0].astype(jnp.int64), *weights), batch_size=_AT_ONCE)
    return out * factor[:, None].astype(wide.dtype)


def _rounded(rois, scale, axis):
    """First and last element of regions; halves are rounded away from zero, as C does."""
    ends = rois[:, 1 + axis] * scale, rois[:, 3 + axis] * scale
    return tuple(jnp.trunc(end + jnp.copysign(jnp.asarray(0.5, end.dtype), end)) for end in ends)


def _windows(start, end, bins, extent, top, inclusive=0):
    """Whether each element belongs to each bin: (K, bins, extent). No bin reaches past `top`."""
    width = jnp.maximum(end - start + inclusive, 1) / bins
    number = jnp.arange(bins, dtype=start.dtype)
    low = jnp.clip(jnp.floor(number * width[:, None]) + start[:, None], 0, top)
    high = jnp.clip(jnp.ceil((number + 1) * width[:, None]) + start[:, None], 0, top)
    place = jnp.arange(extent)
    return (place >= low[..., None]) & (place < high[..., None])
