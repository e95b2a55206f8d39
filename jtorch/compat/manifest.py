"""What torch 2.13 and torchvision 0.28 show to users, written down: names, kinds and signatures (manifest.json.gz).

`python -m compat_tests.manifest` writes the file, from installed ones; nothing here needs them.
"""

import ast
import functools
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Parameters:
    """What a callable takes. `names` are those that a caller may write as keywords, in order."""

    names: tuple[str, ...] = ()
    required: frozenset[str] = frozenset()
    any_positional: bool = False
    any_keyword: bool = False

    def takes(self, keyword: str) -> bool:
        return self.any_keyword or keyword in self.names


@dataclass(frozen=True)
class Entry:
    """One public name: `kind` is function, class, method, property, attribute or constant."""

    kind: str
    signatures: tuple[str, ...] = ()
    members: Mapping[str, "Entry"] = field(default_factory=dict)

    @property
    def callable(self) -> bool:
        return self.kind in ("function", "class", "method")

    @functools.cached_property
    def overloads(self) -> tuple[Parameters, ...]:
        """Empty where nothing is known of the parameters."""
        return tuple(map(parameters, self.signatures))


@functools.cache
def namespaces() -> dict[str, dict[str, Entry]]:
    """Entries by namespace and name.

    >>> namespaces()["torch"]["abs"].signatures
    ('input, *, out=None -> Tensor',)
    """
    return {
        space: {name: _entry(row) for name, row in rows.items()} for space, rows in _manifest()["namespaces"].items()
    }


def return_types() -> dict[str, list[str]]:
    """The fields of the named tuples that torch's functions give."""
    return _manifest()["return_types"]


def versions() -> dict[str, str]:
    """The versions that were written down."""
    return _manifest()["versions"]


@functools.cache
def _manifest() -> dict[str, Any]:
    packed = files("jtorch.compat").joinpath("manifest.json.gz").read_bytes()
    return json.loads(gzip.decompress(packed))


def _entry(row: list) -> Entry:
    kind, *signatures = row
    members = signatures.pop() if signatures and isinstance(signatures[-1], dict) else {}
    return Entry(kind, tuple(signatures), {name: _entry(member) for name, member in members.items()})


def parameters(signature: str) -> Parameters:
    """Read what stands between the parentheses of a `def`; what may follow (` -> Tensor`) is left to others.

    >>> parameters("input, dim=None, *, out=None").names
    ('input', 'dim', 'out')
    """
    definition: Any = ast.parse(f"def f({signature.partition(' -> ')[0]}): 0").body[0]
    found = definition.args
    positional = [argument.arg for argument in found.args]
    keywords = [argument.arg for argument in found.kwonlyargs]
    optional = set(positional[len(positional) - len(found.defaults) :])
    optional.update(name for name, default in zip(keywords, found.kw_defaults, strict=True) if default is not None)
    names = (*positional, *keywords)
    return Parameters(
        names,
        frozenset(names) - optional,
        found.vararg is not None,
        found.kwarg is not None,
    )
