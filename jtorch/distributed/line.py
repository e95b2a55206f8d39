"""`Line`: the thread on which the collectives of a set of processes run, in the order they were called."""

import queue
import threading
from collections.abc import Callable

import numpy as np

from jtorch.distributed import programs
from jtorch.distributed.store import DistBackendError
from jtorch.distributed.work import Work


class Line:
    """Collectives of the processes of a mesh, one after the other.

    The caller goes on meanwhile, can be interrupted while it waits, and need not wait longer than it wants. There is one line for a set of processes,
    whatever groups they form: JAX's transport tells collectives apart by their processes and their order alone.
    """

    def __init__(self, ranks: tuple[int, ...], mesh, device, tell: Callable[[str], None]):
        self._ranks, self._mesh, self._device, self._tell = ranks, mesh, device, tell
        self._here = ranks[list(mesh.devices.flat).index(device)]
        self.failed: str | None = None
        self._count = 0
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name=f"collectives of {ranks}", daemon=True)
        self._thread.start()

    def put(self, name: str, kind: str, op: str | None, row: np.ndarray, work: Work) -> int:
        """Run a collective, of the program `kind`, when its turn comes; users know it by its name. Returns its number."""
        with self._lock:
            self._count += 1
            self._tasks.put((name, kind, op, row, work))
            return self._count

    def close(self) -> None:
        self._tasks.put(None)

    def join(self, seconds: float) -> None:
        """Wait until what is under way has ended: a thread that comes out of C++ while the interpreter ends would abort the process."""
        self._thread.join(seconds)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            name, kind, op, row, work = task
            try:
                if self.failed is not None:
                    raise RuntimeError(f"an earlier one failed, and the processes are out of step: {self.failed}")
                work._set(programs.run(name, kind, op, self._mesh, self._device, row))
            except programs.Mismatch as error:
                calls = "; ".join(f"rank {rank}: {call}" for rank, call in zip(self._ranks, error.calls, strict=True))
                work._set(error=DistBackendError(f"the processes have called different collectives: {calls}"))
            except Exception as error:
                if self.failed is None:
                    self.failed = (str(error).strip().splitlines() or [type(error).__name__])[0]
                    self._tell(f"{name}: {self.failed}")
                failure = DistBackendError(
                    f"{name} failed on rank {self._here}: {self.failed}\nA process of the group may have ended, or called another collective."
                )
                work._set(error=failure)
            del task, row, work
