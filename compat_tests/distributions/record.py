"""Record what PyTorch's distributions do: python -m compat_tests.distributions.record (needs PyTorch)."""

import gzip
import json
from pathlib import Path

from compat_tests.distributions.rows import ROWS, observe

FILE = Path(__file__).with_name("distributions.json.gz")


def recorded() -> dict[str, dict]:
    """What PyTorch does, by row."""
    return json.loads(gzip.decompress(FILE.read_bytes()))


def main():
    import torch

    seen = {row: observe(torch, row) for row in ROWS}
    FILE.write_bytes(gzip.compress(json.dumps(seen, indent=0).encode(), mtime=0))
    print(f"{len(seen)} rows, {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
