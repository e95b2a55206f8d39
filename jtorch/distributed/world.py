"""The world: this process's connection to the others, by JAX's own engine.

JAX joins processes when its backend starts, and by then every device and every array of the process belongs to that backend. A program of torch
joins when it likes, often after its first computation. So the processes are joined by a second client of JAX, made here, that has one device per
process and does collectives alone; the backend that computes is left as it is, and so are all arrays. On the CPU such a client costs threads
and no memory worth mentioning, and arrays cross between the two as host memory.
"""

import atexit
import contextlib
import functools
import os
import socket
import sys
import threading
from datetime import timedelta

import numpy as np

from jtorch.distributed.liveness import LAST_WAIT, Liveness
from jtorch.distributed.store import DistBackendError, DistNetworkError, DistStoreError, Store
from jtorch.distributed.tcp_store import TCPStore
from jtorch.distributed.work import Call, Work

# Seconds without a sign of life after which a process is taken for dead.
HEARTBEAT = float(os.environ.get("JTORCH_HEARTBEAT", "30"))
_EVER = 10**8


class World:
    """All processes of a job, joined by `jax.distributed`'s service, and what moves arrays between them."""

    def __init__(self, store: Store, rank: int, size: int, timeout: timedelta):
        self.store, self.rank, self.size, self.timeout = store, rank, size, timeout
        self._service = self._client = self._transfers = None
        self._connections: dict = {}
        self._lines: dict = {}
        self._offered = 0
        self._lock = threading.Lock()
        self._connect()
        atexit.register(self._stop_serving)
        self.meet(tuple(range(size)))

    def _connect(self) -> None:
        from jaxlib import _jax, xla_client

        self.address = _own_address(self.store)
        self._wait_for_all()
        if self.rank == 0:
            with socket.socket() as probe:
                probe.bind(("", 0))
                port = probe.getsockname()[1]
            # Recoverable: a process may end before the others do. JAX's own watch would end all of them, without a Python exception.
            with _quiet(2):
                self._service = _jax.get_distributed_runtime_service(
                    f"{'[::]' if socket.has_dualstack_ipv6() else '0.0.0.0'}:{port}",
                    self.size,
                    heartbeat_timeout=_EVER,
                    recoverable=True,
                )
            self.store.set("jax/coordinator", f"{self.address}:{port}")
        coordinator = self.store.get("jax/coordinator").decode()
        self._client = _jax.get_distributed_runtime_client(
            coordinator, self.rank, init_timeout=max(int(self.timeout.total_seconds()), 1), shutdown_timeout=1, heartbeat_timeout=_EVER,
            shutdown_on_destruction=False,
        )  # fmt: skip
        self._client.connect()
        interface = os.environ.get("GLOO_SOCKET_IFNAME")
        collectives = _jax.make_gloo_tcp_collectives(
            distributed_client=self._client, **({"interface": interface} if interface else {"hostname": self.address})
        )
        self.backend = xla_client.make_cpu_client(
            distributed_client=self._client,
            node_id=self.rank,
            num_nodes=self.size,
            collectives=collectives,
            num_devices=1,
        )
        self.devices = sorted(self.backend.devices(), key=lambda device: device.process_index)
        self.device = self.devices[self.rank]
        self._liveness = Liveness(self.store, self.rank, self.size, HEARTBEAT)

    def _wait_for_all(self) -> None:
        """Meet at the store first: what waits in C++ cannot be interrupted, nor say who is missing."""
        self.store.set(f"joined/{self.rank}", "1")
        keys = {rank: f"joined/{rank}" for rank in range(self.size)}
        try:
            self.store.wait(list(keys.values()), self.timeout)
        except DistStoreError as error:
            missing = [str(rank) for rank, key in keys.items() if not self.store.check([key])]
            raise DistStoreError(
                f"{self.size - len(missing)} of {self.size} processes have called init_process_group within "
                f"{self.timeout.total_seconds():.0f} s; missing: rank {', '.join(missing)}"
            ) from error

    def check(self, ranks: tuple[int, ...] | None = None) -> None:
        """Raise if a process is known to be gone, or a collective of `ranks` to have failed."""
        try:
            self._liveness.check(ranks)
        except DistNetworkError as error:
            raise DistBackendError(f"the process that keeps the store has ended: {error}") from error

    def call(self, ranks: tuple[int, ...], number: int) -> Call:
        """A collective of some processes, by its number."""
        return Call(self._liveness, ranks, number)

    def line(self, ranks: tuple[int, ...]):
        """Where collectives of some processes are run, in the order of the calls."""
        with self._lock:
            found = self._lines.get(ranks)
            if found is None:
                import jax

                from jtorch.distributed.line import Line
                from jtorch.distributed.programs import AXIS

                mesh = jax.sharding.Mesh(np.array([self.devices[rank] for rank in ranks]), (AXIS,))
                found = self._lines[ranks] = Line(
                    ranks, mesh, self.device, functools.partial(self._liveness.tell, ranks)
                )
            return found

    def meet(self, ranks: tuple[int, ...]) -> None:
        """Connect these processes, which all call this: from now on a connection that closes says that one is gone."""
        work = Work(lambda row: [], self.timeout, self.check)
        with _quiet(1):  # gloo prints a line
            self.line(ranks).put("connect", "all_reduce", "SUM", np.zeros(1, np.uint8), work)
            work.wait()

    # Arrays from one process to another: JAX's transfer server, from which the receiver pulls.

    def _server(self):
        with self._lock:
            if self._transfers is None:
                from jax.experimental.transfer import start_transfer_server

                self._transfers = start_transfer_server(self.backend, f"{self.address}:0", [f"{self.address}:0"])
                self.store.set(f"transfer/{self.rank}", self._transfers.address())
            return self._transfers

    def offer(self, row: np.ndarray) -> int:
        """Hold bytes until another process pulls them, under the number returned."""
        import jax

        array = jax.device_put(row, jax.sharding.SingleDeviceSharding(self.device))
        server = self._server()
        with self._lock:
            self._offered += 1
            number = self._offered
        server.await_pull(number, [array])
        return number

    def pull(self, rank: int, number: int, size: int) -> np.ndarray:
        """Fetch bytes that another process holds."""
        import jax

        server = self._server()
        connection = self._connections.get(rank)
        if connection is None:
            connection = self._connections[rank] = server.connect(self.store.get(f"transfer/{rank}").decode())
        wanted = jax.ShapeDtypeStruct((size,), np.uint8, sharding=jax.sharding.SingleDeviceSharding(self.device))
        return np.asarray(connection.pull(number, [wanted])[0])

    def close(self) -> None:
        """Leave. What rank 0 serves for the others, it serves until they have left as well, or the process ends."""
        client, self._client = self._client, None
        if client is None:
            return
        for line in self._lines.values():
            line.close()
        try:
            self._liveness.leave()
            client.shutdown()
        except (DistNetworkError, RuntimeError):
            pass  # the others are gone already: there is nobody left to tell

    def _stop_serving(self) -> None:
        self.close()
        for line in self._lines.values():
            line.join(LAST_WAIT)
        if self._service is not None:
            if not any(line.failed for line in self._lines.values()):
                with contextlib.suppress(DistStoreError):  # the last to leave has removed the store's file
                    self._liveness.wait_until_all_left()
            self._service.shutdown()


@contextlib.contextmanager
def _quiet(number: int):
    """Without what C++ writes to the standard output (1) or error (2) meanwhile."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    try:
        kept = os.dup(number)
    except OSError:  # closed: nothing is written there
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    try:
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)
        os.close(nothing)


def _own_address(store: Store) -> str:
    """The address by which the others reach this machine: of the interface through which it reaches the store."""
    inner = getattr(store, "underlying_store", store)
    while not isinstance(inner, TCPStore) and getattr(inner, "underlying_store", None) is not None:
        inner = inner.underlying_store
    try:
        if not isinstance(inner, TCPStore):
            return socket.gethostbyname(socket.gethostname())
        family, kind, protocol, _, address = socket.getaddrinfo(inner.host, inner.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)  # sends nothing
            return probe.getsockname()[0]
    except OSError:
        return "127.0.0.1"
