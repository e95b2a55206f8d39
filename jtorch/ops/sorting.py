"""Sorting, the largest elements, and looking up in what is sorted."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from .gather_scatter import put_along
from .kinds import is_bool, is_complex, is_floating, not_implemented, widened
from .registry import Array, Dim, Number, Operand, OptionalArray, op


def _order_key(input):
    """An int32 that sorts as the input does: zeros of both signs are equal, NaN is the largest."""
    if not is_floating(input):
        return input.astype(jnp.int32)
    x = input.astype(jnp.float32)
    x = jnp.where(x == 0, 0, jnp.where(jnp.isnan(x), jnp.nan, x))
    bits = lax.bitcast_convert_type(x, jnp.int32)
    return jnp.where(bits < 0, bits ^ 0x7FFFFFFF, bits)


def _packs(dtype) -> bool:
    """Whether a key of this dtype fits into 32 bits."""
    return dtype.itemsize < 4 or dtype in (jnp.float32, jnp.int32)


def ordered(input, dim: int, descending: bool = False):
    """Values in order and where each was. Equal elements keep their order; NaN counts as the largest."""
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    places = lax.broadcasted_iota(jnp.int64, input.shape, dim)
    if _packs(input.dtype):
        # XLA sorts one int64 four times faster than a pair on the CPU: the key above, the place below.
        key = _order_key(input)
        packed = (key if not descending else ~key).astype(jnp.int64) << 32 | places
        indices = lax.sort(packed, dimension=dim, is_stable=False) & 0xFFFFFFFF
        return jnp.take_along_axis(input, indices, axis=dim, mode="clip"), indices
    if not descending:
        return tuple(lax.sort((input, places), dimension=dim, is_stable=True, num_keys=1))
    # Sorting the mirror image upwards and mirroring again leaves equal elements in their order.
    mirrored = (jnp.flip(input, dim), jnp.flip(places, dim))
    return tuple(jnp.flip(x, dim) for x in lax.sort(mirrored, dimension=dim, is_stable=True, num_keys=1))


def _refuse_complex(words: str, input) -> None:
    if is_complex(input):
        raise RuntimeError(words)


@op(
    promote="none",
    variants="function method out",
    node=lambda given: f"SortBackward{int(given['stable'])}",
    outputs=("values", "indices"),
)
def sort(input: Array, dim: Dim = -1, descending=False, stable=False):
    """Elements in order along `dim` and where each was. The order of equal elements is kept, asked or not."""
    _refuse_complex(" Sort does not support complex dtypes on CPU", input)
    return ordered(input, dim, descending)


@sort.backward
def sort_backward(grads, result1, dim):
    return put_along("set", jnp.zeros(result1.shape, grads[0].dtype), dim, result1, grads[0])


@op(promote="none", variants="function method out", differentiable=False)
def argsort(input: Array, dim: Dim = -1, descending=False, stable=False):
    """Where each element in order along `dim` was. The order of equal elements is kept, asked or not."""
    _refuse_complex(" Sort does not support complex dtypes on CPU", input)
    return ordered(input, dim, descending)[1]


@op(promote="none", variants="function method out", outputs=("values", "indices"))
def topk(input: Array, k, dim: Dim = -1, largest=True, sorted=True):
    """The `k` largest (or smallest) elements along `dim`, in order, and where they stand; NaN counts as the largest."""
    _refuse_complex(" topk does not support complex dtypes on CPU", input)
    if is_bool(input):
        raise RuntimeError("topk does not support bool dtypes on CPU")
    length = input.shape[dim] if input.ndim else 1
    if not 0 <= k <= length:
        raise RuntimeError("selected index k out of range")
    if input.ndim == 0:
        return input, jnp.zeros((), jnp.int64)
    if input.dtype == jnp.float32 and 0 < k <= length // 2:
        return _few(input, k, dim, largest)
    values, indices = ordered(input, dim, largest)
    return lax.slice_in_dim(values, 0, k, axis=dim), lax.slice_in_dim(indices, 0, k, axis=dim)


def _few(input, k, dim, largest):
    """Few elements of many: XLA has a selection for float32 that is far cheaper than a sort."""
    key = lax.stop_gradient(input)
    if largest:
        # In XLA's total order a NaN with its sign bit set, which x86 makes of 0 / 0, is the lowest of all.
        key = jnp.where(jnp.isnan(key), jnp.nan, key)
    else:
        # NaN must come last, behind inf.
        key = jnp.where(jnp.isnan(key), -jnp.inf, jnp.maximum(-key, jnp.finfo(key.dtype).min))
    _, indices = lax.top_k(jnp.moveaxis(key, dim, -1), k)
    indices = jnp.moveaxis(indices.astype(jnp.int64), -1, dim)
    return jnp.take_along_axis(input, indices, axis=dim, mode="clip"), indices


@topk.backward
def topk_backward(grads, result1, dim, input_shape):
    return put_along("set", jnp.zeros(input_shape, grads[0].dtype), dim, result1, grads[0])


# --- lookup --------------------------------------------------------------------------------------------------------


@op("sorted.lookup", promote="none", variants="", differentiable=False)
def lookup(boundaries: Array, values: Operand, sorter: OptionalArray = None, *, right=False, out_int32=False):
    """Where each value would go in the sorted last dimension of `boundaries`: before equals, or after with `right`."""
    values = jnp.asarray(values)
    if sorter is not None:
        boundaries = jnp.take_along_axis(boundaries, sorter, axis=-1, mode="clip")
    common = jnp.promote_types(boundaries.dtype, values.dtype)
    found = _search(boundaries.astype(common), values.astype(common), right)
    return found.astype(jnp.int32 if out_int32 else jnp.int64)


def _search(boundaries, values, right):
    """Binary search in all rows at once. NaN sorts last."""
    length = boundaries.shape[-1]
    shared = boundaries.ndim == 1
    low = jnp.zeros(values.shape, jnp.int64)
    high = jnp.full(values.shape, length, jnp.int64)
    for _ in range(max(length, 1).bit_length()):
        middle = (low + high) // 2
        at = jnp.minimum(middle, max(length - 1, 0))
        if length == 0:
            break
        found = boundaries[at] if shared else jnp.take_along_axis(boundaries, at, axis=-1, mode="clip")
        # Not `found < value`: with NaN on either side, NaN must come out as the larger.
        goes_right = ~_before(values, found) if right else _before(found, values)
        active = low < high
        low = jnp.where(active & goes_right, middle + 1, low)
        high = jnp.where(active & ~goes_right, middle, high)
    return low


def _before(a, b):
    """a < b in sorting order."""
    if is_floating(a):
        return (a < b) | (jnp.isnan(b) & ~jnp.isnan(a))
    return a < b


# --- counts --------------------------------------------------------------------------------------------------------


@op(promote="none", variants="function method out", differentiable=False)
def histc(input: Array, bins=100, min: Number = 0, max: Number = 0):
    """How many elements fall into each of `bins` equal intervals of [min, max]; of the data's range if both are equal."""
    if not is_floating(input):
        raise not_implemented("histogram_cpu", input)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    x = widened(input).reshape(-1)
    low, high = jnp.asarray(min).astype(x.dtype), jnp.asarray(max).astype(x.dtype)
    if x.size:
        whole = low == high
        low, high = jnp.where(whole, jnp.min(x), low), jnp.where(whole, jnp.max(x), high)
    flat = low == high
    low, high = jnp.where(flat, low - 1, low), jnp.where(flat, high + 1, high)
    place = jnp.floor((x - low) / (high - low) * bins).astype(jnp.int64)
    inside = (x >= low) & (x <= high)
    place = jnp.clip(place, 0, bins - 1)
    return jnp.zeros(bins, x.dtype).at[place].add(inside.astype(x.dtype)).astype(input.dtype)


@histc.check
def histc_check(xp, *, input, min, max):
    low, high = xp.asarray(min).astype(np.float64), xp.asarray(max).astype(np.float64)
    of_data = (low == high) & bool(input.size)
    finite = xp.where(of_data, xp.isfinite(input).all(), xp.isfinite(low) & xp.isfinite(high))

    def message():
        if low > high:
            return "torch.histc: max must be larger than min"
        ends = (input.min(), input.max()) if of_data else (low, high)
        return f"torch.histc: range of [{ends[0]:g}, {ends[1]:g}] is not finite"

    return (low > high) | ~finite, RuntimeError, message
