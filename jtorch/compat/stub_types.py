"""What a stub says of a parameter and of a result: from the table of operations, from annotations, and last from names."""

import inspect
import re
from typing import Any

from jtorch.ops.registry import Array, Arrays, Dim, Dims, DType, Number, Op, Operand, OptionalArray, Param, Size

# Inside the stubs `int`, `float`, `bool` and `dtype` are names of dtypes, methods and attributes; so types have others there.
HEADER = """\
# Made by `python -m jtorch.compat stubs --write` from the table of operations and the live package. Edit neither by hand.
# mypy: disable-error-code="override, misc"
from builtins import bool as _bool, complex as _complex, float as _float, int as _int, str as _str, type as _type
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias, overload
"""
# What tensor.pyi defines for all.
ALIASES = """\
_Number: TypeAlias = _int | _float | _bool | _complex
_Sizes: TypeAlias = _int | Sequence[_int]
_Device: TypeAlias = _device | _str | _int | None
"""

_KINDS = {
    Array: "Tensor",
    OptionalArray: "Tensor | None",
    Operand: "Tensor | _Number",
    Arrays: "Sequence[Tensor]",
    Number: "_Number",
    Dim: "_int",
    Dims: "_int | Sequence[_int]",
    Size: "_Sizes",
    DType: "_dtype",
}
# By the names torch gives to the parameters of everything else.
_NAMES = {
    **dict.fromkeys(
        "input self tensor tensor1 tensor2 mat mat1 mat2 vec vec1 vec2 batch1 batch2 condition".split(), "Tensor"
    ),
    **dict.fromkeys("other end weight exponent".split(), "Tensor | _Number"),
    **dict.fromkeys("size shape sizes repeats".split(), "_Sizes"),
    **dict.fromkeys("dim dims axis".split(), "_int | Sequence[_int]"),
    **dict.fromkeys("dim0 dim1 dim2 diagonal offset k n steps chunks sections".split(), "_int"),
    **dict.fromkeys(
        "keepdim requires_grad pin_memory non_blocking copy largest sorted descending stable upper".split(), "_bool"
    ),
    "dtype": "_dtype",
    "device": "_Device",
    "generator": "Generator",
    "layout": "_layout",
    "memory_format": "_memory_format",
    "out": "Tensor | Sequence[Tensor]",
    "tensors": "Sequence[Tensor]",
    "equation": "_str",
}
# A whole number as a default leaves open whether fractions may be given.
_PLAIN = {bool: "_bool", int: "_int | _float", float: "_float", str: "_str", complex: "_complex"}
_WORDS = {
    "Tensor": "Tensor", "bool": "_bool", "int": "_int", "float": "_float", "str": "_str", "None": "None", "Size": "Size",
    "dtype": "_dtype", "device": "_device", "Generator": "Generator",
}  # fmt: skip


def of_param(param: Param) -> str:
    """The type of a parameter of an operation."""
    found = _KINDS.get(param.kind) if not isinstance(param.kind, type) else None
    if found is None:
        return of_argument(param.name, param.kind, param.default)
    return f"{found} | None" if param.default is None and not found.endswith("None") else found


def of_argument(name: str, annotation: Any, default: Any) -> str:
    """The type of a parameter of a function: by its annotation, else its default, else its name."""
    if name in ("ord", "p"):  # numbers, names of norms, infinity
        return "Any"
    found = of_annotation(annotation) or _PLAIN.get(type(default)) or _NAMES.get(name)
    if found is None:
        return "Any"
    return f"{found} | None" if default is None and "None" not in found else found


def of_annotation(annotation: Any) -> str:
    """The type that a simple annotation names; empty for others."""
    if annotation is None:
        return "None"
    word = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    return _WORDS.get(word, "")


def of_results(op: Op) -> str:
    """What an operation returns: a tensor, or its named tuple."""
    if op.outputs is None:
        return "Tensor"
    short = op.name.rpartition(".")[2]
    return f"tuple[{', '.join(['Tensor'] * len(op.outputs))}]" if short in ("var_mean", "std_mean") else f"_{short}"


def of_return(written: str, known: dict[str, str]) -> str:
    """The type for what a signature of torch's ends with; `known` are the named tuples, by torch's names of them."""
    if written.startswith("return_types."):
        return known.get(written.removeprefix("return_types."), "Any")
    return re.sub(r"\w+", lambda found: _WORDS.get(found[0], found[0]), written)


def shown_default(value: Any) -> str:
    """A default as stubs show it."""
    if value is None or isinstance(value, (bool, int, str)) or isinstance(value, float) and abs(value) < 1e300:
        return repr(value)
    return "..."


def is_keyword_list(parameter: inspect.Parameter) -> bool:
    """`_kw`: how functions made from the table take numpy's spellings."""
    return parameter.kind is parameter.VAR_KEYWORD and parameter.name == "_kw"
