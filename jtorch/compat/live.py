"""What jtorch has behind a name of torch, and what a callable of jtorch takes."""

import functools
import importlib
import importlib.util
import inspect
from types import ModuleType
from typing import Any

from jtorch.compat.manifest import Parameters
from jtorch.compat.names import jtorch_name
from jtorch.functions.composite import COMPOSITES
from jtorch.generate import _SPELLINGS as SPELLINGS

MISSING = object()


@functools.cache
def find(path: str) -> Any:
    """The object of jtorch that `torch.x.y` names, as an import or an attribute would find it; MISSING where there is none.

    >>> find("torch.nn.Linear").__name__
    'Linear'
    >>> find("torch.nonsense") is MISSING
    True
    """
    space, dot, name = path.rpartition(".")
    if not dot:
        return importlib.import_module(jtorch_name(path) or path)
    owner = find(space)
    if owner is MISSING:
        return MISSING
    found = getattr(owner, name, MISSING)
    if found is MISSING and isinstance(owner, ModuleType) and is_module(path):
        return importlib.import_module(str(jtorch_name(path)))
    if found is MISSING and not isinstance(owner, ModuleType) and is_module(space):
        # A module that a function of its name hides (torch.autograd.gradcheck): `from ... import` finds what is in it.
        return getattr(importlib.import_module(str(jtorch_name(space))), name, MISSING)
    return found


@functools.cache
def is_module(path: str) -> bool:
    """Whether `import torch.x.y` works."""
    name = jtorch_name(path)
    try:
        return name is not None and importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def takes(value: Any, is_method: bool = False) -> Parameters | None:
    """What a callable of jtorch takes; None where Python cannot tell."""
    try:
        found = list(inspect.signature(value).parameters.values())
    except (TypeError, ValueError):
        return None
    if is_method:
        found = found[1:]
    names = [p.name for p in found if p.kind is not p.VAR_KEYWORD]
    open_ended = [p.name for p in found if p.kind is p.VAR_KEYWORD]
    if _takes_out(value):
        names.append("out")
    # Functions made from the table of operations take numpy's spellings too, and nothing else, in `_kw`.
    spellings = [word for word, meant in SPELLINGS.items() if meant in names]
    spellings += getattr(value, "__dict__", {}).get("spellings", ())  # an object may answer to any name
    required = {p.name for p in found if p.default is p.empty and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    return Parameters(
        (*names, *spellings),
        frozenset(required),
        any(p.kind is p.VAR_POSITIONAL for p in found),
        bool(open_ended) and open_ended != ["_kw"],
    )


def _takes_out(value: Any) -> bool:
    return "out" in _composites().get(value, ()) if inspect.isfunction(value) else False


@functools.cache
def _composites() -> dict[Any, tuple[str, ...]]:
    return {made.fn: made.variants for made in COMPOSITES}
