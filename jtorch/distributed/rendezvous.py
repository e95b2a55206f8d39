"""How processes find each other: from an address such as `env://` to a store, a rank and the number of processes."""

import os
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlparse

from jtorch.distributed.store import DEFAULT_TIMEOUT, FileStore, HashStore, PrefixStore, Store
from jtorch.distributed.tcp_store import TCPStore

_handlers: dict[str, Callable] = {}


def register_rendezvous_handler(scheme: str, handler: Callable) -> None:
    """Let `handler(url, **options)` answer addresses of a scheme: an iterator of (store, rank, world size)."""
    if scheme in _handlers:
        raise RuntimeError(f"Rendezvous handler for {scheme}:// already registered")
    _handlers[scheme] = handler


def rendezvous(url: str, rank: int = -1, world_size: int = -1, **options):
    """An iterator whose first element is (store, rank, world size), for an address `env://`, `tcp://host:port` or `file:///path`.

    Rank and number of processes are given here, in the address (`?rank=0&world_size=2`), or for `env://` by RANK and WORLD_SIZE.
    """
    if not isinstance(url, (str, bytes)):
        raise RuntimeError(f"`url` must be a string. {type(url)}: {url}")
    address = urlparse(url)
    query = {key: values[0] for key, values in parse_qs(address.query).items()}
    for key, value in (("rank", rank), ("world_size", world_size)):
        if value != -1:
            if key in query:
                raise AssertionError(f"The url: {url} has node-specific arguments(rank, world_size) already.")
            query[key] = str(value)
    if address.scheme not in _handlers:
        raise RuntimeError(f"No rendezvous handler for {address.scheme}://: known are {', '.join(f'{s}://' for s in sorted(_handlers))}")  # fmt: skip
    return _handlers[address.scheme](address._replace(query=urlencode(query)).geturl(), **options)


def _parts(url: str):
    address = urlparse(url)
    return address, {key: values[0] for key, values in parse_qs(address.query).items()}


def _from_environment(name: str, kind: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ValueError(
            f"Error initializing torch.distributed using {kind}:// rendezvous: environment variable {name} expected, but not set"
        )
    return value


def _parameter(query: dict, name: str, kind: str) -> int:
    if name not in query:
        shown = name.replace("_", " ")
        raise ValueError(f"Error initializing torch.distributed using {kind}:// rendezvous: {shown} parameter missing")
    return int(query[name])


def _environment(url: str, timeout: timedelta = DEFAULT_TIMEOUT, **_):
    _, query = _parts(url)
    rank = int(query["rank"] if "rank" in query else _from_environment("RANK", "env"))
    size = int(query["world_size"] if "world_size" in query else _from_environment("WORLD_SIZE", "env"))
    host, port = _from_environment("MASTER_ADDR", "env"), int(_from_environment("MASTER_PORT", "env"))
    # Under torchrun the agent keeps the store; it outlives the workers, so each generation of them has keys of its own.
    agent = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    store = _tcp_store(host, port, rank, size, timeout, serve=not agent)
    if agent and size > 1:
        store = PrefixStore(
            f"/worker/attempt_{os.environ.get('JTORCH_ROUND', os.environ.get('TORCHELASTIC_RESTART_COUNT', '0'))}",
            store,
        )
    yield store, rank, size


def _tcp(url: str, timeout: timedelta = DEFAULT_TIMEOUT, **_):
    address, query = _parts(url)
    if not address.port:
        raise ValueError("Error initializing torch.distributed using tcp:// rendezvous: port number missing")
    rank, size = _parameter(query, "rank", "tcp"), _parameter(query, "world_size", "tcp")
    yield _tcp_store(address.hostname, address.port, rank, size, timeout), rank, size


def _tcp_store(host: str, port: int, rank: int, size: int, timeout: timedelta, serve: bool = True) -> Store:
    if size == 1:  # nobody else to meet: no network
        return HashStore()
    return TCPStore(host, port, size, serve and rank == 0, timeout, wait_for_workers=False, multi_tenant=True)


def _file(url: str, timeout: timedelta = DEFAULT_TIMEOUT, **_):
    address, query = _parts(url)
    if not address.path:
        raise ValueError("Error initializing torch.distributed using file:// rendezvous: path missing")
    rank, size = _parameter(query, "rank", "file"), _parameter(query, "world_size", "file")
    store = FileStore(address.path, size)
    store.set_timeout(timeout)
    yield store, rank, size


register_rendezvous_handler("env", _environment)
register_rendezvous_handler("tcp", _tcp)
register_rendezvous_handler("file", _file)
