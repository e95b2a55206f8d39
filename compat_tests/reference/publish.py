"""`python -m compat_tests.reference.publish FINDINGS.jsonl ...`: write docs/scoreboard.json, which `python -m jtorch.compat report` prints.

Findings are what `python -m compat_tests.reference --out FINDINGS.jsonl` writes; of several for an entry and dtype the last counts. The file says
how many entries agree by part and dtype and by aspect, how many samples of each were looked at, where and with which versions, and every
entry that differs, with the reason that `gaps.toml` has for it.
"""

import argparse
import collections
import importlib.metadata
import json
import os
import platform
from pathlib import Path

from . import gaps, scoreboard

TARGET = scoreboard.ROOT / "docs" / "scoreboard.json"
PACKAGES = ("torch", "torchvision", "jax", "jaxlib", "numpy")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m compat_tests.reference.publish", description=__doc__)
    parser.add_argument("findings", nargs="+", type=Path)
    parser.add_argument("--machine", default=machine(), help="where they were found; this machine by default")
    parser.add_argument("--write", type=Path, default=TARGET, metavar="FILE")
    given = parser.parse_args()
    made = published(scoreboard.read(*given.findings), given.machine)
    given.write.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    unexplained = sum(row["reason"] is None for row in made["failures"])
    print(f"wrote {given.write}: {len(made['failures'])} failures, {unexplained} without a reason")


def published(results: list, place: str) -> dict:
    """What the file says of findings."""
    groups, aspects = scoreboard.counts(results)
    return {
        "machine": place,
        "versions": versions(),
        "command": "; ".join(commands(results)),
        "samples": depths(results),
        "table": groups,
        "aspects": {name: numbers[:2] for name, numbers in aspects.items()},
        "cases": {name: numbers[2:] for name, numbers in aspects.items()},
        "failures": [row for result in scoreboard.in_order(results) for row in failures(result)],
    }


def failures(result) -> list[dict]:
    """A row for each reason why an entry differs, None among them; `counted` says that it is one in the table by parts."""
    name, dtype, part = result["name"], result.get("dtype", ""), result["part"]
    by_reason: dict[str | None, list[str]] = {}
    for aspect in scoreboard.failed(result):
        by_reason.setdefault(gaps.reason(part, name, dtype, aspect), []).append(aspect)
    heart = scoreboard.failed_at_heart(result)
    return [
        {
            "group": scoreboard.group_of(result),
            "name": name,
            "aspects": found,
            "counted": bool({*found} & {*heart}),
            "reason": reason,
        }
        for reason, found in by_reason.items()
    ]


def depths(results) -> dict[str, str]:
    """How many samples an entry were looked at, by group: `3`, `all`, or several such with the number of entries each."""
    groups: dict[str, collections.Counter] = {}
    for result in scoreboard.in_order(results):
        groups.setdefault(scoreboard.group_of(result), collections.Counter())[shown(result["samples"])] += 1
    return {
        group: next(iter(found))
        if len(found) == 1
        else ", ".join(f"{depth} ({n} entries)" for depth, n in found.most_common())
        for group, found in groups.items()
    }


def commands(results) -> list[str]:
    """The commands that make such findings."""
    made = {}
    for result in scoreboard.in_order(results):
        asked = (result["part"], shown(result["samples"]), result.get("aspects"))
        made.setdefault(asked, {})[result.get("dtype", "")] = None
    return [
        f"python -m compat_tests.reference --parts {part}"
        + (f" --dtypes {','.join(dtypes)}" if any(dtypes) else "")
        + (f" --aspects {aspects}" if aspects else "")
        + f" --samples {depth}"
        for (part, depth, aspects), dtypes in made.items()
    ]


def shown(samples: int | None) -> str:
    return "all" if samples is None else str(samples)


def machine() -> str:
    """The processor and its cores, as the system names them."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8").splitlines() if listing.is_file() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
    return f"{model or platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
