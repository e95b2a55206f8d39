"""Record what PyTorch's optimizers and schedules do: python -m compat_tests.optim.record (needs PyTorch)."""

import json
from pathlib import Path

from compat_tests.optim.rows import RUNS, SCHEDULES, run_optimizer, run_schedule

OPTIMIZERS_FILE = Path(__file__).with_name("optimizers.json")
SCHEDULES_FILE = Path(__file__).with_name("schedules.json")


def main():
    import torch

    lines = [f"{json.dumps(f'{dtype} {row}')}: {json.dumps(run_optimizer(torch, row, dtype))}" for row, dtype in RUNS]
    OPTIMIZERS_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    lines = [f"{json.dumps(row)}: {json.dumps(run_schedule(torch, row))}" for row in SCHEDULES]
    SCHEDULES_FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
