"""What pooling of regions and deformable convolution are, element by element: torchvision's own kernels do not load beside torch's CPU build."""

from __future__ import annotations

import math

import numpy as np


def bilinear(plane: np.ndarray, y: float, x: float, reach: float = 1.0) -> float:
    """The value between elements; up to `reach` outside it is that of the border, farther away zero."""
    height, width = plane.shape
    if not (-reach <= y <= height - 1 + reach and -reach <= x <= width - 1 + reach):
        return 0.0
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    low_y, low_x = int(y), int(x)
    high_y, high_x = min(low_y + 1, height - 1), min(low_x + 1, width - 1)
    part_y, part_x = y - low_y, x - low_x
    top = plane[low_y, low_x] * (1 - part_x) + plane[low_y, high_x] * part_x
    bottom = plane[high_y, low_x] * (1 - part_x) + plane[high_y, high_x] * part_x
    return top * (1 - part_y) + bottom * part_y


def channels_of(x: np.ndarray, size: tuple[int, int], per_bin: bool):
    """(number of results' channels, channel of the input for a channel of the results and a bin)"""
    bins = size[0] * size[1]
    if per_bin:
        return x.shape[1] // bins, lambda c, i, j: c * bins + i * size[1] + j
    return x.shape[1], lambda c, i, j: c


def aligned(x, rois, size, scale, ratio, shift, least, per_bin=False) -> np.ndarray:
    channels, source = channels_of(x, size, per_bin)
    out = np.zeros((len(rois), channels, *size))
    for k, (index, *ends) in enumerate(rois):
        x1, y1, x2, y2 = (end * scale - shift for end in ends)
        height, width = max(y2 - y1, least), max(x2 - x1, least)
        rows = ratio if ratio > 0 else math.ceil(height / size[0])
        columns = ratio if ratio > 0 else math.ceil(width / size[1])
        for c, i, j in np.ndindex(out.shape[1:]):
            plane = x[int(index), source(c, i, j)]
            samples = [
                bilinear(
                    plane,
                    y1 + (i + (a + 0.5) / rows) * height / size[0],
                    x1 + (j + (b + 0.5) / columns) * width / size[1],
                )
                for a in range(rows)
                for b in range(columns)
            ]
            out[k, c, i, j] = np.mean(samples)
    return out


def windowed(x, rois, size, scale, reduce, inclusive, cut, per_bin=False) -> np.ndarray:
    channels, source = channels_of(x, size, per_bin)
    out = np.zeros((len(rois), channels, *size))
    bounds = [extent - cut for extent in x.shape[2:]]
    for k, (index, *ends) in enumerate(rois):
        x1, y1, x2, y2 = (math.floor(end * scale + 0.5) for end in ends)
        sides = max(y2 - y1 + inclusive, 1), max(x2 - x1 + inclusive, 1)
        for c, i, j in np.ndindex(out.shape[1:]):
            spans = [
                slice(
                    *(
                        min(max(edge + start, 0), bound)
                        for edge in (math.floor(n * side / bins), math.ceil((n + 1) * side / bins))
                    )
                )
                for n, side, bins, start, bound in zip((i, j), sides, size, (y1, x1), bounds, strict=True)
            ]
            window = x[int(index), source(c, i, j)][tuple(spans)]
            out[k, c, i, j] = reduce(window) if window.size else 0.0
    return out


def suppressed(boxes, scores, threshold) -> list[int]:
    """Best first, each that no better one overlaps too much."""
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        with np.errstate(invalid="ignore"):  # two boxes of no area overlap by nan, which is not too much
            if not any(overlap(boxes[i], boxes[j]) > threshold for j in kept):
                kept.append(i)
    return kept


def overlap(a, b) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def turned_overlap(a, b) -> float:
    """Intersection over union of two boxes (x, y, width, height, degrees): the first, cut along each edge of the second."""
    left, edges = outline(a), outline(b)
    for start, end in zip(edges, np.roll(edges, -1, 0), strict=True):
        rest = []
        for p, q in zip(left, left[1:] + left[:1], strict=True):
            sides = [(end[0] - start[0]) * (z[1] - start[1]) - (end[1] - start[1]) * (z[0] - start[0]) for z in (p, q)]
            rest += [p] if sides[0] >= 0 else []
            rest += [p + (q - p) * sides[0] / (sides[0] - sides[1])] if (sides[0] >= 0) != (sides[1] >= 0) else []
        left = rest
    both = sum(p[0] * q[1] - p[1] * q[0] for p, q in zip(left, left[1:] + left[:1], strict=True)) / 2
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def outline(box) -> list[np.ndarray]:
    x, y, width, height, turn = box
    cos, sin = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    units = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    return [
        np.array([x + u * width * cos + v * height * sin, y - u * width * sin + v * height * cos]) for u, v in units
    ]


def deformed(x, offset, weight, bias, mask, stride, padding, dilation) -> np.ndarray:
    kernel, taps = weight.shape[2:], weight.shape[2] * weight.shape[3]
    parts, per_group = offset.shape[1] // (2 * taps), weight.shape[1]
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))  # zero at a distance of one, and linear up to there
    out = np.zeros((len(x), len(weight), *offset.shape[2:]))
    for n, f, i, j in np.ndindex(out.shape):
        first = f // (len(weight) // (x.shape[1] // per_group)) * per_group
        total = bias[f]
        for c, a, b in np.ndindex(per_group, *kernel):
            part = (first + c) // (x.shape[1] // parts)
            tap = part * taps + a * kernel[1] + b
            y = i * stride[0] - padding[0] + a * dilation[0] + offset[n, 2 * tap, i, j]
            z = j * stride[1] - padding[1] + b * dilation[1] + offset[n, 2 * tap + 1, i, j]
            total += weight[f, c, a, b] * mask[n, tap, i, j] * bilinear(padded[n, first + c], y + 1, z + 1, reach=0)
        out[n, f, i, j] = total
    return out
