"""Type stubs of what is made at run time: `jtorch/__init__.pyi`, `jtorch/tensor.pyi` and those of other generated namespaces.

    python -m jtorch.compat stubs            say which are stale
    python -m jtorch.compat stubs --write    write them

Editors and type checkers read them in the place of the modules. What Python says of itself (classes, functions of a module) is imported there.
"""

import importlib
import inspect
import keyword
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jtorch
from jtorch.compat.live import is_module, takes
from jtorch.compat.manifest import namespaces, return_types
from jtorch.compat.stub_types import (
    ALIASES,
    HEADER,
    is_keyword_list,
    of_annotation,
    of_argument,
    of_param,
    of_results,
    of_return,
    shown_default,
)  # fmt: skip
from jtorch.ops.registry import OPS, Op
from jtorch.tensor import Tensor

PACKAGE = Path(jtorch.__file__).parent
# Modules whose names are put there at run time.
MODULES = """jtorch jtorch.autograd jtorch.fft jtorch.linalg jtorch.nn jtorch.nn.functional jtorch.nn.modules jtorch.special""".split()
COMMAND = "python -m jtorch.compat stubs --write"


def main(write: bool) -> int:
    """The command; without `write` its exit status is 1 where a stub is stale."""
    stale = [path for path, text in stubs().items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if write:
            path.write_text(stubs()[path], encoding="utf-8")
        print(f"{'wrote' if write else 'stale'}: {path.relative_to(PACKAGE.parent)}")
    return int(bool(stale) and not write)


def stubs() -> dict[Path, str]:
    """The text of each stub by its file."""
    files = {PACKAGE / "tensor.pyi": tensor_stub()}
    for name in MODULES:
        module = importlib.import_module(name)
        is_package = hasattr(module, "__path__")
        path = PACKAGE.joinpath(*name.split(".")[1:], "__init__.pyi" if is_package else "")
        files[path if is_package else path.with_suffix(".pyi")] = module_stub(module)
    return files


# --- jtorch.tensor


def tensor_stub() -> str:
    lines = [
        HEADER,
        "from jtorch.devices import device as _device",
        "from jtorch.dtypes import dtype as _dtype, layout as _layout, memory_format as _memory_format",
        "from jtorch.random import Generator",
        "from jtorch.size import Size",
        "",
        ALIASES,
    ]
    for name, fields in sorted(_named_tuples().items()):
        lines += [f"class _{name}(NamedTuple):", *(f"    {field}: Tensor" for field in fields), ""]
    lines += ["class Tensor:"]
    for name in sorted(vars(Tensor)):
        if not name.startswith("_") or name.startswith("__") and name not in _OBJECTS:
            lines += [f"    {line}" for line in _member(name, inspect.getattr_static(Tensor, name))]
    return "\n".join(lines) + "\n"


_OBJECTS = frozenset(
    """__class__ __dict__ __weakref__ __doc__ __module__ __annotations__ __init_subclass__ __new_plain__ __torch_function__ __dir__ __reduce_ex__
    __slots__ __static_attributes__ __firstlineno__ __new__ __repr__ __str__ __format__""".split()
)
_ATTRIBUTES = {
    "shape": "Size", "dtype": "_dtype", "device": "_device", "layout": "_layout", "grad": "Tensor | None", "data": "Tensor",
    "requires_grad": "_bool", "grad_fn": "Any", "names": "Any", "name": "_str | None", "grad_dtype": "_dtype",
    **dict.fromkeys("T mT H mH real imag".split(), "Tensor"), **dict.fromkeys("ndim itemsize nbytes output_nr".split(), "_int"),
}  # fmt: skip
_SPECIAL = {
    "__eq__": "def __eq__(self, other: Any) -> Tensor: ...",
    "__ne__": "def __ne__(self, other: Any) -> Tensor: ...",
    "__hash__": "def __hash__(self) -> _int: ...",
    "__bool__": "def __bool__(self) -> _bool: ...",
    "__int__": "def __int__(self) -> _int: ...",
    "__index__": "def __index__(self) -> _int: ...",
    "__float__": "def __float__(self) -> _float: ...",
    "__complex__": "def __complex__(self) -> _complex: ...",
    "__len__": "def __len__(self) -> _int: ...",
    "__contains__": "def __contains__(self, element: Any) -> _bool: ...",
    "__iter__": "def __iter__(self) -> Iterator[Tensor]: ...",
    "__getitem__": "def __getitem__(self, index: Any) -> Tensor: ...",
    "__setitem__": "def __setitem__(self, index: Any, value: Any) -> None: ...",
    "__delitem__": "def __delitem__(self, key: Any) -> None: ...",
    "item": "def item(self) -> Any: ...",
    "size": "@overload\ndef size(self) -> Size: ...\n@overload\ndef size(self, dim: _int) -> _int: ...",
    "stride": "@overload\ndef stride(self) -> tuple[_int, ...]: ...\n@overload\ndef stride(self, dim: _int) -> _int: ...",
}
_COMPARED = ("lt", "le", "gt", "ge")


def _member(name: str, value: Any) -> Iterator[str]:
    if name in _SPECIAL:
        yield from _SPECIAL[name].split("\n")
    elif isinstance(value, property):
        kind = _ATTRIBUTES.get(name) or of_annotation(getattr(value.fget, "__annotations__", {}).get("return")) or "Any"
        if name.startswith("is_") or name == "retains_grad":
            kind = "_bool"
        if value.fset is not None:
            yield f"{name}: {kind}"
        else:
            yield "@property"
            yield f"def {name}(self) -> {kind}: ..."
    elif isinstance(value, (staticmethod, classmethod)):
        return
    elif inspect.isfunction(value):
        if name.startswith("__") and name.strip("_").lstrip("ri") in _OPERATORS:
            yield f"def {name}(self, other: Any) -> Tensor: ..."
        else:
            entry = namespaces()["torch.Tensor"].get(name)
            yield from _function(name, value, entry.signatures if entry else (), in_class=True)
    elif isinstance(value, bool) or value is None:
        yield f"{name}: {_ATTRIBUTES.get(name, '_bool' if isinstance(value, bool) else 'Any')}"


_OPERATORS = frozenset(
    word.lstrip("ri")
    for word in "add sub mul truediv floordiv mod pow and or xor lshift rshift matmul div lt le gt ge".split()
)


# --- functions

# What torch's own signatures do not say.
_PIECES = "split split_with_sizes chunk unbind tensor_split hsplit vsplit dsplit unsafe_split unsafe_chunk meshgrid broadcast_tensors"
_RESULTS = {
    **dict.fromkeys(_PIECES.split(), "tuple[Tensor, ...]"),
    "backward": "None",
    "retain_grad": "None",
    "tolist": "Any",
}


def _function(name: str, value: Any, torch_signatures: tuple[str, ...], in_class: bool = False) -> Iterator[str]:
    """The `def` of a function, or one for each kind of result where torch's overloads differ in that."""
    op = _operation(value)
    parameters = [p for p in _parameters(value, in_class) if not is_keyword_list(p)]
    typed = {p.name: p for p in op.params} if op else {}
    written = {signature.partition(" -> ")[2] for signature in torch_signatures}
    results = {of_return(result, _known_tuples()) for result in written if result}
    if op is not None and not name.endswith("_"):
        results = {of_results(op)}
    elif name.endswith("_") and not name.startswith("__"):
        results = {"Tensor"}
    if len(results) > 1 and "" not in written:
        yield from _overloads(name, value, torch_signatures, in_class)
        return
    said = of_annotation(getattr(inspect.unwrap(value), "__annotations__", {}).get("return", ...))
    if name in _RESULTS:
        result = _RESULTS[name]
    else:
        result = said if said and said != "Tensor" else results.pop() if len(results) == 1 else said or "Any"
    yield f"def {name}({_listed(parameters, typed, in_class)}) -> {result}: ..."


def _overloads(name: str, value: Any, torch_signatures: tuple[str, ...], in_class: bool) -> Iterator[str]:
    for signature in torch_signatures:
        inside, _, result = signature.partition(" -> ")
        shape = inspect.signature(eval(f"lambda {inside}: 0", {"torch": jtorch, "inf": float("inf")}))
        parameters = list(shape.parameters.values())
        if in_class:
            parameters.insert(0, inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD))
        yield "@overload"
        yield f"def {name}({_listed(parameters, {}, in_class)}) -> {of_return(result, _known_tuples())}: ..."


def _listed(parameters: list[inspect.Parameter], typed: dict, in_class: bool) -> str:
    parts: list[str] = []
    starred = False
    optional = False
    for i, p in enumerate(parameters):
        if in_class and i == 0:
            parts.append("self")
            continue
        if p.kind is p.KEYWORD_ONLY and not starred:
            parts.append("*")
            starred = True
        kind = of_param(typed[p.name]) if p.name in typed else of_argument(p.name, p.annotation, p.default)
        star = "*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else ""
        if star == "*" and kind == "Sequence[Tensor]":  # tensors one by one, or as a list
            kind = f"Tensor | {kind}"
        starred = starred or star == "*"
        # What follows a default needs one too: a required argument that may come under numpy's name has none in Python.
        has_default = (
            p.default is not p.empty
            and repr(p.default) != "<required>"
            or optional
            and p.kind is p.POSITIONAL_OR_KEYWORD
        )
        optional = has_default and p.kind is p.POSITIONAL_OR_KEYWORD
        default = f" = {shown_default(p.default)}" if has_default and not star else ""
        spelled = p.name if not keyword.iskeyword(p.name) else f"{p.name}_"
        parts.append(f"{star}{spelled}: {'Any' if star == '**' else kind}{default}")
    return ", ".join(parts)


def _parameters(value: Any, in_class: bool) -> list[inspect.Parameter]:
    found = list(inspect.signature(value).parameters.values())
    known = takes(value)
    if in_class:  # torch's methods have no `out`
        return [p for p in found if p.name != "out"]
    if known is not None and known.takes("out") and not known.any_keyword and "out" not in {p.name for p in found}:
        found.append(inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None))
    return found


def _operation(value: Any) -> Op | None:
    found = getattr(value, "__globals__", {}).get("_op")
    return found if isinstance(found, Op) else None


def _named_tuples() -> dict[str, list[str]]:
    """The named tuples of results: those of operations, and those that torch's overloads name."""
    ours = {op.name.rpartition(".")[2]: list(op.outputs) for op in OPS.values() if op.outputs and op.variants}
    ours = {name: fields for name, fields in ours.items() if name not in ("var_mean", "std_mean")}
    theirs = {name.removeprefix("linalg_"): fields for name, fields in return_types().items() if name[0] != "_"}
    return {**theirs, **ours}


def _known_tuples() -> dict[str, str]:
    return {name: f"_{name.removeprefix('linalg_')}" for name in return_types()}


# --- modules


def module_stub(module: types.ModuleType) -> str:
    lines = [
        HEADER,
        "from jtorch.devices import device as _device",
        "from jtorch.dtypes import dtype as _dtype, layout as _layout, memory_format as _memory_format",
        "from jtorch.random import Generator as Generator"
        if module is jtorch
        else "from jtorch.random import Generator",
        "from jtorch.size import Size as Size" if module is jtorch else "from jtorch.size import Size",
        "from jtorch.tensor import Tensor as Tensor" if module is jtorch else "from jtorch.tensor import Tensor",
        "from jtorch.tensor import _Device, _Number, _Sizes",
        *(f"from jtorch.tensor import _{name}" for name in sorted(_named_tuples())),
        "",
    ]
    space = module.__name__.replace("jtorch", "torch", 1)
    done = {"Generator", "Size", "Tensor"} if module is jtorch else set()
    for name in sorted(_names(module) - done):
        lines += _entry(module, space, name, _value(module, name))
    return "\n".join(lines) + "\n"


def _names(module: types.ModuleType) -> set[str]:
    """Public names, whatever has been asked for and imported so far."""
    space = module.__name__.replace("jtorch", "torch", 1)
    below = {
        known.removeprefix(f"{space}.").partition(".")[0] for known in namespaces() if known.startswith(f"{space}.")
    }
    modules = {name for name in below if is_module(f"{space}.{name}")}
    asked = {name for name in namespaces().get(space, {}) if hasattr(module, name)}
    there = {name for name in dir(module) if not isinstance(getattr(module, name), types.ModuleType)}
    names = {name for name in {*modules, *asked, *there, *getattr(module, "_NAMES", ())} if not name.startswith("_")}
    return names | ({"__version__", "engine"} if module is jtorch else set())


def _value(module: types.ModuleType, name: str) -> Any:
    """What a name stands for: a function, also where a module of its name has been imported since."""
    files = getattr(module, "_NAMES", {})
    return getattr(importlib.import_module(f"{module.__name__}.{files[name]}") if name in files else module, name)


def _entry(module: types.ModuleType, space: str, name: str, value: Any) -> Iterator[str]:
    if isinstance(value, types.ModuleType):
        if value.__name__.startswith("jtorch."):
            parent, _, last = value.__name__.rpartition(".")
            yield from _import(parent, last, name)
        return
    home = _home(module, value)
    if home is not None:
        yield from _import(*home, name)
    elif inspect.isclass(value):
        yield f"{name}: _type[Any]"
    elif inspect.isfunction(value):
        entry = namespaces().get(space, {}).get(name)
        yield from _function(name, value, entry.signatures if entry else ())
    elif type(value) in _CONSTANTS:
        yield f"{name}: _{type(value).__name__}"
    else:
        yield f"{name}: Any"


def _import(module: str, its: str, name: str) -> Iterator[str]:
    """An import that type checkers pass on, which they do only for names that stay the same."""
    if its == name:
        yield f"from {module} import {its} as {name}"
    else:
        yield f"from {module} import {its} as _{name}"
        yield f"{name} = _{name}"


_CONSTANTS = (bool, int, float, str, jtorch.dtype, jtorch.layout, jtorch.memory_format)


def _home(module: types.ModuleType, value: Any) -> tuple[str, str] | None:
    """Module and name under which Python itself defines a value, if it is not made at run time."""
    origin, name = getattr(value, "__module__", None), getattr(value, "__name__", None)
    if (
        not isinstance(origin, str)
        or not isinstance(name, str)
        or origin in MODULES
        or not origin.startswith("jtorch.")
    ):
        return None
    if inspect.isfunction(value) and (_operation(value) or hasattr(value, "__wrapped__") or value.__closure__):
        return None
    found = vars(sys.modules.get(origin, types)).get(name)
    return (origin, name) if found is value and origin != "jtorch.tensor" else None
