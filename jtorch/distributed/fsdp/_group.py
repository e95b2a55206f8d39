"""`ShardedGroup`: the parameters that are gathered together before a forward pass, and whose gradients are reduced together."""

import contextlib
import math

import jtorch
from jtorch import distributed as dist
from jtorch.autograd import Function
from jtorch.autograd.backward_pass import queue_callback
from jtorch.autograd.mode import STATE
from jtorch.distributed.tensor import DTensor, Replicate, Shard
from jtorch.distributed.tensor.placement_types import _StridedShard
from jtorch.utils._pytree import tree_map


class _Unshard(Function):
    """Whole tensors of the pieces, by one collective; pieces of the gradients, by one."""

    @staticmethod
    def forward(ctx, group, *pieces):
        ctx.group = group
        ctx.set_materialize_grads(False)
        return tuple(group.gathered(pieces))

    @staticmethod
    def backward(ctx, *grads):
        return None, *ctx.group.reduced(grads)


class _Entry:
    """One parameter: where modules hold it, and how it is cut."""

    def __init__(self, owners, parameter, dim: int, group_size: int, place: int):
        self.owners = owners  # (module, name), several where modules share it
        inner = parameter._local_tensor if isinstance(parameter, DTensor) else parameter
        self.spec = parameter._spec if isinstance(parameter, DTensor) else None  # of tensor parallelism
        self.shape, self.dim = tuple(inner.shape), dim
        front = (self.shape[dim], *self.shape[:dim], *self.shape[dim + 1 :])
        self.chunk = (-(-front[0] // group_size), *front[1:])
        self.length = Shard.piece(front[0], group_size, place)[1]
        self.front = front

    def to_front(self, tensor):
        return tensor.movedim(self.dim, 0) if self.dim else tensor

    def from_front(self, tensor):
        return tensor.movedim(0, self.dim).contiguous() if self.dim else tensor

    @property
    def numel(self) -> int:
        """Elements of a padded piece."""
        return math.prod(self.chunk)

    def put(self, tensor) -> None:
        """Let the modules hold a tensor as this parameter."""
        for module, name in self.owners:
            module._parameters[name] = tensor

    @property
    def sharded(self) -> DTensor:
        module, name = self.owners[0]
        return module._parameters[name]


class ShardedGroup:
    """Parameters of some modules, each cut over one dimension of a mesh; over the other dimension, if there is one, they are replicated."""

    def __init__(self, named, mesh, placement_of, policy, reshard_after_forward):
        self.mesh, self.policy, self.reshard_after_forward = mesh, policy, reshard_after_forward
        self.process_group = mesh.get_group(mesh.ndim - 1)
        self.replicas = mesh.get_group(0) if mesh.ndim == 2 else None
        self.size = mesh.size(mesh.ndim - 1)
        self.divisor = float(mesh.size())
        self.sync = self.all_reduce = True
        self.full: list | None = None  # the whole parameters while they are in the modules
        self._kept: list | None = None  # the pieces, while `full` is in the modules
        self._again: list | None = None  # the whole parameters, gathered anew for a backward pass
        self._inside = False  # a backward pass is going through the modules, which hold those
        self._held: list = []  # the pieces, while `_again` is in the modules
        self._pending: dict = {}  # gradients that wait for the pass that is reduced
        self.entries = [self._shard(owners, parameter, placement_of) for parameter, owners in named]

    def _shard(self, owners, parameter, placement_of) -> _Entry:
        wanted = (placement_of(parameter) if placement_of is not None else None) or Shard(0)
        if not isinstance(wanted, Shard):
            raise AssertionError(f"Expected Shard, but got {wanted}")
        if parameter.ndim == 0:
            raise ValueError(
                "fully_shard doesn't support scalar parameters. Change parameter to a 1D tensor with numel equal to 1."
            )
        place = dist.get_rank(self.process_group)
        dim = wanted.dim % parameter.ndim
        entry = _Entry(owners, parameter, dim, self.size, place)
        inner = parameter._local_tensor.detach() if entry.spec is not None else parameter.detach()
        piece = inner.narrow(dim, *Shard.piece(inner.shape[dim], self.size, place)).clone()
        mesh, placements = self.mesh, [Replicate()] * (self.mesh.ndim - 1) + [Shard(dim)]
        if entry.spec is not None:
            mesh = _joined(self.mesh, entry.spec.mesh)
            if any(p.is_shard(dim) for p in entry.spec.placements):
                factor = math.prod(
                    entry.spec.mesh.size(d) for d, p in enumerate(entry.spec.placements) if p.is_shard(dim)
                )
                placements[-1] = _StridedShard(dim, factor)
            placements += entry.spec.placements
        sharded = jtorch.nn.Parameter(DTensor._make(piece, mesh, placements, parameter.shape), parameter.requires_grad)
        for module, name in owners:
            module._parameters[name] = sharded
        return entry

    # Communication

    def gathered(self, pieces) -> list:
        """The whole tensors."""
        made: list = [None] * len(pieces)
        for indices in self._by_dtype(pieces):
            row = jtorch.cat([self._padded(self.entries[i], pieces[i]) for i in indices])
            rows = row.new_empty((self.size, row.numel()))
            dist.all_gather_into_tensor(rows, row, self.process_group)
            start = 0
            for i in indices:
                entry = self.entries[i]
                whole = rows[:, start : start + entry.numel].reshape(self.size * entry.chunk[0], *entry.chunk[1:])
                made[i] = entry.from_front(whole[: entry.front[0]]).clone(memory_format=jtorch.contiguous_format)
                start += entry.numel
        return made

    def _padded(self, entry, piece):
        piece = entry.to_front(piece).reshape(-1)
        if self.policy.param_dtype is not None and piece.is_floating_point():
            piece = piece.to(self.policy.param_dtype)
        return _padded(piece, entry.numel)

    @staticmethod
    def _by_dtype(tensors) -> list:
        groups: dict = {}
        for i, tensor in enumerate(tensors):
            if tensor is not None:
                groups.setdefault(tensor.dtype, []).append(i)
        return list(groups.values())

    def reduced(self, grads) -> list:
        """The pieces of the mean gradients; None for all while gradients are only collected."""
        grads = list(grads)
        for i, held in self._pending.items():
            grads[i] = held if grads[i] is None else grads[i] + held
        self._pending.clear()
        self._leave_backward()
        self._again = None
        if not self.sync:
            self._pending = {i: grad for i, grad in enumerate(grads) if grad is not None}
            return [None] * len(grads)
        made: list = [None] * len(grads)
        pieces = [entry.sharded if self._kept is None else self._kept[i] for i, entry in enumerate(self.entries)]
        for indices in self._by_dtype(grads):
            rows = jtorch.cat([self._rows(self.entries[i], grads[i]) for i in indices], 1)
            if self.policy.reduce_dtype is not None:
                rows = rows.to(self.policy.reduce_dtype)
            rows = rows / self.divisor
            row = rows.new_empty(rows.shape[1:])
            dist.reduce_scatter_tensor(row, rows, group=self.process_group)
            if self.replicas is not None and self.all_reduce:
                dist.all_reduce(row, group=self.replicas)
            start = 0
            for i in indices:
                entry = self.entries[i]
                piece = row[start : start + entry.numel].view(entry.chunk)[: entry.length]
                made[i] = entry.from_front(piece).to(pieces[i].dtype).clone(memory_format=jtorch.contiguous_format)
                start += entry.numel
        return made

    def _rows(self, entry, grad):
        return _padded(entry.to_front(grad).reshape(-1), self.size * entry.numel).view(self.size, entry.numel)

    # Whole parameters in the modules

    def unshard(self) -> None:
        """Put the whole parameters into the modules."""
        if self.full is not None or not self.entries:
            return
        self._kept = [entry.sharded for entry in self.entries]
        whole = _Unshard.apply(self, *(p._local_tensor for p in self._kept))
        self.full = list(whole)
        self._place(whole)

    def reshard(self) -> None:
        """Put the pieces back."""
        if self.full is None or self._kept is None:
            return
        for entry, sharded in zip(self.entries, self._kept, strict=True):
            entry.put(sharded)
        self.full = self._kept = None

    def call(self, forward, args, kwargs):
        """A forward pass with whole parameters.

        What it saves of them for backward is gathered anew there, or kept if not `reshard_after_forward`. While backward goes through the module, they
        are in it again, for what computes activations anew.
        """
        if not self.entries:
            return forward(*args, **kwargs)
        again = self._again if self._inside else None  # within backward
        given = again is not None or self.full is not None
        if not given:
            self.unshard()
        whole = again or self.full or []
        pieces = [sharded._local_tensor for sharded in self._kept or []]
        recording = jtorch.is_grad_enabled()
        hooks: contextlib.AbstractContextManager = contextlib.nullcontext()
        if recording and (again is not None or not given and self.reshard_after_forward):
            hooks = jtorch.autograd.graph.saved_tensors_hooks(*self._saving(whole, pieces))
        try:
            with hooks:
                made = forward(*args, **kwargs)
        finally:
            if not given:
                self.reshard()
        if recording and not given:
            kept = None if self.reshard_after_forward else [tensor.detach() for tensor in whole]

            def watch(value):
                if isinstance(value, jtorch.Tensor) and value.requires_grad:
                    value.register_hook(lambda grad: self._enter_backward(pieces, kept))
                return value

            tree_map(watch, made)
        return made

    def _saving(self, whole, pieces):
        """Hooks that save numbers in the place of whole parameters, and hand everything else to the hooks around."""
        numbers = {id(tensor._storage): i for i, tensor in enumerate(whole)}
        outer = STATE.saved_hooks

        def pack(tensor):
            i = numbers.get(id(tensor._storage))
            if i is not None and tensor._chain is None:
                return i, None
            return None, tensor if outer is None else outer.pack_hook(tensor)

        def unpack(packed):
            i, other = packed
            if i is not None:
                return self._gathered_again(pieces)[i]
            return other if outer is None else outer.unpack_hook(other)

        return pack, unpack

    def _gathered_again(self, pieces, kept=None) -> list:
        if self._again is None:
            with jtorch.no_grad():
                found = kept or self.gathered([piece.detach() for piece in pieces])
            self._again = [t.requires_grad_(p.requires_grad) for t, p in zip(found, pieces, strict=True)]
        return self._again

    def _enter_backward(self, pieces, kept) -> None:
        if self._inside or self.full is not None:
            return
        self._inside = True
        self._held = [entry.sharded for entry in self.entries]
        self._place(self._gathered_again(pieces, kept))
        queue_callback(self._leave_backward)

    def _leave_backward(self) -> None:
        if self._inside:
            self._inside = False
            for entry, sharded in zip(self.entries, self._held, strict=True):
                entry.put(sharded)
            lost = any(tensor._grad is not None for tensor in self._again or ())
            self._held, self._again = [], None
            if lost:
                raise NotImplementedError(
                    "checkpoint(use_reentrant=True) of a sharded module: its gradients would be lost; use use_reentrant=False"
                )

    def _place(self, tensors) -> None:
        for entry, tensor in zip(self.entries, tensors, strict=True):
            if entry.spec is not None:
                tensor = DTensor._make(tensor, entry.spec.mesh, entry.spec.placements, entry.spec.shape)
            entry.put(tensor)


def _padded(row, length: int):
    return row if row.numel() == length else jtorch.cat([row, row.new_zeros(length - row.numel())])


def _joined(data_mesh, tensor_mesh):
    """The mesh that both are parts of."""
    if data_mesh._parent is None or tensor_mesh._parent is None or data_mesh._parent[0] is not tensor_mesh._parent[0]:
        raise NotImplementedError(
            "fully_shard of parameters that are DTensors: both meshes have to be parts of one, as mesh['dp'] and mesh['tp'] are of init_device_mesh(..., mesh_dim_names=('dp', 'tp'))"
        )
    return data_mesh._parent[0][(*data_mesh.mesh_dim_names, *tensor_mesh.mesh_dim_names)]
