"""Marks on functions and attributes for TorchScript. Plain Python runs, so they change nothing."""

import builtins
import collections
import typing
import warnings
from typing import Any as Any
from typing import Dict as Dict  # noqa: UP035
from typing import Final as Final
from typing import List as List  # noqa: UP035
from typing import Optional as Optional
from typing import Tuple as Tuple  # noqa: UP035
from typing import Union as Union

Attribute = collections.namedtuple("Attribute", ["value", "type"])


class TensorType:
    """TorchScript's type of a tensor, which annotations name. Nothing is one here."""

    def __init__(self, *args):
        raise NotImplementedError("jtorch has no torch.TensorType: torch.jit.script runs the Python it is given")


class TracerWarning(Warning):
    """A warning of torch.jit.trace. Nothing gives it: what depends on data is run again at each call."""

    @staticmethod
    def ignore_lib_warnings() -> None:
        """Nothing to ignore."""


def is_scripting() -> bool:
    """False: code is always run by Python."""
    return False


def is_tracing() -> bool:
    """False: code is always run by Python."""
    return False


def ignore(drop=False, **kwargs):
    """Leave a method to Python: the method itself. Used with and without parentheses."""
    if callable(drop):
        return drop
    if not builtins.isinstance(drop, bool):
        raise RuntimeError(f"Argument to @torch.jit.ignore must be a bool or a function but got {drop}")
    if drop:
        warnings.warn(
            "ignore(True) has been deprecated. TorchScript will now drop the function call on compilation. Use torch.jit.unused now. {}",
            FutureWarning,
            stacklevel=2,
        )
    return _itself


def _itself(fn):
    return fn


# Signatures that TorchScript chooses from; the last definition of the name is what Python runs.
_overload = _overload_method = _itself


def unused(fn):
    """Mark a method as not part of a program: the method itself."""
    return fn


def export(fn):
    """Mark a method as an entry of a program: the method itself."""
    return fn


def interface(obj):
    """Mark a class as an interface: the class itself."""
    return obj


def script_if_tracing(fn):
    """Script a function when it is traced: the function itself."""
    return fn


def annotate(the_type, the_value):
    """The value itself; its type is for readers."""
    return the_value


def isinstance(obj, target_type) -> bool:
    """`isinstance` that also looks into `list[int]`, `dict[str, Tensor]`, `tuple[...]`, `Optional[...]`."""
    if builtins.isinstance(target_type, tuple):
        return any(isinstance(obj, kind) for kind in target_type)
    origin, parts = typing.get_origin(target_type), typing.get_args(target_type)
    if origin is None:
        return obj is None if target_type is None else builtins.isinstance(obj, target_type)
    if origin not in (list, dict, tuple):
        return any(isinstance(obj, kind) for kind in parts)
    if not builtins.isinstance(obj, origin):
        return False
    if origin is list:
        return all(isinstance(item, parts[0]) for item in obj)
    if origin is dict:
        return all(isinstance(k, parts[0]) and isinstance(v, parts[1]) for k, v in obj.items())
    if len(parts) == 2 and parts[1] is Ellipsis:
        return all(isinstance(item, parts[0]) for item in obj)
    return len(obj) == len(parts) and all(map(isinstance, obj, parts))
