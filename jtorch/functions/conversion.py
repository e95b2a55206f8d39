"""Copies, casts, moves, fills, and the tensor methods that change what a tensor looks at."""

import builtins
import math

import numpy as np

from .. import creation, devices, dtypes, engine
from ..autograd.mode import STATE
from ..dispatch import apply, apply_inplace
from ..interop import to_jax, to_numpy
from ..layout import channels_last_strides, is_contiguous, normal, preserved_strides
from ..ops import memory as ops
from ..ops.kinds import SCALAR_NAMES
from ..overlap import is_expanded, refuse_shared
from ..promotion import check_range
from ..storage import contiguous_strides
from ..tensor import Tensor
from ..transfer import move, place_of


def clone(input: Tensor, *, memory_format=dtypes.preserve_format) -> Tensor:
    """A copy with memory of its own, through which gradients flow."""
    out = apply(ops.clone, (input,))[0]
    return _in_format(out, input, memory_format)


def _in_format(out, source, memory_format):
    if memory_format is dtypes.contiguous_format:
        strides = None
    elif memory_format in (dtypes.channels_last, dtypes.channels_last_3d):
        strides = normal(out._aval.shape, channels_last_strides(out._aval.shape))
    else:
        strides = preserved_strides(source)
    if strides is not None:
        out._strides = out._storage.strides = strides
    return out


def contiguous(input: Tensor, memory_format=dtypes.contiguous_format) -> Tensor:
    """The tensor itself if it is packed in order, else a copy that is."""
    if is_contiguous(input._aval.shape, input._strides, memory_format):
        return input
    return clone(input, memory_format=memory_format)


def to(self: Tensor, *args, **kwargs) -> Tensor:
    """Another dtype, device or memory format; the tensor itself when nothing changes.

    >>> import jtorch as torch
    >>> torch.ones(2).to(torch.int64)
    tensor([1, 1])
    """
    device, dtype, non_blocking, copy, memory_format = parse_to(*args, **kwargs)
    return _convert(self, device, dtype, copy, memory_format)


def parse_to(*args, device=None, dtype=None, other=None, non_blocking=False, copy=False, memory_format=None):
    """The arguments of `.to`: (device, dtype, non_blocking, copy, memory_format)."""
    rest = []
    for arg in args:
        if isinstance(arg, dtypes.dtype) or (arg.__class__ is builtins.type and arg in dtypes.PYTHON):
            dtype = arg
        elif isinstance(arg, Tensor):
            other = arg
        elif isinstance(arg, dtypes.memory_format):
            memory_format = arg
        elif isinstance(arg, bool):
            rest.append(arg)
        elif isinstance(arg, (str, devices.device, int)):
            device = arg
        elif arg is not None:
            raise TypeError(
                f"to() received an invalid combination of arguments - got ({', '.join(builtins.type(a).__name__ for a in args)}), but expected one of: a device, a dtype or a tensor"
            )
    if rest:
        non_blocking, copy = (rest + [copy])[:2] if len(rest) == 1 else rest[:2]
    if other is not None:
        device, dtype = other.device, other.dtype
    return (
        None if device is None else devices.canonical(devices.device(device)),
        dtypes.PYTHON.get(dtype, dtype),
        non_blocking,
        copy,
        memory_format,
    )


def _convert(self, device, dtype, copy=False, memory_format=None):
    if self._dispatcher is not None:
        return self._convert(device, dtype, copy, memory_format)
    out = self
    if device is not None and place_of(device) is not self._storage.value.place:
        out = _moved(out, place_of(device))
    if dtype is not None and dtype is not self._aval.dtype:
        cast = apply(ops.to_dtype, (out, dtype.numpy))[0]
        out = _in_format(cast, out, memory_format or dtypes.preserve_format)
    elif out is self and (
        copy
        or (
            memory_format is not None
            and not self.is_contiguous(memory_format)
            and memory_format is not dtypes.preserve_format
        )
    ):
        out = clone(self, memory_format=memory_format or dtypes.preserve_format)
    return out


def _moved(self, place):
    """The tensor on another device; its gradient moves back."""
    if self._aval.layout is not dtypes.strided:
        from ..sparse.conversion import moved

        return moved(self, place)
    out = Tensor.__new_plain__(move(self._read(), place), preserved_strides(self))
    if STATE.grad and self.requires_grad:
        from ..autograd.transfer import ToCopyBackward0

        out._node, out._requires = ToCopyBackward0(self, place), True
    return out


def cpu(self: Tensor, memory_format=None) -> Tensor:
    return _convert(self, devices.cpu, None)


def cuda(self: Tensor, device=None, non_blocking=False, memory_format=None) -> Tensor:
    target = devices.device("cuda") if device is None else devices.device(device)
    return _convert(self, devices.canonical(target), None)


def _moving_to(device: str):
    def method(self: Tensor, device=None, non_blocking=False, memory_format=None) -> Tensor:
        return _convert(self, devices.canonical(devices.device(name)), None)

    name = method.__name__ = device
    method.__doc__ = f"Raises: there is no device {device!r}."
    return method


ipu, mtia, xpu = map(_moving_to, ("ipu", "mtia", "xpu"))


def type(self: Tensor, dtype=None, non_blocking=False, **kwargs):
    """The old name of the tensor's type; with an argument, the tensor converted to that type or dtype."""
    if dtype is None:
        module = "torch.cuda" if self.is_cuda else "torch.meta" if self.is_meta else "torch"
        if self._aval.layout is not dtypes.strided:
            module += ".sparse"
        return f"{module}.{SCALAR_NAMES[self.dtype.name]}Tensor"
    if isinstance(dtype, dtypes.dtype):
        return _convert(self, None, dtype)
    kind = creation.TYPES.get(dtype) if isinstance(dtype, str) else dtype
    if kind is Tensor or dtype == "torch.Tensor":
        return _convert(self, devices.cpu, dtypes.default_dtype())
    if kind is None or not hasattr(kind, "dtype"):
        raise ValueError(f"invalid type: {dtype!r}")
    return _convert(self, devices.canonical(devices.device(kind.device)), kind.dtype)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    return _convert(self, other.device, other.dtype)


def _cast_method(name, dtype):
    def method(self, memory_format=dtypes.preserve_format):
        return _convert(
            self, None, dtype, memory_format=memory_format if memory_format is not dtypes.preserve_format else None
        )

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {dtype}."
    return method


CASTS = {
    name: _cast_method(name, dtypes.NAMES[target])
    for name, target in {
        "float": "float32", "double": "float64", "half": "float16", "bfloat16": "bfloat16", "int": "int32", "long": "int64",
        "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool", "cfloat": "complex64", "cdouble": "complex128",
    }.items()
}  # fmt: skip


def chalf(self: Tensor, *, memory_format=dtypes.preserve_format) -> Tensor:
    """Refused: JAX has no complex numbers of 16-bit parts."""
    raise NotImplementedError(
        "Tensor.chalf: JAX has no complex32 (complex numbers of two float16); use Tensor.cfloat() for complex64"
    )


CASTS["chalf"] = chalf


def copy_(self: Tensor, other, non_blocking=False) -> Tensor:
    """Write the elements of `other`, broadcast and cast, into this tensor."""
    if not isinstance(other, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {other.__class__.__name__}")
    if other._storage.value.place is not self._storage.value.place:
        other = _moved(other, self._storage.value.place)
    if self is other:
        return self
    if self._aval.layout is other._aval.layout is dtypes.strided:
        _broadcastable(other._aval.shape, self._aval.shape)
        refuse_shared(self, other)
    return apply_inplace(ops.copy, (self, other))


def _broadcastable(have, want):
    """Torch's error where a tensor of one shape cannot be written into one of another."""
    if have == want:
        return
    shape, ndim = [], max(len(have), len(want))
    for i in range(1, ndim + 1):
        n, m = (sizes[-i] if i <= len(sizes) else 1 for sizes in (have, want))
        if n != m and 1 not in (n, m):
            raise RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at non-singleton dimension {ndim - i}"
            )
        shape.insert(0, m if n == 1 else n)
    if tuple(shape) != tuple(want):
        raise RuntimeError(f"output with shape {list(want)} doesn't match the broadcast shape {shape}")


def fill_(self: Tensor, value) -> Tensor:
    """Set every element to one value."""
    if isinstance(value, Tensor) and value._aval.shape:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {len(value._aval.shape)} dimensions."
        )
    if isinstance(value, Tensor) and value._storage.value.place is not self._storage.value.place:
        value = value.item()
    if isinstance(value, builtins.complex) and not self.is_complex():
        raise RuntimeError("value cannot be converted to type " + self.dtype.name + " without overflow")
    if not isinstance(value, (Tensor, builtins.complex)):
        check_range(value, self.dtype)
    apply_inplace(ops.fill, (_elements(self), value))
    return self


def fill(input: Tensor, value) -> Tensor:
    return clone(input).fill_(value)


def zero_(self: Tensor) -> Tensor:
    """Set every element to zero."""
    apply_inplace(ops.zero, (_elements(self),))
    return self


def _elements(self: Tensor) -> Tensor:
    """What a fill has to write: of an expanded tensor, each element once."""
    if not is_expanded(self):
        return self
    from ..expanded import distinct

    return distinct(self)


def numpy(self: Tensor, *, force: bool = False) -> np.ndarray:
    """A numpy array that shares this tensor's memory, both ways.

    >>> import jtorch as torch
    >>> t = torch.zeros(2); a = t.numpy(); a[0] = 7; t
    tensor([7., 0.])
    """
    return to_numpy(self, force)


def __array__(self: Tensor, dtype=None, copy=None) -> np.ndarray:
    array = to_numpy(self)
    if dtype is not None and array.dtype != dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


def __array_wrap__(self: Tensor, array, context=None, return_scalar=False):
    from ..interop import from_numpy

    return from_numpy(np.asarray(array))


def set_(self: Tensor, source=None, storage_offset=0, size=None, stride=None) -> Tensor:
    """Look at another tensor's (or storage's) memory."""
    if source is None:
        source = creation.zeros(0, dtype=self.dtype)
    if not isinstance(source, Tensor):
        source = source._tensor(self.dtype)
        if size is None:
            size = (source.numel(),)
    if size is not None:
        source = source.detach().as_strided(size, stride or contiguous_strides(tuple(size)), storage_offset)
    self._adopt(source)
    self._counter.version += 1
    return self


def resize_(self: Tensor, *size, memory_format=None) -> Tensor:
    """Change the size in place: the first elements stay, new ones are uninitialised (zero)."""
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    size = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    size = tuple(int(n) for n in size)
    if size == self._aval.shape:
        return self
    self._counter.version += 1
    count = math.prod(size)
    storage = self._storage
    total = storage.value.aval.size
    place = storage.value.place
    if count + self._offset > total or storage.strides is not None or len(storage.value.aval.shape) != 1:
        flat = np.zeros(max(total, count + self._offset), self.dtype.numpy)
        if total:
            whole = storage.read().numpy()
            flat[:total] = whole.reshape(-1)
        if self._chain is None and count + self._offset > total:
            storage.alias, storage.strides = None, None
            storage.writes += 1
            storage.value = engine.Value(engine.aval((count,), self.dtype), flat[:count].copy(), place)
            self._chain = self._strides = self._cache = None
            self._aval = storage.value.aval
            if len(size) != 1:
                _look(self, self.view(size))
            return self
        if count + self._offset > total:  # what has been a view gets memory of its own
            counter, grown = self._counter, creation.tensor(flat, dtype=self.dtype, device=self.device)
            self._adopt(grown.as_strided(size, contiguous_strides(size), self._offset))
            self._counter = counter
            return self
    _look(self, self.detach().as_strided(size, contiguous_strides(size), self._offset))
    return self


def _look(self, view):
    self._aval, self._chain, self._strides, self._offset, self._cache = (
        view._aval,
        view._chain,
        view._strides,
        view._offset,
        None,
    )


def resize(self: Tensor, *size) -> Tensor:
    """A tensor of another size. Deprecated in torch; kept with its old meaning: a view of the same values."""
    import warnings

    warnings.warn("non-inplace resize is deprecated", UserWarning, stacklevel=2)
    size = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    if self.requires_grad:
        raise RuntimeError("resize is not supported on tensors that require grad; use reshape")
    return self.reshape(size)


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format=None) -> Tensor:
    return resize_(self, the_template._aval.shape)


def pin_memory(self: Tensor, device=None) -> Tensor:
    """Page-locked memory has no counterpart in JAX: the tensor itself."""
    return self


def share_memory_(self: Tensor) -> Tensor:
    """Tensors reach other processes by copy: nothing to do here."""
    return self


def apply_(self: Tensor, callable, /) -> Tensor:
    """Replace each element by `callable(element)`, in Python: slow, on CPU only."""
    if not self._storage.value.place.is_cpu:
        raise TypeError("apply_ is only implemented on CPU tensors")
    flat = [callable(x) for x in self.reshape(-1).tolist()]
    return self.copy_(creation.tensor(flat, dtype=self.dtype).reshape(self.shape))


def map_(self: Tensor, other: Tensor, callable) -> Tensor:
    """Replace each element by `callable(element, element of other)`, in Python: slow, on CPU only."""
    return _map(self, "map_", callable, other)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable) -> Tensor:
    """Replace each element by `callable(element, element of x, element of y)`, in Python: slow, on CPU only."""
    return _map(self, "map2_", callable, x, y)


def _map(self, name, function, *others) -> Tensor:
    if self.requires_grad or any(other.requires_grad for other in others):
        raise RuntimeError(f"Can't call {name}() on Variable that requires grad. Use var.detach().{name}() instead.")
    columns = [self.reshape(-1).tolist(), *(other.expand_as(self).reshape(-1).tolist() for other in others)]
    made = [function(*elements) for elements in zip(*columns, strict=True)]
    return self.copy_(creation.tensor(made, dtype=self.dtype).reshape(self.shape))


def module_load(self: Tensor, other: Tensor, assign: bool = False) -> Tensor:
    """What a parameter becomes when `load_state_dict` gives it `other`: for subclasses to replace.

    It is `other` with `assign`, else this tensor after the copy.
    """
    return other.detach() if assign else self.copy_(other).detach()


def __dlpack__(self: Tensor, *, stream=None, max_version=None, dl_device=None, copy=None):
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return to_jax(self).__dlpack__()


def __dlpack_device__(self: Tensor):
    return to_jax(self).__dlpack_device__()


def __jax_array__(self: Tensor):
    return to_jax(self)
