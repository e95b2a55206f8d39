"""`python -m benchmarks.scaling`: compile the rows and write what was found; `--tables` prints the tables of docs/scaling.md from it."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.scaling import tables
from benchmarks.scaling.sizes import Layout

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "scaling.json"

# (size, layout, sequences of the whole step)
ROWS = [
    ("benchmark", Layout(data=8), 16),
    ("benchmark", Layout(shard=8, zero=1), 16),
    ("benchmark", Layout(shard=8), 16),
    ("benchmark", Layout(shard=8, checkpoint=True), 16),
    ("benchmark", Layout(data=2, pipe=4, microbatches=4, checkpoint=True), 16),
    ("small-gated", Layout(tensor=8), 16),
    ("small-gated", Layout(shard=2, tensor=4, checkpoint=True), 16),
    ("gpt2-1.5b", Layout(data=8, checkpoint=True), 8),
    ("gpt2-1.5b", Layout(shard=8, checkpoint=True), 8),
    ("gpt2-1.5b", Layout(shard=8), 8),
    ("gpt2-1.5b", Layout(shard=64, checkpoint=True), 64),
    ("gpt2-1.5b", Layout(data=8, shard=64, checkpoint=True), 512),
    ("70b", Layout(shard=64, checkpoint=True), 64),
    ("70b", Layout(shard=512, checkpoint=True), 512),
    ("70b", Layout(shard=64, tensor=8, checkpoint=True), 512),
    ("70b", Layout(shard=16, tensor=8, pipe=4, microbatches=16, checkpoint=True), 512),
]


def compiled(size: str, layout: Layout, sequences: int) -> dict:
    """The row of a layout, from a process that has as many simulated devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={layout.devices}"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}
    command = [
        sys.executable,
        "-m",
        "jtorch",
        "-m",
        "benchmarks.scaling.step",
        size,
        json.dumps(layout.__dict__),
        str(sequences),
    ]
    output = subprocess.run(command, env=environment, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {"size": size, "layout": layout.__dict__, "sequences": sequences, **json.loads(output.splitlines()[-1])}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--only", help="sizes to compile, separated by commas")
    parser.add_argument("--tables", action="store_true", help="compile nothing: print the tables")
    args = parser.parse_args()
    found = {_key(row): row for row in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    if not args.tables:
        for size, layout, sequences in ROWS:
            if args.only is None or size in args.only.split(","):
                row = compiled(size, layout, sequences)
                found[_key(row)] = row
                print(f"{size}, {layout}: compiled in {row['seconds']} s", file=sys.stderr, flush=True)
                RESULTS.write_text(json.dumps(list(found.values()), indent=1) + "\n")
    print(tables.checked(list(found.values())))
    print(tables.chosen())


def _key(row: dict) -> str:
    return json.dumps([row["size"], row["layout"], row["sequences"]])


if __name__ == "__main__":
    main()
