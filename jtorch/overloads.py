"""Calls that fit no overload of a function, in torch's words."""

import functools
import itertools

import numpy as np

from .ops.registry import Array, Op, Operand

# Functions that make a tensor of a number in their first place: torch.add(1, 2) is tensor(3).
OF_NUMBERS = frozenset("add sub mul div rounding.div floor_divide".split())


def no_overload(name: str, args, signatures) -> TypeError:
    """The error for arguments whose types fit none of the signatures."""
    given = ", ".join(map(type_name, args))
    listed = "\n".join(f" * ({signature})" for signature in signatures)
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({given}), but expected one of:\n{listed}\n"
    )


def type_name(value) -> str:
    """The name of a type as torch shows it: types written in C bear their module's."""
    kind = type(value)
    return f"numpy.{kind.__name__}" if kind.__module__ == "numpy" else kind.__name__


def called(op: Op) -> str:
    """The name of an operation as errors show it: `special_zeta`, and `max` of `dim.max`."""
    return shown(op.name)


def shown(path: str) -> str:
    """`fft_fft` for `fft.fft`, `max` for `dim.max`."""
    space, _, short = path.rpartition(".")
    return f"{space}_{short}" if space in ("special", "linalg", "fft") else short


def overloads(op: Op) -> list[str]:
    """The signatures of an operation that has one for tensors and others for numbers; of others, nothing."""
    positional = [p for p in op.params if not p.keyword_only and p.kind in (Array, Operand)]
    if op.name in OF_NUMBERS or all(p.kind is Array for p in positional[1:]):
        return []
    kinds = [("Tensor", "Number") if p.kind is Operand else ("Tensor",) for p in positional]
    rest = ", *, Tensor out = None" if "out" in op.variants else ""
    combinations = [c[::-1] for c in itertools.product(*reversed(kinds)) if "Tensor" in c]
    return [", ".join(_declared(k, p.name) for k, p in zip(c, positional, strict=True)) + rest for c in combinations]


def _declared(kind, name):
    return f"{kind} {'self' if kind == 'Number' and name == 'input' else name}"


_KINDS = {bool: "bool", int: "int", float: "float", str: "str"}


def wrong_kind(default, value) -> str | None:
    """What a value should have been that cannot stand where this default does; None where it can."""
    kind = type(default)
    if kind not in _KINDS or value is default or isinstance(value, kind):
        return None
    wrong = value is None or type(value) is object or isinstance(value, (str, float) if kind is bool else str)
    return _KINDS[kind] if wrong else None


# The classes that need no second look, by torch's word for a kind of argument. Whether None may stand somewhere the function knows.
_AT_ONCE = {
    "bool": (bool,), "int": (int,), "float": (float, int), "Number": (float, int, bool), "str": (str,), "tuple of ints": (int,),
}  # fmt: skip


def takes(called: str, **kinds: str):
    """Give a function torch's TypeError for arguments of a wrong kind, which Python would take or turn into something else.

    `kinds` are torch's words by parameter, as in `eps="float"`; "float 5" says that its kernel has it in the fifth place, and "bool 3 train" that it has
    another name there. The checks are compiled in front of the call, since a loop over the arguments would take as long as the rest of it.
    """

    def decorate(fn):
        code = fn.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        header, passed = list(names), list(names)
        for position in range(code.co_argcount - len(fn.__defaults__ or ()), code.co_argcount):
            header[position] += "=None"
        for position in range(code.co_argcount, len(names)):
            header[position] += "=None"
            passed[position] = f"{names[position]}={names[position]}"
        if code.co_kwonlyargcount:
            header.insert(code.co_argcount, "*")
        known, lines = {"_fn": fn, "_require": _require}, []
        for name, text in kinds.items():
            kind, *rest = text.replace("ints", "tuple-of-ints").split()
            kind = kind.replace("-", " ")
            known[f"_{name}"] = frozenset((*_AT_ONCE[kind], type(None)))
            where = f"{called}(): argument '{rest[1] if len(rest) > 1 else name}'" + (
                f" (position {rest[0]})" if rest else ""
            )
            lines.append(f"    if {name}.__class__ not in _{name}:\n        _require({name}, {kind!r}, {where!r})\n")
        source = f"def call({', '.join(header)}):\n{''.join(lines)}    return _fn({', '.join(passed)})\n"
        exec(compile(source, f"<kinds of {called}>", "exec"), known)
        call = functools.wraps(fn)(known["call"])
        call.__defaults__, call.__kwdefaults__ = fn.__defaults__, fn.__kwdefaults__
        return call

    return decorate


def _require(value, kind, where):
    if kind == "tuple of ints" and value.__class__ in (tuple, list):
        for position, item in enumerate(value):
            if item.__class__ is not int and not _is_kind("int", item):
                found = f"found element of type {type_name(item)} at pos {position}"
                raise TypeError(f"{where} must be tuple of ints, but {found}")
    elif not _is_kind(kind, value):
        raise TypeError(f"{where} must be {kind}, not {type_name(value)}")


def _is_kind(kind: str, value) -> bool:
    if kind == "tuple of ints":
        return (
            all(_is_kind("int", item) for item in value) if isinstance(value, (list, tuple)) else _is_kind("int", value)
        )
    if kind == "bool":
        return isinstance(value, (bool, np.bool_))
    if kind == "str":
        return isinstance(value, str)
    if isinstance(value, bool):
        return kind != "int"
    if kind == "int":
        return hasattr(value, "__index__")
    return not isinstance(value, (str, bytes, list, tuple, dict))


def refusal(error: Exception, path: str, fn, args, kwargs) -> TypeError | None:
    """torch's error for a call that failed because an argument is not what its parameter wants; None where none is to blame."""
    code = fn.__code__
    names = code.co_varnames[: code.co_argcount]
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    defaults = {
        **dict(zip(reversed(names), reversed(fn.__defaults__ or ()), strict=False)),
        **(fn.__kwdefaults__ or {}),
    }
    lacking = getattr(error, "obj", error)  # of an AttributeError
    for place, value in enumerate(args[len(names) :]):
        if value is lacking:
            return TypeError(f"expected Tensor as element {place} in argument 0, but got {type_name(value)}")
    for name, value in given.items():
        wanted = wrong_kind(defaults.get(name), value)
        if wanted is None and value is lacking:
            wanted = "int" if error.name == "__index__" else "Tensor"
        if wanted is not None:
            position = f" (position {names.index(name) + 1})" if name in names[: len(args)] else ""
            return TypeError(f"{shown(path)}(): argument '{name}'{position} must be {wanted}, not {type_name(value)}")
    return None
