"""Starts the processes of a job, and sees to it that none is left."""

import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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


def job(library: str, tables: tuple[str, ...], folder: Path, timeout: float = 300) -> list[dict[str, dict[str, str]]]:
    """Results of tables of cases, process by process."""
    (count,) = {importlib.import_module(f"compat_tests.distributed.{table}").PROCESSES for table in tables}
    folder.mkdir(exist_ok=True)
    outs = [folder / f"{'-'.join(tables)}-{rank}.json" for rank in range(count)]
    address = f"file://{folder}/{'-'.join(tables)}-store"
    command = [sys.executable, "-m", "compat_tests.distributed.job", library, ",".join(tables), address]
    finished = start([[*command, str(rank), str(out)] for rank, out in enumerate(outs)], timeout)
    for rank, (status, output) in enumerate(finished):
        if status:
            raise AssertionError(f"rank {rank} of {', '.join(tables)} under {library} ended with {status}:\n{output}")
    return [json.loads(out.read_text()) for out in outs]
