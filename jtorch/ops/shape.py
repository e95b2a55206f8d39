"""Joining, repeating, mirroring, triangles, diagonals, padding; not the views, which share memory with their input."""

import math

import jax.numpy as jnp
from jax import lax

from .kinds import widened
from .registry import Array, Arrays, Dim, Dims, Number, Size, op
from .shapes import kept, ones_before, wrap_dim, wrap_dims

# --- joining -------------------------------------------------------------------------------------------------------


@op(promote="arith", variants="function out", aliases=("concat", "concatenate"), elementwise=False)
def cat(tensors: Arrays, dim=0):
    """Tensors joined along an existing dimension. Empty 1-d tensors are passed over, whatever the others' shape."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for place, x in enumerate(tensors):
        if x.ndim == 0:
            raise RuntimeError(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    joined = [(place, x) for place, x in enumerate(tensors) if x.shape != (0,)]
    if not joined:
        wrap_dim(dim, 1)
        return tensors[0]
    first = joined[0][1]
    dim = wrap_dim(dim, first.ndim)
    for place, x in joined:
        if x.ndim != first.ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}")
        for d in range(first.ndim):
            if d != dim and x.shape[d] != first.shape[d]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {dim}. Expected size {first.shape[d]} but got "
                    f"size {x.shape[d]} for tensor number {place} in the list."
                )
    return lax.concatenate([x for _, x in joined], dim)


@cat.layout
def cat_layout(shapes, *, tensors_shape, tensors_strides):
    """Channels last, where all tensors are."""
    return (_channels_last(shapes[0]) if _all_channels_last(tensors_shape, tensors_strides) else None,)


def _all_channels_last(shapes, strides):
    return all(len(n) in (4, 5) and s == _channels_last(n) for n, s in zip(shapes, strides, strict=True))


def _channels_last(shape):
    channels = shape[1]
    inner = [channels * math.prod(shape[d + 1 :]) for d in range(2, len(shape))]
    return (channels * math.prod(shape[2:]), 1, *inner)


@op(promote="arith", variants="function out", elementwise=False)
def stack(tensors: Arrays, dim=0):
    """Tensors of one shape joined along a new dimension."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0]
    dim = wrap_dim(dim, first.ndim + 1)
    for place, x in enumerate(tensors):
        if x.shape != first.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first.shape)} at entry 0 and "
                f"{list(x.shape)} at entry {place}"
            )
    return jnp.stack(tensors, dim)


@stack.layout
def stack_layout(shapes, *, tensors_shape, tensors_strides, dim):
    """That of the tensors joined along `dim`, which then is split; at the end there is nothing to split."""
    shape = tensors_shape[0]
    dim = wrap_dim(dim, len(shape) + 1)
    if dim == len(shape) or not _all_channels_last(tensors_shape, tensors_strides):
        return (None,)
    joined = _channels_last((*shape[:dim], shape[dim] * len(tensors_shape), *shape[dim + 1 :]))
    return ((*joined[:dim], shape[dim] * joined[dim], *joined[dim:]),)


def _joined(name: str, tensors, shaped, dim: int):
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return cat.fn([shaped(x) for x in tensors], dim)


@op(promote="arith", variants="function out", node="Cat", elementwise=False)
def hstack(tensors: Arrays):
    """Tensors joined side by side: 1-d ones end to end, others along dimension 1."""
    dim = 0 if tensors and jnp.atleast_1d(tensors[0]).ndim == 1 else 1
    return _joined("hstack", tensors, jnp.atleast_1d, dim)


@op(promote="arith", variants="function out", aliases=("row_stack",), node="Cat", elementwise=False)
def vstack(tensors: Arrays):
    """Tensors joined as rows, along dimension 0."""
    return _joined("vstack", tensors, jnp.atleast_2d, 0)


@op(promote="arith", variants="function out", node="Cat", elementwise=False)
def dstack(tensors: Arrays):
    """Tensors joined along dimension 2."""
    return _joined("dstack", tensors, jnp.atleast_3d, 2)


@op(promote="arith", variants="function out", node="Cat", elementwise=False)
def column_stack(tensors: Arrays):
    """Tensors joined as columns: 0-d and 1-d ones each give one, others are joined along dimension 1."""
    return _joined("column_stack", tensors, lambda x: x.reshape(-1, 1) if x.ndim < 2 else x, 1)


@op("blocks.block_diag", promote="arith", variants="", elementwise=False)
def block_diag(tensors: Arrays):
    """A matrix with the given matrices along its diagonal and 0 elsewhere; 0-d and 1-d tensors count as one row."""
    for place, x in enumerate(tensors):
        if x.ndim > 2:
            raise RuntimeError(
                "torch.block_diag: Input tensors must have 2 or fewer dimensions. "
                f"Input {place} has {x.ndim} dimensions"
            )
    blocks = [jnp.atleast_2d(x) for x in tensors]
    width = sum(x.shape[1] for x in blocks)
    rows, left = [], 0
    for x in blocks:
        rows.append(jnp.pad(x, ((0, 0), (left, width - left - x.shape[1]))))
        left += x.shape[1]
    return jnp.concatenate(rows, 0)


@op(promote="arith", variants="function method out", elementwise=False)
def kron(input: Array, other: Array):
    """Kronecker product: every element of `input` times the whole of `other`."""
    ndim = max(input.ndim, other.ndim)
    a, b = ones_before(widened(input), ndim), ones_before(widened(other), ndim)
    product = jnp.expand_dims(a, range(1, 2 * ndim, 2)) * jnp.expand_dims(b, range(0, 2 * ndim, 2))
    return product.reshape([p * q for p, q in zip(a.shape, b.shape, strict=True)]).astype(input.dtype)


# --- repeating -----------------------------------------------------------------------------------------------------


def _check_repeats(shape) -> None:
    for size in shape:
        if size < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {list(shape)}")


@op(promote="none", variants="method")
def repeat(input: Array, repeats: Size):
    """The tensor laid out `repeats[d]` times along each dimension; extra repeats lead."""
    if len(repeats) < input.ndim:
        raise RuntimeError("Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor")
    x = ones_before(input, len(repeats))
    _check_repeats(tuple(n * size for n, size in zip(repeats, x.shape, strict=True)))
    return jnp.tile(x, repeats)


@op(promote="none", variants="function method", node="Repeat")
def tile(input: Array, dims: Size):
    """As `repeat`; missing repeats lead, as 1."""
    return repeat.fn(input, (1,) * (input.ndim - len(dims)) + tuple(dims))


@op("number.repeat_interleave", promote="none", variants="", node="IndexSelect")
def repeat_interleave(input: Array, repeats, dim: Dim = None):
    """Every element repeated `repeats` times in a row, along `dim` or in the flattened tensor."""
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    if dim is None or input.ndim == 0:
        return jnp.repeat(input.reshape(-1), repeats)
    return jnp.repeat(input, repeats, axis=dim)


# --- mirroring and turning -----------------------------------------------------------------------------------------


@op(promote="none", variants="")
def flip(input: Array, dims: Dims):
    """The order of elements reversed along `dims`."""
    return jnp.flip(input, dims) if input.ndim and dims else input


@flip.layout
def flip_layout(shapes, *, input_strides):
    return [kept(shapes[0], input_strides)]


@op(promote="none", variants="function method", node="Flip")
def fliplr(input: Array):
    """Columns in reverse order."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return jnp.flip(input, 1)


fliplr.layout(flip_layout)


@op(promote="none", variants="function method", node="Flip")
def flipud(input: Array):
    """Rows in reverse order."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return jnp.flip(input, 0)


flipud.layout(flip_layout)


@op("number.roll", promote="none", variants="", node="Roll")
def roll(input: Array, shift: Number, dim: Dim):
    """Elements moved along one dimension, or all of them (None), and in again at the other end. The shift is known at run time only."""
    return jnp.roll(input, shift, dim) if input.ndim else input


@op(promote="none", variants="function method")
def rot90(input: Array, k=1, dims=(0, 1)):
    """The plane of two dimensions turned `k` times by 90 degrees, from the first dimension towards the second."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == input.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    return jnp.rot90(input, k, wrap_dims(dims, input.ndim))


@rot90.layout
def rot90_layout(shapes, *, k, dims, input_strides):
    # torch turns by reversing and then, for a quarter, transposing the result.
    if k % 2 == 0:
        return [kept(shapes[0], input_strides) if k % 4 else None]
    shape = list(shapes[0])
    a, b = wrap_dims(dims, len(shape))
    shape[a], shape[b] = shape[b], shape[a]
    dense = kept(tuple(shape), input_strides)
    strides = list(dense or (math.prod(shape[d + 1 :]) for d in range(len(shape))))
    strides[a], strides[b] = strides[b], strides[a]
    return [tuple(strides)]


# --- triangles and diagonals ---------------------------------------------------------------------------------------


@op(promote="none", variants="function method inplace out")
def tril(input: Array, diagonal=0):
    """The lower triangle of matrices, up to the given diagonal, and 0 above."""
    return _triangle("tril", jnp.tril, input, diagonal)


@op(promote="none", variants="function method inplace out")
def triu(input: Array, diagonal=0):
    """The upper triangle of matrices, from the given diagonal, and 0 below."""
    return _triangle("triu", jnp.triu, input, diagonal)


def _triangle(name: str, keep, input, diagonal):
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return keep(input, diagonal)


@op(promote="none", variants="function method")
def diag_embed(input: Array, offset=0, dim1=-2, dim2=-1):
    """Matrices in dimensions `dim1` and `dim2` with the last dimension of the input on a diagonal."""
    ndim = input.ndim + 1
    row, column = wrap_dim(dim1, ndim), wrap_dim(dim2, ndim)
    if row == column:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    before, after = max(offset, 0), max(-offset, 0)
    size = input.shape[-1] + before + after
    shape = (*input.shape[:-1], size, size)
    rows = lax.broadcasted_iota(jnp.int32, shape, input.ndim - 1)
    columns = lax.broadcasted_iota(jnp.int32, shape, input.ndim)
    # One element per column: above the main diagonal they start at column `offset`, below at column 0.
    values = lax.pad(input, jnp.zeros((), input.dtype), [(0, 0, 0)] * (input.ndim - 1) + [(before, after, 0)])
    matrix = jnp.where(columns == rows + offset, values[..., None, :], jnp.zeros((), input.dtype))
    return jnp.moveaxis(matrix, (-2, -1), (row, column))
