"""The programs of the collectives: small, and the same on every process.

Each process first tells the others which collective it calls, in an *envelope* of one size, so that processes that call different ones find out and nobody
waits for what never comes. Short rows travel in the envelope. Longer ones follow in a program that takes one row per process, as bytes or elements in a line,
and is keyed by what it does, the dtype and the length alone: what differs between ranks is data. So that few programs serve, everything that moves elements and
does not reduce them works on bytes, and what one process gives to all (broadcast, scatter) is a sum in which the others add zero bits.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec

AXIS = "rank"


class Mismatch(Exception):
    """The processes have called different collectives: `calls` says which, by their place in the mesh."""

    def __init__(self, calls: list[str]):
        super().__init__(calls)
        self.calls = calls


# By their names in numpy and jax.numpy.
_FOLDS = {
    "SUM": "add", "PRODUCT": "multiply", "MIN": "minimum", "MAX": "maximum",
    "BAND": "bitwise_and", "BOR": "bitwise_or", "BXOR": "bitwise_xor",
}  # fmt: skip


def _fold(op: str, rows, xp):
    return functools.reduce(getattr(xp, _FOLDS[op]), list(rows))


def _all_reduce(op):
    if op == "SUM":
        return lambda x: lax.psum(x, AXIS)
    return lambda x: _fold(op, lax.all_gather(x[0], AXIS), jnp)[None]


def _reduce_scatter(op):
    """A row of `world` chunks each; chunk i of all, reduced, for process i."""
    if op == "SUM":
        return lambda x: lax.psum_scatter(x[0], AXIS, tiled=True)[None]
    return lambda x: _fold(op, lax.all_to_all(_chunks(x), AXIS, 0, 0), jnp)[None]


def _chunks(x):
    return x[0].reshape(lax.axis_size(AXIS), -1)


_BODIES = {
    "all_reduce": _all_reduce,
    "reduce_scatter": _reduce_scatter,
    "all_gather": lambda _: lambda x: lax.all_gather(x[0], AXIS)[None],
    "all_to_all": lambda _: lambda x: lax.all_to_all(_chunks(x), AXIS, 0, 0)[None],
}


@functools.lru_cache(1024)
def program(kind: str, op: str | None, mesh):
    """The jitted program of a collective over the processes of a mesh; jax.jit keys it further by dtype and length."""
    rows = PartitionSpec(AXIS)
    return jax.jit(jax.shard_map(_BODIES[kind](op), mesh=mesh, in_specs=rows, out_specs=rows))


_REDUCE = frozenset(("all_reduce", "reduce", "reduce_scatter"))
_CALL, _ROOM = 128, 8064  # bytes of an envelope: what is called, and a short row
_SHORT = 1 << 16  # elements: rows up to here are padded, so that rows of all lengths share a few programs


def run(name: str, kind: str, op: str | None, mesh, device, row: np.ndarray) -> np.ndarray:
    """Give this process's row to a collective, on its device of the mesh, and wait for its row of the result; raises `Mismatch`."""
    reduces = f" {op}" if op and name in _REDUCE else ""
    call = f"{name}{reduces} of {row.size} {row.dtype}".encode()[:_CALL]
    inside = row.nbytes <= _ROOM
    envelope = np.zeros(_CALL + _ROOM, np.uint8)
    envelope[: len(call)] = np.frombuffer(call, np.uint8)
    if inside:
        envelope[_CALL : _CALL + row.nbytes] = row.view(np.uint8)
    there = _run("all_gather", None, mesh, device, envelope)
    calls = [bytes(each[:_CALL]).rstrip(b"\0") for each in there]
    if any(other != call for other in calls):
        raise Mismatch([each.decode() for each in calls])
    if inside:
        rows = np.ascontiguousarray(there[:, _CALL : _CALL + row.nbytes]).view(row.dtype)
        return _of_all(kind, op, rows, list(mesh.devices.flat).index(device))
    chunks = mesh.devices.size if kind in ("reduce_scatter", "all_to_all") else 1
    length = row.size // chunks
    padded = 1 << (length - 1).bit_length()
    if length == padded or length > _SHORT:
        return _run(kind, op, mesh, device, row)
    wide = np.zeros((chunks, padded), row.dtype)
    wide[:, :length] = row.reshape(chunks, length)
    found = _run(kind, op, mesh, device, wide.reshape(-1))
    return np.ascontiguousarray(found[..., :length])


def _of_all(kind: str, op: str | None, rows: np.ndarray, place: int) -> np.ndarray:
    """What a process gets of the rows of all."""
    if kind in ("reduce_scatter", "all_to_all"):
        rows = np.ascontiguousarray(rows.reshape(len(rows), len(rows), -1)[:, place])
    return rows if op is None else _fold(op, rows, np)


def _run(kind, op, mesh, device, row):
    with jax.enable_x64(True):
        mine = jax.device_put(row[None], jax.sharding.SingleDeviceSharding(device))
        shape = (mesh.devices.size, *row.shape)
        together = jax.make_array_from_single_device_arrays(shape, NamedSharding(mesh, PartitionSpec(AXIS)), [mine])
        return np.asarray(program(kind, op, mesh)(together).addressable_shards[0].data)[0]
