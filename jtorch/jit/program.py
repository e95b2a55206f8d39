"""Programs in files: `torch.jit.save` and `load`.

A file is a zip archive: the state (a file of `torch.save`), one program of `jax.export` per set of shapes, and a description in JSON. Loading it runs nothing
and imports nothing; programs that call anything but the libraries below XLA are refused, and damage is noticed by checksums. XLA's reader is not hardened
against programs that are made to crash it, so load files of people you know. TorchScript's own files hold another language, and are refused.
"""

import io
import json
import os
import pickle
import re
import zipfile

import jax

import jtorch
from jtorch.jit import structure
from jtorch.jit.scripted import RecursiveScriptModule, ScriptFunction, ScriptModule, refuse_looks
from jtorch.nn import Module, Parameter

VERSION = 1
PLATFORMS = ("cpu", "cuda", "tpu")
_DESCRIPTION, _STATE = "program.json", "state.pt"

# Calls of a program into libraries: those that JAX promises to keep are named so. Anything else, a callback into Python before all, is refused.
_SAFE_CALLS = re.compile(
    r"Sharding|SPMDFullToShardShape|SPMDShardToFullShape|annotate_device_placement|__gpu\$xla\.gpu\.triton|"
    r"(lapack|blas|cusolver|cublas|cu|hip|cuda|cudnn|mosaic)_?\w+(_ffi)?|Qr|Eigh|Lu\w*|ProductOfElementaryHouseholderReflectors|ApproxTopK|mhlo\.\w+|chlo\.\w+|"
    r"tpu_custom_call|stablehlo\.\w+|householder_product\w*"
)
_NO_FLATBUFFERS = "torch.jit.{}: programs are written by jax.export, which needs the package flatbuffers: pip install 'jtorch-jax[export]'"


def save(m, f, _extra_files=None) -> None:
    """Write a scripted or traced module, or function, to a file or file object, with a program for each set of shapes it was called with.

    A program has fixed shapes. Those are the example inputs of `trace`, its `check_inputs`, and what the module was called with since; save in evaluation
    mode. `_extra_files` are texts by name.

    >>> import io, warnings, jtorch as torch
    >>> warnings.simplefilter("ignore")
    >>> module = torch.jit.trace(torch.nn.ReLU(), torch.ones(2))
    >>> module.graph.jaxpr.eqns[0].primitive.name
    'max'
    """
    if not isinstance(m, (ScriptFunction, RecursiveScriptModule, LoadedModule)):
        raise AttributeError(
            f"'{type(m).__name__}' object has no attribute 'save': torch.jit.save takes what torch.jit.trace or torch.jit.script gives"
        )
    records = dict(m.records) if isinstance(m, LoadedModule) else _records(m)
    if isinstance(m, LoadedModule):
        records[_STATE] = _saved(m.state_dict(keep_vars=False))
    for name, text in (_extra_files or {}).items():
        records[f"extra/{name}"] = text.encode() if isinstance(text, str) else bytes(text)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "wb") as file:
            file.write(made.getbuffer())
    else:
        f.write(made.getvalue())


def _saved(tensors) -> bytes:
    file = io.BytesIO()
    jtorch.save(dict(tensors), file)
    return file.getvalue()


def _records(m) -> dict[str, bytes]:
    from jax import export

    try:
        import flatbuffers  # noqa: F401
    except ImportError as error:
        raise ImportError(_NO_FLATBUFFERS.format("save")) from error
    function, state = m._pure()
    is_module = isinstance(m, Module)
    names = list(dict.fromkeys([*m.state_dict(), *state])) if is_module else []
    names = [name for name in names if name in state]
    buffers = [name for name, _ in m.named_buffers()] if is_module else []
    records, calls = {}, []
    for number, (tree, avals) in enumerate(m.programs("torch.jit.save")):
        results = []

        def call(state, *arrays, tree=tree, results=results):
            args, kwargs = structure.decode(tree, arrays)
            if is_module:
                made, changed = function.with_state(state, *args, **kwargs)
            else:
                made, changed = function(state, *args, **kwargs), {}
            shape, leaves = structure.encode(made)
            results.append(shape)
            return [*leaves, *(changed[name] for name in buffers)]

        with jax.enable_x64(True):
            structs = [jax.ShapeDtypeStruct(shape, dtype.numpy) for shape, dtype in avals]
            program = jax.jit(lambda *a, call=call: call(dict(zip(names, a, strict=False)), *a[len(names) :]))
            given = [jax.ShapeDtypeStruct(state[name].shape, state[name].dtype) for name in names]
            with refuse_looks("torch.jit.save"):
                exported = export.export(program, platforms=PLATFORMS)(*given, *structs)
            records[f"programs/{number}"] = bytes(exported.serialize(vjp_order=1))
        shapes = [[list(shape), str(dtype).removeprefix("torch.")] for shape, dtype in avals]
        calls.append({"arguments": tree, "tensors": shapes, "result": results[0]})
    description = {
        "format": "jtorch program", "version": VERSION, "name": m.original_name if is_module else m.name, "training": bool(is_module and m.training),
        "state": names, "parameters": [name for name, _ in m.named_parameters()] if is_module else [], "buffers": buffers,
        "code": m.code, "calls": calls,
    }  # fmt: skip
    tensors = {**dict(m.named_parameters()), **dict(m.named_buffers())} if is_module else {}
    return {
        _DESCRIPTION: json.dumps(description).encode(),
        _STATE: _saved({name: tensor.detach() for name, tensor in tensors.items()}),
        **records,
    }


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    """A module from a file of `torch.jit.save`: it serves the shapes it was saved for, and can be trained on.

    `_extra_files` is a dict whose names are filled in. Files of torch's own TorchScript raise NotImplementedError.
    """
    data = f.read() if hasattr(f, "read") else _contents(f)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            stored = all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
            if (
                not stored
                and _DESCRIPTION in archive.namelist()
                or sum(i.file_size for i in archive.infolist()) > 100 * len(data)
            ):
                raise RuntimeError("torch.jit.load: the archive is damaged: it would unpack to more than it is")
            records = {info.filename: archive.read(info) for info in archive.infolist()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        raise RuntimeError(f"PytorchStreamReader failed reading zip archive: {error}") from error
    if _DESCRIPTION not in records:
        if any(name.rpartition("/")[2] == "constants.pkl" or "/code/" in name for name in records):
            raise NotImplementedError(
                "torch.jit.load: this is a file of TorchScript, a language of torch's own: load a state_dict by torch.load into the module's Python class"
            )
        raise RuntimeError("torch.jit.load: not a file of torch.jit.save")
    for name in _extra_files or {}:
        if f"extra/{name}" in records:
            _extra_files[name] = records[f"extra/{name}"]
    try:
        description = json.loads(records[_DESCRIPTION])
        if description["version"] != VERSION:
            raise RuntimeError(
                f"torch.jit.load: the file has version {description['version']}, this jtorch reads {VERSION}"
            )
        state = jtorch.load(io.BytesIO(records[_STATE]), map_location=map_location, weights_only=True)
        return LoadedModule(description, state, records)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, pickle.UnpicklingError) as error:
        raise RuntimeError(f"torch.jit.load: the file is damaged: {error!r}") from error


def _contents(path) -> bytes:
    if not os.path.exists(path):
        raise ValueError(f"The provided filename {os.fspath(path)} does not exist")
    with open(path, "rb") as file:
        return file.read()


class LoadedModule(ScriptModule):
    """A module whose `forward` is the programs of a file."""

    def __init__(self, description, state, records):
        super().__init__()
        self.original_name, self.code = str(description["name"]), str(description["code"])
        self._names, self._buffer_names = list(description["state"]), list(description["buffers"])
        for name in self._names:
            _register(self, name, state[name], name in description["parameters"])
        self._calls = {}
        for number, call in enumerate(description["calls"]):
            avals = tuple((tuple(shape), dtype) for shape, dtype in call["tensors"])
            program = _program(records[f"programs/{number}"])
            self._calls[structure.key(call["arguments"]), avals] = jtorch.from_jax(program), call["result"]
        self.__dict__["records"] = records
        super().train(description["training"])

    def forward(self, *args, **kwargs):
        tree, tensors = structure.encode([args, kwargs])
        avals = tuple((tuple(t.shape), str(t.dtype).removeprefix("torch.")) for t in tensors)
        found = self._calls.get((structure.key(tree), avals))
        if found is None:
            known = "; ".join(
                ", ".join(f"{dtype}{list(shape)}" for shape, dtype in shapes) for _, shapes in self._calls
            )
            given = ", ".join(f"{dtype}{list(shape)}" for shape, dtype in avals)
            raise RuntimeError(
                f"the file has no program for arguments of {given}, only for {known}. Programs have fixed shapes: before torch.jit.save, call the "
                "module with every shape that it shall serve"
            )
        program, result = found
        tensors = [*map(self._tensor, self._names), *tensors]
        made = program(*tensors)
        count = len(made) - len(self._buffer_names)
        with jtorch.no_grad():
            for name, value in zip(self._buffer_names, made[count:], strict=True):
                self.get_buffer(name).copy_(value)
        return structure.decode(result, made[:count])

    def _tensor(self, name):
        path, _, short = name.rpartition(".")
        return getattr(self.get_submodule(path), short)

    def train(self, mode: bool = True):
        """The mode is part of the programs, and was chosen when they were saved."""
        return self

    def save(self, f, _extra_files=None) -> None:
        """`torch.jit.save(self, f)`."""
        save(self, f, _extra_files)

    def extra_repr(self):
        return f"original_name={self.original_name}"


def _register(module: Module, name: str, tensor, trained: bool) -> None:
    *path, short = name.split(".")
    for part in path:
        if part not in module._modules:
            module.add_module(part, Module())
        module = module._modules[part]
    if not isinstance(tensor, jtorch.Tensor):
        raise ValueError(f"{name} is not a tensor")
    if trained:
        module.register_parameter(
            short, Parameter(tensor, requires_grad=tensor.is_floating_point() or tensor.is_complex())
        )
    else:
        module.register_buffer(short, tensor)


def _program(data: bytes):
    from jax import export

    try:
        with jax.enable_x64(True):
            exported = export.deserialize(bytearray(data))
            text = exported.mlir_module()
    except ImportError as error:
        raise ImportError(_NO_FLATBUFFERS.format("load")) from error
    except Exception as error:  # flatbuffers and MLIR raise whatever their damage meets
        raise ValueError(f"a program cannot be read: {error}") from error
    for name in re.findall(r"custom_call\s+@\"?([\w.$]+)", text) + re.findall(
        r'call_target_name\s*=\s*"([^"]*)"', text
    ):
        if not _SAFE_CALLS.fullmatch(name):
            raise RuntimeError(f"torch.jit.load: a program calls {name!r}, which may be anything: refused")
    return exported.call
