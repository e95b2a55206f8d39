"""Strides: contiguity, and the memory order that torch gives results."""

from . import dtypes
from .ops.channels_last import order as channels_last_strides
from .storage import contiguous_strides


def is_contiguous(shape, strides, memory_format=dtypes.contiguous_format) -> bool:
    """Whether strides describe densely packed elements in the order of a memory format."""
    if memory_format is dtypes.contiguous_format or memory_format is dtypes.preserve_format:
        return strides is None or _same(shape, strides, contiguous_strides(shape))
    ndim = 4 if memory_format is dtypes.channels_last else 5
    if len(shape) != ndim:
        return False
    return _same(shape, strides or contiguous_strides(shape), channels_last_strides(shape))


def _same(shape, strides, wanted) -> bool:
    if 0 in shape:
        return True
    return all(n == 1 or s == w for n, s, w in zip(shape, strides, wanted, strict=True))


def normal(shape, strides):
    """None for contiguous strides, so that the common case needs no comparison later."""
    return None if strides == contiguous_strides(shape) else strides


def ordered_strides(shape, order) -> tuple[int, ...]:
    """Dense strides with the dimensions of `order` from slowest to fastest."""
    strides, step = [0] * len(shape), 1
    for d in reversed(order):
        strides[d] = step
        step *= max(shape[d], 1)
    return tuple(strides)


def is_dense(shape, strides) -> bool:
    """Non-overlapping and without holes, in any order of dimensions."""
    expected = 1
    for stride, n in sorted((s, n) for s, n in zip(strides, shape, strict=True) if n != 1):
        if stride != expected:
            return False
        expected *= n
    return True


def elementwise_strides(tensors, shape):
    """Strides of an elementwise result of dimensioned operands (TensorIterator's rule), None when contiguous."""
    same = [t for t in tensors if t._aval.shape == shape]
    if len(same) == len(tensors):
        first = same[0].stride()
        if all(t.stride() == first for t in same) and is_dense(shape, first):
            return normal(shape, first)
        if all(t.is_contiguous() for t in same):
            return None
    padded = []
    for t in tensors:
        missing = len(shape) - len(t._aval.shape)
        own = [
            0 if n == 1 and m != 1 else s for s, n, m in zip(t.stride(), t._aval.shape, shape[missing:], strict=True)
        ]
        padded.append([0] * missing + own)
    order = list(range(len(shape)))[::-1]  # fastest first
    for i in range(1, len(order)):
        moving = i
        for j in range(i - 1, -1, -1):
            decision = _compare(order[j], order[moving], padded, shape)
            if decision > 0:
                order[j], order[moving] = order[moving], order[j]
                moving = j
            elif decision < 0:
                break
    return normal(shape, ordered_strides(shape, tuple(reversed(order))))


def _compare(a, b, strides, shape) -> int:
    """Whether dimension a should be slower than b (> 0), faster (< 0), or undecided: torch's should_swap."""
    for own in strides:
        sa, sb = own[a], own[b]
        if sa == 0 or sb == 0:
            continue
        if sa < sb:
            return -1
        if sa > sb:
            return 1
        if shape[a] > shape[b]:
            return 1
    return 0


def preserved_strides(tensor):
    """Strides of a copy that keeps the memory order (`clone`, `*_like`): dense ones stay, others are packed in their order."""
    if tensor._strides is None:
        return None
    shape = tensor._aval.shape
    if is_dense(shape, tensor._strides):
        return normal(shape, tensor._strides)
    return elementwise_strides([tensor], shape)


def strides_alike(tensor, memory_format):
    """Strides of a tensor made like another one, in a memory format if one is named."""
    if memory_format in (dtypes.channels_last, dtypes.channels_last_3d):
        return normal(tensor._aval.shape, channels_last_strides(tensor._aval.shape))
    return None if memory_format is dtypes.contiguous_format else preserved_strides(tensor)


def view_strides(shape, strides, wanted):
    """Strides that show the same memory in another shape without a copy, or None: torch's computeStride."""
    if 0 in shape:
        return contiguous_strides(wanted) if shape != wanted else strides
    result = [0] * len(wanted)
    d = len(wanted) - 1
    base = strides[-1] if strides else 1
    chunk, view_numel = 1, 1
    for i in range(len(shape) - 1, -1, -1):
        chunk *= shape[i]
        if i == 0 or (shape[i - 1] != 1 and strides[i - 1] != chunk * base):
            while d >= 0 and (view_numel < chunk or wanted[d] == 1):
                result[d] = view_numel * base
                view_numel *= wanted[d]
                d -= 1
            if view_numel != chunk:
                return None
            if i > 0:
                base, chunk, view_numel = strides[i - 1], 1, 1
    while d >= 0:  # a 0-dim source: only ones are left
        result[d] = 1
        d -= 1
    return tuple(result)
