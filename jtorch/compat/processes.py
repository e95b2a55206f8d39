"""Processes started by `multiprocessing` see the same aliases as their parent.

A spawned child is a bare interpreter that imports the script again before it does anything else. The only thing it
reads earlier is the parent's preparation data, a pickle; so the aliases travel in there, as an object whose
unpickling installs them. Nothing is written to site-packages or to the environment.
"""

import functools
import multiprocessing
import multiprocessing.spawn
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jtorch.compat.names import jtorch_name

_undo: list[Callable[[], None]] = []


class _Aliases:
    """Unpickles as a run of bootstrap.py: by path, since a child need not have jtorch on its `sys.path` yet."""

    def __init__(self, jtorch_folder: str, everywhere: bool, packages: list[str]) -> None:
        self._globals = {"aliases": {"jtorch_folder": jtorch_folder, "everywhere": everywhere, "packages": packages}}

    def __reduce__(self) -> tuple[Any, ...]:
        return runpy.run_path, (str(Path(__file__).with_name("bootstrap.py")), self._globals, "__jtorch_bootstrap__")


def install(jtorch_folder: str, everywhere: bool, packages: list[str]) -> None:
    """Hand the aliases, as they are now, to processes started from now on."""
    uninstall()
    aliases = _Aliases(os.path.abspath(jtorch_folder), everywhere, packages)

    def with_aliases(get_preparation_data: Callable[[str], dict[str, Any]], name: str) -> dict[str, Any]:
        return {**get_preparation_data(name), "jtorch": aliases}

    _wrap(multiprocessing.spawn, "get_preparation_data", with_aliases)
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing.forkserver import ForkServer

        _wrap(ForkServer, "ensure_running", _ensure_running)


def uninstall() -> None:
    """Leave `multiprocessing` as it was."""
    while _undo:
        _undo.pop()()


def _wrap(owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(*args: Any) -> Any:
        return wrapper(original, *args)

    setattr(owner, name, wrapped)
    _undo.append(functools.partial(setattr, owner, name, original))


def _ensure_running(ensure_running: Callable[[Any], None], server: Any) -> None:
    """Start the fork server with jtorch in the place of the script.

    The server reads no preparation data, its children do. Importing the script in the server, as newer Pythons do, would import
    the real torch or fail; importing jtorch there saves each child the time and starts no XLA backend.
    """
    server._preload_modules = [
        "jtorch" if name == "__main__" else jtorch_name(name) or name for name in server._preload_modules
    ]
    ensure_running(server)
