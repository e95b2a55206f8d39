"""What a user can observe of a snippet: what it prints, returns, raises and warns.

An observation is plain JSON, so that what PyTorch did can be kept in a file and compared where PyTorch is not installed.
Nothing here knows which library `torch` is: it is whatever `sys.modules["torch"]` holds when the snippet runs.
"""

import ast
import contextlib
import io
import linecache
import math
import random
import re
import sys
import traceback
import types
import warnings

import numpy as np

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
_TRIGGERED = re.compile(r" \(Triggered internally at .*\)\s*$", re.DOTALL)


def run(code: str, name: str = "<snippet>", seed: int = 0) -> dict:
    """Run one snippet and return its observation.

    The value of the snippet is that of its last statement if that is an expression. Looking at the value counts as
    part of the snippet: an error that comes up there is the snippet's error.
    """
    _reset(seed)
    module = types.ModuleType("snippet")
    module.__file__ = name
    sys.modules["snippet"] = module  # pickle and dataclasses look classes up by module name
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    printed = io.StringIO()
    observation = {}
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            body, last = _split_last_expression(ast.parse(code, name))
            exec(compile(body, name, "exec"), module.__dict__)
            if last is not None:
                value = eval(compile(last, name, "eval"), module.__dict__)
                if value is not None:
                    observation["value"] = describe(value)
        except Exception as error:
            observation["error"] = {"type": type(error).__name__, "message": plain(str(error))}
            observation["traceback"] = traceback.format_exc()
    observation["stdout"] = plain(printed.getvalue())
    observation["warnings"] = sorted({(w.category.__name__, _TRIGGERED.sub("", plain(str(w.message)))) for w in caught})
    del sys.modules["snippet"]
    return observation


def plain(text: str) -> str:
    """Text with what differs from run to run taken out: addresses."""
    return _ADDRESS.sub("0x...", text)


def describe(value) -> dict:
    """A JSON description of a value, holding everything a comparison looks at."""
    torch = sys.modules["torch"]
    if isinstance(value, torch.Tensor):
        return _describe_tensor(value)
    if value is None or isinstance(value, (bool, int)):
        return {"kind": type(value).__name__, "value": value}
    if isinstance(value, str):
        return {"kind": "str", "value": plain(value)}
    if isinstance(value, (float, complex)) and not isinstance(value, np.generic):
        return {"kind": type(value).__name__, "value": _number(value)}
    if isinstance(value, (np.ndarray, np.generic)):
        return {
            "kind": type(value).__name__,
            "dtype": str(value.dtype),
            "shape": list(value.shape),
            "values": [_number(v) for v in value.reshape(-1).tolist()],
        }
    if isinstance(value, tuple) and not isinstance(value, torch.Size):
        return {"kind": "tuple", "type": type(value).__name__, "items": [describe(v) for v in value]}
    if isinstance(value, list):
        return {"kind": "list", "type": type(value).__name__, "items": [describe(v) for v in value]}
    if isinstance(value, dict):
        pairs = [[describe(k), describe(v)] for k, v in value.items()]
        return {"kind": "dict", "type": type(value).__name__, "items": pairs}
    kind = "type" if isinstance(value, type) else type(value).__name__  # whatever the metaclass is called
    return {"kind": "object", "type": kind, "repr": plain(repr(value))}


def _describe_tensor(tensor) -> dict:
    torch = sys.modules["torch"]
    description = {"kind": "tensor", "dtype": str(tensor.dtype), "shape": list(tensor.shape)}
    if type(tensor) is not torch.Tensor:
        description["type"] = type(tensor).__name__
    if tensor.layout != torch.strided:
        return description | {"kind": "object", "repr": plain(repr(tensor))}
    description["stride"] = list(tensor.stride())
    description["values"] = [_number(v, tensor.dtype) for v in tensor.detach().reshape(-1).tolist()]
    if tensor.requires_grad:
        description["requires_grad"] = True
    if tensor.grad_fn is not None:
        description["grad_fn"] = tensor.grad_fn.name().rpartition("::")[2]
    return description


def _number(value, dtype=None):
    """A number as JSON: the shortest decimal of its own precision, words for what JSON has no number for."""
    if isinstance(value, complex):
        return [_number(value.real, dtype), _number(value.imag, dtype)]
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        if dtype is not None and str(dtype) not in ("torch.float64", "torch.complex128"):
            return float(str(np.float32(value)))
    return value


def _split_last_expression(tree: ast.Module):
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    return tree, last


def _reset(seed: int) -> None:
    """Put back whatever an earlier snippet of the same process may have set."""
    torch = sys.modules["torch"]
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.backends.cudnn.benchmark = torch.backends.cudnn.deterministic = False
    torch.set_printoptions(profile="default", sci_mode=None)
    if hasattr(torch, "set_warn_always"):
        torch.set_warn_always(True)  # PyTorch says some things once per process, and another snippet may have had it
