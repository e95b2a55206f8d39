"""The agent of a node: starts its workers, watches them, and starts all of them again when one fails."""

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass

from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from jtorch.distributed.store import PrefixStore, Store
from jtorch.distributed.worker_output import Output, Std

GRACE = 30.0  # seconds between asking a worker to end and killing it


@dataclass
class WorkerSpec:
    """What to run, how often, and where its output goes. A worker that is `numbered` is given its local rank as an argument."""

    command: list[str]
    arguments: list[str]
    numbered: bool
    name: str
    nodes: int
    node_rank: int | None
    workers: int
    run_id: str
    role: str
    max_restarts: int
    interval: float
    log_dir: str | None
    redirects: list[Std]
    tee: list[Std]
    shown: set[int]


class _Ended(Exception):
    """The agent was told to end."""


class Agent:
    """One per node. Agents agree through the store that the first of them keeps, which workers use as well."""

    def __init__(self, spec: WorkerSpec, store: Store, address: str, port: int):
        self.spec, self._address, self._port = spec, address, port
        self._root = store
        self._store = PrefixStore(f"agents/{spec.run_id}", store)
        self._running: list[tuple[subprocess.Popen, Output, str]] = []
        base = spec.log_dir or tempfile.gettempdir()
        os.makedirs(base, exist_ok=True)
        self._folder = tempfile.mkdtemp(prefix=f"{spec.run_id}_", dir=base)

    def run(self) -> None:
        """Run until all workers of all nodes have succeeded; raises `ChildFailedError` when one fails and no restart is left."""
        previous = {
            number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        try:
            self._join()
            attempt = 0
            while True:
                self._start(attempt)
                failures = self._watch(attempt)
                if failures is None:
                    return
                self._stop()
                if attempt >= self.spec.max_restarts:
                    if failures:
                        raise ChildFailedError(self.spec.name, failures)
                    raise RuntimeError(f"{self.spec.name} FAILED on another node; see its output")
                attempt += 1
        finally:
            self._stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _end(self, number, frame) -> None:
        raise _Ended(signal.Signals(number).name)

    def _join(self) -> None:
        """Learn this node's number, and how many workers there are before its own."""
        spec = self.spec
        self._node = self._store.add("nodes", 1) - 1 if spec.node_rank is None else spec.node_rank
        self._store.set(f"workers/{self._node}", str(spec.workers))
        if self._node >= spec.nodes:
            raise RuntimeError(f"{spec.nodes} nodes have joined the job {spec.run_id!r} already")
        counts = [int(self._store.get(f"workers/{node}")) for node in range(spec.nodes)]
        self._first, self._world = sum(counts[: self._node]), sum(counts)

    def _start(self, attempt: int) -> None:
        spec = self.spec
        for local in range(spec.workers):
            folder = os.path.join(self._folder, f"attempt_{attempt}", str(local))
            os.makedirs(folder)
            error_file = os.path.join(folder, "error.json")
            env = {**os.environ, **self._environment(local, attempt), "TORCHELASTIC_ERROR_FILE": error_file}
            output = Output(folder, f"{spec.role}{local}", spec.redirects[local], spec.tee[local], local in spec.shown)
            command = [*spec.command, *([f"--local-rank={local}"] if spec.numbered else []), *spec.arguments]
            self._running.append((output.start(command, env), output, error_file))

    def _environment(self, local: int, attempt: int) -> dict[str, str]:
        spec, rank = self.spec, self._first + local
        values = {
            "LOCAL_RANK": local, "RANK": rank, "GROUP_RANK": self._node, "ROLE_RANK": rank, "ROLE_NAME": spec.role,
            "LOCAL_WORLD_SIZE": spec.workers, "WORLD_SIZE": self._world, "GROUP_WORLD_SIZE": spec.nodes, "ROLE_WORLD_SIZE": self._world,
            "MASTER_ADDR": self._address, "MASTER_PORT": self._port, "TORCHELASTIC_RESTART_COUNT": attempt,
            "TORCHELASTIC_MAX_RESTARTS": spec.max_restarts, "TORCHELASTIC_RUN_ID": spec.run_id, "TORCHELASTIC_USE_AGENT_STORE": True,
        }  # fmt: skip
        if spec.workers > 1 and "OMP_NUM_THREADS" not in os.environ:
            values["OMP_NUM_THREADS"] = 1
        return {name: str(value) for name, value in values.items()}

    def _watch(self, attempt: int) -> dict[int, ProcessFailure] | None:
        """Wait for the workers of this attempt. None when all have succeeded, on all nodes; else what failed here."""
        done = False
        while True:
            codes = [process.poll() for process, _, _ in self._running]
            if any(codes):
                self._store.set(f"failed/{attempt}", str(self._node))
                return self._failures(codes)
            if not done and all(code == 0 for code in codes):
                done = True
                if self._store.add(f"succeeded/{attempt}", 1) == self.spec.nodes:
                    self._store.set(f"finished/{attempt}", "1")
            if self.spec.nodes == 1:
                if done:
                    return None
            elif self._store.check([f"finished/{attempt}"]):
                self._leave(attempt)
                return None
            elif self._store.check([f"failed/{attempt}"]):
                return {}
            time.sleep(self.spec.interval)

    def _leave(self, attempt: int) -> None:
        """The node that keeps the store is the last to go."""
        left = self._store.add(f"left/{attempt}", 1)
        while self._node == 0 and left < self.spec.nodes:
            time.sleep(0.02)
            left = self._store.add(f"left/{attempt}", 0)

    def _failures(self, codes: list[int | None]) -> dict[int, ProcessFailure]:
        return {
            self._first + local: ProcessFailure(
                local, self._running[local][0].pid, code, self._running[local][2], self._first + local
            )
            for local, code in enumerate(codes)
            if code
        }

    def _stop(self) -> None:
        """End the workers that still run: by asking, then by force."""
        running, self._running = self._running, []
        for process, _, _ in running:
            if process.poll() is None:
                process.terminate()
        end = time.monotonic() + GRACE
        for process, output, _ in running:
            try:
                process.wait(max(end - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            output.close()
