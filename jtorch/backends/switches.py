"""Modules whose attributes are switches: assigning one checks its type and may act, as in torch."""

import contextlib
import sys
import types

frozen = [False]  # whether switches may only be changed in contexts


class Switch:
    """One attribute of a module of switches. `kind` is the type it demands, `act` is told a new value, `read` says what it is now."""

    def __init__(self, default, kind: type | None = bool, error: str | None = None, act=None, read=None):
        self.value, self.kind, self.error, self.act, self.read = default, kind, error, act, read

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, module, owner=None):
        if module is None:
            return self
        return self.value if self.read is None else self.read()

    def __set__(self, module, value):
        if frozen[0]:
            raise RuntimeError(
                f"not allowed to set {module.__name__.replace('jtorch', 'torch', 1)} flags after disable_global_flags; please use flags() context manager instead"
            )
        if self.kind is not None and type(value) is not self.kind:
            raise RuntimeError(
                f"{self.error or 'set_' + self.name} expects a {self.kind.__name__}, but got {type(value).__name__}"
            )
        if self.act is not None:
            self.act(value)
        self.value = value


def install(name: str, switches: dict[str, Switch]) -> None:
    """Give the module `name` these switches as attributes."""
    kind = type("switches", (types.ModuleType,), dict(switches))
    sys.modules[name].__class__ = kind


@contextlib.contextmanager
def changed(module, values: dict):
    """The module with other values inside the block."""
    previous = {name: getattr(module, name) for name in values}
    _assign(module, values)
    try:
        yield
    finally:
        _assign(module, previous)


def _assign(module, values: dict) -> None:
    was, frozen[0] = frozen[0], False
    try:
        for name, value in values.items():
            setattr(module, name, value)
    finally:
        frozen[0] = was
