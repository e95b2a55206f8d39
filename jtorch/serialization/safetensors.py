"""Files of safetensors, with the functions of `safetensors.torch`: under `python -m jtorch` that module is this one. The extra `safetensors` reads and writes them."""

import os
from collections import defaultdict

import numpy as np

import jtorch
from jtorch import dtypes
from jtorch.interop import own_numpy

__all__ = ["load", "load_file", "load_model", "save", "save_file", "save_model", "storage_ptr", "storage_size"]


def _library():
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            f"files of safetensors need the package ({error}): pip install 'jtorch-jax[safetensors]'"
        ) from error
    return safetensors.numpy


def save_file(tensors: dict, filename, metadata: dict[str, str] | None = None) -> None:
    """Write tensors by name to a file. They must be contiguous, and none may share memory with another.

    save_file({"weight": torch.zeros(2, 3)}, "model.safetensors")
    """
    _library().save_file(_arrays(tensors), os.fspath(filename), metadata=metadata)


def save(tensors: dict, metadata: dict[str, str] | None = None) -> bytes:
    """The bytes that `save_file` writes."""
    return _library().save(_arrays(tensors), metadata=metadata)


def load_file(filename, device="cpu", **_) -> dict:
    """The tensors of a file, by name, on a device."""
    return _tensors(_library().load_file(os.fspath(filename)), device)


def load(data: bytes) -> dict:
    """The tensors of what `save` made."""
    _library()
    from safetensors import deserialize

    arrays = {}
    for name, found in deserialize(data):
        kind = _KINDS.get(found["dtype"])
        if kind is None:
            raise NotImplementedError(f"safetensors: there are no tensors of {found['dtype']} here ({name})")
        arrays[name] = np.frombuffer(found["data"], kind.numpy).reshape(found["shape"])
    return _tensors(arrays, "cpu")


_KINDS = {
    "F64": dtypes.float64, "F32": dtypes.float32, "F16": dtypes.float16, "BF16": dtypes.bfloat16, "I64": dtypes.int64, "I32": dtypes.int32,
    "I16": dtypes.int16, "I8": dtypes.int8, "U8": dtypes.uint8, "U16": dtypes.uint16, "U32": dtypes.uint32, "U64": dtypes.uint64,
    "BOOL": dtypes.bool, "C64": dtypes.complex64, "F8_E4M3": dtypes.float8_e4m3fn, "F8_E5M2": dtypes.float8_e5m2,
}  # fmt: skip


def save_model(model, filename, metadata: dict[str, str] | None = None, force_contiguous: bool = True) -> None:
    """Write a module's `state_dict`; of parameters that are one tensor under several names the first name is written."""
    state = model.state_dict()
    removed = _repeated(state)
    metadata = {**(metadata or {}), **removed}
    kept = {name: t.contiguous() if force_contiguous else t for name, t in state.items() if name not in removed}
    save_file(kept, filename, metadata)


def load_model(model, filename, strict: bool = True, device="cpu", **_) -> tuple[set, list]:
    """Load into a module what `save_model` wrote: the names that are missing, and those that are not the module's."""
    state = load_file(filename, device=device)
    removed = _repeated(model.state_dict())
    missing, unexpected = model.load_state_dict(state, strict=False)
    # The file may have kept another of a tensor's names.
    names = defaultdict(set)
    for name, kept in removed.items():
        names[kept] |= {kept, name}
    reached = {name for group in names.values() if group & set(state) for name in group}
    missing = [name for name in missing if name not in reached]
    if strict and (missing or unexpected):
        lines = [f"    Missing key(s) in state_dict: {', '.join(map(repr, sorted(missing)))}"] if missing else []
        lines += (
            [f"    Unexpected key(s) in state_dict: {', '.join(map(repr, sorted(unexpected)))}"] if unexpected else []
        )
        raise RuntimeError("\n".join([f"Error(s) in loading state_dict for {type(model).__name__}:", *lines]))
    return set(missing), unexpected


def _repeated(state) -> dict[str, str]:
    """Names of tensors that stand under an earlier name already, with that name."""
    first: dict = {}
    found = {}
    for name, tensor in state.items():
        identity = (tensor.data_ptr(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if tensor.numel() and first.setdefault(identity, name) != name:
            found[name] = first[identity]
    return found


def _arrays(tensors) -> dict:
    if not isinstance(tensors, dict):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    sharing = defaultdict(set)
    for name, tensor in tensors.items():
        if not isinstance(tensor, jtorch.Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}")
        if tensor.layout is not jtorch.strided:
            raise ValueError(
                f"You are trying to save a sparse tensor: `{name}`, which files of safetensors cannot hold: use .to_dense()"
            )
        if tensor.numel():
            sharing[tensor.untyped_storage()._cdata].add(name)
    shared = [names for names in sharing.values() if len(names) > 1]
    if shared:
        raise RuntimeError(
            f"\n            Some tensors share memory, this will lead to duplicate memory on disk and potential differences when loading them again: {shared}."
            "\n            A potential way to correctly save your model is to use `save_model`, or `.clone()` what shares."
        )
    arrays = {}
    for name, tensor in tensors.items():
        if not tensor.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed: call `.contiguous()` on it"
            )
        arrays[name] = np.asarray(tensor.detach()._read().numpy())
    return arrays


def _tensors(arrays, device) -> dict:
    return {name: own_numpy(array).to(device) for name, array in arrays.items()}


def storage_ptr(tensor) -> int:
    """What tells the memory of a tensor from that of others."""
    return tensor.untyped_storage().data_ptr()


def storage_size(tensor) -> int:
    """How many bytes the memory of a tensor has."""
    return tensor.untyped_storage().nbytes()
