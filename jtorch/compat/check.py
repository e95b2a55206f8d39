"""`python -m jtorch check`: what of torch a program uses that jtorch lacks, found without running it."""

import argparse
import difflib
import functools
import inspect
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import PurePath

import numpy as np

from jtorch.compat import live, reasons, sources, usage
from jtorch.compat.census import ABSENT, PARTIAL
from jtorch.compat.manifest import Entry, namespaces

ERROR = "error"


@dataclass(frozen=True)
class Problem:
    """One line of the answer. `detail` says what is wrong, `instead` a way out; a guarded one does not count."""

    file: str
    line: int
    column: int
    status: str
    name: str
    detail: str = ""
    instead: str = ""
    guarded: bool = False

    def __str__(self) -> str:
        words = "; ".join(text for text in (self.detail, self.instead and f"instead: {self.instead}") if text)
        guard = " (the program is prepared for that)" if self.guarded else ""
        return f"{self.file}:{self.line}:{self.column}: {self.status}: {self.name}{': ' if words else ''}{words}{guard}"


@dataclass
class Answer:
    """The problems found, and how many different names of torch were seen in how many files."""

    problems: list[Problem]
    names: int = 0
    files: int = 0

    @property
    def counted(self) -> list[Problem]:
        return [problem for problem in self.problems if not problem.guarded]

    def summary(self) -> dict[str, int]:
        counts = {status: len({p.name for p in self.counted if p.status == status}) for status in (PARTIAL, ABSENT)}
        errors = sum(problem.status == ERROR for problem in self.problems)
        return {"files": self.files, "names": self.names, **counts, "errors": errors}


def main(arguments: list[str]) -> int:
    """The command; its exit status is 1 where something is absent or a file cannot be read, 2 for a target that is not there, else 0."""
    parser = argparse.ArgumentParser(
        prog="python -m jtorch check",
        description="List the names of torch and torchvision that a program uses and jtorch lacks, with a way out. Nothing is run.",
    )
    parser.add_argument(
        "targets",
        nargs="+",
        metavar="FILE|FOLDER|PACKAGE",
        help="a script, a notebook, a folder of them, or an installed package",
    )
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    given = parser.parse_args(arguments)
    try:
        answer = check(given.targets)
    except FileNotFoundError as error:
        print(f"python -m jtorch check: {error}", file=sys.stderr)
        return 2
    print(_as_json(answer) if given.json else _as_text(answer))
    summary = answer.summary()
    return int(summary[ABSENT] > 0 or summary["errors"] > 0)


def check(targets: list[str]) -> Answer:
    """Read files, folders and packages, and judge each name of torch they use.

    Raises:
        FileNotFoundError: a target is none of these.
    """
    problems: list[Problem] = []
    names: set[str] = set()
    files = list(dict.fromkeys(path for target in targets for path in sources.find(target)))
    for path in files:
        try:
            pieces = sources.read(path)
        except (ValueError, SyntaxError) as error:
            problems.append(Problem(str(path), 1, 1, ERROR, PurePath(path).name, f"cannot be read: {error}"))
            continue
        for piece in pieces:
            found, used = check_source(piece)
            problems += found
            names |= used
    return Answer(problems, len(names), len(files))


def check_source(source: sources.Source) -> tuple[list[Problem], set[str]]:
    """Problems of one piece of code, and the names of torch it uses."""
    try:
        found = usage.read(source.text, source.name)
    except (SyntaxError, ValueError, RecursionError) as error:
        line, column = getattr(error, "lineno", None) or 1, getattr(error, "offset", None) or 1
        message = getattr(error, "msg", None) or str(error)
        return [Problem(source.name, line, column, ERROR, "syntax", message)], set()
    problems: dict[tuple, Problem] = {}
    for use in found.uses:
        for status, name, detail, instead in _judge(use, found.defined):
            problem = Problem(source.name, use.line, use.column, status, name, detail, instead, use.guarded)
            problems.setdefault((use.line, name, status), problem)
    return list(problems.values()), {use.path for use in found.uses if use.how in ("import", "name")}


def _judge(use: usage.Use, defined: set[str]) -> Iterator[tuple[str, str, str, str]]:
    """Status, name, what is wrong and a way out, for each thing wrong with a use."""
    if use.how == "member":
        if use.path in _absent_methods() and use.path not in defined:
            name = f"torch.Tensor.{use.path}"
            yield ABSENT, name, *_why(name)
        elif use.path in _refusing_methods() and use.path not in defined:
            why = reasons.partial(f"torch.Tensor.{use.path}")
            yield PARTIAL, f"torch.Tensor.{use.path}", why.reason, why.instead
        return
    missing = _missing_part(use)
    if missing:
        yield ABSENT, use.path, *_why(use.path, missing)
        return
    partial = reasons.partial(use.path)
    if partial.reason and use.how != "call":  # a call is a name too
        yield PARTIAL, use.path, partial.reason, partial.instead
    for keyword in _unknown_keywords(use) if use.how == "call" else ():
        yield PARTIAL, f"{use.path}({keyword}=)", "jtorch does not take this argument", partial.instead


def _missing_part(use: usage.Use) -> str | None:
    """The first part of a path that jtorch lacks: all of `torch.x.y` where there is no `torch.x`, is about `torch.x`."""
    parts = use.path.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        value = live.find(path)
        if value is live.MISSING:
            return path
        is_module = inspect.ismodule(value)
        if use.how == "import" and end < len(parts) and not live.is_module(path):
            return path
        if not (is_module or inspect.isclass(value)):
            return None  # what a value has, is not known by its name
    return None


def _why(path: str, missing: str | None = None) -> tuple[str, str]:
    """A reason and a way out for a path, of which the part `missing` is not there."""
    for name in (path, missing or path):
        why = reasons.absent(name)
        if why.reason:
            return why.reason, why.instead
    if missing is not None and not _is_known(missing):
        return "jtorch does not have it, and it is not one of torch's public names", _meant(missing)
    return "jtorch does not have it", ""


def _meant(path: str) -> str:
    """The name of torch's that this may be a slip of: `torch.nn.ReLU` for `torch.nn.Relu`."""
    space, _, name = path.rpartition(".")
    by_letters = {known.lower(): known for known in namespaces().get(space, {})}
    close = difflib.get_close_matches(name.lower(), by_letters, n=1, cutoff=0.8)
    return f"{space}.{by_letters[close[0]]}" if close else ""


def _is_known(path: str) -> bool:
    """Whether a path is a public name or namespace of torch's, or in a namespace that was not written down."""
    space, _, name = path.rpartition(".")
    return (
        space not in namespaces()
        or name in namespaces()[space]
        or any(known == path or known.startswith(path + ".") for known in namespaces())
    )


def _unknown_keywords(use: usage.Use) -> list[str]:
    value, entry = live.find(use.path), _entry(use.path)
    ours = live.takes(value) if callable(value) else None
    if ours is None or entry is None:
        return []
    # A keyword that torch's function does not take either is the program's own mistake.
    return [
        word for word in use.keywords if not ours.takes(word) and any(theirs.takes(word) for theirs in entry.overloads)
    ]


def _entry(path: str) -> Entry | None:
    """What torch has under a path: also where a module below shows a name again (`torch.nn.modules.linear.Linear`)."""
    space, _, name = path.rpartition(".")
    while space:
        found = namespaces().get(space, {}).get(name)
        if found is not None:
            return found
        space = space.rpartition(".")[0]
    return None


@functools.cache
def _absent_methods() -> frozenset[str]:
    """Attributes that torch's tensors have and jtorch's lack, and that little else has."""
    absent = {name for name in namespaces()["torch.Tensor"] if live.find(f"torch.Tensor.{name}") is live.MISSING}
    kinds = (str, bytes, int, float, complex, list, tuple, dict, set, type, PurePath, np.ndarray, np.generic)
    elsewhere = {name for kind in kinds for name in dir(kind)}
    for space, entries in namespaces().items():
        for name, entry in entries.items():
            elsewhere.update(entry.members)
            if space not in ("torch", "torch.Tensor") and entry.kind != "constant":
                elsewhere.add(name)
    return frozenset(absent - elsewhere)


@functools.cache
def _refusing_methods() -> frozenset[str]:
    """Methods of tensors of which a row says that they raise, or lack a part."""
    return frozenset(name for name in namespaces()["torch.Tensor"] if reasons.partial(f"torch.Tensor.{name}").reason)


def _as_text(answer: Answer) -> str:
    counts = answer.summary()
    files = f"{counts['files']} file{'s' if counts['files'] != 1 else ''}"
    line = f"{files}, {counts['names']} names of torch: {counts[ABSENT]} absent, {counts[PARTIAL]} partial"
    if counts["errors"]:
        line += f", {counts['errors']} not readable"
    return "\n".join([*map(str, answer.problems), line])


def _as_json(answer: Answer) -> str:
    return json.dumps(
        {"problems": [asdict(problem) for problem in answer.problems], "summary": answer.summary()}, indent=1
    )
