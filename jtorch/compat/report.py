"""How far jtorch is, as last measured: the scoreboard that the repository keeps, and the census."""

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
    lines = ["Results compared with torch", f"  machine: {found['machine']}", f"  command: {found['command']}", ""]
    for title, rows in (("group", found["table"]), ("aspect", found.get("aspects", {}))):
        if rows:
            width = max(map(len, [title, *rows]))
            lines.append(f"  {title.ljust(width)}   equal     all      %")
            lines += [
                f"  {name.ljust(width)}  {good:6d}  {every:6d}  {100 * good / every if every else 100:5.1f}"
                for name, (good, every) in rows.items()
            ]
            lines.append("")
    lines.append(f"  {len(found.get('failures', []))} failures are listed in {scoreboard.name}")
    return "\n".join(lines)
