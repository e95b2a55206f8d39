"""jtorch as `torch` for some packages only: the importer decides, so the `import` statement itself has to be seen."""

import builtins
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import ModuleType
from typing import Any

from jtorch.compat.names import ALIASES, aliases_of, jtorch_name, missing_module

_packages: set[str] = set()
_plain_import: Callable[..., ModuleType] | None = None


def install(packages: Iterable[str]) -> None:
    """Let modules of `packages` see jtorch as torch."""
    global _plain_import
    packages = set(packages)
    _refuse_bound_modules(packages)
    _packages.update(packages)
    if _plain_import is None:
        _plain_import = builtins.__import__
        builtins.__import__ = _import


def uninstall() -> None:
    """Let every package see the real torch again."""
    global _plain_import
    _packages.clear()
    # Another tool may have wrapped ours since: it stays in the chain then, where it passes everything on.
    if _plain_import is not None and builtins.__import__ is _import:
        builtins.__import__ = _plain_import
        _plain_import = None


def packages() -> list[str]:
    """The packages that see jtorch as torch."""
    return sorted(_packages)


def _import(
    name: str,
    globals: Mapping[str, Any] | None = None,
    locals: Mapping[str, Any] | None = None,
    fromlist: Sequence[str] | None = (),
    level: int = 0,
) -> ModuleType:
    """`__import__`, with the names of torch exchanged where the importing module belongs to the packages."""
    if _plain_import is None:
        raise RuntimeError("jtorch's import hook was called after jtorch.compat.uninstall() had removed it")
    target_name = jtorch_name(name) if level == 0 and globals is not None else None
    if target_name is None or not _contains(_packages, str((globals or {}).get("__name__", ""))):
        return _plain_import(name, globals, locals, fromlist, level)
    try:
        module = _plain_import(target_name, globals, locals, fromlist, level)
    except ModuleNotFoundError as error:
        for alias in aliases_of(error.name or ""):
            raise missing_module(alias) from None
        raise
    # `import torch.nn` binds the root, `from torch.nn import Linear` the module itself.
    if fromlist:
        return module
    root = name.partition(".")[0]
    return sys.modules[ALIASES[root]] if root in ALIASES else _plain_import(root, globals, locals, (), 0)


def _contains(packages: set[str], module_name: str) -> bool:
    # A spawned child runs the script under another name.
    module_name = "__main__" if module_name == "__mp_main__" else module_name
    return any(module_name == package or module_name.startswith(package + ".") for package in packages)


def _refuse_bound_modules(packages: set[str]) -> None:
    for name, module in list(sys.modules.items()):
        if not _contains(packages, name):
            continue
        for value in list(getattr(module, "__dict__", {}).values()):
            if isinstance(value, ModuleType) and jtorch_name(value.__name__) is not None:
                raise RuntimeError(
                    f"{name} has already imported the real {value.__name__}. "
                    f"Call jtorch.compat.install(packages=...) before {name.partition('.')[0]} is imported."
                )
