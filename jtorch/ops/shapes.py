"""Shape arithmetic shared by the operations, with torch's words for shapes that do not fit."""

import math

import jax.numpy as jnp

from .kinds import is_half


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape all operands expand to; sizes are compared from the last dimension, as torch does."""
    result: tuple[int, ...] = ()
    for shape in shapes:
        if shape == result:
            continue
        ndim = max(len(result), len(shape))
        a = (1,) * (ndim - len(result)) + tuple(result)
        b = (1,) * (ndim - len(shape)) + tuple(shape)
        for d in range(ndim - 1, -1, -1):
            if a[d] != b[d] and a[d] != 1 and b[d] != 1:
                raise RuntimeError(
                    f"The size of tensor a ({a[d]}) must match the size of tensor b ({b[d]}) "
                    f"at non-singleton dimension {d}"
                )
        result = tuple(q if p == 1 else p for p, q in zip(a, b, strict=True))
    return result


def fit(*arrays):
    """The operands as a list, after torch's check that they broadcast; None stays None.

    16-bit floats are expanded here through float32, which makes their gradients add up in float32, as torch's do.
    """
    size = broadcast_shapes(*(x.shape for x in arrays if x is not None))
    return [_expand_half(x, size) if x is not None and x.shape != size and is_half(x) else x for x in arrays]


def _expand_half(x, size):
    return jnp.broadcast_to(x.astype(jnp.float32), size).astype(x.dtype)


def expand_to(x, size: tuple[int, ...]):
    """`x` broadcast to `size`; torch's error of `expand` where it does not fit."""
    lead = len(size) - x.ndim
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.{x.dtype}{{{list(x.shape)}}}, size={list(size)}): the number of sizes provided "
            f"({len(size)}) must be greater or equal to the number of dimensions in the tensor ({x.ndim})"
        )
    for d in range(x.ndim - 1, -1, -1):
        if x.shape[d] != size[lead + d] and x.shape[d] != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({size[lead + d]}) must match the existing size ({x.shape[d]}) at "
                f"non-singleton dimension {lead + d}.  Target sizes: {list(size)}.  Tensor sizes: {list(x.shape)}"
            )
    return jnp.broadcast_to(x, size)


def wrap_dim(dim: int, ndim: int) -> int:
    """A dimension counted from 0; a 0-dim tensor is addressed as if it had one dimension."""
    span = max(ndim, 1)
    if not -span <= dim < span:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], but got {dim})")
    return dim + span if dim < 0 else dim


def wrap_dims(dims, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from 0, each at most once."""
    wrapped = tuple(wrap_dim(d, ndim) for d in ((dims,) if isinstance(dims, int) else dims))
    for d in wrapped:
        if wrapped.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    return wrapped


def axes_of(x, dim) -> tuple[int, ...]:
    """The axes a reduction with torch's `dim` runs over: None and () mean all, a 0-dim array has none."""
    if x.ndim == 0:
        return ()
    if dim is None or dim == ():
        return tuple(range(x.ndim))
    return (dim,) if isinstance(dim, int) else tuple(dim)


def count_of(x, axes: tuple[int, ...]) -> int:
    """Number of elements reduced into one."""
    return math.prod(x.shape[d] for d in axes)


def restore(reduced, axes: tuple[int, ...], keepdim: bool):
    """A reduction's result or gradient with its reduced dimensions back, as size 1."""
    return reduced if keepdim or not axes else jnp.expand_dims(reduced, axes)


def ones_before(x, ndim: int):
    """`x` with leading dimensions of size 1 up to `ndim` dimensions."""
    return x.reshape((1,) * (ndim - x.ndim) + x.shape) if x.ndim < ndim else x


def column_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a stack of matrices whose columns are contiguous, as LAPACK leaves them."""
    *batch, rows, columns = shape
    strides, step = [], max(rows, 1) * max(columns, 1)
    for size in reversed(batch):
        strides.append(step)
        step *= max(size, 1)
    return (*reversed(strides), 1, max(rows, 1))


def matrices_column_major(shapes):
    """A layout: results of two and more dimensions are column-major matrices."""
    return [column_major(shape) if len(shape) > 1 else None for shape in shapes]


def kept(shape, strides):
    """A layout: the memory order of the input, where its elements lie densely."""
    expected = 1
    for stride, size in sorted((stride, size) for stride, size in zip(strides, shape, strict=True) if size != 1):
        if stride != expected:
            return None
        expected *= size
    return strides
