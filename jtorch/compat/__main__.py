"""`python -m jtorch.compat`: what of torch's API is there."""

import argparse
import sys
from pathlib import Path

from jtorch.compat import coverage, report, stubs
from jtorch.compat.census import ABSENT, PARTIAL, census
from jtorch.compat.manifest import namespaces


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m jtorch.compat", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    counting = commands.add_parser("census", help="which of torch's public names are there")
    counting.add_argument("namespaces", nargs="*", help="list what is partial and absent in these (torch.nn, ...)")
    counting.add_argument("--write", type=Path, metavar="FILE", help="write the page docs/coverage.md")
    commands.add_parser("report", help="the census, and how results compare with torch's, as last measured")
    typed = commands.add_parser("stubs", help="type stubs of what is made at run time")
    typed.add_argument("--write", action="store_true", help="write them; without it, say which are stale")
    given = parser.parse_args(arguments)
    if given.command == "census":
        return _census(given.namespaces, given.write)
    if given.command == "stubs":
        return stubs.main(given.write)
    print(report.text())
    return 0


def _census(spaces: list[str], target: Path | None) -> int:
    unknown = [space for space in spaces if space not in namespaces()]
    if unknown:
        print(f"no such namespace in torch: {', '.join(unknown)}", file=sys.stderr)
        return 2
    if target is not None:
        target.write_text(coverage.page(), encoding="utf-8")
        print(f"wrote {target}")
        return 0
    taken = census(spaces or None)
    print(coverage.as_text(taken))
    for findings in taken.values() if spaces else ():
        for found in findings:
            if found.status in (PARTIAL, ABSENT):
                lacks = f" lacks {' '.join(found.lacks)}" if found.lacks else ""
                print(f"{found.status}: {found.path}{lacks}" + (f" ({found.reason})" if found.reason else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
