"""`Line`: the thread on which the collectives of a set of processes run, in the order they were called."""

import queue
import threading

import numpy as np

from jtorch.distributed import programs
from jtorch.distributed.store import DistBackendError
from jtorch.distributed.work import Work


class Line:
    """Collectives of the processes of a mesh, one after the other.

    The caller goes on meanwhile, can be interrupted while it waits, and need not wait longer than it wants. There is one line for a set of processes,
    whatever groups they form: JAX's transport tells collectives apart by their processes and their order alone.
    """

    def __init__(self, mesh, device, name: str):
        self._mesh, self._device = mesh, device
        self.failed: str | None = None
        self._tasks: queue.SimpleQueue = queue.SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def put(self, kind: str, op: str | None, row: np.ndarray, work: Work) -> None:
        """Run a collective when its turn comes."""
        self._tasks.put((kind, op, row, work))

    def close(self) -> None:
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            kind, op, row, work = task
            try:
                if self.failed is not None:
                    raise RuntimeError(f"an earlier one failed, and the processes are out of step: {self.failed}")
                work._set(programs.run(kind, op, self._mesh, self._device, row))
            except Exception as error:
                self.failed = self.failed or (str(error).strip().splitlines() or [type(error).__name__])[0]
                failure = DistBackendError(
                    f"{kind} failed: {self.failed}\nA process of the group may have ended, or called another collective."
                )
                work._set(error=failure)
            del task, row, work
