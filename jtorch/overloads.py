"""Calls that fit no overload of a function, in torch's words."""

import itertools

from .ops.registry import Array, Op, Operand

# Functions that make a tensor of a number in their first place: torch.add(1, 2) is tensor(3).
OF_NUMBERS = frozenset("add sub mul div rounding.div floor_divide".split())


def no_overload(name: str, args, signatures) -> TypeError:
    """The error for arguments whose types fit none of the signatures."""
    given = ", ".join(type(arg).__name__ for arg in args)
    listed = "\n".join(f" * ({signature})" for signature in signatures)
    return TypeError(
        f"{name}() received an invalid combination of arguments - got ({given}), but expected one of:\n{listed}\n"
    )


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
