"""Tensors from one process to another.

The bytes go through JAX's transfer server: the sender offers them under a number, the receiver pulls. The group's store carries a note that says that
they are there (a key per message, numbered by peer and tag) and another one that says they were fetched, so messages of any order and number of both
processes can be under way at once.
"""

import threading
import time
from datetime import timedelta

import numpy as np

from jtorch.distributed.captured import refuse
from jtorch.distributed.collectives import _one, as_row, write
from jtorch.distributed.process_group import get_group_rank, resolve, warn_not_in_group
from jtorch.distributed.store import DistBackendError, DistStoreError
from jtorch.distributed.work import Work

_SLICE = timedelta(seconds=1)


def wait_for(group, key: str, timeout: timedelta, what: str) -> None:
    """Wait for a key of the group's store, but no longer than a process of it is alive."""
    end = time.monotonic() + timeout.total_seconds()
    while True:
        left = timedelta(seconds=max(end - time.monotonic(), 0.001))
        try:
            group.store.wait([key], min(left, _SLICE))
            return
        except DistStoreError:
            group.check()
            if time.monotonic() >= end:
                raise DistBackendError(f"Timed out waiting {timeout.total_seconds() * 1000:.0f}ms for {what}") from None


class _Sent(Work):
    """A send under way; nothing happens in the background, as the receiver's note will be in the store: that it has the tensor, or why it does not want it."""

    def __init__(self, group, key: str, tensor, to: int):
        super().__init__(lambda _: [tensor], group.timeout, group.check)
        self._group, self._key, self._to = group, key, to

    def wait(self, timeout=None) -> bool:
        if not self._came.is_set():
            wait_for(self._group, self._key, timeout or self._timeout, f"rank {self._to} to receive")
        self.is_completed()
        if self._error is not None:
            raise self._error
        return True

    def is_completed(self) -> bool:
        with self._lock:
            if not self._came.is_set() and self._group.store.check([self._key]):
                refusal = self._group.store.get(self._key).decode()
                self._group.store.delete_key(self._key)
                self._set(error=RuntimeError(refusal) if refusal else None)
        return super().is_completed()


def _number(group, counts: dict, peer: int, tag: int) -> int:
    key = (peer, tag)
    counts[key] = counts.get(key, 0) + 1
    return counts[key]


def _peer(group, rank, group_rank, name: str, word: str) -> int:
    refuse("a message")
    if rank is not None and group_rank is not None:
        raise ValueError(f"Can't specify both group_{name} and {name}")
    if group_rank is None:
        if rank is None:
            raise ValueError(f"Must specify {name} or group_{name}")
        group_rank = get_group_rank(group, rank)
    if group_rank == group.rank():
        raise ValueError(f"Invalid {word} rank: {word} rank should not be the same as the rank of the current process.")
    return group_rank


def isend(tensor, dst: int | None = None, group=None, tag: int = 0, group_dst: int | None = None) -> Work | None:
    """Start to send a tensor, as it is now, to a process, which calls `recv` or `irecv`."""
    _one(tensor, "tensor")
    found = resolve(group)
    if found is None:
        warn_not_in_group("isend")
        return None
    to = _peer(found, dst, group_dst, "dst", "destination")
    count = _number(found, found.sent, to, tag)
    place = f"message/{found.rank()}/{to}/{tag}/{count}"
    row, store = as_row(tensor), found.store
    number = found.world.offer(row) if row.size else 0
    store.set(place, f"{number} {row.size} {tensor.dtype} {tuple(tensor.shape)}")
    return _Sent(found, f"{place}/fetched", tensor, found.ranks[to])


def irecv(tensor, src: int | None = None, group=None, tag: int = 0, group_src: int | None = None) -> Work | None:
    """Start to receive a tensor from a process; its numbers are written when the work is waited for."""
    _one(tensor, "tensor")
    found = resolve(group)
    if found is None:
        warn_not_in_group("irecv")
        return None
    work, receive = _receive(tensor, found, src, group_src, tag)
    # On a thread of its own: a process may wait for what it sends before it waits for what it receives.
    threading.Thread(target=receive, name="irecv", daemon=True).start()
    return work


def _receive(tensor, group, src, group_src, tag: int):
    """The work of receiving a message, and what does it."""
    if src is None and group_src is None:
        sender = _next_sender(group, tag)
    else:
        sender = _peer(group, src, group_src, "src", "source")
    count = _number(group, group.received, sender, tag)
    store, place = group.store, f"message/{sender}/{group.rank()}/{tag}/{count}"

    def finish(row):
        write(tensor, row)
        return [tensor]

    def fetch():
        wait_for(group, place, group.timeout, f"rank {group.ranks[sender]} to send")
        number, size, what = store.get(place).decode().split(" ", 2)
        store.delete_key(place)
        if int(size) != tensor.numel() * tensor.element_size():
            refusal = (
                f"recv: rank {group.ranks[sender]} sends {what}, {size} bytes, and the tensor to write them to on rank {group.ranks[group.rank()]} is "
                f"{tensor.dtype} {tuple(tensor.shape)}"
            )
            store.set(f"{place}/fetched", refusal)
            raise RuntimeError(refusal)
        row = group.world.pull(group.ranks[sender], int(number), int(size)) if int(size) else np.empty(0, np.uint8)
        store.set(f"{place}/fetched", b"")
        return row

    work = Work(finish, group.timeout, group.check, group.ranks[sender])

    def receive():
        try:
            work._set(fetch())
        except Exception as error:
            work._set(error=error)

    return work, receive


def _next_sender(group, tag: int) -> int:
    """Whoever has a message for this process."""
    refuse("a message")
    end = time.monotonic() + group.timeout.total_seconds()
    while time.monotonic() < end:
        for sender in range(group.size()):
            count = group.received.get((sender, tag), 0) + 1
            if sender != group.rank() and group.store.check([f"message/{sender}/{group.rank()}/{tag}/{count}"]):
                return sender
        group.check()
        time.sleep(0.002)
    raise DistBackendError(f"Timed out waiting {group.timeout.total_seconds() * 1000:.0f}ms for any process to send")


def send(tensor, dst: int | None = None, group=None, tag: int = 0, group_dst: int | None = None) -> None:
    """Send a tensor to a process, and wait until it has it."""
    work = isend(tensor, dst, group, tag, group_dst)
    if work is not None:
        work.wait()


def recv(tensor, src: int | None = None, group=None, tag: int = 0, group_src: int | None = None) -> int:
    """Receive a tensor from a process, or from any where none is named; returns the rank of the sender, -1 outside of the group."""
    _one(tensor, "tensor")
    found = resolve(group)
    if found is None:
        warn_not_in_group("recv")
        return -1
    work, receive = _receive(tensor, found, src, group_src, tag)
    receive()
    work.wait()
    return work.source_rank()


class P2POp:
    """A send or a receive for `batch_isend_irecv`: `op` is `isend` or `irecv`."""

    def __init__(self, op, tensor, peer: int | None = None, group=None, tag: int = 0, group_peer: int | None = None):
        if op not in (isend, irecv):
            raise ValueError(
                "Invalid ``op``. Expected ``op`` to be of type ``torch.distributed.isend`` or ``torch.distributed.irecv``."
            )
        _one(tensor, "tensor")
        self.op, self.tensor, self.group, self.tag = op, tensor, group, tag
        self.peer, self.group_peer = peer, group_peer


def batch_isend_irecv(p2p_op_list: list[P2POp]) -> list[Work]:
    """Start sends and receives, and return the work of each."""
    if not p2p_op_list or not all(isinstance(each, P2POp) for each in p2p_op_list):
        raise ValueError("Invalid ``p2p_op_list``. Each op is expected to to be of type ``torch.distributed.P2POp``.")
    started = [op.op(op.tensor, op.peer, op.group, op.tag, op.group_peer) for op in p2p_op_list]
    return [work for work in started if work is not None]
