"""Programs in files: `torch.jit.save` and `load`.

A file is a zip archive: the state (a file of `torch.save`), programs of `jax.export`, a description in JSON, and the checksums of these. Loading it runs nothing
and imports nothing. XLA's reader is not hardened against damage, so it sees nothing whose checksum is wrong; and programs that call anything but the libraries
below XLA are refused. Checksums find accidents: who makes a file to crash its reader can write the sums too, so load files of people you know. TorchScript's
own files hold another language, and are refused.
"""

import hashlib
import io
import json
import os
import pickle
import re
import struct
import zipfile
import zlib

import jax

import jtorch
from jtorch.jit import sizes, structure
from jtorch.jit.scripted import RecursiveScriptModule, ScriptFunction, ScriptModule, refuse_looks
from jtorch.nn import Module, Parameter

VERSION = 2
PLATFORMS = ("cpu", "cuda", "tpu")
_DESCRIPTION, _STATE, _CHECKSUMS = "program.json", "state.pt", "checksums.json"
_AGAIN = "make a new one by torch.jit.save from the module it came from"

# Calls of a program into libraries: those that JAX promises to keep are named so. Anything else, a callback into Python before all, is refused.
_SAFE_CALLS = re.compile(
    r"Sharding|SPMDFullToShardShape|SPMDShardToFullShape|annotate_device_placement|__gpu\$xla\.gpu\.triton|"
    r"(lapack|blas|cusolver|cublas|cu|hip|cuda|cudnn|mosaic)_?\w+(_ffi)?|Qr|Eigh|Lu\w*|ProductOfElementaryHouseholderReflectors|ApproxTopK|mhlo\.\w+|chlo\.\w+|"
    r"tpu_custom_call|shape_assertion|stablehlo\.\w+|householder_product\w*"
)
_NO_FLATBUFFERS = "torch.jit.{}: programs are written by jax.export, which needs the package flatbuffers: pip install 'jtorch-jax[export]'"


def save(m, f, _extra_files=None) -> None:
    """Write a scripted or traced module, or function, to a file or file object, with a program for each set of shapes it was called with.

    The calls are the example inputs of `trace`, its `check_inputs`, and those made since; save in evaluation mode. A program serves every size of the first
    dimension, if the tensors agree on it, and of dimensions that differ between calls, where the Python does the same at every size; where it does not, it
    serves the sizes it was called with, and others raise NotImplementedError and say why. `_extra_files` are texts by name.

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
    records = {k: v for k, v in m.records.items() if k != _CHECKSUMS} if isinstance(m, LoadedModule) else _records(m)
    if isinstance(m, LoadedModule):
        records[_STATE] = _saved(m.state_dict(keep_vars=False))
    for name, text in (_extra_files or {}).items():
        records[f"extra/{name}"] = text.encode() if isinstance(text, str) else bytes(text)
    records[_CHECKSUMS] = json.dumps({name: _checksum(data) for name, data in records.items()}).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in records.items():
            archive.writestr(name, data)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "wb") as file:
            file.write(made.getbuffer())
    else:
        f.write(made.getvalue())


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _saved(tensors) -> bytes:
    file = io.BytesIO()
    jtorch.save(dict(tensors), file)
    return file.getvalue()


def _records(m) -> dict[str, bytes]:
    try:
        import flatbuffers  # noqa: F401
    except ImportError as error:
        raise ImportError(_NO_FLATBUFFERS.format("save")) from error
    function, state = m._pure()
    is_module = isinstance(m, Module)
    names = list(dict.fromkeys([*m.state_dict(), *state])) if is_module else []
    names = [name for name in names if name in state]
    buffers = [name for name, _ in m.named_buffers()] if is_module else []
    given = [jax.ShapeDtypeStruct(state[name].shape, state[name].dtype) for name in names]

    def traced(tree, tensors):
        """The jaxpr for tensors of these shapes, and the structure of what the call gives."""
        results = []

        def call(*arrays):
            args, kwargs = structure.decode(tree, arrays[len(names) :])
            held = dict(zip(names, arrays, strict=False))
            made, changed = (
                function.with_state(held, *args, **kwargs) if is_module else (function({}, *args, **kwargs), {})
            )
            shape, leaves = structure.encode(made)
            results.append(shape)
            return [*leaves, *(changed[name] for name in buffers)]

        with refuse_looks("torch.jit.save"):
            return jax.make_jaxpr(call)(*given, *(jax.ShapeDtypeStruct(s, d.numpy) for s, d in tensors)), results[0]

    records, calls = {}, []
    with jax.enable_x64(True):
        for tree, tensors, program, result, reason in _programs(m.programs("torch.jit.save"), traced, given):
            records[f"programs/{len(calls)}"] = program
            shapes = [[list(shape), str(dtype).removeprefix("torch.")] for shape, dtype in tensors]
            calls.append({"arguments": tree, "tensors": shapes, "result": result, "fixed": reason})
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


def _programs(calls, traced, given):
    """`(tree, tensors, program, result, reason)`: as few programs as serve all calls; the reason says why one has fixed sizes."""
    groups: dict = {}
    for tree, tensors in calls:
        groups.setdefault((structure.key(tree), tuple((len(s), d) for s, d in tensors)), []).append((tree, tensors))
    for group in groups.values():
        reasons = {}
        made = _general(group, traced, given, reasons)
        if made is None and len(group) > 1:
            made = [part for call in group for part in _general([call], traced, given, reasons) or [(*call, None)]]
        for tree, tensors, *rest in made or [(*group[0], None)]:
            if rest != [None]:
                yield tree, tensors, *rest, ""
                continue
            jaxpr, result = traced(tree, tensors)
            structs = [jax.ShapeDtypeStruct(s, d.numpy) for s, d in tensors]
            yield (
                tree,
                tensors,
                _exported(jax.extend.core.jaxpr_as_fun(jaxpr), given, structs),
                result,
                reasons.get(tensors, ""),
            )


def _general(group, traced, given, reasons):
    """One program for calls of one kind, with names of sizes in the shapes; None, and the reason by call, where there is none."""
    tree, tensors = group[0]
    pattern, examples = sizes.named([[shape for shape, _ in tensors] for _, tensors in group])
    if not examples:
        return None
    try:
        results = []

        def trace(*point):
            jaxpr, result = traced(
                tree, [(sizes.filled(p, point), d) for p, (_, d) in zip(pattern, tensors, strict=True)]
            )
            results.append(result)
            return jaxpr

        traces, points = sizes.sampled(trace, examples)
        program = sizes.general(traces, points)
        result = structure.merge(results[-len(points) :], lambda values: sizes.expression(values, points))
        structs = sizes.structs(pattern, [d.numpy for _, d in tensors])
        call = sizes.measured(program, pattern, len(given))
        return [
            (
                tree,
                tuple((p, d) for p, (_, d) in zip(pattern, tensors, strict=True)),
                _exported(call, given, structs),
                result,
            )
        ]
    except sizes.FixedSize as error:
        reason = str(error)
    except Exception as error:  # jax.export says by many classes that it cannot do without a number
        reason = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    for _, tensors in group:
        reasons[tensors] = reason
    return None


def _exported(call, given, structs) -> bytes:
    from jax import export

    with refuse_looks("torch.jit.save"):
        exported = export.export(jax.jit(call), platforms=PLATFORMS)(*given, *structs)
    return bytes(exported.serialize(vjp_order=1))


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    """A module from a file of `torch.jit.save`: it serves the shapes it was saved for, and can be trained on.

    RuntimeError for a damaged file. `_extra_files` is a dict whose names are filled in. Files of torch's own TorchScript raise NotImplementedError.
    """
    data = f.read() if hasattr(f, "read") else _contents(f)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            stored = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
            names = [entry.filename for entry in entries]
            if (
                _DESCRIPTION in names
                and (not stored or len(set(names)) < len(names))
                or (sum(entry.file_size for entry in entries) > (1 if stored else 100) * len(data))
            ):
                raise RuntimeError(
                    f"torch.jit.load: the archive is damaged, it would unpack to more than it is: {_AGAIN}"
                )
            records = {info.filename: archive.read(info) for info in entries}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError, zlib.error, struct.error) as error:
        raise RuntimeError(
            f"PytorchStreamReader failed reading zip archive: {error}: the file is damaged, {_AGAIN}"
        ) from error
    if _DESCRIPTION not in records:
        if any(name.rpartition("/")[2] == "constants.pkl" or "/code/" in name for name in records):
            raise NotImplementedError(
                "torch.jit.load: this is a file of TorchScript, a language of torch's own: load a state_dict by torch.load into the module's Python class"
            )
        raise RuntimeError("torch.jit.load: not a file of torch.jit.save")
    _verify(records)
    for name in _extra_files or {}:
        if f"extra/{name}" in records:
            _extra_files[name] = records[f"extra/{name}"]
    try:
        description = json.loads(records[_DESCRIPTION])
        if description["version"] != VERSION:
            raise RuntimeError(
                f"torch.jit.load: the file has version {description['version']}, this jtorch reads {VERSION}: {_AGAIN}"
            )
        state = jtorch.load(io.BytesIO(records[_STATE]), map_location=map_location, weights_only=True)
        return LoadedModule(description, state, records)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, pickle.UnpicklingError) as error:
        raise RuntimeError(f"torch.jit.load: the file is damaged: {error!r}") from error


def _verify(records) -> None:
    """Raise unless every record is the one that was saved. Nothing else reads a record before."""
    try:
        sums = json.loads(records[_CHECKSUMS])
        wanted = {name: str(sums[name]) for name in records if name != _CHECKSUMS}
    except KeyError as error:
        raise RuntimeError(
            f"torch.jit.load: the file has no checksum of {error.args[0]}, so nobody can tell whether it is whole: {_AGAIN}"
        ) from None
    except (ValueError, TypeError) as error:
        raise RuntimeError(f"torch.jit.load: the checksums are damaged: {_AGAIN}") from error
    for name in [*wanted, *sums]:
        if name not in records or _checksum(records[name]) != wanted[name]:
            raise RuntimeError(f"torch.jit.load: the checksum of {name} is wrong, the file is damaged: {_AGAIN}")


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
        self._calls = []
        for number, call in enumerate(description["calls"]):
            shapes = [(tuple(shape), dtype) for shape, dtype in call["tensors"]]
            program = jtorch.from_jax(_program(records[f"programs/{number}"]))
            self._calls.append((structure.key(call["arguments"]), shapes, program, call["result"], call["fixed"]))
        self.__dict__["records"] = records
        super().train(description["training"])

    def forward(self, *args, **kwargs):
        tree, tensors = structure.encode([args, kwargs])
        program, result, known = self._found(
            structure.key(tree), [(tuple(t.shape), str(t.dtype).removeprefix("torch.")) for t in tensors]
        )
        tensors = [*map(self._tensor, self._names), *tensors]
        made = program(*tensors)
        count = len(made) - len(self._buffer_names)
        with jtorch.no_grad():
            for name, value in zip(self._buffer_names, made[count:], strict=True):
                self.get_buffer(name).copy_(value)
        return structure.decode(result, made[:count], known)

    def _found(self, key, given):
        """`(program, result, sizes)` for arguments of this structure and these shapes and dtypes."""
        reason = ""
        for arguments, shapes, program, result, fixed in self._calls:
            if arguments == key and [(len(s), d) for s, d in shapes] == [(len(s), d) for s, d in given]:
                known, other = sizes.matched([s for s, _ in shapes], [s for s, _ in given])
                if other is None:
                    return program, result, known
                tensor, axis, wanted, size = other
                reason = (
                    f": dimension {axis} of tensor {tensor} of the arguments is {size}, and {wanted} in the file"
                    + (f", where it is fixed since {fixed}" if fixed else "")
                )
        raise NotImplementedError(
            f"the file has no program for arguments of {_shown(given)}, only for {'; '.join(_shown(c[1]) for c in self._calls)}{reason}. Before "
            "torch.jit.save, call the module with every shape that it shall serve"
        )

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


def _shown(shapes) -> str:
    return ", ".join(f"{dtype}[{', '.join(map(str, shape))}]" for shape, dtype in shapes)


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
