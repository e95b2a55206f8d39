"""Stores: small tables of bytes that the processes of a job share while they find each other. Tensors never travel through them.

`HashStore` serves the threads of one process, `FileStore` the processes that see one file, `TCPStore` (tcp_store.py) all that reach one address.
"""

import fcntl
import os
import struct
import threading
import time
from datetime import timedelta

DEFAULT_TIMEOUT = timedelta(seconds=300)


class DistError(RuntimeError):
    """An error of the distributed package."""


class DistStoreError(DistError):
    """A store could not answer, or not in time."""


class DistNetworkError(DistError):
    """A connection could not be made, or broke."""


class DistBackendError(DistError):
    """A collective failed: a process is gone, or did not come in time."""


def as_bytes(value) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


class Store:
    """What all stores can do. `_change(key, update)` is the one thing that a kind of store has to provide, with `_look` and `_all`.

    >>> import jtorch as torch
    >>> store = torch.distributed.HashStore()
    >>> store.set("key", "value"); store.get("key"), store.add("counter", 2)
    (b'value', 2)
    """

    timeout = DEFAULT_TIMEOUT

    def set_timeout(self, timeout: timedelta) -> None:
        """How long `get` and `wait` wait for a key."""
        self.timeout = timeout

    def set(self, key: str, value) -> None:
        self._change(key, lambda old: as_bytes(value))

    def get(self, key: str) -> bytes:
        """The value of a key; waits until somebody has set it."""
        self.wait([key])
        return self._look(key)

    def add(self, key: str, amount: int) -> int:
        """Add to a counter, which starts at 0; returns what it is then."""
        return int(self._change(key, lambda old: str(int(old or 0) + amount).encode()))

    def append(self, key: str, value) -> None:
        self._change(key, lambda old: (old or b"") + as_bytes(value))

    def compare_set(self, key: str, expected, desired) -> bytes:
        """Set a key if it has the value expected, or is not there and `expected` is empty; returns what it has then."""

        def update(old):
            if old is None:
                return as_bytes(desired) if not expected else None
            return as_bytes(desired) if old == as_bytes(expected) else old

        found = self._change(key, update)
        return as_bytes(expected) if found is None else found

    def check(self, keys: list[str]) -> bool:
        """Whether all keys are there."""
        return all(self._look(key) is not None for key in keys)

    def wait(self, keys: list[str], timeout: timedelta | None = None) -> None:
        """Wait until all keys are there, or raise `DistStoreError`."""
        end = time.monotonic() + (timeout or self.timeout).total_seconds()
        pause = 0.001
        while not self.check(keys):
            if time.monotonic() >= end:
                raise DistStoreError(f"wait timeout after {_milliseconds(timeout or self.timeout)}ms, keys: {_listed(keys)}")  # fmt: skip
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def delete_key(self, key: str) -> bool:
        """Forget a key; whether it was there."""
        there = []

        def update(old):
            there.append(old is not None)
            return None

        self._change(key, update)
        return there[-1]

    def num_keys(self) -> int:
        return len(self._all())

    def list_keys(self) -> list[str]:
        return sorted(self._all())

    def multi_get(self, keys: list[str]) -> list[bytes]:
        return [self.get(key) for key in keys]

    def multi_set(self, keys: list[str], values: list) -> None:
        for key, value in zip(keys, values, strict=True):
            self.set(key, value)

    def has_extended_api(self) -> bool:
        return True

    def clone(self) -> "Store":
        """Another connection to the same table."""
        return self

    def _change(self, key, update):
        raise NotImplementedError(f"{type(self).__name__} does not say how a key changes")

    def _look(self, key):
        raise NotImplementedError(f"{type(self).__name__} does not say what a key is")

    def _all(self):
        raise NotImplementedError(f"{type(self).__name__} does not list its keys")


def _milliseconds(timeout: timedelta) -> int:
    return round(timeout.total_seconds() * 1000)


def _listed(keys) -> str:
    return "/" + ", /".join(keys)


class HashStore(Store):
    """A table in this process's memory, shared by its threads."""

    def __init__(self):
        self._table: dict[str, bytes] = {}
        self._changed = threading.Condition()

    def _change(self, key, update):
        with self._changed:
            new = update(self._table.get(key))
            if new is None:
                self._table.pop(key, None)
            else:
                self._table[key] = new
            self._changed.notify_all()
            return new

    def _look(self, key):
        return self._table.get(key)

    def _all(self):
        return list(self._table)

    def wait(self, keys, timeout=None):
        with self._changed:
            timeout = timeout or self.timeout
            if not self._changed.wait_for(lambda: all(k in self._table for k in keys), timeout.total_seconds()):
                raise DistStoreError(f"wait timeout after {_milliseconds(timeout)}ms, keys: {_listed(keys)}")


class FileStore(Store):
    """A table kept as a log in a file: each change is a record at its end, written under a lock. The last process to leave deletes the file.

    The file must be new: one left by an earlier job holds that job's keys.
    """

    def __init__(self, file_name: str, world_size: int = -1):
        self.path, self._world_size = os.fspath(file_name), world_size
        self._table: dict[str, bytes] = {}
        self._read = 0
        self._lock = threading.Lock()
        open(self.path, "ab").close()

    def _open(self, mode):
        try:
            return open(self.path, mode)
        except FileNotFoundError:
            raise DistStoreError(
                f"the file {self.path} of the store is gone: all processes have left, or it was removed"
            ) from None

    def _follow(self, file) -> None:
        file.seek(self._read)
        data = file.read()
        start = 0
        while start < len(data):
            name, size = struct.unpack_from("<Iq", data, start)
            start += 12
            key = data[start : start + name].decode()
            start += name
            if size < 0:
                self._table.pop(key, None)
            else:
                self._table[key] = data[start : start + size]
                start += size
        self._read += len(data)

    def _change(self, key, update):
        with self._lock, self._open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._follow(file)
            new, name = update(self._table.get(key)), key.encode()
            file.seek(0, os.SEEK_END)
            file.write(struct.pack("<Iq", len(name), -1 if new is None else len(new)) + name + (new or b""))
            file.flush()
            self._follow(file)
            return new

    def _all(self):
        with self._lock, self._open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            self._follow(file)
            return list(self._table)

    def _look(self, key):
        self._all()
        return self._table.get(key)

    def leave(self) -> None:
        """This process uses the store no more: the last of `world_size` removes the file."""
        if self._world_size > 0 and os.path.exists(self.path) and self.add("/left", 1) >= self._world_size:
            os.unlink(self.path)


class PrefixStore(Store):
    """Another store, seen through keys that begin with a prefix.

    >>> import jtorch as torch
    >>> store = torch.distributed.HashStore()
    >>> torch.distributed.PrefixStore("one", store).set("key", "a"); store.get("one/key")
    b'a'
    """

    def __init__(self, prefix: str, store: Store):
        self._prefix, self._store = prefix, store

    @property
    def underlying_store(self) -> Store:
        return self._store

    @property
    def timeout(self) -> timedelta:  # type: ignore[override]
        return self._store.timeout

    def set_timeout(self, timeout: timedelta) -> None:
        self._store.set_timeout(timeout)

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}"

    def set(self, key, value):
        self._store.set(self._key(key), value)

    def get(self, key):
        return self._store.get(self._key(key))

    def add(self, key, amount):
        return self._store.add(self._key(key), amount)

    def append(self, key, value):
        self._store.append(self._key(key), value)

    def compare_set(self, key, expected, desired):
        return self._store.compare_set(self._key(key), expected, desired)

    def check(self, keys):
        return self._store.check([self._key(key) for key in keys])

    def wait(self, keys, timeout=None):
        self._store.wait([self._key(key) for key in keys], timeout)

    def delete_key(self, key):
        return self._store.delete_key(self._key(key))

    def num_keys(self):
        return self._store.num_keys()

    def list_keys(self):
        start = self._key("")
        return [key[len(start) :] for key in self._store.list_keys() if key.startswith(start)]

    def clone(self):
        return PrefixStore(self._prefix, self._store.clone())
