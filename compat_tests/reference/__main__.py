"""`python -m compat_tests.reference`: jtorch against torch's test databases."""

import argparse
import sys
from pathlib import Path

from . import gaps, scoreboard
from .process import PARTS, database


def parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m compat_tests.reference", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"databases, of {', '.join(PARTS)}")
    parser.add_argument("--entries", default="*", help="globs of entries' names, separated by commas")
    parser.add_argument("--dtypes", help="dtypes of op_db, separated by commas")
    parser.add_argument("--aspects", help="what to compare, separated by commas")
    parser.add_argument("--samples", default="3", help="samples an entry and dtype, or `all`")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shard", default="1/1", help="2/4: the second quarter of the entries")
    parser.add_argument("--out", type=Path, help="file for the findings, one JSON line an entry and dtype")
    parser.add_argument("--quiet", action="store_true", help="print the table alone")
    return parser.parse_args()


def tasks(args) -> list:
    samples = None if args.samples == "all" else int(args.samples)
    found = []
    for part in args.parts.split(","):
        found += database(part).tasks(args.entries, args.dtypes, args.aspects, samples)
    number, count = map(int, args.shard.split("/"))
    return found[number - 1 :: count]


def main() -> int:
    args = parse_arguments()

    def show(result, done, count, seconds):
        bad = scoreboard.failed(result)
        if args.quiet or not (bad or done % 50 == 0):
            return
        title = f"{result['part']} {result['name']} {result.get('dtype', '')}".rstrip()
        print(f"[{done}/{count} {seconds:.0f}s] {title}: {', '.join(bad) or 'equal'}", flush=True)
        for aspect in bad:
            for message in result["findings"][aspect]["messages"]:
                print(f"    {aspect}: {message}", flush=True)

    results = scoreboard.run(tasks(args), args.processes, args.out, show)
    print(scoreboard.table(results))
    bad = [result for result in results if gaps.unexplained(result)]
    explained = sum(map(bool, map(scoreboard.failed, results))) - len(bad)
    print(f"\n{len(bad)} entries differ without a reason in gaps.toml, {explained} more with one")
    for row in gaps.healed(results) if args.samples == "all" else ():
        print(f"healed: {row['entries']} ({row['reason']})")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
