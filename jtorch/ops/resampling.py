"""Resizing of images: every mode is, dimension by dimension, a weighted sum of a few neighbours.

A dimension's neighbours and weights depend on sizes alone, so they are tables made by numpy while a program is built.
The gradient is a sum of neighbours too, by the transposed table: no scattered addition is needed in either direction.
Of windows that are drawn anew for each image the tables are operands (`resample`): one program serves them all.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from .kinds import is_floating, widened
from .registry import Array, Number, OptionalArray, op

_NODES = {
    "nearest": "UpsampleNearest{}D",
    "nearest-exact": "UpsampleNearestExact{}D",
    "linear": "UpsampleLinear1D",
    "bilinear": "UpsampleBilinear2D",
    "trilinear": "UpsampleTrilinear3D",
    "bicubic": "UpsampleBicubic2D",
    "lanczos": "UpsampleLanczos2D",
}


def _node(statics):
    name = _NODES[statics["mode"]].format(len(statics["size"]))
    return name + "Aa" if statics["antialias"] else name


@op("upsample", variants="", promote="none", node=_node)
def upsample(input: Array, size, scales, mode, align_corners, antialias):
    """The last dimensions resized to `size`; `scales` are the factors a user gave, else None."""
    if input.dtype == jnp.uint8 and mode in _FILTERS:
        return _resized_bytes(input, size, scales, mode, align_corners, antialias)
    out = input if mode.startswith("nearest") else widened(input)
    if not is_floating(input) and not mode.startswith("nearest"):
        out = input.astype(jnp.float32)
    for axis, table in _tables(input.shape, size, scales, mode, align_corners, antialias, _real(out)):
        out = _weighted(out, axis, *table)
    if input.dtype == jnp.uint8 and not mode.startswith("nearest"):
        out = jnp.clip(jnp.floor(out + 0.5), 0, 255)
    return out.astype(input.dtype)


@upsample.backward
def _(grad, input_shape, size, scales, mode, align_corners, antialias):
    out = widened(grad)
    for axis, table in _tables(input_shape, size, scales, mode, align_corners, antialias, _real(out)):
        out = _weighted(out, axis, *_transposed(*table, input_shape[axis]))
    return out.astype(grad.dtype)


def _real(x):
    """The dtype in which torch computes positions and weights."""
    return np.float64 if x.dtype == jnp.float64 else np.float32


def _tables(shape, size, scales, mode, align_corners, antialias, real):
    """(axis, (neighbours, weights)) for each resized dimension; neighbours and weights are (output size, taps)."""
    lead = len(shape) - len(size)
    scales = scales or (None,) * len(size)
    kind = {"nearest": _nearest, "nearest-exact": _nearest_exact, "bicubic": _cubic}.get(mode, _linear)
    for d, (count, scale) in enumerate(zip(size, scales, strict=True)):
        step = _step(shape[lead + d], count, scale, align_corners, real)
        if antialias:
            yield lead + d, _antialiased(shape[lead + d], count, step, mode, real)
        else:
            yield lead + d, kind(shape[lead + d], count, step, align_corners, real)


def _step(extent, count, scale, align_corners, real):
    """Distance of neighbouring results, in elements of the input."""
    if align_corners:
        return real(extent - 1) / real(count - 1) if count > 1 else real(0)
    return real(1.0 / scale) if scale is not None and scale > 0 else real(extent) / real(count)


def _nearest(extent, count, step, align_corners, real):
    index = np.minimum(np.floor(np.arange(count, dtype=real) * step).astype(np.int64), extent - 1)
    return index[:, None], None


def _nearest_exact(extent, count, step, align_corners, real):
    index = np.floor((np.arange(count, dtype=real) + real(0.5)) * step).astype(np.int64)
    return np.minimum(index, extent - 1)[:, None], None


def _positions(count, step, align_corners, real):
    position = np.arange(count, dtype=real)
    return position * step if align_corners else step * (position + real(0.5)) - real(0.5)


def _linear(extent, count, step, align_corners, real):
    if extent == count:
        return np.arange(count)[:, None], None
    position = np.maximum(_positions(count, step, align_corners, real), 0)
    first = np.minimum(np.floor(position).astype(np.int64), extent - 1)
    part = np.clip(position - first.astype(real), 0, 1).astype(real)
    return np.stack([first, np.minimum(first + 1, extent - 1)], 1), np.stack([1 - part, part], 1)


def _cubic(extent, count, step, align_corners, real):
    position = _positions(count, step, align_corners, real)
    first = np.floor(position).astype(np.int64)
    part = np.clip(position - first.astype(real), 0, 1).astype(real)
    taps = np.clip(first[:, None] + np.arange(-1, 3), 0, extent - 1)
    return taps, np.stack(cubic_weights(part), 1)


def cubic_weights(t, a=-0.75):
    """Weights of the four neighbours of a point a fraction `t` after the second (Keys 1981)."""

    def inner(x):
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def outer(x):
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [outer(t + 1), inner(t), inner(1 - t), outer(2 - t)]


def _cubic_filter(x, a=-0.5):
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos_filter(x):
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


# Filter and its width for a step of at most one element.
_FILTERS = {
    "bilinear": (lambda x: np.maximum(1 - np.abs(x), 0), 2),
    "bicubic": (_cubic_filter, 4),
    "lanczos": (_lanczos_filter, 6),
}


def _antialiased(extent, count, step, mode, real):
    """A filter that widens as the image shrinks: what Pillow does."""
    shape, width = _FILTERS[mode]
    stretch = max(float(step), 1.0)
    support = width * 0.5 * stretch
    centre = step * (np.arange(count, dtype=real) + real(0.5))
    first = np.maximum((centre - support + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + support + 0.5).astype(np.int64), extent)
    taps = first[:, None] + np.arange(max(int((last - first).max()), 1))
    weights = shape((taps - centre[:, None] + 0.5) / stretch)
    weights = np.where(taps < last[:, None], weights, 0)
    total = weights.sum(1, keepdims=True)
    weights = weights / np.where(total == 0, 1, total)
    return np.minimum(taps, extent - 1), weights.astype(real)


def _transposed(taps, weights, extent):
    """The table that takes gradients of the results to gradients of the input."""
    count, width = taps.shape
    source, target = np.repeat(np.arange(count), width), taps.reshape(-1)
    weight = np.ones(target.shape) if weights is None else weights.reshape(-1).astype(np.float64)
    merged, place = np.unique(target * count + source, return_inverse=True)
    total = np.zeros(merged.shape)
    np.add.at(total, place, weight)
    merged, total = merged[total != 0], total[total != 0]
    target, source = merged // count, merged % count
    uses = np.bincount(target, minlength=extent)
    order = np.arange(target.size) - np.repeat(np.cumsum(uses) - uses, uses)
    width = max(int(uses.max(initial=0)), 1)
    back, factor = np.zeros((extent, width), np.int64), np.zeros((extent, width))
    back[target, order], factor[target, order] = source, total
    return back, factor


def _weighted(x, axis, taps, weights):
    """Sum over taps of weight times neighbour, along one axis."""
    count, width = taps.shape
    if weights is None and width == 1:
        return _picked(x, axis, taps[:, 0])
    shape = (count,) + (1,) * (x.ndim - axis - 1)
    out = None
    for k in range(width):
        part = _picked(x, axis, taps[:, k]) * jnp.asarray(weights[:, k].reshape(shape), x.dtype)
        out = part if out is None else out + part
    return out


def _resized_bytes(x, size, scales, mode, align_corners, antialias):
    """Images of bytes: weights are integers of 16 bits, and each dimension, the last one first, is rounded to bytes, as Pillow does it."""
    for axis, table in reversed(list(_tables(x.shape, size, scales, mode, align_corners, antialias, np.float64))):
        if table[1] is None or table[0].shape[0] == x.shape[axis]:
            continue
        taps, fixed, bits = _in_sixteen_bits(*table)
        x = _bytes_weighted(x, axis, taps, fixed, bits)
    return x


def _in_sixteen_bits(taps, weights):
    """(neighbours, integer weights, how many of their bits are behind the point)."""
    taps, weights = _merged(taps, weights)
    bits = next((n for n in range(22) if int(0.5 + weights.max() * 2 ** (n + 1)) >= 2**15), 22)
    return taps, np.trunc(weights * 2**bits + np.copysign(0.5, weights)).astype(np.int32), bits


def _bytes_weighted(x, axis, taps, fixed, bits):
    total = _weighted(x.astype(jnp.int32), axis, taps, fixed) + (1 << bits >> 1)
    return jnp.clip(total >> bits, 0, 255).astype(jnp.uint8)


def _merged(taps, weights):
    """The weights of one neighbour, which stands at several taps beyond an edge, at the first of them."""
    weights = weights.copy()
    for later in range(1, taps.shape[1]):
        for first in range(later):
            same = taps[:, first] == taps[:, later]
            weights[same, first] += weights[same, later]
            weights[same, later] = 0
    return taps, weights


def _picked(x, axis, index):
    """Elements at some places. Of places known beforehand runs of equal distance are slices, whole repetitions a broadcast."""
    extent, count = x.shape[axis], index.size
    if not isinstance(index, np.ndarray):
        return jnp.take(x, index, axis=axis, mode="clip")
    if count == extent and np.array_equal(index, np.arange(count)):
        return x
    if extent and count % extent == 0 and np.array_equal(index, np.repeat(np.arange(extent), count // extent)):
        return jnp.repeat(x, count // extent, axis)
    return jnp.take(x, index, axis=axis, mode="clip")


# -------------------------------------------------------------------------------------------- windows, by operands


@op("resample", variants="", promote="none")
def resample(
    input: Array,
    rows: Array,
    row_weights: OptionalArray,
    columns: Array,
    column_weights: OptionalArray,
    row_bits: Number,
    column_bits: Number,
):
    """The last two dimensions resized, by neighbours and weights (output size, taps) of `window_tables`.

    Without weights the first neighbour is taken. Integers are computed in the weights' dtype and rounded; of bytes the
    weights may be integers with as many bits behind the point as `row_bits` and `column_bits` say.
    """
    tables = (rows, row_weights, columns, column_weights, row_bits, column_bits)
    lead = math.prod(input.shape[:-3])
    if lead <= 1:
        return _resampled(input, *tables)
    # One by one: XLA would lay a whole batch out by columns between the two passes, which takes ten times as long.
    out = jax.lax.map(lambda image: _resampled(image, *tables), input.reshape(lead, *input.shape[-3:]))
    return out.reshape(*input.shape[:-2], *out.shape[-2:])


def _resampled(image, rows, row_weights, columns, column_weights, row_bits, column_bits):
    down, across = image.ndim - 2, image.ndim - 1
    if row_weights is None:
        return _picked(_picked(image, down, rows[:, 0]), across, columns[:, 0])
    if not is_floating(row_weights):
        out = _bytes_weighted(image, across, columns, column_weights, column_bits.astype(jnp.int32))
        return _bytes_weighted(out, down, rows, row_weights, row_bits.astype(jnp.int32))
    out = image.astype(row_weights.dtype)
    out = _weighted(_weighted(out, down, rows, row_weights), across, columns, column_weights)
    if not is_floating(image):
        out = jnp.round(out)
        if image.dtype == jnp.uint8:
            out = jnp.clip(out, 0, 255)
    return out.astype(image.dtype)


def window_tables(extents, window, size, mode, antialias, real):
    """The operands of `resample` but the first, by which a window (top, left, height, width) of an image is brought to a size.

    What of the window lies beyond the image of these extents counts as zero. `real` is the dtype of the weights; they are
    integers where it is that of integers. The number of taps is a power of two, so that windows of many sizes give
    tables of few shapes.
    """
    top, left, *lengths = window
    compute = real if np.issubdtype(real, np.floating) else np.float64
    tables = []
    for _, (taps, weights) in _tables(lengths, size, None, mode, False, antialias, np.dtype(compute).type):
        if mode.startswith("nearest"):
            tables.append((taps, None, 0))
        elif compute is real:
            tables.append((taps, np.ones(taps.shape, real) if weights is None else weights, 0))
        else:
            tables.append(_in_sixteen_bits(taps, np.ones(taps.shape) if weights is None else weights))
    placed = [_placed(*t[:2], start, extent) for t, start, extent in zip(tables, (top, left), extents, strict=True)]
    width = 1 << (max(taps.shape[1] for taps, _ in placed) - 1).bit_length()
    (rows, row_weights), (columns, column_weights) = (_widened_to(width, *table) for table in placed)
    return rows, row_weights, columns, column_weights, tables[0][2], tables[1][2]


def _placed(taps, weights, start, extent):
    """A window's table as one of the whole dimension, without the last taps if no weight needs them."""
    taps = (taps + start).astype(np.int32)
    if weights is None:
        return np.clip(taps, 0, extent - 1), None
    weights = np.where((taps >= 0) & (taps < extent), weights, 0).astype(weights.dtype)
    width = max(int(np.flatnonzero(weights.any(0)).max(initial=0)) + 1, 2)
    return np.clip(taps, 0, extent - 1)[:, :width], weights[:, :width]


def _widened_to(width, taps, weights):
    spare = ((0, 0), (0, width - taps.shape[1]))
    return np.pad(taps, spare, mode="edge"), None if weights is None else np.pad(weights, spare)


# ---------------------------------------------------------------------------------------------- sampling on a grid


@op("grid_sampler", variants="", promote="none", node=lambda statics: f"GridSampler{statics['dims']}D")
def grid_sampler(input: Array, grid: Array, dims, mode, padding, align_corners):
    """Values of (N, C, ...) at positions of (N, ..., dims) in [-1, 1], the last dimension's coordinate first."""
    shape = input.shape[2:]
    wide, grid = widened(input), widened(grid)
    points = [_to_elements(grid[..., dims - 1 - d], shape[d], align_corners) for d in range(dims)]
    if mode == "bicubic":
        out = _sample_cubic(wide, points, shape, padding, align_corners)
    else:
        points = [_inside(p, n, padding, align_corners) for p, n in zip(points, shape, strict=True)]
        out = (_sample_nearest if mode == "nearest" else _sample_linear)(wide, points, shape)
    return out.astype(input.dtype)


def _to_elements(x, extent, align_corners):
    return (x + 1) / 2 * (extent - 1) if align_corners else ((x + 1) * extent - 1) / 2


def _clipped(x, top):
    # Not jnp.clip: torch's gradient is zero at the bounds themselves.
    return jnp.where(x > 0, jnp.where(x >= top, jnp.asarray(top, x.dtype), x), jnp.zeros((), x.dtype))


def _reflected(x, low, high):
    """Mirrored until it lies between two bounds, given doubled."""
    if low == high:
        return jnp.zeros_like(x)
    start, span = low / 2, (high - low) / 2
    sign = jnp.where(x < start, -1, 1).astype(x.dtype)
    distance = sign * (x - start)
    # The whole part carries no gradient; `fmod` as torch has it.
    turns = jnp.floor(distance / span)
    part = distance - turns * span
    return jnp.where(turns % 2 == 0, part + start, span - part + start)


def _inside(x, extent, padding, align_corners):
    """A coordinate brought into the image, unless outside counts as zero."""
    if padding == "zeros":
        return x
    if padding == "reflection":
        low, high = (0, 2 * (extent - 1)) if align_corners else (-1, 2 * extent - 1)
        x = _reflected(x, low, high)
    return _clipped(x, extent - 1)


def _at(x, indices, shape):
    """Elements (N, C, ...) at integer positions (N, ...) per dimension, zero outside."""
    inside, flat = True, 0
    for index, extent in zip(indices, shape, strict=True):
        inside = inside & (index >= 0) & (index <= extent - 1)
        safe = jnp.where((index >= 0) & (index <= extent - 1), index, 0).astype(jnp.int64)
        flat = flat * extent + safe
    batch, channels = x.shape[:2]
    planes = x.reshape(batch, channels, math.prod(shape))
    found = jnp.take_along_axis(planes, flat.reshape(batch, 1, math.prod(flat.shape[1:])), 2, mode="clip")
    return jnp.where(inside[:, None], found.reshape(batch, channels, *flat.shape[1:]), jnp.zeros((), x.dtype)), inside


def _sample_nearest(x, points, shape):
    return _at(x, [jnp.round(p) for p in points], shape)[0]


def _sample_linear(x, points, shape):
    floors = [jnp.floor(p) for p in points]
    out = 0
    for corner in np.ndindex(*(2,) * len(shape)):
        weight = 1
        for p, low, high in zip(points, floors, corner, strict=True):
            weight = weight * (p - low if high else low + 1 - p)
        value, inside = _at(x, [low + high for low, high in zip(floors, corner, strict=True)], shape)
        out = out + jnp.where(inside[:, None], value * weight[:, None], jnp.zeros((), x.dtype))
    return out


def _sample_cubic(x, points, shape, padding, align_corners):
    floors = [jnp.floor(p) for p in points]
    weights = [cubic_weights(p - low) for p, low in zip(points, floors, strict=True)]
    out = 0
    for i in range(4):
        row = 0
        for j in range(4):
            where = [
                _inside(low + k - 1, n, padding, align_corners) for low, k, n in zip(floors, (i, j), shape, strict=True)
            ]
            row = row + _at(x, where, shape)[0] * weights[1][j][:, None]
        out = out + row * weights[0][i][:, None]
    return out


@op("sampled_image", variants="", promote="none")
def sampled_image(input: Array, grid: Array, background: OptionalArray, mode):
    """An image (..., C, H, W) read at positions of a grid (1, H', W', 2), as `grid_sampler` with zeros reads it.

    Where a `background` (one value, or one for each channel) is given, it stands for what lies outside. Integers come
    back rounded.
    """
    batch = input.reshape(math.prod(input.shape[:-3]), *input.shape[-3:]).astype(grid.dtype)
    points = [jnp.broadcast_to(grid[..., 1 - d], (len(batch), *grid.shape[1:3])) for d in range(2)]
    points = [_to_elements(widened(p), n, False) for p, n in zip(points, input.shape[-2:], strict=True)]
    sample = _sample_nearest if mode == "nearest" else _sample_linear
    out = sample(widened(batch), points, input.shape[-2:]).astype(grid.dtype)
    if background is not None:
        inside = sample(jnp.ones((len(batch), 1, *batch.shape[2:]), points[0].dtype), points, input.shape[-2:])
        inside, background = inside.astype(grid.dtype), background.astype(grid.dtype).reshape(1, -1, 1, 1)
        filled = out * inside + (1 - inside) * background
        out = jnp.where(inside < 0.5, background, out) if mode == "nearest" else filled
    if not is_floating(input) and (input.dtype != jnp.bool_ or background is not None):
        out = jnp.round(out)
    return out.astype(input.dtype).reshape(*input.shape[:-2], *grid.shape[1:3])


@op("affine_grid_generator", variants="", promote="none")
def affine_grid_generator(theta: Array, size, align_corners):
    """Positions (N, ..., dims) in [-1, 1] under affine maps (N, dims, dims + 1) of the positions of an output's elements."""
    dims = len(size) - 2
    axes = []
    for extent in size[:1:-1]:
        if extent <= 1:
            axes.append(jnp.zeros(extent, theta.dtype))
            continue
        ends = 1.0 if align_corners else (extent - 1) / extent
        axes.append(jnp.linspace(-ends, ends, extent, dtype=theta.dtype))
    mesh = jnp.meshgrid(*axes[::-1], indexing="ij")[::-1]
    base = jnp.stack([*mesh, jnp.ones_like(mesh[0])], -1)
    out = jnp.einsum("pk,njk->npj", base.reshape(-1, dims + 1), theta, precision="highest")
    return out.reshape(theta.shape[0], *size[2:], dims)


def output_size(input_size, scales) -> tuple[int, ...]:
    """Sizes after scaling, rounded down."""
    return tuple(math.floor(n * s) for n, s in zip(input_size, scales, strict=True))
