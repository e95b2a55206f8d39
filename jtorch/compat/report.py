"""How far jtorch is, as last measured: the scoreboard that the repository keeps, and the census."""

import collections
import json
from pathlib import Path
from typing import Any

from jtorch.compat import coverage
from jtorch.compat.census import census

SCOREBOARD = Path(__file__).resolve().parents[2] / "docs" / "scoreboard.json"


def text(scoreboard: Path = SCOREBOARD) -> str:
    """Both parts, for a terminal."""
    return f"{results(scoreboard)}\n\nNames and signatures (python -m jtorch.compat census)\n\n{coverage.as_text(census())}"


def results(scoreboard: Path) -> str:
    """The comparison with torch's results that was last committed; where it is not at hand, how to get it."""
    if not scoreboard.is_file():
        return (
            "Results compared with torch: none are recorded here. They are kept in a checkout of the repository, as docs/scoreboard.json;\n"
            "`python -m compat_tests.reference` measures them there, beside an installed torch."
        )
    found: dict[str, Any] = json.loads(scoreboard.read_text(encoding="utf-8"))
    lines = ["Results compared with torch", f"  machine: {found['machine']}"]
    if found.get("versions"):
        lines.append("  versions: " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()))
    lines += [*(f"  command: {command}" for command in found["command"].split("; ")), ""]
    depths = {name: f"  samples: {depth}" for name, depth in found.get("samples", {}).items()}
    for title, rows in (("group", found["table"]), ("aspect", found.get("aspects", {}))):
        if rows:
            width = max(map(len, [title, *rows]))
            lines.append(f"  {title.ljust(width)}   equal     all      %")
            lines += [
                f"  {name.ljust(width)}  {good:6d}  {every:6d}  {100 * good / every if every else 100:5.1f}{depths.get(name, '')}"
                for name, (good, every) in rows.items()
            ]
            lines.append("")
    failures = found.get("failures", [])
    lines.append(f"  {len(failures)} failures are listed in {scoreboard.name}")
    lines += [f"  {count:6d}  {reason}" for reason, count in _reasons(failures).most_common()]
    return "\n".join(lines)


def _reasons(failures: list) -> collections.Counter:
    """How many failures each reason explains."""
    return collections.Counter(row["reason"] or "without a reason" for row in failures if isinstance(row, dict))
