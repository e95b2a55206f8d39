"""The census as people read it: a table for the terminal, and the page docs/coverage.md."""

from collections.abc import Iterable, Mapping

from jtorch.compat.census import ABSENT, NOT_AIMED_AT, PARTIAL, PRESENT, STATUSES, Finding, census
from jtorch.compat.manifest import versions

COMMAND = "python -m jtorch.compat census --write docs/coverage.md"

Row = tuple[str, dict[str, int], str]


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """How many names have which status."""
    counts = dict.fromkeys(STATUSES, 0)
    for found in findings:
        counts[found.status] += 1
    return counts


def percentage(counts: Mapping[str, int], *statuses: str, of_all: bool = False) -> str:
    """The share of names with one of `statuses`, of those that are aimed at, or of all that torch has.

    >>> percentage({"present": 3, "partial": 1, "absent": 0, "not aimed at": 8}, "present")
    '75.0'
    >>> percentage({"present": 3, "partial": 1, "absent": 0, "not aimed at": 8}, "present", of_all=True)
    '25.0'
    """
    whole = sum(counts.values()) - (0 if of_all else counts[NOT_AIMED_AT])
    return f"{100 * sum(counts[status] for status in statuses) / whole:.1f}" if whole else "-"


def table(taken: Mapping[str, list[Finding]]) -> list[list[str]]:
    """A line of text cells for each namespace that jtorch aims at, then the totals of torch and torchvision."""
    counts = {space: count(found) for space, found in taken.items()}
    totals = {"torch, all": "torch", "torchvision, all": "torchvision"}
    for title, root in totals.items():
        of_root = [count for space, count in counts.items() if space.partition(".")[0] == root]
        if len(of_root) > 1:
            counts[title] = {status: sum(count[status] for count in of_root) for status in STATUSES}
    return [_line(space, numbers) for space, numbers in counts.items() if numbers[NOT_AIMED_AT] < sum(numbers.values())]


# What programs call most.
CENTRAL = """torch torch.Tensor torch.nn torch.nn.functional torch.linalg torch.fft torch.special torch.distributions torch.autograd torch.func
    torch.optim torch.sparse""".split()


def callables(taken: Mapping[str, list[Finding]]) -> list[list[str]]:
    """The same for the functions, classes and methods of the central namespaces alone: no constants, dtypes and attributes."""
    kinds = ("function", "class", "method")
    return [
        _line(space, count(found for found in taken[space] if found.kind in kinds))
        for space in CENTRAL
        if space in taken
    ]


def _line(space: str, numbers: Mapping[str, int]) -> list[str]:
    return [
        space,
        str(sum(numbers.values())),
        *(str(numbers[status]) for status in STATUSES),
        percentage(numbers, PRESENT),
        percentage(numbers, PRESENT, PARTIAL),
        percentage(numbers, PRESENT, PARTIAL, of_all=True),
    ]


HEADER = ["namespace", "names", *STATUSES, "present %", "with partial %", "of all %"]


def as_text(taken: Mapping[str, list[Finding]]) -> str:
    """The table for a terminal."""
    lines = [HEADER, *table(taken)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def page() -> str:
    """docs/coverage.md."""
    taken = census()
    lines = [
        "# What of torch's API is there",
        "",
        f"Made by `{COMMAND}` from the public names of torch {versions()['torch']} and torchvision {versions()['torchvision']};",
        "a test fails when it is stale. Only names and signatures are counted here. Whether the results agree is what the tests compare.",
        "",
        "- *present*: the name is there and takes torch's parameters",
        "- *partial*: parameters (`name=`) or methods (`.name`) of torch's are missing, or a stated part raises `NotImplementedError`",
        "- *absent*: not there; using it raises `AttributeError` or `ImportError`",
        "- *not aimed at*: absent for a reason that lies in what jtorch is, and left out of the first two percentages; *of all %* counts them as absent",
        "",
        "`python -m jtorch check script.py` says which of these a program uses.",
        "",
        "## Summary",
        "",
        *_markdown([HEADER, *table(taken)]),
        "",
        "## Functions, classes and methods",
        "",
        "The same without constants, dtypes and attributes.",
        "",
        *_markdown([HEADER, *callables(taken)]),
        "",
        "## Not aimed at",
        "",
        "How many names of each kind of reason are left out, in `torch` itself and everywhere:",
        "",
        *_left_out(taken),
        "",
        *_grouped([found for findings in taken.values() for found in findings if found.status == NOT_AIMED_AT]),
        "",
        "## Partial and absent, by namespace",
    ]
    for space, findings in taken.items():
        partial = [found for found in findings if found.status == PARTIAL]
        absent = [found for found in findings if found.status == ABSENT]
        if partial or absent:
            lines += ["", f"### {space}", ""]
            lines += [f"- partial: `{_short(found, space)}`: {_what_lacks(found)}" for found in partial]
            lines += _grouped(absent, "absent: ", space)
    return "\n".join(lines) + "\n"


def _left_out(taken: Mapping[str, list[Finding]]) -> list[str]:
    counts: dict[str, list[int]] = {}
    for space, findings in taken.items():
        for found in findings:
            if found.status == NOT_AIMED_AT:
                numbers = counts.setdefault(found.reason, [0, 0])
                numbers[0] += space == "torch"
                numbers[1] += 1
    return [f"- {here} and {everywhere}: {reason}" for reason, (here, everywhere) in counts.items()]


def _markdown(lines: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(HEADER) - 1)]
    return ["| " + " | ".join(line) + " |" for line in (lines[0], rule, *lines[1:])]


def _short(found: Finding, space: str) -> str:
    return found.path.removeprefix(f"{space}.")


def _what_lacks(found: Finding) -> str:
    lacks = ", ".join(f"`{name}`" for name in found.lacks)
    return "; ".join(part for part in (f"lacks {lacks}" if lacks else "", found.reason, found.instead) if part)


def _grouped(findings: list[Finding], title: str = "", space: str = "") -> list[str]:
    """A line for each reason, with the names it is about; whole namespaces are named as such."""
    groups: dict[tuple[str, str], list[str]] = {}
    for found in findings:
        groups.setdefault((found.reason, found.instead), []).append(_short(found, space) if space else found.path)
    lines = []
    for (reason, instead), names in groups.items():
        why = "".join(f" {part[:1].upper()}{part[1:]}." for part in (reason, instead) if part)
        shown = ", ".join(f"`{name}`" for name in (names if space else _folded(names)))
        lines.append(f"- {title}{shown}.{why}")
    return lines


def _folded(paths: list[str]) -> list[str]:
    """Names, those of one namespace that are many as one entry.

    >>> _folded(["torch.ao.a", "torch.ao.b", "torch.ao.c", "torch.ao.d", "torch.x"])
    ['torch.ao.* (4)', 'torch.x']
    """
    spaces: dict[str, list[str]] = {}
    for path in paths:
        spaces.setdefault(path.rpartition(".")[0], []).append(path)
    return [
        name
        for space, names in spaces.items()
        for name in (names if len(names) < 4 or space in ("torch", "torch.Tensor") else [f"{space}.* ({len(names)})"])
    ]
