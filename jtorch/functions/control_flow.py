"""Branches, loops and sizes as functions, which torch's compiler asks for. Here Python runs each time: they are what they say."""

import builtins
import math
from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .composite import composite


@composite("cond", variants="function")
def cond(pred, true_fn: Callable, false_fn: Callable, operands=()) -> Any:
    """`true_fn(*operands)` if `pred`, else `false_fn(*operands)`. A tensor as `pred` is looked at; only one branch runs.

    >>> import jtorch as torch
    >>> x = torch.tensor([3.0])
    >>> torch.cond(x.sum() > 0, torch.sqrt, torch.neg, (x,))
    tensor([1.7321])
    """
    if not isinstance(pred, (bool, int, float, Tensor)):
        raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
    if isinstance(pred, Tensor) and pred.numel() != 1:
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    if not (callable(true_fn) and callable(false_fn)):
        raise RuntimeError("Expect both branches to be callable.")
    if not isinstance(operands, (tuple, list)):
        raise RuntimeError(f"Expect operands to be a tuple of possibly nested dict/list/tuple that only consists of tensor leaves, but got {operands}.")  # fmt: skip
    return (true_fn if pred else false_fn)(*operands)


@composite("while_loop", variants="function")
def while_loop(cond_fn: Callable, body_fn: Callable, carried_inputs) -> Any:
    """Repeat `carried = body_fn(*carried)` while `cond_fn(*carried)`.

    >>> import jtorch as torch
    >>> torch.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (torch.tensor(0), torch.ones(2)))
    (tensor(3), tensor([8., 8.]))
    """
    if not (callable(cond_fn) and callable(body_fn)):
        raise RuntimeError("Expect cond_fn and body_fn to be callable.")
    if not isinstance(carried_inputs, (tuple, list)):
        raise RuntimeError(f"Expect carried_inputs to be a tuple or list, got {type(carried_inputs)}")
    carried = tuple(carried_inputs)
    while cond_fn(*carried):
        result = body_fn(*carried)
        if not isinstance(result, (tuple, list)) or len(result) != len(carried):
            raise RuntimeError(
                f"body_fn must return as many values as it is given, a tuple of {len(carried)}; got {result}"
            )
        carried = tuple(result)
    return carried


# Arithmetic of sizes. In torch these also take sizes that are not known yet.


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
