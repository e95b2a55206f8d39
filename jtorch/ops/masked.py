"""Reading and writing at places a mask marks, and at positions in the flattened tensor."""

import math

import jax.numpy as jnp

from .gather_scatter import EVERYWHERE, by_value, outside, take_along, write
from .kinds import c_name, is_bool, is_complex, scalar_name
from .memory import cast
from .registry import Array, Dim, Number, Operand, op
from .shapes import broadcast_shapes, expand_to, fit


@op(promote="none", variants=EVERYWHERE, node=by_value("MaskedFill"))
def masked_fill(input: Array, mask: Array, value: Operand):
    """`input` with one value where the mask is True."""
    if not is_bool(mask):
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {c_name(mask)}")
    value = jnp.asarray(value)
    if value.ndim:
        raise RuntimeError(
            f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    if is_complex(value) and not is_complex(input):
        raise RuntimeError(f"value cannot be converted to type {_value_name(input)} without overflow")
    mask, input = fit(mask, input)
    return jnp.where(mask, value.astype(input.dtype), input)


@op("fill_window", variants="", promote="none")
def fill_window(input: Array, value: Array, top: Number, left: Number, height: Number, width: Number):
    """`input` with `value` (for each element, or for each row of the first dimensions) in a window of the last two."""
    rows, columns = (jnp.arange(n) for n in input.shape[-2:])
    inside = ((rows >= top) & (rows < top + height))[:, None] & (columns >= left) & (columns < left + width)
    return jnp.where(inside, cast(value, input.dtype), input)


def _value_name(x) -> str:
    return {"int64": "int64_t", "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t"}.get(x.dtype.name, c_name(x))


@op(promote="none", variants=EVERYWHERE)
def masked_scatter(input: Array, mask: Array, source: Array):
    """`input` with the elements of `source`, one after the other, where the mask is True."""
    if not is_bool(mask):
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {scalar_name(mask)}")
    if input.dtype != source.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{scalar_name(input)} and {scalar_name(source)}"
        )
    mask, x = jnp.broadcast_arrays(*fit(mask, input))
    if source.size == 0:
        return x
    order = jnp.cumsum(mask.reshape(-1)).reshape(mask.shape) - 1
    return jnp.where(mask, jnp.take(source.reshape(-1), order, mode="clip"), x)


@masked_scatter.check
def masked_scatter_check(xp, *, input_shape, mask, source_shape):
    marked = xp.broadcast_to(mask, broadcast_shapes(mask.shape, input_shape)).sum()
    return marked > math.prod(source_shape), RuntimeError, "Number of elements of source < number of ones in mask"


def _require_long(name: str, index) -> None:
    if index.dtype != jnp.int64:
        raise RuntimeError(f"{name}(): Expected a long tensor for index, but got {scalar_name(index)}")


@op(promote="none", variants="function method out")
def take(input: Array, index: Array):
    """Elements of the flattened `input` at `index`, in the shape of `index`; negative indices count from the end."""
    _require_long("take", index)
    if input.size == 0 and index.size:
        raise IndexError("take(): tried to take from an empty tensor")
    return input.reshape(-1).at[index].get(mode="clip")


@op(promote="none", variants="function method inplace out")
def put(input: Array, index: Array, source: Array, accumulate=False):
    """`input` with the elements of `source` written (or added) at positions of the flattened tensor."""
    _require_long("put_", index)
    if input.dtype != source.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{scalar_name(input)} and source.dtype = {scalar_name(source)}"
        )
    if index.size != source.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.size}, index.numel() = {index.size}"
        )
    place = input.reshape(-1).at[index.reshape(-1)]
    values = source.reshape(-1)
    return write(place, "add" if accumulate else "set", values).reshape(input.shape)


@put.backward
def put_backward(grad, index, source_shape, accumulate):
    flat = grad.reshape(-1)
    kept = grad if accumulate else flat.at[index.reshape(-1)].set(0, mode="drop").reshape(grad.shape)
    return kept, None, flat.at[index.reshape(-1)].get(mode="clip").reshape(source_shape)


@take.check
@put.check
def take_check(xp, *, input_shape, index):
    size = math.prod(input_shape)

    def message():
        first = index[outside(index, size, wraps=True)].flat[0]
        return f"out of range: tried to access index {first} on a tensor of {size} elements."

    return outside(index, size, wraps=True).any(), IndexError, message


@op(promote="none", variants="function method out", node="Gather")
def take_along_dim(input: Array, indices: Array, dim: Dim = None):
    """`input` at `indices` along `dim`, both broadcast elsewhere; without `dim` in the flattened tensor."""
    if indices.dtype != jnp.int64:
        raise RuntimeError(f"torch.take_along_dim(): dtype of indices should be Long but got {scalar_name(indices)}")
    if dim is None:
        flat, at = input.reshape(-1), indices.reshape(-1)
        return take_along(flat, 0, _wrapped(at, flat.size))
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    rest = broadcast_shapes(_without(input.shape, dim), _without(indices.shape, dim))
    x = expand_to(input, (*rest[:dim], input.shape[dim], *rest[dim:]))
    at = expand_to(indices, (*rest[:dim], indices.shape[dim], *rest[dim:]))
    return take_along(x, dim, _wrapped(at, input.shape[dim]))


def _without(shape, dim):
    return shape[:dim] + shape[dim + 1 :]


def _wrapped(index, size: int):
    return jnp.where(index < 0, index + size, index)
