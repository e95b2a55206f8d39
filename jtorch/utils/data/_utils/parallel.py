"""The iterator that has worker processes read the batches."""

import itertools
import os
import selectors
import signal
import socket
import time
import warnings
import weakref

import jtorch
from jtorch.utils.data._utils import worker_process
from jtorch.utils.data._utils.collate import default_collate_fn_map
from jtorch.utils.data._utils.exceptions import ExceptionWrapper
from jtorch.utils.data._utils.iteration import _BaseDataLoaderIter
from jtorch.utils.data._utils.payload import Payload
from jtorch.utils.data._utils.transport import BatchReader, Channel, dump_index
from jtorch.utils.data._utils.worker_process import GRACE_SECONDS, IterableDatasetStopIteration
from jtorch.utils.data._utils.worker_server import (
    WorkerProcess,
    standard_streams,
    start_server,
    worker_environment,
)

__all__ = ["_MultiProcessingDataLoaderIter", "start_server"]


class _Worker:
    """A worker process as its iterator sees it."""

    def __init__(self, process, channel, known):
        self.process = process
        self.channel = channel
        self.reader = BatchReader(known)
        self.tasks = 0  # given and not yet delivered to the user
        self.active = True  # has more to give in this epoch

    def has_died(self):
        """Whether the process ended without having been told to."""
        return self.channel.fileno() >= 0 and not self.process.is_alive()


class _MultiProcessingDataLoaderIter(_BaseDataLoaderIter):
    """Hands batches of indices to workers in turn and delivers what they read, in that order unless told otherwise.

    Every worker always has `prefetch_factor` tasks. Workers see the socket close when this object goes, on whatever
    path, and end.
    """

    def __init__(self, loader):
        super().__init__(loader)
        self._prefetch_factor = loader.prefetch_factor
        self._in_order = loader.in_order
        if self._prefetch_factor <= 0:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._workers = []
        self._selector = selectors.DefaultSelector()
        self._close = weakref.finalize(self, _end_workers, self._workers, self._selector, os.getpid())
        payload = Payload((self._dataset, self._collate_fn, loader.worker_init_fn, default_collate_fn_map))
        self._known = payload.known
        self._places = {id(obj): place for place, obj in enumerate(self._known)}
        try:
            for worker_id in range(self._num_workers):
                self._start_worker(worker_id, payload)
        except BaseException:
            self._shutdown_workers()
            raise
        finally:
            payload.close()
        self._reset(loader, first_iter=True)

    def _start_worker(self, worker_id, payload):
        streams = standard_streams()
        settings = worker_process.WorkerSettings(
            worker_id=worker_id,
            num_workers=self._num_workers,
            base_seed=self._base_seed,
            dataset_kind=self._dataset_kind,
            auto_collation=self._auto_collation,
            drop_last=self._drop_last,
            payload_start=payload.start,
            payload_size=payload.size,
            standard_streams=streams,
            environment=worker_environment(),
            warning_filters=[entry for entry in warnings.filters if entry[2].__module__ == "builtins"],
            default_dtype=jtorch.get_default_dtype(),
        )
        ours, theirs = socket.socketpair()
        with theirs:
            process = WorkerProcess(settings, [theirs.fileno(), payload.fd, *streams, *payload.descriptors])
            try:
                process.start()
            except BaseException:
                ours.close()
                raise
        worker = _Worker(process, Channel(ours), self._known)
        self._workers.append(worker)
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)

    @property
    def workers_alive(self):
        """Whether another epoch can be had from the same workers."""
        return self._close.alive

    def _reset(self, loader, first_iter=False):
        super()._reset(loader, first_iter)
        self._send_idx = 0  # number of the next task to be given out
        self._rcvd_idx = 0  # number of the next task to be delivered
        self._answers = {}  # task -> pickled batch, arrived ahead of its turn
        self._tasks = {}  # task -> worker, for the tasks in between
        self._turns = itertools.cycle(self._workers)
        if not first_iter:
            self._resume_workers()
        for worker in self._workers:
            worker.tasks = 0
            worker.active = True
        for _ in range(self._prefetch_factor * self._num_workers):
            self._try_put_index()

    def _resume_workers(self):
        # Batches of an epoch that was left early are still read, and dropped here: random numbers in the workers
        # advance as in torch.
        for worker in self._workers:
            self._send(worker, worker_process.RESUME)
        waiting = len(self._workers)
        while waiting:
            worker, task, batch = self._receive()
            data = worker.reader.load(batch)
            if task == worker_process.RESUME:
                waiting -= 1
                if isinstance(data, ExceptionWrapper):
                    self._shutdown_workers()
                    data.reraise()

    def _next_data(self):
        while True:
            self._skip_ended_workers()
            if self._rcvd_idx >= self._send_idx:
                if not self._persistent_workers:
                    self._shutdown_workers()
                raise StopIteration
            if self._rcvd_idx in self._answers:
                task, (worker, batch) = self._rcvd_idx, self._answers.pop(self._rcvd_idx)
            else:
                worker, task, batch = self._receive()
                if task != self._rcvd_idx and self._in_order:
                    self._answers[task] = worker, batch
                    continue
            del self._tasks[task]
            self._rcvd_idx += task == self._rcvd_idx
            data = worker.reader.load(batch)
            if isinstance(data, IterableDatasetStopIteration):
                self._mark_worker_as_unavailable(worker)
                self._try_put_index()
                continue
            worker.tasks -= 1
            self._try_put_index()
            if isinstance(data, ExceptionWrapper):
                data.reraise()
            return data

    def _skip_ended_workers(self):
        """Pass over tasks that have been delivered, or that nobody will do since the worker's stream has ended."""
        while self._rcvd_idx < self._send_idx:
            worker = self._tasks.get(self._rcvd_idx)
            if worker is not None and (worker.active or self._rcvd_idx in self._answers):
                return
            self._tasks.pop(self._rcvd_idx, None)
            self._rcvd_idx += 1

    def _try_put_index(self):
        """Give the next index to the worker whose turn it is, unless indices or workers have come to an end."""
        try:
            index = self._next_index()
        except StopIteration:
            return
        worker = self._next_worker()
        if worker is None:
            return
        self._tasks[self._send_idx] = worker
        worker.tasks += 1
        self._send(worker, self._send_idx, dump_index(index, self._places))
        self._send_idx += 1

    def _next_worker(self):
        active = sum(worker.active for worker in self._workers)
        for worker in itertools.islice(self._turns, self._num_workers):
            # Without an order, a slow worker is passed over; with one, every worker takes its turn.
            has_room = self._in_order or worker.tasks < self._prefetch_factor * self._num_workers // active
            if worker.active and has_room:
                return worker
        return None

    def _mark_worker_as_unavailable(self, worker):
        worker.active = False
        if not self._persistent_workers:
            self._selector.unregister(worker.channel)
            worker.channel.close()

    def _send(self, worker, task, index=b""):
        message = worker.reader.request(task, index)
        try:
            worker.channel.send(message)
        except OSError:
            self._raise_worker_exit()
        except BaseException:  # an interrupt may have cut the message in two
            self._shutdown_workers()
            raise

    def _receive(self):
        """The next answer of any worker: (worker, task, pickled batch)."""
        if not self.workers_alive:
            raise RuntimeError(
                "DataLoader workers of this iterator have been shut down\nMake a new iterator: iter(loader)."
            )
        ready = self._selector.select(self._timeout if self._timeout > 0 else None)
        if not ready:
            raise RuntimeError(
                f"DataLoader timed out after {self._timeout} seconds\n"
                "Pass DataLoader a longer timeout, or 0 to wait without end."
            )
        worker = ready[0][0].data
        try:
            return worker, *worker.reader.receive(worker.channel)
        except (EOFError, OSError):
            self._raise_worker_exit()
        except BaseException:  # an interrupt may have cut the message in two
            self._shutdown_workers()
            raise

    def _raise_worker_exit(self):
        deadline = time.monotonic() + 1.0
        dead = []
        while not dead and time.monotonic() < deadline:
            dead = [worker.process for worker in self._workers if worker.has_died()]
            time.sleep(0.01)
        self._shutdown_workers()
        pids = ", ".join(str(process.pid) for process in dead)
        raise RuntimeError(
            f"DataLoader worker (pid(s) {pids}) exited unexpectedly\n"
            "Details are lost with the process; num_workers=0 reads the data in this one and shows them."
        ) from (RuntimeError(_how_it_ended(dead[0])) if dead else None)

    def _shutdown_workers(self):
        self._close()


def _how_it_ended(process):
    code = process.exitcode
    if code < 0:
        return f"DataLoader worker (pid {process.pid}) is killed by signal: {signal.strsignal(-code)}. "
    return f"DataLoader worker (pid {process.pid}) exited unexpectedly with exit code {code}. "


def _end_workers(workers, selector, owner):
    """Have all workers end: at once when they wait for a task, else after the batch they are at."""
    if os.getpid() != owner:
        return  # a forked copy of the iterator; the workers are not its own
    selector.close()
    for worker in workers:
        worker.channel.close()
    deadline = time.monotonic() + GRACE_SECONDS
    for worker in workers:
        worker.process.join(max(0.0, deadline - time.monotonic()))
        if worker.process.is_alive():
            worker.process.terminate()
            worker.process.join()
