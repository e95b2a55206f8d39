"""The programs of the collectives: small, and the same on every process.

Each takes one row per process, as bytes or elements in a line, and is keyed by what it does, the dtype and the length alone: what differs between
ranks is data. So that few programs serve, everything that moves elements and does not reduce them works on bytes, and what one process gives to all
(broadcast, scatter) is a sum in which the others add zero bits.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import NamedSharding, PartitionSpec

AXIS = "rank"


def _fold(combine):
    return lambda rows: functools.reduce(combine, list(rows))


_FOLDS = {
    "PRODUCT": lambda rows: jnp.prod(rows, axis=0, dtype=rows.dtype),
    "MIN": lambda rows: jnp.min(rows, axis=0),
    "MAX": lambda rows: jnp.max(rows, axis=0),
    "BAND": _fold(jnp.bitwise_and),
    "BOR": _fold(jnp.bitwise_or),
    "BXOR": _fold(jnp.bitwise_xor),
}


def _all_reduce(op):
    if op == "SUM":
        return lambda x: lax.psum(x, AXIS)
    return lambda x: _FOLDS[op](lax.all_gather(x[0], AXIS))[None]


def _reduce_scatter(op):
    """A row of `world` chunks each; chunk i of all, reduced, for process i."""
    if op == "SUM":
        return lambda x: lax.psum_scatter(x[0], AXIS, tiled=True)[None]

    def run(x):
        mine = lax.all_to_all(_chunks(x), AXIS, 0, 0)
        return _FOLDS[op](mine)[None]

    return run


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


_SHORT = 1 << 16  # elements: rows up to here are padded, so that short rows of all lengths share a few programs


def run(kind: str, op: str | None, mesh, device, row: np.ndarray) -> np.ndarray:
    """Give this process's row to a collective, on its device of the mesh, and wait for its row of the result."""
    chunks = mesh.devices.size if kind in ("reduce_scatter", "all_to_all") else 1
    length = row.size // chunks
    padded = max(256, 1 << (length - 1).bit_length()) if length else 0
    if length == padded or length > _SHORT:
        return _run(kind, op, mesh, device, row)
    wide = np.zeros((chunks, padded), row.dtype)
    wide[:, :length] = row.reshape(chunks, length)
    found = _run(kind, op, mesh, device, wide.reshape(-1))
    return np.ascontiguousarray(found[..., :length])


def _run(kind, op, mesh, device, row):
    with jax.enable_x64(True):
        mine = jax.device_put(row[None], jax.sharding.SingleDeviceSharding(device))
        shape = (mesh.devices.size, *row.shape)
        together = jax.make_array_from_single_device_arrays(shape, NamedSharding(mesh, PartitionSpec(AXIS)), [mine])
        return np.asarray(program(kind, op, mesh)(together).addressable_shards[0].data)[0]
