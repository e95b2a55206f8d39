"""What code in a worker process can ask about itself."""

from dataclasses import dataclass

__all__ = ["WorkerInfo", "get_worker_info"]

_worker_info = None


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What `get_worker_info` gives: this worker's number, how many there are, its seed and its copy of the dataset.

    `rng` is None and `worker_method` "multiprocessing", as for all of torch's worker processes.
    """

    id: int
    num_workers: int
    seed: int
    dataset: object
    rng: object = None
    worker_method: str = "multiprocessing"


def get_worker_info():
    """The `WorkerInfo` of this worker process, or None in the main process.

    A dataset or `worker_init_fn` reads from it which part of a stream is its own.

    >>> from jtorch.utils.data import get_worker_info
    >>> print(get_worker_info())
    None
    """
    return _worker_info
