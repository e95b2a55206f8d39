"""The census: which of torch's public names jtorch has (`python -m jtorch.compat census`).

A name is *present*, *partial* (parameters or members of torch's are missing, or `reasons.toml` says that a part of it raises
NotImplementedError), *absent*, or *not aimed at*: absent for a reason that lies in what jtorch is. Only names and signatures are looked at: whether results agree is for the tests.
"""

import inspect
from dataclasses import dataclass

from jtorch.compat import live, reasons
from jtorch.compat.manifest import Entry, namespaces

PRESENT, PARTIAL, ABSENT, NOT_AIMED_AT = STATUSES = ("present", "partial", "absent", "not aimed at")


@dataclass(frozen=True)
class Finding:
    """What is known of one name. `lacks` are parameters (`x=`) and members (`.x`) that are missing."""

    path: str
    kind: str
    status: str
    lacks: tuple[str, ...] = ()
    reason: str = ""
    instead: str = ""


def census(spaces: list[str] | None = None) -> dict[str, list[Finding]]:
    """Findings by namespace, of all or of some of them."""
    return {
        space: [finding(f"{space}.{name}", entry) for name, entry in entries.items()]
        for space, entries in namespaces().items()
        if spaces is None or space in spaces
    }


def finding(path: str, entry: Entry) -> Finding:
    """What jtorch has of one name of torch.

    >>> finding("torch.abs", namespaces()["torch"]["abs"]).status
    'present'
    """
    value = live.find(path)
    if value is live.MISSING:
        why = reasons.absent(path)
        status = NOT_AIMED_AT if why in reasons.rows("not_aimed_at") else ABSENT
        return Finding(path, entry.kind, status, (), why.reason, why.instead)
    lacks = (
        *lacking_parameters(entry, value, in_class=path.startswith("torch.Tensor.")),
        *lacking_members(entry, value),
    )
    why = reasons.partial(path)
    status = PARTIAL if lacks or why.reason else PRESENT
    return Finding(path, entry.kind, status, lacks, why.reason, why.instead)


def lacking_parameters(entry: Entry, value: object, in_class: bool = False) -> tuple[str, ...]:
    """Parameters of torch's that jtorch's callable does not take, as `name=`."""
    if not entry.callable or not callable(value):
        return ()
    ours = live.takes(value, is_method=in_class and not inspect.isclass(value))
    if ours is None:
        return ()
    wanted = dict.fromkeys(name for theirs in entry.overloads for name in theirs.names if not name.startswith("_"))
    return tuple(f"{name}=" for name in wanted if not ours.takes(name))


def lacking_members(entry: Entry, value: object) -> tuple[str, ...]:
    """Methods of torch's class that jtorch's lacks, as `.name`. Attributes are left out: they may come with an instance."""
    if not inspect.isclass(value):
        return ()
    methods = [name for name, member in entry.members.items() if member.kind == "method"]
    return tuple(f".{name}" for name in methods if not hasattr(value, name))
