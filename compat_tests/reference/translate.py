"""torch's objects as jtorch's: tensors with their memory layout, dtypes, and callables, looked up by name or rebuilt.

The databases hold callables of three kinds: functions of torch, which jtorch has under the same name; small functions of the
databases themselves, rebuilt here so that the globals they name (`torch`, `F`, ...) are jtorch's; and partials of both.
"""

import dataclasses
import functools
import importlib
import types

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import wrapper_set_seed
from torch.testing._internal.opinfo.core import OpInfo

import jtorch

NAMESPACES = (
    "torch",
    "torch.Tensor",
    "torch.nn.functional",
    "torch.linalg",
    "torch.fft",
    "torch.special",
    "torch.masked",
    "torch.signal.windows",
    "torch.sparse",
    "torch.nn.init",
    "torch.nn",
    "torch.autograd",
    "torch.nn.utils",
    "torch.nn.utils.rnn",
    "torch.nn.utils.parametrize",
    "torch.optim",
)


class Missing(NotImplementedError):
    """jtorch has no counterpart of something."""


def _resolve(root, path):
    for name in path.split(".")[1:]:
        if isinstance(root, types.ModuleType) and not hasattr(root, name):
            root = importlib.import_module(f"{root.__name__}.{name}")
        else:
            root = getattr(root, name)
    return root


@functools.cache
def _paths() -> dict:
    """Where torch keeps each of its callables, by identity."""
    paths = {}
    for namespace in NAMESPACES:
        holder = _resolve(torch, namespace)
        for name in sorted(dir(holder), key=lambda name: (name.startswith("_") and not name.startswith("__"), name)):
            found = getattr(holder, name, None)
            if callable(found):
                paths.setdefault(id(found), f"{namespace}.{name}")
    return paths


@functools.cache
def _kept_alive() -> list:
    """Attributes looked up anew are new objects: hold those whose identity is used."""
    return [getattr(_resolve(torch, n), name, None) for n in NAMESPACES for name in dir(_resolve(torch, n))]


def path_of(function) -> str | None:
    """`torch.linalg.norm` for that function, None for what torch does not show."""
    _kept_alive()
    path = _paths().get(id(function))
    if path is None and isinstance(function, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        path = f"torch.Tensor.{function.__name__}"
    return path


def counterpart(path: str):
    """jtorch's object of a name of torch."""
    try:
        return _resolve(jtorch, path)
    except (AttributeError, ImportError) as error:
        raise Missing(f"jtorch has no {path}") from error


def _seeded(call, *args, **kwargs):
    """What the databases wrap random functions in."""
    with jtorch.random.fork_rng():
        jtorch.manual_seed(42)
        return call(*args, **kwargs)


_functions: dict = {}


def function(original):
    """The same callable of jtorch."""
    if id(original) not in _functions:
        _functions[id(original)] = (_function(original), original)
    return _functions[id(original)][0]


def _function(original):
    if original is wrapper_set_seed:
        return _seeded
    path = path_of(original)
    if path is not None:
        return counterpart(path)
    if isinstance(original, functools.partial):
        return functools.partial(
            function(original.func), *value(original.args), **{k: value(v) for k, v in original.keywords.items()}
        )
    if isinstance(original, types.MethodType):
        return types.MethodType(function(original.__func__), value(original.__self__))
    if isinstance(original, types.FunctionType):
        return _rebuilt(original)
    if isinstance(original, (types.BuiltinFunctionType, type)) and original.__module__ != "torch":
        return original
    packet = getattr(original, "_overloadpacket", original)
    name = getattr(packet, "__name__", None)
    if name is not None and type(packet).__name__ == "OpOverloadPacket":
        return counterpart(f"torch.ops.aten.{name}")
    if isinstance(original, torch.cuda.jiterator._JittedFunction):
        made = {"return_by_ref": original.return_by_ref, "num_outputs": original.num_outputs, **original.kwargs_dict}
        return jtorch.cuda.jiterator._JittedFunction(original.code_string, **made)
    raise Missing(f"no counterpart of {original!r}")


def _rebuilt(original: types.FunctionType) -> types.FunctionType:
    """A function of the databases with jtorch's globals."""
    wanted = {"__builtins__": original.__globals__["__builtins__"], "__name__": original.__module__}
    for name in _names(original.__code__):
        if name in original.__globals__:
            wanted[name] = value(original.__globals__[name])
    closure = tuple(types.CellType(value(cell.cell_contents)) for cell in original.__closure__ or ())
    rebuilt = types.FunctionType(original.__code__, wanted, original.__name__, value(original.__defaults__), closure)
    rebuilt.__kwdefaults__ = value(original.__kwdefaults__)
    return rebuilt


def _names(code) -> set:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def value(original, memo=None):
    """The same value of jtorch: tensors are copied, containers rebuilt, what is not torch's handed through."""
    if memo is None:
        memo = {}
    if isinstance(original, torch.Tensor):
        if id(original) not in memo:
            memo[id(original)] = (tensor(original), original)
        return memo[id(original)][0]
    if original is None or isinstance(original, (bool, int, float, complex, str, bytes, slice, np.ndarray, np.generic)):
        return original
    if isinstance(original, torch.Size):
        return jtorch.Size(original)
    if isinstance(original, (torch.dtype, torch.layout, torch.memory_format)):
        return counterpart(str(original))
    if isinstance(original, torch.device):
        return jtorch.device(str(original))
    if isinstance(original, torch.Generator):
        generator = jtorch.Generator()
        generator.set_state(tensor(original.get_state()))
        return generator
    if isinstance(original, tuple):
        items = [value(item, memo) for item in original]
        return type(original)(*items) if hasattr(original, "_fields") else tuple(items)
    if isinstance(original, list):
        return [value(item, memo) for item in original]
    if isinstance(original, dict):
        return type(original)((value(k, memo), value(v, memo)) for k, v in original.items())
    if isinstance(original, types.ModuleType):
        if original.__name__.partition(".")[0] == "torch" and not original.__name__.startswith("torch.testing"):
            return counterpart(original.__name__)
        return original
    if isinstance(original, torch.nn.Module):
        return _module(original)
    if dataclasses.is_dataclass(original) and type(original).__module__.startswith("torch.nn."):
        fields = {f.name: value(getattr(original, f.name), memo) for f in dataclasses.fields(original)}
        return function(type(original))(**fields)
    if callable(original) and not isinstance(original, OpInfo):
        return function(original)
    return original


def _module(original):
    """A module with the same settings; those that the databases pass as arguments have no parameters."""
    made = function(type(original))()
    for name, setting in vars(original).items():
        if not name.startswith("_"):
            setattr(made, name, setting)
    return made


def tensor(original: "torch.Tensor"):
    """A leaf of jtorch with the values, sizes, strides and offset of a strided tensor."""
    if original.layout != torch.strided:
        return _sparse(original)
    plain = original.detach().resolve_conj().resolve_neg()
    dtype = counterpart(str(original.dtype))
    if original.is_meta:
        return jtorch.empty(tuple(original.shape), dtype=dtype, device="meta", requires_grad=original.requires_grad)
    if plain.is_contiguous() and plain.storage_offset() == 0:
        made = _flat(plain.reshape(-1), dtype).reshape(plain.shape)
    else:
        extent = plain.storage_offset() + 1 + sum((n - 1) * s for n, s in zip(plain.shape, plain.stride(), strict=True))
        buffer = plain.as_strided((extent if plain.numel() else 0,), (1,), 0)
        made = _flat(buffer, dtype).as_strided(tuple(plain.shape), plain.stride(), plain.storage_offset())
    made = made.detach()
    return made.requires_grad_() if original.requires_grad else made


def _flat(flat, dtype):
    same_size = {torch.bfloat16: torch.int16, torch.complex32: torch.int32, torch.float8_e4m3fn: torch.uint8}
    if flat.dtype in same_size:
        return jtorch.tensor(flat.view(same_size[flat.dtype]).numpy()).view(dtype)
    return jtorch.tensor(flat.numpy(), dtype=dtype)


_COMPRESSED = {
    torch.sparse_csr: ("crow_indices", "col_indices"),
    torch.sparse_csc: ("ccol_indices", "row_indices"),
}


def _sparse(original):
    if original.layout == torch.sparse_coo:
        parts = (tensor(original.detach()._indices()), tensor(original.detach()._values()))
        made = jtorch.sparse_coo_tensor(*parts, tuple(original.shape), is_coalesced=original.is_coalesced())
        return made.requires_grad_() if original.requires_grad else made
    if original.layout in _COMPRESSED:
        parts = [tensor(getattr(original.detach(), part)()) for part in (*_COMPRESSED[original.layout], "values")]
        made = jtorch.sparse_compressed_tensor(*parts, tuple(original.shape), layout=counterpart(str(original.layout)))
        return made.requires_grad_() if original.requires_grad else made
    raise Missing(f"layout {original.layout}")


def back(result):
    """A result of jtorch as torch's, to be compared: tensors with their strides, dtypes and sizes by name."""
    if isinstance(result, jtorch.Tensor):
        return _tensor_back(result)
    if isinstance(result, jtorch.Size):
        return torch.Size(result)
    if isinstance(result, (jtorch.dtype, jtorch.layout, jtorch.device)):
        return str(result)
    if isinstance(result, tuple):
        return tuple(back(item) for item in result)
    if isinstance(result, list):
        return [back(item) for item in result]
    if isinstance(result, dict):
        return {key: back(item) for key, item in result.items()}
    return result


def _tensor_back(result):
    if str(result.layout) != "torch.strided":
        return _sparse_back(result)
    dtype = getattr(torch, str(result.dtype).removeprefix("torch."))
    plain = result.detach()
    bits = {"torch.bfloat16": (jtorch.int16, torch.int16), "torch.complex32": (jtorch.int32, torch.int32)}
    if str(result.dtype) in bits:
        ours, theirs = bits[str(result.dtype)]
        flat = torch.from_numpy(np.array(plain.contiguous().view(ours).numpy())).to(theirs).view(dtype)
    else:
        flat = torch.from_numpy(np.array(plain.contiguous().numpy()))
    values = flat.reshape(tuple(result.shape))
    made = torch.empty_strided(tuple(result.shape), tuple(result.stride()), dtype=dtype)
    written = made
    for dim, (size, stride) in enumerate(zip(result.shape, result.stride(), strict=True)):
        if stride == 0 and size > 1:  # expanded: one element stands for all
            written, values = written.narrow(dim, 0, 1), values.narrow(dim, 0, 1)
    written.copy_(values)
    return made


def _sparse_back(result):
    if str(result.layout) == "torch.sparse_coo":
        parts = (_tensor_back(result._indices()), _tensor_back(result._values()))
        return torch.sparse_coo_tensor(*parts, tuple(result.shape), is_coalesced=result.is_coalesced())
    layout = getattr(torch, str(result.layout).removeprefix("torch."))
    if layout in _COMPRESSED:
        parts = [_tensor_back(getattr(result.detach(), part)()) for part in (*_COMPRESSED[layout], "values")]
        return torch.sparse_compressed_tensor(*parts, tuple(result.shape), layout=layout)
    raise Missing(f"layout {result.layout}")
