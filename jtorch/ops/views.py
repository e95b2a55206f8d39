"""View operations: each reads, and has an inverse that writes. Their strides and offsets are computed by `functions/views.py`.

These are called with their static arguments in order, then run-time starts; they are not exposed by themselves.
"""

import jax.numpy as jnp
from jax import lax

from .kinds import widened
from .registry import Array, op


@op("view", variants="", promote="none")
def view(input: Array, size):
    """The same elements in another shape."""
    return input.reshape(size)


@view.inverse
def _(base, update, size):
    return update.reshape(base.shape)


@op("permute", variants="", promote="none")
def permute(input: Array, dims):
    """Dimensions in another order."""
    return input.transpose(dims)


@permute.inverse
def _(base, update, dims):
    return update.transpose(tuple(sorted(range(len(dims)), key=dims.__getitem__)))


@op("expand", variants="", promote="none")
def expand(input: Array, size):
    """Dimensions of size 1 repeated without a copy. Nothing is written through all of it, but a single position may be."""
    return jnp.broadcast_to(widened(input), size).astype(input.dtype)  # whose gradient adds up in float32


# Basic indexing: `plan` has one item per dimension of the result or of the input:
#   ("all",) the whole dimension; ("new",) a new dimension; ("int", start) one position, dropped; ("slice", length, step, start) a range.
# A start is an int, or None for the next run-time number.


@op("index_basic", variants="", promote="none")
def index_basic(input: Array, plan, *starts):
    """Positions, ranges and new dimensions."""
    corner, extent, strides, _ = _window(input.shape, plan, starts)
    picked = _take(input, corner, extent)
    if any(s != 1 for s in strides):
        picked = lax.slice(picked, (0,) * input.ndim, picked.shape, strides)
    return picked.reshape(_result_shape(plan, picked.shape))


@index_basic.inverse
def _(base, update, plan, *starts):
    corner, extent, strides, kept = _window(base.shape, plan, starts)
    update = update.reshape(kept)
    if any(s != 1 for s in strides):
        old = _take(base, corner, extent)
        update = old.at[tuple(slice(None, None, s) for s in strides)].set(update)
    if all(isinstance(c, int) for c in corner):
        return base.at[tuple(slice(c, c + n) for c, n in zip(corner, extent, strict=True))].set(update)
    return lax.dynamic_update_slice(base, update, _indices(corner))


def _window(shape, plan, starts):
    """The block of the input that a plan touches: its corner, its extent, the steps inside, and the shape after stepping."""
    starts = iter(starts)
    corner, extent, strides, kept = [], [], [], []
    sizes = iter(shape)
    for item in plan:
        if item[0] == "new":
            continue
        n = next(sizes)
        if item[0] == "all":
            corner.append(0), extent.append(n), strides.append(1), kept.append(n)
            continue
        start = item[-1] if item[-1] is not None else next(starts)
        length, step = (1, 1) if item[0] == "int" else item[1:3]
        (
            corner.append(start),
            extent.append((length - 1) * step + 1 if length else 0),
            strides.append(step),
            kept.append(length),
        )
    return corner, extent, strides, kept


def _take(input, corner, extent):
    if all(isinstance(c, int) for c in corner):
        return lax.slice(input, corner, [c + n for c, n in zip(corner, extent, strict=True)])
    return lax.dynamic_slice(input, _indices(corner), extent)


def _indices(corner):
    return [jnp.asarray(c, jnp.int64) for c in corner]


def _result_shape(plan, sizes):
    sizes = iter(sizes)
    shape = []
    for item in plan:
        if item[0] == "new":
            shape.append(1)
        elif item[0] == "int":
            next(sizes)
        else:
            shape.append(next(sizes))
    return shape


@op("diagonal", variants="", promote="none")
def diagonal(input: Array, offset, dim1, dim2):
    """The diagonal of two dimensions, as the last dimension."""
    return jnp.diagonal(input, offset, dim1, dim2)


@op("unfold", variants="", promote="none")
def unfold(input: Array, dim, size, step):
    """Sliding windows over one dimension, as a new last dimension."""
    if input.ndim == 0:
        return input.reshape(1)[:size]
    count = (input.shape[dim] - size) // step + 1
    positions = jnp.arange(count)[:, None] * step + jnp.arange(size)[None, :]
    return jnp.moveaxis(jnp.take(input, positions, axis=dim, mode="clip"), dim + 1, -1)


@op("as_strided", variants="", promote="none", node="AsStrided")
def as_strided(input: Array, size, stride, offset, order):
    """Any strided look at the storage; `order` is the memory order of the input's dimensions."""
    if 0 in size:
        return jnp.zeros(size, input.dtype)
    return jnp.take(input.transpose(order).reshape(-1), _positions(size, stride, offset), mode="clip")


def _positions(size, stride, offset):
    """Where in the storage the elements of a strided tensor are."""
    positions = jnp.asarray(offset)
    for d, (n, s) in enumerate(zip(size, stride, strict=True)):
        positions = positions + (jnp.arange(n) * s).reshape((n,) + (1,) * (len(size) - d - 1))
    return positions.reshape(size)


@op("as_strided_again", variants="", promote="none", node="AsStrided")
def as_strided_again(input: Array, length, size, stride, offset, input_stride, input_offset):
    """What a strided look at a storage of some length owes to a strided tensor that lies in it: zeros where that has no element."""
    if 0 in size:
        return jnp.zeros(size, input.dtype)
    own = _positions(input.shape, input_stride, input_offset).reshape(-1)
    storage = jnp.zeros(length, input.dtype).at[own].set(input.reshape(-1))
    return storage[_positions(size, stride, offset)]


@op("as_strided_scattered", variants="", promote="none", node="AsStridedScatter")
def as_strided_scattered(made: Array, input: Array, src: Array, size, stride, offset):
    """A copy of `input` whose strided part is `src`, made elsewhere: its history."""
    return made


@as_strided_scattered.backward
def _(grad, input_shape, src_shape, size, stride, offset):
    # torch gives `input` the gradient of the part that was overwritten, not of the rest.
    at, flat = _positions(size, stride, offset), grad.reshape(-1)
    part = flat[at] if 0 not in size else jnp.zeros(size, grad.dtype)
    return None, jnp.zeros_like(flat).at[at].set(part).reshape(input_shape), part


@op("view_as_real", variants="", promote="none")
def view_as_real(input: Array):
    """Real and imaginary part as a last dimension of size 2."""
    return jnp.stack([input.real, input.imag], axis=-1)


@view_as_real.inverse
def _(base, update):
    return lax.complex(update[..., 0], update[..., 1])


@op("view_as_complex", variants="", promote="none")
def view_as_complex(input: Array):
    """The last dimension of size 2 as real and imaginary part."""
    return lax.complex(input[..., 0], input[..., 1])


@view_as_complex.inverse
def _(base, update):
    return jnp.stack([update.real, update.imag], axis=-1)


@op("real", variants="", promote="none", node="ViewAsReal")
def real(input: Array):
    """The real part of a complex tensor."""
    return input.real


@real.inverse
def _(base, update):
    return lax.complex(update, base.imag)


@op("imag", variants="", promote="none", node="ViewAsReal")
def imag(input: Array):
    """The imaginary part of a complex tensor."""
    return input.imag


@imag.inverse
def _(base, update):
    return lax.complex(base.real, update)


@op("view_dtype", variants="", promote="none", differentiable=False)
def view_dtype(input: Array, dtype):
    """The same bytes read as another dtype."""
    old, new = input.dtype.itemsize, dtype.itemsize
    source = input.astype(jnp.uint8) if input.dtype == jnp.bool_ else input
    target = jnp.dtype(jnp.uint8) if dtype == jnp.bool_ else dtype
    if old < new:
        source = source.reshape(*source.shape[:-1], source.shape[-1] * old // new, new // old)
    made = lax.bitcast_convert_type(source, target)
    if old > new:
        made = made.reshape(*made.shape[:-2], made.shape[-2] * made.shape[-1])
    return made.astype(dtype)


@view_dtype.inverse
def _(base, update, dtype):
    return view_dtype.fn(update, base.dtype)


@op("alias", variants="", promote="none")
def alias(input: Array):
    """The same elements."""
    return input


@alias.inverse
def _(base, update):
    return update
