"""The agent of a node: starts its workers, watches them, and starts all of them again when one fails."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass

from jtorch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure
from jtorch.distributed.rounds import Round, Rounds, Terms
from jtorch.distributed.store import DistError, PrefixStore
from jtorch.distributed.tcp_store import TCPStore
from jtorch.distributed.worker_output import Output, Std

GRACE = 30.0  # seconds between asking a worker to end and killing it
LAST_WORDS = (
    3.0  # seconds in which the others may end by themselves, with an error of their own that says what they waited for
)


@dataclass
class WorkerSpec:
    """What to run, how often, and where its output goes. A worker that is `numbered` is given its local rank as an argument."""

    command: list[str]
    arguments: list[str]
    numbered: bool
    name: str
    terms: Terms
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
    """One per node. Agents agree through the store that one of them keeps, which workers use as well."""

    def __init__(self, spec: WorkerSpec, store: TCPStore):
        self.spec, self._store = spec, store
        self._rounds = Rounds(PrefixStore(f"agents/{spec.run_id}", store), spec.terms, spec.node_rank, spec.workers)
        self._running: list[tuple[subprocess.Popen, Output, str]] = []
        base = spec.log_dir or tempfile.gettempdir()
        os.makedirs(base, exist_ok=True)
        self._folder = tempfile.mkdtemp(prefix=f"{spec.run_id}_", dir=base)

    def run(self) -> range:
        """Run until all workers of all nodes have succeeded, and return the ranks of this node's; raises `ChildFailedError` when some fail and no restart is left."""
        previous = {
            number: signal.signal(number, self._end) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        current = None
        try:
            while (current := self._rounds.join()) is not None:
                self._start(current)
                ended = self._watch(current)
                if ended["failures"]:
                    self._settle()
                own = self._failures(current)
                self._stop()
                if ended["over"]:
                    self._rounds.leave(current, self._store.is_master)
                    if ended["failures"]:
                        raise ChildFailedError(self.spec.name, _all_failures(ended["failures"], own))
                    return range(current.first, current.first + self.spec.workers)
                self._tell(
                    f"{ended['why']}: all workers start again, after {ended['restarts']} of {self.spec.max_restarts} restarts"
                )
            return range(0)  # the job has ended without this node
        except _Ended as error:
            if current is not None:
                self._leave_early(current, str(error))
            raise
        finally:
            self._stop()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _end(self, number, frame) -> None:
        raise _Ended(signal.Signals(number).name)

    def _tell(self, text: str) -> None:
        print(f"torchrun: {text}", file=sys.stderr, flush=True)

    def _leave_early(self, current: Round, why: str) -> None:
        with contextlib.suppress(DistError):  # the store went first: the others notice that
            self._gone(current, f"node {current.node} was told to end ({why})")

    def _start(self, current: Round) -> None:
        spec = self.spec
        for local in range(spec.workers):
            folder = os.path.join(self._folder, f"attempt_{current.number}", str(local))
            os.makedirs(folder)
            error_file = os.path.join(folder, "error.json")
            env = {**os.environ, **self._environment(local, current), "TORCHELASTIC_ERROR_FILE": error_file}
            output = Output(folder, f"{spec.role}{local}", spec.redirects[local], spec.tee[local], local in spec.shown)
            command = [*spec.command, *([f"--local-rank={local}"] if spec.numbered else []), *spec.arguments]
            self._running.append((output.start(command, env), output, error_file))

    def _environment(self, local: int, current: Round) -> dict[str, str]:
        spec, rank, world = self.spec, current.first + local, current.world
        values = {
            "LOCAL_RANK": local, "RANK": rank, "GROUP_RANK": current.node, "ROLE_RANK": rank, "ROLE_NAME": spec.role,
            "LOCAL_WORLD_SIZE": spec.workers, "WORLD_SIZE": world, "GROUP_WORLD_SIZE": current.nodes, "ROLE_WORLD_SIZE": world,
            "MASTER_ADDR": self._store.host, "MASTER_PORT": self._store.port, "TORCHELASTIC_RESTART_COUNT": current.restarts,
            "TORCHELASTIC_MAX_RESTARTS": spec.max_restarts, "TORCHELASTIC_RUN_ID": spec.run_id, "TORCHELASTIC_USE_AGENT_STORE": True,
            "TORCHELASTIC_SIGNALS_TO_HANDLE": "SIGTERM,SIGINT,SIGHUP,SIGQUIT", "JTORCH_ROUND": current.number,
            "TORCH_NCCL_ASYNC_ERROR_HANDLING": os.environ.get("TORCH_NCCL_ASYNC_ERROR_HANDLING", "1"),
        }  # fmt: skip
        if spec.workers > 1 and "OMP_NUM_THREADS" not in os.environ:
            values["OMP_NUM_THREADS"] = 1
        return {name: str(value) for name, value in values.items()}

    def _watch(self, current: Round) -> dict:
        """Wait until the round ends, here or on another node; returns why."""
        rounds, alone, done = self._rounds, self.spec.terms.most == 1, False
        while True:
            codes = [process.poll() for process, _, _ in self._running]
            if any(codes):
                return self._failed(current, self._failures(current))
            if not done and all(code == 0 for code in codes):
                done = True
                rounds.succeeded(current)
            if done or not alone:
                if (ended := rounds.ended(current.number)) is not None:
                    return ended
                if rounds.someone_waits(current):
                    return rounds.end(current, "another node has come")
                if lost := rounds.lost(current):
                    names = ", ".join(map(str, lost))
                    return self._gone(current, f"node {names} gave no sign of life for {self.spec.terms.silence:g} s")
            time.sleep(self.spec.interval)

    def _failed(self, current: Round, failures: list[ProcessFailure]) -> dict:
        first = failures[0]
        why = (
            f"rank {first.rank} (local rank {first.local_rank} of node {current.node}) has ended with {first.ending()}"
        )
        over = current.restarts >= self.spec.max_restarts
        return self._rounds.end(current, why, over, failed=True, failures=[asdict(failure) for failure in failures])

    def _gone(self, current: Round, why: str) -> dict:
        """The others go on without a node if enough are left; where the number of nodes is fixed it counts as a failure."""
        if self.spec.terms.least < self.spec.terms.most:
            return self._rounds.end(current, why)
        failure = ProcessFailure(-1, -1, 1, "", -1, message=why)
        over = current.restarts >= self.spec.max_restarts
        return self._rounds.end(current, why, over, failed=True, failures=[asdict(failure)])

    def _settle(self) -> None:
        """Leave the others a moment to notice by themselves: their error says what they were about."""
        end = time.monotonic() + LAST_WORDS
        while any(process.poll() is None for process, _, _ in self._running) and time.monotonic() < end:
            time.sleep(min(self.spec.interval, 0.05))

    def _failures(self, current: Round) -> list[ProcessFailure]:
        """Of this node's workers, as far as they have ended."""
        ended = [
            (local, process.poll(), error_file, process.pid)
            for local, (process, _, error_file) in enumerate(self._running)
        ]
        return [
            ProcessFailure(local, pid, code, error_file, current.first + local)
            for local, code, error_file, pid in ended
            if code
        ]

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


def _all_failures(first: list[dict], own: list[ProcessFailure]) -> dict[int, ProcessFailure]:
    """What ended the round, on whatever node, then what followed from it here."""
    failures = {each["rank"]: ProcessFailure(**each) for each in first}
    begun = min(failure.timestamp for failure in failures.values())
    for failure in own:
        failure.timestamp = max(failure.timestamp, begun + 1e-3)
        failures.setdefault(failure.rank, failure)
    return failures
