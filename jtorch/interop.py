"""Between tensors and the outside: numpy memory, copies, DLPack, JAX arrays."""

import copy

import numpy as np

from . import dtypes, engine
from .attributes import state_of
from .autograd.mode import STATE
from .ops.kinds import SCALAR_NAMES
from .storage import Storage, contiguous_strides
from .tensor import Tensor, _new
from .transfer import place_of, place_of_jax


def strided_view(buffer: np.ndarray, tensor: Tensor) -> np.ndarray:
    """The elements of a tensor inside its storage's numpy memory: a numpy view, no copy."""
    itemsize = tensor._aval.dtype.itemsize
    strides = tensor._strides if tensor._strides is not None else contiguous_strides(tensor._aval.shape)
    if tensor._chain is None:
        return buffer[...]
    if not tensor._aval.size:
        return np.empty(tensor._aval.shape, tensor._aval.dtype.numpy)
    if buffer.flags.c_contiguous:  # an array over a buffer is made several times faster than `as_strided` makes it
        memory = buffer.reshape(-1).view(np.uint8)
        return np.ndarray(
            tensor._aval.shape,
            tensor._aval.dtype.numpy,
            memory,
            tensor._offset * itemsize,
            [s * itemsize for s in strides],
        )
    start = np.lib.stride_tricks.as_strided(buffer, (1,) * max(buffer.ndim, 1)) if buffer.ndim else buffer.reshape(1)
    flat = np.lib.stride_tricks.as_strided(start, (_reach(tensor, strides),), (buffer.itemsize,))
    typed = flat if buffer.dtype == tensor._aval.dtype.numpy else flat.view(tensor._aval.dtype.numpy)
    offset = tensor._offset
    return np.lib.stride_tricks.as_strided(typed[offset:], tensor._aval.shape, [s * itemsize for s in strides])


def _reach(tensor, strides):
    last = tensor._offset + sum((n - 1) * s for n, s in zip(tensor._aval.shape, strides, strict=True)) + 1
    stored = tensor._storage.value.aval.dtype.itemsize
    return -(-last * tensor._aval.dtype.itemsize // stored)


def alias_view(tensor: Tensor) -> np.ndarray:
    """The numpy memory shared with a tensor's storage, as this tensor sees it."""
    return strided_view(tensor._storage.alias, tensor)


def to_numpy(tensor: Tensor, force: bool = False) -> np.ndarray:
    """`Tensor.numpy()`: an array that shares this tensor's memory, both ways."""
    if not force:
        if tensor.requires_grad and STATE.grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if tensor.device.type != "cpu":
            raise TypeError(
                f"can't convert {tensor.device} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
            )
    elif tensor.device.type != "cpu" or tensor.requires_grad:
        return np.array(tensor._read().numpy())
    if tensor._aval.dtype is dtypes.bfloat16 or tensor._aval.dtype.is_float8:
        name = tensor._aval.dtype.name
        raise TypeError(f"Got unsupported ScalarType {SCALAR_NAMES[name]}: numpy has no {name}; use .float() first")
    tensor._storage.share()
    return alias_view(tensor)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of a numpy array, both ways.

    >>> import numpy as np, jtorch as torch
    >>> a = np.ones(2); t = torch.from_numpy(a); a[0] = 5; t
    tensor([5., 1.], dtype=torch.float64)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    if any(s < 0 for s in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently supported. "
            "(You can probably work around this by making a copy of your array  with array.copy().) "
        )
    d = dtypes.from_numpy_dtype(array.dtype)
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is currently not supported."
        )
    if any(s % array.itemsize for s in array.strides):
        raise ValueError(
            "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory."
        )
    if not array.flags.writeable:
        import warnings

        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to this tensor will result in "
            "undefined behavior. You may want to copy the array to protect its data or make it writable before converting it to a tensor. This type of "
            "warning will be suppressed for the rest of this program.",
            UserWarning,
            stacklevel=2,
        )
    return _wrap(array, d)


def _wrap(array: np.ndarray, d) -> Tensor:
    strides = tuple(s // array.itemsize for s in array.strides)
    if strides == contiguous_strides(array.shape) or array.size == 0:
        strides = None
    value = engine.Value(engine.aval(array.shape, d), array, place_of("cpu"))
    tensor = Tensor.__new_plain__(value, strides)
    tensor._storage.adopt(array)
    return tensor


_CPU = place_of("cpu")


def own_numpy(array: np.ndarray) -> Tensor:
    """A tensor around a numpy array that nobody else will ever write to."""
    array = np.ascontiguousarray(array).reshape(array.shape)
    return Tensor.__new_plain__(
        engine.Value(engine.aval(array.shape, dtypes.from_numpy_dtype(array.dtype)), array, _CPU)
    )


def deepcopy_tensor(tensor: Tensor, memo: dict) -> Tensor:
    """`copy.deepcopy`: storages shared inside the copied object stay shared."""
    if id(tensor) in memo:
        return memo[id(tensor)]
    if tensor._node is not None:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you were attempting to deepcopy a module, "
            "this may be because of a torch.nn.utils.weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
        )
    made = _new(type(tensor))
    storage = tensor._storage
    if tensor._aval.layout is not dtypes.strided:
        twin = tensor.detach().clone()
        state_of(made).update(state_of(twin))
        return _finish_copy(made, tensor, memo)
    twin = memo.get(id(storage))
    if twin is None:
        value = storage.read()
        if storage.alias is not None:
            value = engine.Value(value.aval, np.array(value.numpy()), value.place)
        twin = memo[id(storage)] = Storage(value, storage.strides)
        memo.setdefault("jtorch storages", []).append(storage)
    made._storage = made._counter = twin
    made._aval, made._chain, made._strides, made._offset = tensor._aval, tensor._chain, tensor._strides, tensor._offset
    return _finish_copy(made, tensor, memo)


def _finish_copy(made: Tensor, tensor: Tensor, memo: dict) -> Tensor:
    """Give a copy what a tensor has beside its contents."""
    made._requires = tensor._requires
    memo[id(tensor)] = made
    if tensor._grad is not None:
        made._grad = copy.deepcopy(tensor._grad, memo)
    own = dict(tensor.__dict__)
    if own:
        made.__dict__.update(copy.deepcopy(own, memo))
    return made


def from_jax(array) -> Tensor:
    """A tensor around a `jax.Array`, without a copy.

    >>> import jax.numpy as jnp, jtorch as torch
    >>> torch.from_jax(jnp.ones(2))
    tensor([1., 1.])
    """
    import jax

    if isinstance(array, jax.core.Tracer):
        return Tensor.__new_plain__(engine.Value(engine.aval_of(array), array, place_of("cpu"), traced=True))
    devices_of = list(array.devices())
    return Tensor.__new_plain__(engine.Value(engine.aval_of(array), array, place_of_jax(devices_of[0]), escaped=True))


def to_jax(tensor: Tensor):
    """The `jax.Array` behind a tensor, without a copy where there is one. It stays valid: the engine never overwrites it."""
    from .engine.program import on_device

    value = tensor._read()
    array = value.concrete() if value.traced else on_device(value, value.place)
    value.escaped = True
    return array


def from_dlpack(ext_tensor, *, device=None, copy=None) -> Tensor:
    """A tensor from any object that speaks DLPack; on another device, or of its own memory with `copy`, if asked for."""
    made = _from_dlpack(ext_tensor)
    if device is not None and made.to(device) is not made:
        if copy is False:
            raise ValueError(f"cannot move DLPack tensor from device {made.device} to {device} without copying.")
        return made.to(device)
    return made.clone() if copy else made


def _from_dlpack(source) -> Tensor:
    if isinstance(source, Tensor):
        if source.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return source.view_as(source)
    if isinstance(source, np.ndarray):
        return from_numpy(source)
    if type(source).__name__ == "PyCapsule":
        raise NotImplementedError(
            "from_dlpack: a bare capsule does not say which device it is on; pass the object that it came from, "
            "which has __dlpack__ and __dlpack_device__"
        )
    import jax

    return from_jax(jax.dlpack.from_dlpack(source))


def to_dlpack(tensor: Tensor):
    """The capsule of a tensor's memory, for libraries that take one; `from_dlpack(tensor)` of theirs is the newer way."""
    return tensor.__dlpack__()
