"""Functions of several operations, or with several overloads, and how they reach `torch` and `Tensor`.

An overload that needs an operation of its own has the name `OVERLOAD.function` in the table (`dim.max`, `all.max`): it is not placed
anywhere, and its last part is what errors and named results show.
"""

import functools
import inspect
from dataclasses import dataclass
from typing import Any

from ..autograd.mode import STATE
from ..dtypes import PYTHON
from ..errors import StridedOnly
from ..generate import _SPELLINGS as SPELLINGS
from ..generate import function, inplace
from ..ops.registry import OPS
from ..outs import store_results
from ..overloads import refusal
from ..subclass import call_torch_function, deciders


@dataclass(frozen=True)
class Composite:
    name: str
    fn: Any
    variants: tuple[str, ...]
    method: Any = None  # the function without `out`


COMPOSITES: list[Composite] = []


def composite(*names: str, variants: str = "function method", arguments=None):
    """Register a function under torch's names; `variants` as for operations, of which `out` adds the keyword.

    `arguments` brings positional arguments into the form in which `__torch_function__` sees them.

    The function itself stays as it is, for use by others. What users call understands numpy's names of arguments (`axis`) too.
    """

    def register(fn):
        called = _for_users(fn, names[0], "out" in variants.split(), arguments)
        method = _for_users(fn, names[0], False, arguments) if {"out", "method"} <= {*variants.split()} else called
        space, _, short = names[0].rpartition(".")
        for made in (called, method):
            made.__qualname__ = short
            made.__module__ = f"jtorch.{space}" if space else "jtorch"  # where pickles find it
        COMPOSITES.extend(Composite(name, called, tuple(variants.split()), method) for name in names)
        return fn

    return register


def naming_arguments(fn, name: str):
    """A function as users call it: where it fails over an argument of the wrong kind, that argument is named."""
    plain = inspect.unwrap(fn)

    @functools.wraps(fn)
    def call(*args, **kwargs):
        found = deciders(args, kwargs)
        if found or STATE.modes:
            return call_torch_function(call, found, args, kwargs)
        try:
            return fn(*args, **kwargs)
        except (TypeError, StridedOnly):
            raise
        except Exception as error:
            blamed = refusal(error, name, plain, args, kwargs)
            if blamed is None:
                raise
            raise blamed from None

    call.__module__, call.__qualname__ = "jtorch", name  # where pickles find it
    return call


def operation(name: str):
    """The function of an operation in the table, defaults and all."""
    return function(OPS[name])


def writing(name: str):
    """The in-place form of an operation in the table."""
    return inplace(OPS[name])


def _for_users(fn, name: str, with_out: bool, arguments=None):
    code = fn.__code__  # `inspect.signature` would take a noticeable part of `import jtorch`
    known = frozenset(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    open_ended = bool(code.co_flags & inspect.CO_VARKEYWORDS)

    @functools.wraps(fn)
    def call(*args, **kwargs):
        found = deciders(args, kwargs)
        if found or STATE.modes:
            return call_torch_function(call, found, args if arguments is None else arguments(args), kwargs)
        if kwargs:
            if kwargs.get("dtype").__class__ is type:
                kwargs["dtype"] = PYTHON.get(kwargs["dtype"], kwargs["dtype"])
            if (with_out and "out" in kwargs) or not (open_ended or kwargs.keys() <= known):
                return unusual(args, kwargs)
        try:
            return fn(*args, **kwargs)
        except StridedOnly as error:
            from ..sparse.table import apply_composite

            return apply_composite(fn.__name__, error, args, kwargs)
        except TypeError:
            raise
        except Exception as error:
            blamed = refusal(error, name, fn, args, kwargs)
            if blamed is None:
                raise
            raise blamed from None

    def unusual(args, kwargs):
        out = kwargs.pop("out", None) if with_out else None
        if not open_ended:
            kwargs = {w if w in known else SPELLINGS.get(w, w): v for w, v in kwargs.items()}
            for word in kwargs:
                if word not in known:
                    raise TypeError(f"{fn.__name__}() got an unexpected keyword argument '{word}'")
        results = fn(*args, **kwargs)
        return results if out is None else store_results(out, results, fn.__name__, (*args, *kwargs.values()))

    return call
