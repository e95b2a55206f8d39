"""Who is still alive: each process raises a counter in the store, and those that wait look whether the others' move."""

import contextlib
import threading
import time

from jtorch.distributed.store import DistBackendError, DistError, Store

LAST_WAIT = 5.0  # seconds at the end of a process for collectives of its that nobody else has called yet


def _failed(ranks: tuple[int, ...]) -> str:
    return f"failed/{'_'.join(map(str, ranks))}"


def _waiting(ranks: tuple[int, ...]) -> str:
    return f"waiting/{'_'.join(map(str, ranks))}"


class Liveness:
    """The counters of all processes of a job. A process whose counter stands still for `seconds` is taken for dead."""

    def __init__(self, store: Store, rank: int, size: int, seconds: float):
        self._store, self._rank, self._size, self._seconds = store, rank, size, seconds
        self._period = seconds / 6
        self._seen: dict[int, tuple[bytes, float]] = {}
        self._left: dict[int, float] = {}  # when it was seen first
        self._looked = 0.0
        self._ended = threading.Event()
        self._lock = threading.Lock()
        store.set(f"alive/{rank}", "0")
        threading.Thread(target=self._beat, name="liveness", daemon=True).start()

    def _beat(self) -> None:
        count = 0
        while not self._ended.wait(self._period):
            count += 1
            try:
                self._store.set(f"alive/{self._rank}", str(count))
            except DistError:
                return  # whoever waits will find that the store is gone

    def tell(self, ranks: tuple[int, ...], reason: str) -> None:
        """A collective of these processes has failed here: who waits for it need not wait to the end."""
        with contextlib.suppress(DistError):  # the store is gone as well
            self._store.compare_set(_failed(ranks), "", f"on rank {self._rank}: {reason}")

    def waits(self, ranks: tuple[int, ...], number: int) -> None:
        """This process waits for collective `number` of these processes, for longer than is usual."""
        with contextlib.suppress(DistError):
            self._store.set(f"{_waiting(ranks)}/{self._rank}", str(number))

    def look_for_left(self, ranks: tuple[int, ...]) -> None:
        """Raise if one of the processes left a while ago: a collective of theirs that is waited for will not come."""
        now = time.monotonic()
        for rank in ranks:
            key = f"alive/{rank}"
            if rank != self._rank and self._store.check([key]) and self._store.get(key) == b"left":
                if now - self._left.setdefault(rank, now) > LAST_WAIT + 1:
                    raise DistBackendError(f"rank {rank} has left: its program has ended, or it destroyed the group")

    def absent(self, ranks: tuple[int, ...], number: int) -> list[int]:
        """Those of the processes that have not told that they wait for it."""
        with contextlib.suppress(DistError):
            keys = {rank: f"{_waiting(ranks)}/{rank}" for rank in ranks if rank != self._rank}
            return [
                rank for rank, key in keys.items() if not self._store.check([key]) or int(self._store.get(key)) < number
            ]
        return []

    def check(self, ranks: tuple[int, ...] | None = None) -> None:
        """Raise if a process is gone that had not left, or a collective of `ranks` failed on one of them."""
        if ranks is not None and self._store.check([_failed(ranks)]):
            raise DistBackendError(
                f"a collective failed {self._store.get(_failed(ranks)).decode()}\n"
                "A process of the group may have ended, or called another collective."
            )
        with self._lock:
            now = time.monotonic()
            if now - self._looked < self._period:
                return
            self._looked = now
            lost = self._lost(now)
        if lost:
            raise DistBackendError(
                f"rank {', '.join(map(str, lost))} gave no sign of life for {self._seconds:.0f} s: the process may have ended, see its output"
            )

    def _lost(self, now: float) -> list[int]:
        lost = []
        for rank in range(self._size):
            if rank == self._rank or not self._store.check([f"alive/{rank}"]):
                continue
            count = self._store.get(f"alive/{rank}")
            before, since = self._seen.get(rank, (None, now))
            if count != before:
                self._seen[rank] = (count, now)
            elif count != b"left" and now - since > self._seconds:
                lost.append(rank)
        return lost

    def leave(self) -> None:
        """This process is about to end, and nobody need miss it."""
        self._ended.set()
        self._store.set(f"alive/{self._rank}", "left")

    def wait_until_all_left(self) -> None:
        """Stay as long as another process is there, for what is served from here."""
        while True:
            now = time.monotonic()
            lost = self._lost(now)
            counts = {rank: self._store.get(f"alive/{rank}") for rank in range(self._size) if rank != self._rank}
            if all(count == b"left" or rank in lost for rank, count in counts.items()):
                return
            time.sleep(0.01)
