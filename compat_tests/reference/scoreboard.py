"""Shares the databases' entries out to processes, collects findings, prints and writes the table."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Each program of a process takes memory maps, of which there is a limit; a fresh process also frees compiled code.
TASKS_PER_PROCESS = 40
# Samples are tiny and each program runs once: most of the time is compilation, which these options halve.
COMPILE_FAST = (
    "--xla_cpu_use_fusion_emitters=false --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)


class Process:
    """A process that runs one task after another; one that dies costs its task."""

    def __init__(self):
        self._process = None
        self._tasks = 0

    def run(self, task: dict) -> dict:
        if self._process is None or self._tasks >= TASKS_PER_PROCESS:
            self.close()
            flags = f"{COMPILE_FAST} {os.environ.get('XLA_FLAGS', '')}"
            self._process = subprocess.Popen(
                [sys.executable, "-m", "compat_tests.reference.process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                env=dict(os.environ, XLA_FLAGS=flags, JAX_PLATFORMS="cpu", OMP_NUM_THREADS="1"),
                text=True,
            )
            self._tasks = 0
        self._tasks += 1
        try:
            self._process.stdin.write(json.dumps(task) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            return json.loads(line)
        status = self._process.wait()
        self._process = None
        row = {"cases": 1, "failed": 1, "messages": [f"the process died, status {status}"]}
        return {**task, "findings": {"value": row}}

    def close(self):
        if self._process is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process = None


def run(tasks: list, processes: int, out: Path | None, show) -> list:
    """Run tasks, writing one JSON line each to `out` as they end."""
    waiting: queue.SimpleQueue = queue.SimpleQueue()
    for task in tasks:
        waiting.put(task)
    results, lock, begun = [], threading.Lock(), time.monotonic()

    def work():
        process = Process()
        while True:
            try:
                task = waiting.get_nowait()
            except queue.Empty:
                break
            result = process.run(task)
            with lock:
                results.append(result)
                if out is not None:
                    with open(out, "a") as file:
                        file.write(json.dumps(result) + "\n")
                show(result, len(results), len(tasks), time.monotonic() - begun)
        process.close()

    threads = [threading.Thread(target=work) for _ in range(processes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def failed(result) -> list:
    """The aspects in which a task has differences."""
    return [aspect for aspect, row in result["findings"].items() if row["failed"]]


def read(*paths: Path) -> list:
    """Findings written earlier; the last line of an entry and dtype counts."""
    kept = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            kept[row["part"], row["name"], row.get("dtype")] = row
    return list(kept.values())


def group_of(result) -> str:
    """The row of the table that a result counts in: its part, and its dtype where there is one."""
    return f"{result['part']} {result.get('dtype', '')}".strip()


def failed_at_heart(result) -> list:
    """The aspects that count in the table by parts: values and gradients of operations, everything of layers and optimizers."""
    return [a for a in failed(result) if a in ("value", "gradient", "second gradient") or result["part"] != "op_db"]


def in_order(results) -> list:
    """The results with anything compared, sorted."""
    compared = [result for result in results if result["findings"]]
    return sorted(compared, key=lambda r: (r["part"], r.get("dtype", ""), r["name"]))


def counts(results) -> tuple[dict, dict]:
    """Entries without any difference and all, by part and dtype; the same and cases by aspect."""
    groups, aspects = {}, {}
    for result in in_order(results):
        group = groups.setdefault(group_of(result), [0, 0])
        group[0] += not failed_at_heart(result)
        group[1] += 1
        for aspect, row in result["findings"].items():
            count = aspects.setdefault(f"{result['part']}: {aspect}", [0, 0, 0, 0])
            count[0] += not row["failed"]
            count[1] += 1
            count[2] += row["cases"] - row["failed"]
            count[3] += row["cases"]
    return groups, aspects


def table(results) -> str:
    """Entries without any difference, of those that were compared, by part and dtype, and by aspect."""
    groups, aspects = counts(results)
    lines = [f"{'':34}{'entries':>16}{'':>9}"]
    lines += [f"{name:34}{good:>8} of {all_:<5}{good / all_:>8.1%}" for name, (good, all_) in groups.items()]
    lines += ["", f"{'':34}{'entries':>16}{'':>9}{'cases':>20}"]
    lines += [
        f"{name:34}{good:>8} of {all_:<5}{good / all_:>8.1%}{cases:>12} of {all_cases}"
        for name, (good, all_, cases, all_cases) in aspects.items()
    ]
    return "\n".join(lines)
