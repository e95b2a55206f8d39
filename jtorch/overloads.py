"""Calls that fit no overload of a function, in torch's words."""

import itertools

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
