"""`Work`: a collective under way."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

from jtorch.distributed.store import DistBackendError


class Call:
    """A collective among those of its processes, by its number: who else waits for it."""

    def __init__(self, liveness, ranks: tuple[int, ...], number: int):
        self._liveness, self._ranks, self._number, self._told = liveness, ranks, number, False

    def waits(self) -> None:
        """This process does, for longer than is usual."""
        if not self._told:
            self._told = True
            self._liveness.waits(self._ranks, self._number)
        self._liveness.look_for_left(self._ranks)

    def absent(self) -> list[int]:
        return self._liveness.absent(self._ranks, self._number)


class Work:
    """What `async_op=True` returns. Results are written to the tensors when it is waited for, or seen to be completed.

    The numbers sent are those at the time of the call: a tensor that is written to later sends what it was.
    """

    name = "a collective"
    call = None  # where it is known who else waits for it: a `Call`

    def __init__(self, finish: Callable, timeout: timedelta, check: Callable = lambda: None, source: int = -1):
        self._finish: Callable | None = finish
        self._timeout, self._check, self._source = timeout, check, source
        self._came = threading.Event()
        self._lock = threading.RLock()
        self._row = self._error = None
        self._results: list = []

    def _set(self, row=None, error: BaseException | None = None) -> None:
        self._row, self._error = row, error
        self._came.set()

    def wait(self, timeout: timedelta | None = None) -> bool:
        """Wait until it is done, and let the tensors have the results; raises if it failed or was not done in time."""
        limit = timeout or self._timeout
        end = time.monotonic() + limit.total_seconds()
        pause = min(1.0, limit.total_seconds() / 2)
        while not self._came.wait(min(pause, max(end - time.monotonic(), 0))):
            self._check()
            if self.call is not None:
                self.call.waits()
            if time.monotonic() >= end:
                raise DistBackendError(
                    f"Timed out waiting {limit.total_seconds() * 1000:.0f}ms for {self.name} to complete: {self._who()} not called it"
                )
        if self._error is not None:
            raise self._error
        self._give()
        return True

    def _who(self) -> str:
        absent = [] if self.call is None else self.call.absent()
        if not absent:
            return "a process of the group has"
        return f"rank {absent[0]} has" if len(absent) == 1 else f"ranks {', '.join(map(str, absent))} have"

    def _give(self) -> None:
        with self._lock:
            finish, self._finish = self._finish, None
            if finish is not None:
                self._results = finish(self._row) or []
                self._row = None

    def is_completed(self) -> bool:
        """Whether it is done, with or without an error."""
        if not self._came.is_set():
            return False
        if self._error is None:
            self._give()
        return True

    def is_success(self) -> bool:
        return self.is_completed() and self._error is None

    def exception(self):
        """The error it ended with, or None."""
        return self._error

    def synchronize(self) -> None:
        self.wait()

    def result(self) -> list:
        """The tensors that were written."""
        self.wait()
        return self._results

    def source_rank(self) -> int:
        """The rank that a received message came from."""
        return self._source

    def get_future(self):
        """A future of the tensors that are written."""
        from jtorch.futures import Future

        return _FutureOfWork(Future(), self).future


class _FutureOfWork:
    """Waits on a thread of its own, since a future calls back without being asked."""

    def __init__(self, future, work: Work):
        self.future = future

        def run():
            try:
                future.set_result(work.result())
            except Exception as error:
                future.set_exception(error)

        threading.Thread(target=run, daemon=True).start()
