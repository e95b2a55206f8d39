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


# The classes that need no second look, by torch's word for a kind of argument.
_AT_ONCE = {
    "bool": (bool,), "int": (int,), "float": (float, int), "Number": (float, int, bool), "str": (str,), "tuple of ints": (int,),
}  # fmt: skip


def takes(called: str, **kinds: str):
    """Give a function torch's TypeError for arguments of a wrong kind, which Python would take or turn into something else.

    `kinds` are torch's words by parameter, as in `eps="float"`; "float 5" says that its kernel always has it in the fifth place, and "bool 3 train" that
    it has another name there. Where no place is said, errors show that of a positional argument.
    """

    def decorate(fn):
        code = fn.__code__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        wanted = {name: _described(name, text) for name, text in kinds.items()}
        at_once = {name: _AT_ONCE[kind] for name, (kind, _, _) in wanted.items()}
        columns = [at_once.get(name) for name in names]

        @functools.wraps(fn)
        def call(*args, **kwargs):
            for value, accepted in zip(args, columns, strict=False):
                if accepted is not None and value.__class__ not in accepted:
                    name = names[next(i for i, a in enumerate(args) if a is value and columns[i] is accepted)]
                    _require(called, *wanted[name], value, names.index(name) + 1)
            for name, value in kwargs.items():
                if name in at_once and value.__class__ not in at_once[name]:
                    _require(called, *wanted[name], value, None)
            return fn(*args, **kwargs)

        return call

    return decorate


def _described(name: str, text: str) -> tuple:
    """(kind, place, name) of a declared parameter."""
    kind, *rest = text.replace("ints", "tuple-of-ints").split()
    return kind.replace("-", " "), int(rest[0]) if rest else None, rest[1] if len(rest) > 1 else name


def _require(called, kind, place, name, value, position):
    if value is None or _is_kind(kind, value):  # whether None may stand here the function knows
        return
    place = place or position
    where = f"{called}(): argument '{name}'" + (f" (position {place})" if place else "")
    if kind == "tuple of ints" and isinstance(value, (list, tuple)):
        i, item = next((i, item) for i, item in enumerate(value) if not _is_kind("int", item))
        raise TypeError(f"{where} must be tuple of ints, but found element of type {type_name(item)} at pos {i}")
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
