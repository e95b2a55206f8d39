"""Arithmetic of sizes, as functions. In torch these also take sizes that are not known yet."""

import builtins
import math

from .composite import composite


@composite("sym_int", variants="function")
def sym_int(a) -> int:
    return builtins.int(a)


@composite("sym_float", variants="function")
def sym_float(a) -> float:
    return builtins.float(a)


@composite("sym_not", variants="function")
def sym_not(a) -> bool:
    return not a


@composite("sym_max", variants="function")
def sym_max(a, b):
    """The larger number; a float if one of them is."""
    return type(a + b)(max(a, b))


@composite("sym_min", variants="function")
def sym_min(a, b):
    """The smaller number; a float if one of them is."""
    return type(a + b)(min(a, b))


@composite("sym_sum", variants="function")
def sym_sum(*args):
    """The sum of numbers, given one by one or as a list."""
    return sum(args[0] if len(args) == 1 and isinstance(args[0], (tuple, list)) else args)


@composite("sym_ite", variants="function")
def sym_ite(b, t, f):
    """`t if b else f`, for two values of one type."""
    if not isinstance(b, bool):
        raise AssertionError(f"expected SymBool or bool, got {type(b)}")
    if type(t) is not type(f):
        raise AssertionError(f"type mismatch: {type(t)} vs {type(f)}")
    return t if b else f


@composite("sym_sqrt", variants="function")
def sym_sqrt(a) -> float:
    return math.sqrt(a)
