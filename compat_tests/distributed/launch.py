"""Starts the processes of a job, and sees to it that none is left."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def start(commands: list[list[str]], timeout: float, env: dict | None = None) -> list[tuple[int, str]]:
    """Run commands side by side; exit status and output of each. All are ended when time is up."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **(env or {})}
    environment.pop("PYTHONWARNINGS", None)
    processes = [
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for command in commands
    ]
    try:
        return [
            (process.wait(), output) for process in processes for output in [process.communicate(timeout=timeout)[0]]
        ]
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


def job(library: str, table: str, folder: Path, timeout: float = 100) -> list[dict[str, str]]:
    """Results of a table of cases, process by process."""
    count = importlib.import_module(f"compat_tests.distributed.{table}").PROCESSES
    outs = [folder / f"{table}-{rank}.json" for rank in range(count)]
    address = f"file://{folder}/{table}-store"
    module = "compat_tests.distributed.job"
    finished = start(
        [[sys.executable, "-m", module, library, table, address, str(rank), str(out)] for rank, out in enumerate(outs)],
        timeout,
    )
    for rank, (status, output) in enumerate(finished):
        if status:
            raise AssertionError(f"rank {rank} of {table} under {library} ended with {status}:\n{output}")
    return [json.loads(out.read_text()) for out in outs]
