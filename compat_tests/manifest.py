"""`python -m compat_tests.manifest`: write down torch's and torchvision's public names and signatures, from installed ones.

The result, `jtorch/compat/manifest.json.gz`, is what `python -m jtorch.compat census` and `python -m jtorch check` know of
torch: facts alone, no text. It is a table of namespaces; an entry is a list of kind and signatures:

    {"torch": {"abs": ["function", "input, *, out=None"], "pi": ["constant", "float"]},
     "torch.nn": {"ReLU": ["class", "inplace=False", {"extra_repr": ["method", ""]}]}}

Signatures come from `inspect`, from the stubs in torch's wheel (builtins), from the schemas of operations, and last from the first
line of a docstring. A name that has several, has several strings. A class ends with its own members.
"""

import ast
import functools
import gzip
import importlib
import importlib.abc
import importlib.machinery
import inspect
import json
import pkgutil
import re
import sys
import types
import unittest.mock
import warnings
from collections.abc import Iterator
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / "jtorch" / "compat" / "manifest.json.gz"

# A star at the end takes in the public modules below.
NAMESPACES = """
torch torch.Tensor torch.accelerator torch.amp.* torch.ao.* torch.autograd.* torch.backends.* torch.compiler torch.cpu.* torch.cuda.*
torch.distributed torch.distributed.checkpoint torch.distributed.device_mesh torch.distributed.elastic torch.distributed.fsdp
torch.distributed.nn torch.distributed.optim torch.distributed.pipelining torch.distributed.rpc torch.distributed.tensor
torch.distributed.tensor.parallel torch.distributed.algorithms.join torch.distributions.* torch.export torch.fft torch.func
torch.functional torch.futures torch.fx torch.hub torch.jit torch.library torch.linalg torch.masked.* torch.monitor torch.mps.*
torch.mtia torch.multiprocessing torch.nested torch.nn torch.nn.attention.* torch.nn.common_types torch.nn.functional torch.nn.grad
torch.nn.init torch.nn.parallel torch.nn.parameter torch.nn.utils.* torch.onnx torch.optim torch.optim.lr_scheduler
torch.optim.optimizer torch.optim.swa_utils torch.overrides torch.package
torch.profiler torch.quantization torch.quasirandom torch.random torch.serialization torch.signal.windows torch.sparse.*
torch.special torch.storage torch.testing torch.types torch.utils.* torch.version torch.xpu
torchvision torchvision.datasets torchvision.datasets.folder torchvision.datasets.utils torchvision.datasets.vision torchvision.io
torchvision.models torchvision.models.detection torchvision.models.feature_extraction torchvision.models.optical_flow
torchvision.models.quantization torchvision.models.segmentation torchvision.models.video torchvision.ops torchvision.transforms
torchvision.transforms.functional torchvision.transforms.v2 torchvision.transforms.v2.functional torchvision.tv_tensors
torchvision.utils
""".split()

# Command-line programs, examples, what other modules are made from, and what wants packages that are not there.
SKIPPED = """
torch.ao.nn torch.ao.ns torch.ao.pruning torch.ao.quantization.backend_config torch.ao.quantization.fx torch.ao.quantization.pt2e
torch.ao.quantization.utils torch.backends.xeon torch.distributions.constraint_registry torch.utils.backcompat torch.utils.benchmark.examples
torch.utils.benchmark.op_fuzzers torch.utils.benchmark.utils torch.utils.bundled_inputs torch.utils.collect_env
torch.utils.data.backward_compatibility torch.utils.data.datapipes torch.utils.data.graph torch.utils.data.graph_settings
torch.utils.debug_log torch.utils.file_baton torch.utils.hipify torch.utils.jit torch.utils.model_dump torch.utils.show_pickle
torch.utils.throughput_benchmark torch.utils.viz
""".split()
# Names torch itself does not mean to show: leftovers of its own imports.
PRIVATE_ORIGINS = ("torch._utils", "torch._utils_internal")
LEFTOVERS = frozenset("TYPE_CHECKING USE_GLOBAL_DEPS USE_RTLD_GLOBAL_WITH_LIBTORCH PRIVATE_OPS".split())
# Where the stubs say other than what a call accepts.
CORRECTED = {
    "apply_": ["self, callable, /"],
    "from_numpy": ["ndarray, /"],
    "map_": ["self, other, callable"],
    "numel": ["self"],
    "range": [
        "start=0, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False",
    ],
    "requires_grad_": ["self, requires_grad=True"],
    "torch.linalg.matrix_exp": ["input -> Tensor"],
    "torch.sparse.addmm": ["input, mat1, mat2, *, beta=1, alpha=1 -> Tensor"],
    "torch.sparse.log_softmax": ["input, dim, dtype=None -> Tensor"],
    "torch.sparse.mm": ["sparse, dense -> Tensor", "sparse, dense, reduce -> Tensor"],
    "torch.sparse.softmax": ["input, dim, dtype=None -> Tensor"],
}
PREFIXES = {"torch.linalg": "linalg_", "torch.fft": "fft_", "torch.special": "special_"}


def main() -> None:
    prepare()
    import torch
    import torchvision

    manifest = {
        "versions": {
            "torch": torch.__version__.partition("+")[0],
            "torchvision": torchvision.__version__.partition("+")[0],
        },
        "namespaces": collect(),
        "return_types": return_types(),
    }
    text = json.dumps(manifest, separators=(",", ":"), sort_keys=True)
    TARGET.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    names = sum(map(len, manifest["namespaces"].values()))
    print(f"{TARGET.name}: {names} names in {len(manifest['namespaces'])} namespaces, {TARGET.stat().st_size:,} bytes")


def prepare() -> None:
    """Let torchvision's Python part load beside a torch it was not compiled for, and what wants TensorBoard without it."""
    warnings.simplefilter("ignore")
    for name in ("torchvision._meta_registrations", "torchvision._autograd_registrations"):
        sys.modules.setdefault(name, types.ModuleType(name))
    sys.meta_path.append(TensorBoard())


class TensorBoard(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules that have whatever they are asked for."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "tensorboard":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def exec_module(self, module):
        module.__version__ = "2.20"
        module.__getattr__ = lambda name: unittest.mock.MagicMock()


def collect() -> dict:
    namespaces: dict[str, dict] = {}
    seen: dict[int, str] = {}  # what a namespace above shows already, is not named again below
    for module in modules():
        names = dict(public(module))
        above = [space for space in namespaces if module.__name__.startswith(space + ".") and space.count(".") > 0]
        found = {
            name: described
            for name, value in names.items()
            if not (id(value) in seen and seen[id(value)] in above and not isinstance(value, (int, float, str)))
            if (described := describe(module.__name__, name, value)) is not None
        }
        if found:
            namespaces[module.__name__] = found
            seen.update((id(value), module.__name__) for name, value in names.items() if name in found)
    namespaces["torch.Tensor"] = tensor()
    return dict(sorted(namespaces.items()))


def modules() -> Iterator[types.ModuleType]:
    for pattern in NAMESPACES:
        name = pattern.removesuffix(".*")
        if name == "torch.Tensor":
            continue
        module = importlib.import_module(name)
        yield module
        if pattern != name and hasattr(module, "__path__"):
            yield from below(module)


def below(module: types.ModuleType) -> Iterator[types.ModuleType]:
    for entry in sorted(pkgutil.iter_modules(module.__path__), key=lambda entry: entry.name):
        name = f"{module.__name__}.{entry.name}"
        if entry.name.startswith("_") or name in SKIPPED:
            continue
        try:
            child = importlib.import_module(name)
        except Exception as error:
            print(f"left out: {name}: {error}", file=sys.stderr)
            continue
        yield child
        if hasattr(child, "__path__"):
            yield from below(child)


def public(module: types.ModuleType) -> Iterator[tuple[str, object]]:
    """Names that `__all__` lists, that the module documents as builtins of its own, or, without an `__all__`, that it defines."""
    import torch

    listed = set(getattr(module, "__all__", ()))
    # A module of switches is an object around the module that was there first, `m`; the switches are its class's.
    switches = {name for name in vars(type(module)) if not name.startswith("_")} - LEFTOVERS
    found = {name for name in {*dir(module), *dir(getattr(module, "m", None))} if not name.startswith("_")}
    for name in sorted(listed | switches | found - LEFTOVERS):
        value = getattr(module, name, None)
        if (
            isinstance(value, types.ModuleType)
            or not hasattr(module, name)
            or value is torch.Tensor
            and module is not torch
        ):
            continue
        if name in listed | switches or documented_builtin(name, value) or is_own(module, value, bool(listed)):
            yield name, value


def documented_builtin(name: str, value: object) -> bool:
    text = getattr(value, "__doc__", None) or ""
    return isinstance(value, types.BuiltinFunctionType) and re.search(rf"\b{re.escape(name)}\(", text[:100]) is not None


def is_own(module: types.ModuleType, value: object, has_list: bool) -> bool:
    """Whether a value that no `__all__` lists belongs to the module, rather than to its imports."""
    import torch

    origin = getattr(value, "__module__", None)
    if module is torch:
        if isinstance(origin, str):
            return origin.startswith("torch") and origin not in PRIVATE_ORIGINS
        return isinstance(value, (torch.dtype, torch.layout, torch.memory_format, torch.qscheme))
    if has_list or isinstance(value, type) and issubclass(value, types.ModuleType):
        return False
    if isinstance(value, (int, float, str)):
        return True
    return isinstance(origin, str) and (origin == module.__name__ or origin.startswith(module.__name__ + "."))


def describe(space: str, name: str, value: object) -> list | None:
    if inspect.isclass(value):
        return ["class", *class_signatures(value), members(value)]
    if callable(value):
        return ["function", *signatures(space, name, value)]
    return ["constant", type(value).__name__]


def tensor() -> dict:
    """Methods, attributes and operators of `torch.Tensor`."""
    import torch

    inherited = set(dir(object)) | {"__weakref__", "__dict__", "__annotations__", "__slotnames__"}
    names = [name for name in dir(torch.Tensor) if not name.startswith("_")]
    names += [name for name in dir(torch.Tensor) if name.startswith("__") and name not in inherited]
    stub = stub_class("TensorBase")
    return {name: member(torch.Tensor, name, stub) for name in names}


def members(kind: type) -> dict:
    """A class's own public members, those of private bases included."""
    import torch

    if (
        issubclass(kind, torch.Tensor)
        or type(kind) is type(torch.FloatTensor)
        or kind.__bases__ == (torch.TypedStorage,)
    ):
        return {}  # what torch.Tensor lists already
    own: dict[str, None] = {}
    for base in kind.__mro__:
        private = base.__name__.startswith("_") and base.__module__.startswith("torch")
        if base is not kind and (not private or base.__module__.startswith("torch._C")):
            continue
        own.update(dict.fromkeys(name for name in vars(base) if not name.startswith("_") or name == "__call__"))
    stub = stub_class(kind.__name__) if kind.__module__.startswith("torch._C") or kind.__module__ == "torch" else {}
    return {name: member(kind, name, stub) for name in sorted(own)}


def member(kind: type, name: str, stub: dict) -> list:
    value = inspect.getattr_static(kind, name)
    if isinstance(value, (staticmethod, classmethod)):
        return ["method", *(python_signature(getattr(kind, name)) or [])]
    if isinstance(value, (property, functools.cached_property)) or inspect.isgetsetdescriptor(value):
        return ["property"]
    if inspect.isclass(value) or not callable(value):
        return ["attribute"]
    if not inspect.isfunction(value):
        found = (
            kind.__name__ == "Tensor"
            and CORRECTED.get(name)
            or stub.get(name)
            or python_signature(value)
            or documented_signature(name, value)
        )
    else:
        found = python_signature(value)
    return ["method", *dict.fromkeys(without_self(signature) for signature in found or [])]


def without_self(signature: str) -> str:
    return re.sub(r"^(self|cls)(, /)?(, |$|(?= ->))", "", signature)


def signatures(space: str, name: str, value: object) -> list[str]:
    """The ways to call a function: one string each, the parameters as they stand between the parentheses of a `def`."""
    if f"{space}.{name}" in CORRECTED:
        return CORRECTED[f"{space}.{name}"]
    if space == "torch" and name in CORRECTED:
        return [signature.replace("self", "input") for signature in CORRECTED[name]]
    found = python_signature(value)
    if not found or found[0].startswith("*args, **kwargs"):
        found = documented_signature(name, value) or found
        if isinstance(value, types.BuiltinFunctionType) or not found:
            builtin = stub_functions().get(name, []) if space not in PREFIXES else []
            # The deprecated calls put numbers before the tensor, whose name is then `self`.
            builtin = [s for s in builtin if "self" not in s.split(", ")] or builtin
            found = builtin or schema_signatures(PREFIXES.get(space, "") + name) or found
    return list(dict.fromkeys(found or []))


def class_signatures(kind: type) -> list[str]:
    stub = stub_class(kind.__name__)
    if kind.__module__ in ("torch", "torch._C"):
        found = stub.get("__init__") or stub.get("__new__")
        if found:
            return list(dict.fromkeys(map(without_self, found)))
    return python_signature(kind) or []


def python_signature(value: object) -> list[str] | None:
    try:
        parameters = inspect.signature(value).parameters.values()
        plain = inspect.Signature([p.replace(annotation=p.empty, default=shown(p.default)) for p in parameters])
    except (TypeError, ValueError):  # a builtin, or a class that says something impossible of itself
        return None
    result = inspect.signature(value).return_annotation
    word = result if isinstance(result, str) else getattr(result, "__name__", "None" if result is None else "")
    return [str(plain)[1:-1] + (f" -> {word}" if word in ("Tensor", "bool", "int", "float", "str", "None") else "")]


def shown(default: object) -> object:
    return default if default is inspect.Parameter.empty else Shown(default)


class Shown:
    """A default as it can be written down: a short literal, or `...`."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __repr__(self) -> str:
        text = repr(self.value)
        try:
            return text if ast.literal_eval(text) == self.value and len(text) < 40 else "..."
        except (ValueError, SyntaxError):
            return text if re.fullmatch(r"torch\.\w+", text) else "..."


def documented_signature(name: str, value: object) -> list[str] | None:
    """Calls that a docstring shows before its text begins."""
    found = []
    for line in (getattr(value, "__doc__", None) or "").strip().splitlines()[:4]:
        match = re.match(rf"(?:[\w.]*\.)?{re.escape(name)}\((.*?)\)\s*(?:->|$)", line.strip())
        if match is None:
            break
        try:
            arguments = ast.parse(f"def f({match[1]}): 0").body[0].args  # type: ignore[attr-defined]
        except SyntaxError:
            continue
        found.append(ast.unparse(arguments) + (" -> Tensor" if re.search(r"-> ?Tensor$", line.strip()) else ""))
    return found or None


def schema_signatures(name: str) -> list[str]:
    """Calls by the schemas of an operation. What results are stored in is one `out` to callers."""
    import torch

    found = []
    for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}"):
        parts, starred = [], False
        for argument in [a for a in schema.arguments if not a.is_out]:
            if argument.kwarg_only and not starred:
                starred = True
                parts.append("*")
            default = f"={Shown(argument.default_value)!r}" if argument.has_default_value() else ""
            parts.append(("input" if argument.name == "self" else argument.name) + default)
        if any(a.is_out for a in schema.arguments):
            parts += ["out=None"] if starred else ["*", "out=None"]
        kinds = [str(result.type) for result in schema.returns]
        word = "Tensor" if kinds == ["Tensor"] else f"tuple[{', '.join(kinds)}]" if {*kinds} == {"Tensor"} else ""
        found.append(", ".join(parts) + (f" -> {word}" if word else ""))
    return found


@functools.cache
def stub_functions() -> dict[str, list[str]]:
    return definitions(stub("_VariableFunctions.pyi").body)


@functools.cache
def stub_class(name: str) -> dict[str, list[str]]:
    for node in stub("__init__.pyi").body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return definitions(node.body)
    return {}


@functools.cache
def stub(file: str) -> ast.Module:
    import torch

    return ast.parse((Path(torch.__file__).parent / "_C" / file).read_text(encoding="utf-8"))


def definitions(body: list[ast.stmt]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            for argument in ast.walk(node.args):
                if isinstance(argument, ast.arg):
                    argument.annotation = None
            found.setdefault(node.name, []).append(ast.unparse(node.args) + returned(node.returns))
    return found


def returned(annotation: ast.expr | None) -> str:
    """What a call gives, as the end of a signature, where a few words say it."""
    text = "" if annotation is None else ast.unparse(annotation)
    text = (
        re.sub(r"\b_(bool|int|float|complex|dtype|layout)\b", r"\1", text)
        .replace("torch.", "")
        .replace("_size", "Size")
    )
    text = re.sub(
        r"\b(list|tuple)\[Tensor(, Tensor|, \.\.\.)*\]",
        lambda found: found[0].replace("list[Tensor]", "tuple[Tensor, ...]"),
        text,
    )
    known = r"(Tensor|bool|int|float|Size|str|None|tuple\[Tensor(, Tensor)*(, \.\.\.)?\]|return_types\.\w+)"
    return f" -> {text}" if re.fullmatch(known, text) else ""


def return_types() -> dict:
    """The fields of the named tuples that functions give."""
    import torch

    kinds = {name: kind for name, kind in vars(torch.return_types).items() if inspect.isclass(kind)}
    return {
        name: list(kind.__match_args__)
        for name, kind in kinds.items()
        if issubclass(kind, tuple) and hasattr(kind, "__match_args__") and not name.endswith("_out")
    }


if __name__ == "__main__":
    main()
