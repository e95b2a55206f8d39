"""Differences from torch that are known and explained: `gaps.toml` beside this file.

A row names entries by globs, the dtypes (`*`: all), the aspects and the reason. A difference without a row fails a run; a row that nothing needs any
more is reported as healed by a run over all samples.
"""

import functools
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path


@functools.cache
def rows() -> list[dict]:
    return tomllib.loads(Path(__file__).with_name("gaps.toml").read_text()).get("gap", [])


def reason(part, name, dtype, aspect) -> str | None:
    """Why a difference is known; None for one that is not."""
    for row in rows():
        if _fits(row, part, name, dtype, aspect):
            return row["reason"]
    return None


def unexplained(result) -> list:
    """The aspects of a result that differ without a row."""
    name, dtype = result["name"], result.get("dtype", "")
    return [
        aspect
        for aspect, row in result["findings"].items()
        if row["failed"] and reason(result["part"], name, dtype, aspect) is None
    ]


def healed(results) -> list:
    """Rows that no difference among these results needs, though their entries were compared."""
    found = []
    for row in rows():
        met = [
            (r, aspect, finding["failed"])
            for r in results
            for aspect, finding in r["findings"].items()
            if _fits(row, r["part"], r["name"], r.get("dtype", ""), aspect)
        ]
        if met and not any(failed for *_, failed in met):
            found.append(row)
    return found


def _fits(row, part, name, dtype, aspect) -> bool:
    return (
        row.get("part", "op_db") == part
        and any(fnmatchcase(name, glob) for glob in row["entries"].split())
        and (row.get("dtypes", "*") == "*" or dtype in row["dtypes"].split())
        and aspect in row["aspects"]
    )
