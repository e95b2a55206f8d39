"""Placements: how a tensor lies along one dimension of a mesh."""

import math
from dataclasses import dataclass

from jtorch.size import Size

__all__ = ["DTensorSpec", "Partial", "Placement", "Replicate", "Shard", "TensorMeta"]


class Placement:
    """Base of `Shard`, `Replicate` and `Partial`."""

    def is_shard(self, dim: int | None = None) -> bool:
        return isinstance(self, Shard) and dim in (None, self.dim)

    def is_replicate(self) -> bool:
        return isinstance(self, Replicate)

    def is_partial(self, reduce_op: str | None = None) -> bool:
        return isinstance(self, Partial) and reduce_op in (None, self.reduce_op)


@dataclass(frozen=True)
class Shard(Placement):
    """The tensor is cut along a dimension, one piece a process: as `torch.chunk` cuts, so that the last may be smaller, or empty.

    >>> from jtorch.distributed.tensor import Shard
    >>> Shard(0)
    Shard(dim=0)
    """

    dim: int

    def __str__(self) -> str:
        return f"S({self.dim})"

    @staticmethod
    def piece(size: int, count: int, place: int) -> tuple[int, int]:
        """Start and length of a process's piece of a dimension."""
        step = -(-size // count)
        start = min(step * place, size)
        return start, min(step, size - start)


@dataclass(frozen=True)
class _StridedShard(Shard):
    """Cut along a dimension that later dimensions of the mesh had cut before, into `split_factor` pieces: the pieces of a process do not lie together."""

    split_factor: int = 1

    def __repr__(self) -> str:
        return f"_StridedShard(dim={self.dim}, sf={self.split_factor})"

    def __str__(self) -> str:
        return f"_S({self.dim}, {self.split_factor})"


@dataclass(frozen=True)
class Replicate(Placement):
    """Every process has the whole tensor."""

    def __repr__(self) -> str:
        return "Replicate()"

    def __str__(self) -> str:
        return "R"


@dataclass(frozen=True)
class Partial(Placement):
    """The tensor is what a reduction of the processes' tensors would give: "sum", "avg", "product", "min" or "max"."""

    reduce_op: str = "sum"

    def __repr__(self) -> str:
        return f"Partial({self.reduce_op})"

    def __str__(self) -> str:
        return f"P({self.reduce_op})"


@dataclass(frozen=True)
class TensorMeta:
    """Shape, stride and dtype of the whole tensor."""

    shape: Size
    stride: tuple[int, ...]
    dtype: object


@dataclass(frozen=True)
class DTensorSpec:
    """Where a tensor is: the mesh, one placement for each of its dimensions, and what the whole is like."""

    mesh: object
    placements: tuple[Placement, ...]
    tensor_meta: TensorMeta

    @property
    def device_mesh(self):
        return self.mesh

    @property
    def shape(self) -> Size:
        return self.tensor_meta.shape

    @property
    def ndim(self) -> int:
        return len(self.tensor_meta.shape)

    def __str__(self) -> str:
        kinds = {
            "float32": "f32",
            "float64": "f64",
            "float16": "f16",
            "bfloat16": "bf16",
            "int64": "i64",
            "int32": "i32",
            "bool": "b8",
        }
        name = self.tensor_meta.dtype.name
        sizes = ", ".join(map(str, self.tensor_meta.shape))
        return f"Spec({kinds.get(name, name)}[{sizes}]({''.join(map(str, self.placements))}))"


def local_part(shape, mesh, placements, place=None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape and offset, in the whole tensor, of the part of a process (this one, or the one at `place` of the mesh)."""
    place = mesh.get_coordinate() if place is None else place
    shape, offset = list(shape), [0] * len(shape)
    if place is None:
        return (0,), (0,)
    for d in order_of_cuts(placements):
        placement = placements[d]
        if isinstance(placement, Shard):
            start, length = Shard.piece(shape[placement.dim], mesh.size(d), place[d])
            offset[placement.dim] += start
            shape[placement.dim] = length
    return tuple(shape), tuple(offset)


def order_of_cuts(placements) -> list[int]:
    """The dimensions of a mesh in the order in which they cut the tensor: strided ones last."""
    return sorted(range(len(placements)), key=lambda d: isinstance(placements[d], _StridedShard))


def cut_evenly(size: int, mesh, placements, dim: int) -> bool:
    """Whether all pieces of a dimension are of one size."""
    return size % math.prod(mesh.size(d) for d, p in enumerate(placements) if p.is_shard(dim)) == 0
