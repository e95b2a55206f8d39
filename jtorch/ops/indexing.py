"""Indexing by tensors: numpy's rules, which are torch's. `where` says which dimension each index tensor stands in."""

import jax.numpy as jnp

from .kinds import is_bool
from .registry import Array, Arrays, op


def _key(ndim, indices, where):
    key = [slice(None)] * ndim
    for d, index in zip(where, indices, strict=True):
        key[d] = index
    return tuple(key)


def _out_of_range(xp, indices, where, shape):
    bad = xp.zeros((), bool)
    for d, index in zip(where, indices, strict=True):
        n = shape[d]
        bad = bad | xp.any((index < -n) | (index >= n))

    def message():
        for d, index in zip(where, indices, strict=True):
            for i in index.reshape(-1).tolist():
                if not -shape[d] <= i < shape[d]:
                    return f"index {i} is out of bounds for dimension {d} with size {shape[d]}"

    return bad, IndexError, message


@op("index", variants="", promote="none")
def index(input: Array, indices: Arrays, where):
    """Elements at positions given by index tensors, which broadcast together."""
    try:
        jnp.broadcast_shapes(*(i.shape for i in indices))
    except ValueError:
        shapes = ", ".join(str(list(i.shape)) for i in indices)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    return input[_key(input.ndim, indices, where)]


@index.check
def _(xp, indices, where, input_shape):
    return _out_of_range(xp, indices, where, input_shape)


@index.backward
def index_backward(grad, indices, where, input_shape):
    flat = jnp.zeros(input_shape, grad.dtype).at[_key(len(input_shape), indices, where)].add(grad)
    return flat, [None] * len(indices)


@op("index_put", variants="", promote="none")
def index_put(input: Array, indices: Arrays, values: Array, where, accumulate=False):
    """`input` with the elements at positions given by index tensors replaced by `values`, or increased by them."""
    key = _key(input.ndim, indices, where)
    if values.dtype != input.dtype:
        raise RuntimeError("Index put requires the source and destination dtypes match")
    target = input[key].shape
    try:
        values = jnp.broadcast_to(values.reshape(values.shape[max(values.ndim - len(target), 0) :]), target)
    except (ValueError, TypeError):
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to indexing result of shape {list(target)}"
        ) from None
    if not accumulate:
        return input.at[key].set(values)
    return input.at[key].max(values) if is_bool(input) else input.at[key].add(values)


@index_put.check
def _(xp, indices, where, input_shape):
    return _out_of_range(xp, indices, where, input_shape)
