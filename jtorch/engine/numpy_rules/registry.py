"""What every rule is made with: the table, and what of a jaxpr rules ask for."""

from collections.abc import Callable

import ml_dtypes
import numpy as np


class Unknown(Exception):
    """An equation that has no rule here."""


RULES: dict[str, Callable] = {}
SHORT_FLOATS = (np.dtype(ml_dtypes.bfloat16), np.dtype(np.float16))


def rule(*names):
    """Register a function that builds, from an equation, a function of arrays; it may return a pair: the function, and its work for each element."""

    def register(build):
        RULES.update(dict.fromkeys(names, build))
        return build

    return register


def kind(aval) -> str:
    """b, i, u, f or c; the 16-bit floats that numpy does not know count as f."""
    return "f" if aval.dtype in SHORT_FLOATS else aval.dtype.kind


def reshaped(x, shape):
    return np.asarray(x).reshape(shape)  # numbers of numpy have no shape to change


def in_total_order(x):
    """Integers in the order of the floats' bits: IEEE 754's totalOrder."""
    if x.dtype.kind != "f":
        return x
    bits = np.ascontiguousarray(x).view(f"i{x.dtype.itemsize}")
    return bits ^ ((bits >> (8 * x.dtype.itemsize - 1)) & np.iinfo(bits.dtype).max)
