"""The life of a worker process: it reads batches from its copy of the dataset and sends them to the main process."""

import contextlib
import os
import pickle
import queue
import random
import signal
import socket
import sys
import threading
import time
import warnings
from dataclasses import dataclass

import numpy as np

import jtorch
from jtorch.utils.data._utils import payload, transport, worker
from jtorch.utils.data._utils.collate import default_collate_fn_map
from jtorch.utils.data._utils.exceptions import ExceptionWrapper
from jtorch.utils.data._utils.fetch import _DatasetKind
from jtorch.utils.data._utils.shared_memory import start_pool

__all__ = ["GRACE_SECONDS", "RESUME", "IterableDatasetStopIteration", "WorkerSettings", "run"]

# How long a worker may go on with a batch that nobody waits for any more.
GRACE_SECONDS = 5.0
# Number of the task that makes a persistent worker start anew.
RESUME = -1


@dataclass(frozen=True)
class IterableDatasetStopIteration:
    """Answer of a worker whose stream has ended."""

    worker_id: int


@dataclass(frozen=True)
class WorkerSettings:
    """What a worker is told at its start, beside the payload."""

    worker_id: int
    num_workers: int
    base_seed: int
    dataset_kind: int
    auto_collation: bool
    drop_last: bool
    payload_start: int
    payload_size: int
    standard_streams: tuple
    environment: dict
    warning_filters: list
    default_dtype: object


class _Inbox:
    """Takes messages off the socket as they come, so that the main process never waits to send one."""

    def __init__(self, channel, pool):
        self.channel = channel
        self.pool = pool
        self.messages = queue.SimpleQueue()
        self.closed = False
        threading.Thread(target=self._read, name="jtorch-data-inbox", daemon=True).start()

    def _read(self):
        try:
            while True:
                message, _ = self.channel.receive()
                task, released, index = pickle.loads(message)
                self.pool.take_back(released)
                self.messages.put((task, index))
        except (EOFError, OSError):
            self.closed = True
            self.messages.put(None)
            time.sleep(GRACE_SECONDS)
            os._exit(1)


def run(settings, descriptors):
    """The life of a worker process. `descriptors` are those that its `WorkerProcess` brought along."""
    _ignore_interrupts()
    streams = len(settings.standard_streams)
    channel_fd, payload_fd, *descriptors = descriptors
    for stream, fd in zip(settings.standard_streams, descriptors[:streams], strict=True):
        os.dup2(fd, stream)
    os.environ.clear()
    os.environ.update(settings.environment)
    warnings.filters[:] = settings.warning_filters
    jtorch.set_default_dtype(settings.default_dtype)
    # What a dataset computes is small, of changing shapes and wanted at once: not worth compiling programs for.
    jtorch.set_execution("eager")
    payload.InheritedDescriptor.inherited = descriptors[streams:]
    channel = transport.Channel(socket.socket(fileno=channel_fd))
    pool = start_pool()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the main process is gone
        _answer(settings, channel, _Inbox(channel, pool), pool, payload_fd)


def _ignore_interrupts():
    # Ctrl-C reaches every process of the terminal. The main process decides what it means; workers end with it. The
    # worker server was started with the signal blocked, so it cannot arrive before this.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _answer(settings, channel, inbox, pool, payload_fd):
    """Do what the main process asks until it closes the socket."""
    where = f"in DataLoader worker process {settings.worker_id}"
    known = []
    fetcher = failure = None
    try:
        new_fetcher, known = _prepare(settings, payload_fd)
        fetcher = new_fetcher()
    except Exception:
        failure = ExceptionWrapper(where=where)
    places = {id(obj): place for place, obj in enumerate(known)}
    ended = False
    while True:
        request = inbox.messages.get()
        if request is None or inbox.closed:
            return
        task, index = request
        if ended and task != RESUME:
            continue  # the main process counts on no answer
        batch = failure
        if failure is None:
            try:
                if task == RESUME:
                    ended = False
                    fetcher = new_fetcher()
                else:
                    batch = fetcher.fetch(transport.load_index(index, known))
            except Exception as error:
                if isinstance(error, StopIteration) and settings.dataset_kind == _DatasetKind.Iterable:
                    batch = IterableDatasetStopIteration(settings.worker_id)
                    ended = True
                else:
                    batch = ExceptionWrapper(where=where)
        try:
            transport.BatchWriter.send(channel, task, batch, places, pool)
        except (BrokenPipeError, ConnectionResetError):
            raise
        except Exception:
            transport.BatchWriter.send(channel, task, ExceptionWrapper(where=where), places, pool)
        del batch, index, request  # their memory can be filled again


def _prepare(settings, payload_fd):
    """Seed, load the payload and run `worker_init_fn`; a function that makes the fetcher, and what came by value."""
    seed = settings.base_seed + settings.worker_id
    random.seed(seed)
    jtorch.manual_seed(seed)
    np.random.seed(_numpy_seed(settings.base_seed, settings.worker_id))
    content, known = payload.load_payload(payload_fd, settings.payload_start, settings.payload_size)
    _fill_main_module(known)
    dataset, collate_fn, worker_init_fn, collate_functions = content
    default_collate_fn_map.clear()
    default_collate_fn_map.update(collate_functions)
    worker._worker_info = worker.WorkerInfo(settings.worker_id, settings.num_workers, seed, dataset)
    if worker_init_fn is not None:
        worker_init_fn(settings.worker_id)

    def new_fetcher():
        return _DatasetKind.create_fetcher(
            settings.dataset_kind, dataset, settings.auto_collation, collate_fn, settings.drop_last
        )

    return new_fetcher, known


def _numpy_seed(base_seed, worker_id):
    """torch's seed for numpy's generator: not the number that seeds `random`, since both are Mersenne twisters."""
    words = [worker_id, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return np.random.SeedSequence(words).generate_state(4)


def _fill_main_module(objects):
    """Show what the script defines under its name, for code that pickles its own classes in a worker."""
    main = vars(sys.modules["__main__"])
    for obj in objects:
        if obj.__module__ == "__main__" and obj.__qualname__ == obj.__name__:
            main.setdefault(obj.__name__, obj)
