"""Errors of processes that torchrun started: written to a file by the process, read by the agent."""

import functools
import json
import os
import signal
import socket
import time
import traceback
from dataclasses import dataclass, field


@dataclass
class ProcessFailure:
    """How a process ended that failed."""

    local_rank: int
    pid: int
    exitcode: int
    error_file: str
    rank: int = 0
    message: str = ""
    timestamp: float = field(default_factory=time.time)
    host: str = field(default_factory=socket.gethostname)

    def __post_init__(self):
        if self.message:  # of a process of another node, whose file is there
            return
        if os.path.exists(self.error_file) and os.path.getsize(self.error_file):
            with open(self.error_file) as file:
                found = json.load(file)["message"]
            self.message, self.timestamp = found["extraInfo"]["py_callstack"], float(found["extraInfo"]["timestamp"])
        elif self.exitcode < 0:
            self.message = f"Signal {-self.exitcode} ({self.signal_name()}) received by PID {self.pid}"

    def ending(self) -> str:
        """How it ended, in a few words."""
        return f"signal {-self.exitcode} ({self.signal_name()})" if self.exitcode < 0 else f"exit code {self.exitcode}"

    def signal_name(self) -> str:
        return signal.Signals(-self.exitcode).name if self.exitcode < 0 else "<N/A>"


class ChildFailedError(Exception):
    """Processes that torchrun started failed, for good."""

    def __init__(self, name: str, failures: dict[int, ProcessFailure]):
        self.name, self.failures = name, failures
        super().__init__(self.format_msg())

    def get_first_failure(self) -> tuple[int, ProcessFailure]:
        rank = min(self.failures, key=lambda rank: self.failures[rank].timestamp)
        return rank, self.failures[rank]

    def format_msg(self) -> str:
        """The report: what failed first, then the rest."""
        line = "=" * 60
        first, failure = self.get_first_failure()
        followed = [failure for rank, failure in self.failures.items() if rank != first]
        others = [self._describe(i, failure) for i, failure in enumerate(followed, 1)]
        return "\n".join(
            [
                "", line, f"{self.name} FAILED", "-" * 60, "Failures:", *(others or ["  <NO_OTHER_FAILURES>"]), "-" * 60,
                "Root Cause (first observed failure):", self._describe(0, failure), line,
            ]
        )  # fmt: skip

    def _describe(self, number: int, failure: ProcessFailure) -> str:
        message = (
            failure.message
            or "<N/A>: decorate the main function with torch.distributed.elastic.multiprocessing.errors.record"
        )
        when = time.strftime("%Y-%m-%d_%H:%M:%S", time.localtime(failure.timestamp))
        name = f"  ({failure.signal_name()})" if failure.exitcode < 0 else ""
        return (
            f"[{number}]:\n  time      : {when}\n  host      : {failure.host}\n"
            f"  rank      : {failure.rank} (local_rank: {failure.local_rank})\n  exitcode  : {failure.exitcode} (pid: {failure.pid}){name}\n"
            f"  error_file: {failure.error_file if os.path.exists(failure.error_file) else '<N/A>'}\n  traceback : {message}"
        )


def record(fn, error_handler=None):
    """Let a main function write the error it ends with where torchrun finds it, for its report."""

    @functools.wraps(fn)
    def recorded(*args, **kwargs):
        try:
            return fn(*args, **kwargs)
        except SystemExit as error:  # the program's own way to end: no error of it
            if error.code == 0:
                return None
            raise
        except Exception as error:
            _write(error)
            raise

    return recorded


def _write(error: BaseException) -> None:
    path = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if path:
        about = {"py_callstack": traceback.format_exc(), "timestamp": str(int(time.time()))}
        with open(path, "w") as file:
            json.dump({"message": {"message": f"{type(error).__name__}: {error}", "extraInfo": about}}, file)
