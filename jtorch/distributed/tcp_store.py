"""`TCPStore`: a table that one process keeps and all others reach by its address.

A message is a command of one byte, a count, and so many byte strings, each after its length; so is an answer. Nothing that comes over the wire is unpickled.
"""

import socket
import socketserver
import struct
import threading
import time
from datetime import timedelta

from jtorch.distributed.store import DEFAULT_TIMEOUT, DistNetworkError, DistStoreError, HashStore, Store, as_bytes

_TIMED_OUT = b"T"
_DONE = b"D"


def _send(stream: socket.socket, command: bytes, *parts: bytes) -> None:
    body = b"".join(struct.pack("<Q", len(part)) + part for part in parts)
    stream.sendall(command + struct.pack("<I", len(parts)) + body)


def _receive(stream: socket.socket) -> tuple[bytes, list[bytes]]:
    head = _exactly(stream, 5)
    count = struct.unpack("<I", head[1:])[0]
    return head[:1], [_exactly(stream, struct.unpack("<Q", _exactly(stream, 8))[0]) for _ in range(count)]


def _exactly(stream: socket.socket, size: int) -> bytes:
    parts = []
    while size:
        part = stream.recv(min(size, 1 << 20))
        if not part:
            raise ConnectionError("the other side of a TCPStore has closed the connection")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class _Handler(socketserver.BaseRequestHandler):
    """One client: commands are answered in the order they come."""

    def handle(self):
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            try:
                command, parts = _receive(self.request)
                _send(self.request, *self._answer(command, parts))
            except OSError:
                return  # the client is gone

    def _answer(self, command: bytes, parts: list[bytes]) -> tuple[bytes, ...]:
        table = self.server.table  # type: ignore[attr-defined]
        names = [part.decode() for part in parts[:1]]
        if command == b"s":
            table.set(names[0], parts[1])
        elif command == b"a":
            return _DONE, str(table.add(names[0], int(parts[1]))).encode()
        elif command == b"p":
            table.append(names[0], parts[1])
        elif command == b"c":
            return _DONE, table.compare_set(names[0], parts[1], parts[2])
        elif command == b"d":
            return _DONE, b"1" if table.delete_key(names[0]) else b"0"
        elif command == b"k":
            return _DONE, *[key.encode() for key in table.list_keys()]
        elif command == b"?":
            return _DONE, b"1" if table.check([part.decode() for part in parts]) else b"0"
        elif command == b"w":
            try:
                table.wait([part.decode() for part in parts[1:]], timedelta(seconds=float(parts[0])))
            except DistStoreError:
                return (_TIMED_OUT,)
            if len(parts) == 2:
                return _DONE, table._look(parts[1].decode()) or b""
        return (_DONE,)


class _Connection(socket.socket):
    """A connection that ends with the thread it belongs to."""

    def __del__(self):
        self.close()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int):
        dual = socket.has_dualstack_ipv6()
        self.address_family = socket.AF_INET6 if dual else socket.AF_INET
        self.table = HashStore()
        super().__init__(("::" if dual else "0.0.0.0", port), _Handler, bind_and_activate=False)
        if dual:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)


class TCPStore(Store):
    """A table in the memory of the process that says `is_master`; port 0 lets the system choose one, which `port` then tells.

    With `wait_for_workers` the master waits until `world_size` processes are there.

    >>> import jtorch as torch
    >>> store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True)
    >>> other = torch.distributed.TCPStore("127.0.0.1", store.port)
    >>> store.set("key", "value"); other.get("key")
    b'value'
    """

    def __init__(
        self, host_name: str, port: int, world_size: int | None = None, is_master: bool = False, timeout: timedelta = DEFAULT_TIMEOUT,
        wait_for_workers: bool = True, multi_tenant: bool = False, master_listen_fd: int | None = None, use_libuv: bool = True,
    ):  # fmt: skip
        self.host, self.timeout = host_name.strip("[]"), timeout
        self._server = None
        self._connections = threading.local()
        if is_master:
            self._server = _serve(port, master_listen_fd, multi_tenant)
            if self._server is not None:
                port = self._server.server_address[1]
        self.port = port
        self._end = time.monotonic() + timeout.total_seconds()
        self._connection()
        if wait_for_workers and world_size:
            self._wait_for_workers(world_size, is_master)

    @property
    def is_master(self) -> bool:
        """Whether this process keeps the table."""
        return self._server is not None

    def _wait_for_workers(self, world_size: int, is_master: bool) -> None:
        there = self.add("init/", 1)
        if is_master:
            while there < world_size:
                if time.monotonic() > self._end:
                    raise DistStoreError(f"Timed out after {self.timeout.total_seconds():.0f} seconds waiting for clients. {there}/{world_size} clients joined.")  # fmt: skip
                time.sleep(0.005)
                there = self.add("init/", 0)
            self.set("init/complete", b"1")
        else:
            self.wait(["init/complete"])

    def _connection(self) -> socket.socket:
        """The calling thread's connection: a thread that waits for a key holds up no other."""
        stream = getattr(self._connections, "stream", None)
        if stream is None:
            stream = self._connections.stream = self._connect()
        return stream

    def _connect(self) -> socket.socket:
        end, last = max(self._end, time.monotonic() + 1), None
        while time.monotonic() < end:
            try:
                plain = socket.create_connection((self.host, self.port), timeout=max(end - time.monotonic(), 0.1))
                stream = _Connection(fileno=plain.detach())
                stream.settimeout(None)
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return stream
            except OSError as error:  # the master may start later than this process
                last = error
                time.sleep(0.05)
        raise DistNetworkError(
            f"The client socket has timed out after {self.timeout.total_seconds() * 1000:.0f}ms while trying to connect to "
            f"({self.host}, {self.port}): {last}"
        )

    def _ask(self, command: bytes, *parts: bytes) -> tuple[bytes, list[bytes]]:
        stream = self._connection()
        try:
            _send(stream, command, *parts)
            return _receive(stream)
        except OSError as error:
            self._connections.stream = None
            raise DistNetworkError(
                f"failed to reach the TCPStore at ({self.host}, {self.port}): {error}. The process that keeps it may have ended."
            ) from error
        except BaseException:  # an interrupt: the answer to this question must not be taken for the next one's
            self._connections.stream = None
            stream.close()
            raise

    def set(self, key, value):
        self._ask(b"s", key.encode(), as_bytes(value))

    def get(self, key):
        return self._wait([key], self.timeout)[0]

    def add(self, key, amount):
        return int(self._ask(b"a", key.encode(), str(amount).encode())[1][0])

    def append(self, key, value):
        self._ask(b"p", key.encode(), as_bytes(value))

    def compare_set(self, key, expected, desired):
        return self._ask(b"c", key.encode(), as_bytes(expected), as_bytes(desired))[1][0]

    def check(self, keys):
        return self._ask(b"?", *[key.encode() for key in keys])[1][0] == b"1"

    def wait(self, keys, timeout=None):
        self._wait(keys, timeout or self.timeout)

    def _wait(self, keys, timeout):
        status, parts = self._ask(b"w", str(timeout.total_seconds()).encode(), *[key.encode() for key in keys])
        if status == _TIMED_OUT:
            listed = "/" + ", /".join(keys)
            raise DistStoreError(f"wait timeout after {round(timeout.total_seconds() * 1000)}ms, keys: {listed}")
        return parts

    def delete_key(self, key):
        return self._ask(b"d", key.encode())[1][0] == b"1"

    def list_keys(self):
        return [part.decode() for part in self._ask(b"k")[1]]

    def num_keys(self):
        return len(self.list_keys())

    def clone(self):
        return TCPStore(self.host, self.port, timeout=self.timeout, wait_for_workers=False)

    def close(self) -> None:
        """Stop serving; clients get errors from now on."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __reduce__(self):
        return TCPStore, (self.host, self.port, None, False, self.timeout, False)

    def __repr__(self):
        return f"TCPStore(host={self.host!r}, port={self.port}, timeout={self.timeout!r})"


_shared: set[int] = set()  # ports that a store of this process serves for its later ones as well


def _serve(port: int, descriptor: int | None, shared: bool) -> _Server | None:
    """A server on all interfaces, as the other processes may call this machine by another name than it does; None where one is there to share."""
    if shared and port in _shared:
        return None
    server = _Server(port)
    try:
        if descriptor is not None:
            server.socket.close()
            server.socket = socket.socket(fileno=descriptor)
            server.server_address = server.socket.getsockname()
        else:
            server.server_bind()
        server.server_activate()
    except OSError as error:
        server.server_close()
        raise DistNetworkError(
            f"The server socket has failed to listen on any local network address. port: {port}, {error}"
        ) from error
    if shared:
        _shared.add(server.server_address[1])
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, name="TCPStore", daemon=True).start()
    return server
