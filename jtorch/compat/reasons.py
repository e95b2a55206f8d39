"""Why names of torch are missing and what to use instead: `reasons.toml`, read."""

import functools
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib.resources import files


@dataclass(frozen=True)
class Reason:
    """A row of the file: patterns of names (`*` stands for anything), a reason, and a way out."""

    names: tuple[str, ...] = ()
    reason: str = ""
    instead: str = ""

    def covers(self, path: str) -> bool:
        return any(fnmatchcase(path, pattern) for pattern in self.names)


NONE = Reason()


@functools.cache
def rows(table: str) -> tuple[Reason, ...]:
    """The rows of `not_aimed_at`, `absent` or `partial`."""
    text = files("jtorch.compat").joinpath("reasons.toml").read_text(encoding="utf-8")
    return tuple(
        Reason(tuple(row["names"]), row["reason"], row.get("instead", "")) for row in tomllib.loads(text).get(table, ())
    )


def absent(path: str) -> Reason:
    """Why a name is missing: by its own row, else by that of its namespace; NONE where nothing says so."""
    space = path.rpartition(".")[0]
    for table, name in (("absent", path), ("not_aimed_at", path), ("not_aimed_at", space), ("absent", space)):
        for row in rows(table):
            if row.covers(name):
                return row
    return NONE


def partial(path: str) -> Reason:
    """Which part of a name raises NotImplementedError."""
    return next((row for row in rows("partial") if row.covers(path)), NONE)
