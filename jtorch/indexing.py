"""`tensor[...]` and `tensor[...] = value`: ints, slices, None, Ellipsis, masks and index tensors, mixed.

What is basic (ints, slices, None) becomes one view; index tensors then gather from that view, or are scattered into it.
"""

import functools

import numpy as np

from . import dtypes
from .autograd.node import node_class
from .dispatch import apply, apply_inplace
from .functions import views
from .ops import indexing as ops
from .ops.registry import OPS
from .overlap import is_expanded, refuse_shared, warn_expanded
from .tensor import Tensor


def getitem(self: Tensor, key) -> Tensor:
    if type(key) is int and self._aval.shape and -self._aval.shape[0] <= key < self._aval.shape[0]:
        return _row(self, key)
    view, indices = _split(self, key)
    if not indices:
        return view
    tensors, where = _index_tensors(view, indices)
    return apply(ops.index, (view, tensors, where))[0]


def _row(self, position) -> Tensor:
    """`x[3]`: what `_split` would make of it, in a quarter of the time. Datasets read every sample this way."""
    shape, strides = self._aval.shape, self.stride()
    start = position % shape[0]
    return views.index_view(
        self, _row_plan(len(shape)), (shape[1:], strides[1:], self._offset + start * strides[0]), (start,), "Select"
    )


@functools.cache
def _row_plan(ndim):
    return (("int", None), *[("all",)] * (ndim - 1))


def setitem(self: Tensor, key, value) -> None:
    if self._aval.layout is not dtypes.strided:
        raise TypeError("Cannot assign to a sparse tensor")
    if isinstance(key, Tensor) and key.dtype.name == "bool" and _fill_mask(self, key, value):
        return
    view, indices = _split(self, key, writing=True)
    if not isinstance(value, Tensor):
        if isinstance(value, (list, tuple)):
            raise TypeError(f"can't assign a {type(value).__name__} to a {self.type()}")
        value = _as_value(value, view)
    if not indices:
        if view is self:
            view = views.alias(self)
        value = _drop_leading_ones(value, len(view._aval.shape))
        if value._aval.shape != view._aval.shape:
            value = value.expand(view._aval.shape)
        view.copy_(value)
        return
    self._check_writable("setitem", overlap=False)
    tensors, where = _index_tensors(view, indices)
    _put(view, tensors, where, value if value.dtype is view.dtype else value.to(view.dtype))


def _as_value(value, like):
    from .creation import tensor

    if isinstance(value, (bool, int, float, complex, np.generic)):
        return tensor(value, dtype=like.dtype, device=like.device)
    return tensor(value, device=like.device)


def _drop_leading_ones(value, ndim):
    shape = value._aval.shape
    while len(shape) > ndim and shape[0] == 1:
        shape = shape[1:]
    return value if shape == value._aval.shape else value.reshape(shape)


def _fill_mask(self, mask, value) -> bool:
    """`x[mask] = number`: no position needs to be known, so nothing has to run."""
    if mask._aval.shape != self._aval.shape[: len(mask._aval.shape)]:
        return False
    if isinstance(value, Tensor):
        if value._aval.size != 1 or value._aval.shape not in ((), (1,)):
            return False
        value = value.reshape(())
        if value.dtype is not self.dtype:
            value = value.to(self.dtype)
    elif not isinstance(value, (bool, int, float, np.generic)):
        return False
    extra = len(self._aval.shape) - len(mask._aval.shape)
    if extra:
        mask = mask.reshape(mask._aval.shape + (1,) * extra)
    if not isinstance(value, Tensor):
        value = _as_value(value, self)
    if is_expanded(self):
        warn_expanded("index_put")
    self.masked_fill_(mask, value)
    if self._node is not None and type(self._node).__name__.startswith("MaskedFill"):
        self._node.__class__ = node_class("IndexPutBackward0")
    return True


def _split(self, key, writing=False):
    """The view by the basic part of a key, and [(dimension of the view, index)] for the rest."""
    items = list(key) if isinstance(key, tuple) else [key]
    if isinstance(key, list):
        # numpy's old habit, which torch keeps: a short list with a slice, None or `...` in it is meant as a tuple.
        items = (
            list(key) if len(key) < 32 and any(isinstance(k, (slice, type(None), type(...))) for k in key) else [key]
        )
    shape, strides = self._aval.shape, self.stride()
    used = sum(_width(item) for item in items)
    if any(item is Ellipsis for item in items):
        at = next(i for i, item in enumerate(items) if item is Ellipsis)
        fill = [slice(None)] * (len(shape) - used)
        items = [*items[:at], *fill, *(slice(None) if i is Ellipsis else i for i in items[at + 1 :])]
    if used > len(shape):
        if not shape and all(not isinstance(i, (Tensor, np.ndarray, list)) for i in items):
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    plan, size, stride, starts, advanced = [], [], [], [], []
    offset, d, label, plain = self._offset, 0, None, True
    for item in items:
        if item is None:
            plan.append(("new",)), size.append(1)
            stride.append(strides[d] * shape[d] if d < len(shape) else 1)
            label, plain = "Unsqueeze", False
        elif isinstance(item, slice):
            start, length, step, given = _range(item, shape[d])
            if length == shape[d] and step == 1 and start == 0 and not given:
                plan.append(("all",))
            else:
                plan.append(("slice", length, step, None if given else 0))
                if given:
                    starts.append(start)
                if not (length == shape[d] and step == 1):
                    label = "Slice"
                plain = False
            size.append(length), stride.append(strides[d] * step)
            offset += start * strides[d]
            d += 1
        elif (position := _position(item)) is not None:
            n = shape[d]
            if not -n <= position < n:
                raise IndexError(f"index {position} is out of bounds for dimension {d} with size {n}")
            plan.append(("int", None)), starts.append(position % n)
            offset += (position % n) * strides[d]
            label, plain = "Select", False
            d += 1
        else:
            index = _index_tensor(item, self)
            width = len(index._aval.shape) if index.dtype.name in ("bool", "uint8") else 1
            if isinstance(item, bool) or (index.dtype.name == "bool" and not index._aval.shape):
                # A 0-dim mask: a new dimension of size 1 or 0.
                plan.append(("new",)), size.append(1), stride.append(1)
                advanced.append((len(size) - 1, index.reshape(1)))
                plain = False
                continue
            if index.dtype.name in ("bool", "uint8"):
                for k, n in enumerate(index._aval.shape):
                    if n != shape[d + k]:
                        raise IndexError(
                            f"The shape of the mask {list(index._aval.shape)} at index {k} does not match the shape of the indexed tensor {list(shape)} at index {d + k}"
                        )
            advanced.append((len(size), index))
            for _ in range(width):
                plan.append(("all",)), size.append(shape[d]), stride.append(strides[d])
                d += 1
    for n, s in zip(shape[d:], strides[d:], strict=True):
        plan.append(("all",)), size.append(n), stride.append(s)
    if plain:
        if advanced or writing:
            return self, advanced
        return views.alias(self), advanced
    view = views.index_view(self, tuple(plan), (tuple(size), tuple(stride), offset), tuple(starts), label or "Alias")
    return view, advanced


def _width(item) -> int:
    """How many dimensions an index item stands for."""
    if item is None or item is Ellipsis or isinstance(item, (bool, np.bool_)):
        return 0
    if isinstance(item, Tensor) and item.dtype.name in ("bool", "uint8"):
        return len(item._aval.shape)
    if isinstance(item, np.ndarray) and item.dtype == np.bool_:
        return item.ndim
    if isinstance(item, (list, tuple)) and item and not isinstance(item[0], Tensor):
        array = np.asarray(item)
        if array.dtype == np.bool_:
            return array.ndim
    return 1


def _position(item):
    """The int an index item is, or None: a 0-dim integer tensor counts as an int."""
    if isinstance(item, (bool, np.bool_)):
        return None
    if isinstance(item, Tensor):
        if item._aval.shape or item.dtype.priority != 1 or item.dtype.name == "uint8" or item._read().traced:
            return None  # a number that vmap maps over has no one position: it is an index like a longer tensor
        return int(item.item())
    if isinstance(item, (int, np.integer)):
        return int(item)
    if hasattr(item, "__index__") and not isinstance(item, (np.ndarray, list, tuple)):
        return item.__index__()
    return None


def _range(item: slice, n: int):
    step = 1 if item.step is None else item.step.__index__()
    if step <= 0:
        raise ValueError("step must be greater than zero")
    start, stop, _ = slice(*(None if e is None else e.__index__() for e in (item.start, item.stop)), step).indices(n)
    return start if n else 0, max(-(-(stop - start) // step), 0), step, item.start is not None


def _index_tensor(item, like) -> Tensor:
    from .creation import tensor
    from .interop import own_numpy

    if isinstance(item, Tensor):
        if item.dtype.priority > 1:
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return item
    if isinstance(item, (np.ndarray, list, tuple, range)):
        if isinstance(item, (list, tuple)) and any(isinstance(i, Tensor) for i in item):
            return tensor([int(i) for i in item], device=like.device)
        array = np.asarray(item)
        if array.size == 0 and array.dtype.kind == "f":
            array = array.astype(np.int64)
        if array.dtype.kind not in "iub":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        return own_numpy(array.astype(np.int64) if array.dtype.kind != "b" else array).to(like.device)
    if isinstance(item, (bool, np.bool_)):
        return tensor(bool(item), device=like.device)
    raise IndexError(
        f"only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices (got {type(item).__name__})"
    )


def _index_tensors(view, indices):
    """Masks become positions; gives the index tensors and the dimensions they stand in."""
    tensors, where = [], []
    for d, index in indices:
        if index.dtype.name in ("bool", "uint8"):
            if index.dtype.name == "uint8":
                import warnings

                warnings.warn(
                    "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool instead.",
                    UserWarning,
                    stacklevel=4,
                )
            for k, positions in enumerate(index.nonzero(as_tuple=True)):
                tensors.append(positions)
                where.append(d + k)
        else:
            tensors.append(index if index.dtype.name == "int64" else index.to(dtypes.int64))
            where.append(d)
    return tensors, tuple(where)


def index_put(self: Tensor, indices, values, accumulate=False, *, inplace=True):
    """`Tensor.index_put_` and `index_put`: positions by a tuple of index tensors (None for a whole dimension)."""
    pairs, d = [], 0
    for index in indices:
        if index is None:
            d += 1
            continue
        pairs.append((d, index))
        d += len(index._aval.shape) if index.dtype.name in ("bool", "uint8") else 1
    target = self if inplace else self.clone()
    tensors, where = _index_tensors(target, pairs)
    target._check_writable("index_put_", overlap=False)
    if not isinstance(values, Tensor):
        values = _as_value(values, self)
    return _put(target, tensors, where, values, accumulate)


def _put(self, tensors, where, values, accumulate=False):
    for other in (values, *tensors):
        refuse_shared(self, other, wholly=True)
    return apply_inplace(OPS["index_put"], (self, tensors, values, where, accumulate))
