"""Record what PyTorch's layers do: python -m compat_tests.nn.record (needs PyTorch)."""

import json
import warnings
from pathlib import Path

from compat_tests.nn.layer_rows import ROWS, observe

FILE = Path(__file__).with_name("layers.json")


def main():
    import torch

    lines = []
    for row in ROWS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            lines.append(f"{json.dumps(row)}: {json.dumps(observe(torch, row))}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
