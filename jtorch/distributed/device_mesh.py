"""`DeviceMesh`: processes arranged in rows and columns, with a group for each line of them."""

import math

import jtorch
from jtorch import distributed as dist

__all__ = ["DeviceMesh", "init_device_mesh"]


class DeviceMesh:
    """An array of ranks with names for its dimensions; along each dimension processes form groups.

    All processes of the job make the same meshes in the same order. `torch.distributed.tensor` spreads tensors over them.
    """

    def __init__(
        self, device_type: str, mesh, *, mesh_dim_names: tuple[str, ...] | None = None, _init_backend: bool = True
    ):
        self.device_type = device_type
        self.mesh = mesh if isinstance(mesh, jtorch.Tensor) else jtorch.tensor(mesh, dtype=jtorch.int)
        self.mesh_dim_names = None if mesh_dim_names is None else tuple(mesh_dim_names)
        self._groups: list = []
        self._parent: tuple | None = None  # the mesh this is a part of, and which of its dimensions
        if _init_backend:
            if not dist.is_initialized():
                dist.init_process_group()
            ranks = self.mesh.flatten().tolist()
            if len(set(ranks)) != len(ranks):
                raise RuntimeError(f"DeviceMesh cannot have duplicate values, but found {ranks}")
            if len(ranks) > dist.get_world_size():
                raise RuntimeError(
                    f"Mesh should not be bigger than default world size {dist.get_world_size()}, but found {len(ranks)} ranks!"
                )
            self._groups = [self._group_along(d) for d in range(self.mesh.ndim)]

    def _group_along(self, dimension: int):
        """This process's group along a dimension; all processes make all groups."""
        rows = self.mesh.movedim(dimension, -1).reshape(-1, self.mesh.size(dimension)).tolist()
        if len(rows) == 1 and sorted(rows[0]) == list(range(dist.get_world_size())):
            return dist.group.WORLD
        own, _ = dist.new_subgroups_by_enumeration(rows)
        return own

    @property
    def ndim(self) -> int:
        return self.mesh.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.mesh.shape)

    def size(self, mesh_dim: int | None = None) -> int:
        """The number of processes, of all or along a dimension."""
        return self.mesh.numel() if mesh_dim is None else self.mesh.size(mesh_dim)

    def _dimension(self, mesh_dim) -> int:
        if mesh_dim is None:
            if self.ndim > 1:
                raise RuntimeError(
                    f"Found the DeviceMesh have {self.ndim} dimensions. Optional kwarg `mesh_dim` needs to be specified when device_mesh.ndim > 1."
                )
            return 0
        if isinstance(mesh_dim, int):
            return mesh_dim
        if self.mesh_dim_names is None or mesh_dim not in self.mesh_dim_names:
            raise KeyError(f"Invalid mesh_dim_name {mesh_dim!r}. Valid mesh_dim_names are {self.mesh_dim_names}")
        return self.mesh_dim_names.index(mesh_dim)

    def get_group(self, mesh_dim: int | str | None = None):
        """This process's group along a dimension."""
        if not self._groups:  # a mesh out of a file: all processes come here alike
            self._groups = [self._group_along(d) for d in range(self.mesh.ndim)]
        return self._groups[self._dimension(mesh_dim)]

    def __getstate__(self):
        return {**self.__dict__, "_groups": [], "_parent": None}

    def get_all_groups(self) -> list:
        return list(self._groups)

    def get_rank(self) -> int:
        return dist.get_rank()

    def get_local_rank(self, mesh_dim: int | str | None = None) -> int:
        """This process's place along a dimension."""
        return dist.get_rank(self.get_group(mesh_dim))

    def get_coordinate(self) -> tuple[int, ...] | None:
        """This process's place in the mesh; None outside of it."""
        ranks = self.mesh.flatten().tolist()
        if dist.get_rank() not in ranks:
            return None
        place, found = ranks.index(dist.get_rank()), []
        for d, n in enumerate(self.shape):
            found.append(place // math.prod(self.shape[d + 1 :]) % n)
        return tuple(found)

    def __getitem__(self, names):
        """The part of the mesh along some dimensions that this process is in."""
        names = (names,) if isinstance(names, str) else tuple(names)
        kept = [self._dimension(name) for name in names]
        place = self.get_coordinate()
        if place is None:
            raise RuntimeError(f"rank {dist.get_rank()} is not in the mesh {self}")
        part = self.mesh[tuple(slice(None) if d in kept else place[d] for d in range(self.ndim))]
        part = part.permute([sorted(kept).index(d) for d in kept]) if part.ndim > 1 else part
        made = DeviceMesh(self.device_type, part, mesh_dim_names=names, _init_backend=False)
        made._groups = [self._groups[d] for d in kept]
        root, dims = self._parent or (self, range(self.ndim))
        made._parent = root, [dims[d] for d in kept]
        return made

    def __eq__(self, other):
        return (
            isinstance(other, DeviceMesh)
            and self.device_type == other.device_type
            and self.mesh_dim_names == other.mesh_dim_names
            and self.mesh.tolist() == other.mesh.tolist()
        )

    def __hash__(self):
        return hash((self.device_type, self.mesh_dim_names, self.shape, tuple(self.mesh.flatten().tolist())))

    def _strides(self) -> str:
        """How far apart the ranks of neighbours are, as torch shows it."""
        rows = [self.mesh.movedim(d, 0).reshape(n, -1)[:, 0].tolist() for d, n in enumerate(self.shape)]
        steps = [row[1] - row[0] if len(row) > 1 else () for row in rows]
        return f", stride={tuple(steps)}"

    def __repr__(self):
        if self.mesh_dim_names is None:
            return f"DeviceMesh({self.shape}, '{self.device_type}'{self._strides()})"
        named = ", ".join(f"{name}={n}" for name, n in zip(self.mesh_dim_names, self.shape, strict=True))
        return f"DeviceMesh(({named}), '{self.device_type}'{self._strides()})"


def init_device_mesh(device_type: str, mesh_shape: tuple[int, ...], *, mesh_dim_names: tuple[str, ...] | None = None, backend_override=None) -> DeviceMesh:  # fmt: skip
    """A mesh of the first ranks, row by row.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> mesh = dist.init_device_mesh("cpu", (1, 1), mesh_dim_names=("dp", "tp")); mesh["tp"].size()
    1
    >>> dist.destroy_process_group()
    """
    if mesh_dim_names is not None:
        if len(set(mesh_dim_names)) != len(mesh_dim_names):
            raise RuntimeError(
                f"Each mesh_dim_name must be unique. Found repeated mesh_dim_name in mesh_dim_names {mesh_dim_names}"
            )
        if len(mesh_shape) != len(mesh_dim_names):
            raise RuntimeError(
                f"mesh_shape and mesh_dim_names should have same length! Found len(mesh_dim_names): {len(mesh_dim_names)} and "
                f"len(mesh_shape):{len(mesh_shape)}."
            )
    mesh = jtorch.arange(math.prod(mesh_shape), dtype=jtorch.int).view(mesh_shape)
    return DeviceMesh(device_type, mesh, mesh_dim_names=mesh_dim_names)


def default_mesh() -> DeviceMesh:
    """One dimension with all processes of the job: what functions take that are given no mesh."""
    return init_device_mesh("cpu", (dist.get_world_size(),))
