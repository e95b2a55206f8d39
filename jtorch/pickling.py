"""How a tensor becomes a pickle and back, in the terms of torch's files: (storage, offset, size, stride, requires_grad, ...).

The same reduction serves `torch.save`, where tensors that share a storage share it again afterwards, and plain `pickle`, where as in torch each has
its own.
"""

import contextlib
import copyreg
import threading
import warnings
from collections import OrderedDict

from . import dtypes
from .interop import own_numpy
from .storages import TypedStorage, UntypedStorage, tensor_on, typed_storage
from .tensor import OWN_STATE, Tensor


def reduce_tensor(tensor: Tensor) -> tuple:
    """`Tensor.__reduce_ex__`: a rebuild function of torch's name and its arguments. History is not kept, as in torch."""
    _warn_about_hooks(tensor)
    if tensor.layout is not dtypes.strided:
        return _with_state(tensor, _rebuild_sparse_tensor, (tensor.layout, _sparse_parts(tensor)))
    if tensor.is_meta:
        args = (tensor.dtype, tuple(tensor.size()), tensor.stride(), tensor.requires_grad)
        return _with_state(tensor, _rebuild_meta_tensor_no_storage, args)
    if tensor.dtype.tensor_type is None:  # dtypes that came after the typed storages
        storage = UntypedStorage.of(tensor._storage)
        rebuild = _rebuild_tensor_v3
    else:
        storage, rebuild = typed_storage(tensor), _rebuild_tensor_v2
    geometry = (tensor.storage_offset(), tuple(tensor.size()), tensor.stride())
    args = (storage, *geometry, tensor.requires_grad, OrderedDict())
    if rebuild is _rebuild_tensor_v3:
        args += (tensor.dtype,)
    return _with_state(tensor, rebuild, args)


def _with_state(tensor, rebuild, args) -> tuple:
    state = object_state(tensor)
    if type(tensor) is Tensor and not state:
        return rebuild, args
    return _rebuild_from_type_v2, (rebuild, type(tensor), args, state)


def _sparse_parts(tensor) -> tuple:
    *indices, values = tensor._storage.components
    parts = (*(c.detach() for c in indices), values.detach(), tensor.size())
    return (*parts, tensor._storage.coalesced) if tensor.is_sparse else parts


def _warn_about_hooks(tensor) -> None:
    for hook in (tensor._hooks or {}).values():
        if not getattr(hook, "__torch_unserializable__", False):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized.  If this is expected, you can decorate the function with "
                "@torch.utils.hooks.unserializable_hook to suppress this warning",
                UserWarning,
                stacklevel=2,
            )


def object_state(tensor) -> object:
    """What users added to a tensor: its attributes, or what the `__getstate__` of its class says."""
    if type(tensor).__getstate__ is not object.__getstate__:
        return tensor.__getstate__()
    attributes = dict(tensor.__dict__)
    slots = {name: getattr(tensor, name) for name in copyreg._slotnames(type(tensor)) if hasattr(tensor, name)}
    return (attributes, slots) if slots else attributes


def set_object_state(tensor, state):
    """Give a rebuilt tensor the attributes that users had added. A file cannot reach the tensor's own state this way."""
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if isinstance(state, tuple) and len(state) != 2:
        raise RuntimeError(f"Invalid serialized state: {state}")
    for part in (attributes or {}, slots or {}):
        if not isinstance(part, dict):
            raise RuntimeError(f"Invalid serialized state: {state}")
        for name in part:
            if not isinstance(name, str) or name in OWN_STATE or name.startswith("__"):
                raise RuntimeError(f"Invalid serialized state: {name!r} cannot be set on a tensor")
    tensor.__dict__.update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(tensor, name, value)
    return tensor


def set_tensor_state(tensor: Tensor, state: tuple) -> None:
    """`Tensor.__setstate__`: the states that torch wrote before it had rebuild functions."""
    if not tensor.is_leaf:
        raise RuntimeError("__setstate__ can be only called on leaf Tensors")
    if len(state) == 4:
        storage, offset, size, stride = state
        tensor._adopt(_rebuild_tensor(storage, offset, size, stride))
    elif len(state) == 5:
        tensor._adopt(state[0])
        tensor.requires_grad = state[3]
    else:
        tensor.requires_grad = state[0]


# The functions that files name, with torch's names and arguments. Hooks are never kept: torch writes none, a file must not bring any.


def _rebuild_tensor(storage, storage_offset, size, stride) -> Tensor:
    if not isinstance(storage, TypedStorage):
        raise TypeError(f"a tensor is rebuilt on a storage with a dtype, got {type(storage).__name__}")
    return tensor_on(storage.untyped(), storage.dtype, storage._start + storage_offset, size, stride)


def _rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata=None) -> Tensor:
    tensor = _rebuild_tensor(storage, storage_offset, size, stride)
    return _finish(tensor, requires_grad, metadata)


def _rebuild_tensor_v3(
    storage, storage_offset, size, stride, requires_grad, backward_hooks, dtype, metadata=None
) -> Tensor:
    if not isinstance(storage, (TypedStorage, UntypedStorage)) or not isinstance(dtype, dtypes.dtype):
        raise TypeError(f"a tensor is rebuilt on a storage with a dtype, got {type(storage).__name__} and {dtype!r}")
    return _finish(tensor_on(storage.untyped(), dtype, storage_offset, size, stride), requires_grad, metadata)


def _rebuild_sparse_tensor(layout, data) -> Tensor:
    from .sparse import construction

    if layout is dtypes.sparse_coo:
        indices, values, size, *coalesced = data
        return construction.sparse_coo_tensor(indices, values, size, is_coalesced=coalesced[0] if coalesced else None)
    return construction.sparse_compressed_tensor(*data, layout=layout)


def _finish(tensor, requires_grad, metadata):
    made = _carried_out(tensor, metadata or {})
    if made is not tensor and _waiting.tensors is not None:
        _waiting.tensors.append((made, tensor, metadata))
    made.requires_grad = bool(requires_grad)
    return made


def _carried_out(tensor, metadata):
    """torch keeps conjugation and negation as flags of a tensor on unchanged memory; here they are carried out."""
    if metadata.get("conj"):
        tensor = tensor.conj_physical()
    return -tensor if metadata.get("neg") else tensor


class _Waiting(threading.local):
    tensors = None


_waiting = _Waiting()


@contextlib.contextmanager
def before_storages_are_filled():
    """Block in which tensors are rebuilt on storages whose contents come before its end: what was computed of them is computed again then."""
    outer, _waiting.tensors = _waiting.tensors, []
    try:
        yield
        for made, tensor, metadata in _waiting.tensors:
            made.detach().copy_(_carried_out(tensor.detach(), metadata))
    finally:
        _waiting.tensors = outer


def _rebuild_from_type_v2(func, new_type, args, state) -> Tensor:
    if not (isinstance(new_type, type) and issubclass(new_type, Tensor)):
        raise TypeError(f"expected a subclass of Tensor, got {new_type!r}")
    tensor = func(*args)
    if type(tensor) is not new_type:
        tensor = tensor.as_subclass(new_type)
    if new_type.__setstate__ is not Tensor.__setstate__:
        tensor.__setstate__(state)
        return tensor
    return set_object_state(tensor, state)


def _rebuild_device_tensor_from_numpy(data, dtype, device, requires_grad) -> Tensor:
    return _finish(own_numpy(data).to(dtype=dtype, device=device), requires_grad, None)


def _rebuild_device_tensor_from_cpu_tensor(data, dtype, device, requires_grad) -> Tensor:
    return _finish(data.to(dtype=dtype, device=device), requires_grad, None)


def _rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad):
    from .creation import empty_strided  # which is built on this file

    return empty_strided(size, stride, dtype=dtype, device="meta", requires_grad=requires_grad)
