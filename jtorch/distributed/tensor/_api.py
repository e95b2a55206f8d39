"""`DTensor`: one tensor that several processes hold together, and how one is made."""

import copy
import math

import jtorch
from jtorch import distributed as dist
from jtorch import engine
from jtorch.distributed.device_mesh import DeviceMesh, default_mesh
from jtorch.distributed.tensor import _dispatch
from jtorch.distributed.tensor._redistribute import redistribute_local
from jtorch.distributed.tensor.placement_types import (
    DTensorSpec,
    Placement,
    Replicate,
    Shard,
    TensorMeta,
)
from jtorch.layout import normal
from jtorch.size import Size
from jtorch.storage import contiguous_strides
from jtorch.tensor import Tensor

__all__ = ["DTensor", "distribute_module", "distribute_tensor"]


class _Elsewhere:
    """Stands where a tensor of one process has its memory, or its value: says what is known, and refuses the rest."""

    def __init__(self, aval, place):
        self.aval, self.place, self.value = aval, place, self

    def __getattr__(self, name):
        raise NotImplementedError(
            "this is not there for a DTensor, whose elements several processes hold: use .to_local() for this process's part or .full_tensor() for all"
        )


class DTensor(Tensor):
    """A tensor spread over a mesh of processes; each holds a local tensor, and `placements` say what that is of the whole.

    Operations run on the local tensors and communicate where they must. What has no rule is computed on whole tensors, by all. Gradients go through the
    local tensors: of a DTensor with a partial sum they are replicated, and those of a replicated one are added up as soon as they are made (where
    torch may leave them partial). Processes of a mesh must call the same operations.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.tensor import Shard, distribute_tensor
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> mesh = dist.init_device_mesh("cpu", (1,))
    >>> x = distribute_tensor(torch.ones(2, 3), mesh, [Shard(0)])
    >>> x.sum(0).placements, (x + 1).to_local()
    ((Partial(sum),), tensor([[2., 2., 2.],
            [2., 2., 2.]]))
    >>> dist.destroy_process_group()
    """

    _dispatcher = _dispatch
    _copied = False  # a view that had to be gathered: writes to it would reach nobody
    _base = _chain = None

    def __new__(cls, local_tensor, spec, *, requires_grad: bool = False):
        made = cls._make(local_tensor, spec.mesh, spec.placements, spec.shape, spec.tensor_meta.stride)
        return made.requires_grad_(True) if requires_grad and not made.requires_grad else made

    @classmethod
    def _make(cls, local, mesh, placements, shape, stride=None) -> "DTensor":
        shape = tuple(shape)
        made = object.__new__(cls)
        made._local_tensor = local
        made._aval = engine.aval(shape, local.dtype)
        stride = contiguous_strides(shape) if stride is None else tuple(stride)
        made._strides = normal(shape, stride)
        made._storage = _Elsewhere(made._aval, local._storage.value.place)
        made._spec = DTensorSpec(mesh, tuple(placements), TensorMeta(Size(shape), stride, local.dtype))
        return made

    def _like(self, local) -> "DTensor":
        """Another local tensor, lying alike."""
        made = type(self)._make(
            local, self._spec.mesh, self._spec.placements, self.shape, self._spec.tensor_meta.stride
        )
        return made

    # What it is

    @property
    def device_mesh(self) -> DeviceMesh:
        return self._spec.mesh

    @property
    def placements(self) -> tuple[Placement, ...]:
        return self._spec.placements

    def __repr__(self, *, tensor_contents=None):
        return f"DTensor(local_tensor={self._local_tensor.detach()}, device_mesh={self._spec.mesh}, placements={self._spec.placements})"

    def _read(self):
        return self._storage

    @property
    def _counter(self):
        return self._local_tensor._counter

    # From and to local tensors

    @staticmethod
    def from_local(
        local_tensor, device_mesh=None, placements=None, *, run_check: bool = False, shape=None, stride=None, grad_placements=None
    ) -> "DTensor":  # fmt: skip
        """A DTensor of the tensors that the processes have; `shape` is needed where pieces differ in size. `run_check` makes replicas equal."""
        mesh = device_mesh or default_mesh()
        placements = _normal(placements or [Replicate()] * mesh.ndim, local_tensor.ndim, mesh)
        local = local_tensor
        if run_check:
            local = local.clone()
            for d, p in enumerate(placements):
                if p.is_replicate():
                    dist.broadcast(local.data, group=mesh.get_group(d), group_src=0)
        if shape is None:
            sizes = list(local.shape)
            for d, p in enumerate(placements):
                if p.is_shard():
                    sizes[p.dim] *= mesh.size(d)
            shape = sizes
        if grad_placements is not None:
            local = _with_gradient(local, tuple(shape), mesh, tuple(grad_placements), placements)
        return DTensor._make(
            local if local is not local_tensor else local.view_as(local), mesh, placements, shape, stride
        )

    def to_local(self, *, grad_placements=None):
        """This process's part. `grad_placements` says how gradients with respect to it lie; else as this tensor does."""
        if not jtorch.is_grad_enabled():
            return self._local_tensor
        local = self._local_tensor.view_as(self._local_tensor)
        if grad_placements is None:
            return local
        wanted = tuple(Replicate() if p.is_partial() else p for p in self._spec.placements)
        return _with_gradient(local, tuple(self.shape), self._spec.mesh, wanted, tuple(grad_placements))

    def full_tensor(self, *, grad_placements=None):
        """The whole tensor, on each process."""
        whole = self.redistribute(placements=[Replicate()] * self._spec.mesh.ndim)
        return whole.to_local(grad_placements=grad_placements)

    def redistribute(self, device_mesh=None, placements=None, *, async_op: bool = False, forward_dtype=None, backward_dtype=None) -> "DTensor":  # fmt: skip
        """The same tensor under other placements, by collectives; gradients come back by the opposite ones."""
        mesh = self._spec.mesh
        if device_mesh is not None and device_mesh != mesh:
            raise NotImplementedError(
                "DTensor.redistribute to another mesh: use distribute_tensor(x.full_tensor(), mesh, placements)"
            )
        if placements is None:
            raise RuntimeError("placements is needed for redistribute!")
        if backward_dtype is not None:
            raise NotImplementedError("DTensor.redistribute(backward_dtype=...): cast in a hook of the result")
        placements = _normal(placements, self.ndim, mesh)
        if any(p.is_partial() and p != q for p, q in zip(placements, self._spec.placements, strict=True)):
            raise RuntimeError("Can not redistribute to Partial, redistributing to Partial is for internal use only!")
        local = self._local_tensor if forward_dtype is None else self._local_tensor.to(forward_dtype)
        local = redistribute_local(local, tuple(self.shape), mesh, self._spec.placements, placements)
        if local is self._local_tensor:
            local = local.view_as(local)
        return DTensor._make(local, mesh, placements, self.shape, self._spec.tensor_meta.stride)

    # Autograd: all of it is the local tensor's

    _requires = property(
        lambda self: self._local_tensor._requires, lambda self, value: setattr(self._local_tensor, "_requires", value)
    )
    _node = property(lambda self: self._local_tensor.grad_fn)
    _out = property(lambda self: self._local_tensor._out)
    requires_grad = property(
        lambda self: self._local_tensor.requires_grad, lambda self, value: self.requires_grad_(value)
    )
    is_leaf = property(lambda self: self._local_tensor.is_leaf)
    grad_fn = property(lambda self: self._local_tensor.grad_fn)
    retains_grad = property(lambda self: self._local_tensor.retains_grad)

    def _edge(self):
        return self._local_tensor._edge()

    def requires_grad_(self, requires_grad: bool = True):
        self._local_tensor.requires_grad_(requires_grad)
        return self

    def retain_grad(self) -> None:
        self._local_tensor.retain_grad()

    def _gradient(self, local) -> "DTensor":
        """A gradient of the local tensor as a DTensor."""
        placements = tuple(Replicate() if p.is_partial() else p for p in self._spec.placements)
        shares = self._shares()
        local = local * shares if shares > 1 else local
        return DTensor._make(local, self._spec.mesh, placements, self.shape, self._spec.tensor_meta.stride)

    def _local_gradient(self, grad=None):
        """A gradient that somebody gives, or ones, as the local tensor's."""
        shares = self._shares()
        if grad is None:
            local = jtorch.ones_like(self._local_tensor.detach())
            return local / shares if shares > 1 else local
        if not isinstance(grad, DTensor):
            raise RuntimeError(f"backward {_dispatch.MIXED}")
        wanted = tuple(Replicate() if p.is_partial() else p for p in self._spec.placements)
        local = redistribute_local(
            grad._local_tensor, tuple(grad.shape), grad._spec.mesh, grad._spec.placements, wanted
        )
        return local / shares if shares > 1 else local

    def _shares(self) -> int:
        """Of an average each process has a share: what the gradient by the whole is divided by."""
        mesh = self._spec.mesh
        return math.prod(mesh.size(d) for d, p in enumerate(self._spec.placements) if p.is_partial("avg"))

    @property
    def grad(self):
        found = self._local_tensor.grad
        return None if found is None else self._gradient(found)

    @grad.setter
    def grad(self, value):
        if isinstance(value, Tensor):
            if value.shape != self.shape:
                raise RuntimeError(
                    f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of size '{list(self.shape)}'. Please ensure that the gradient and the tensor are the same size"
                )
            value = self._local_gradient(value)
        self._local_tensor.grad = value

    @grad.deleter
    def grad(self):
        self._local_tensor.grad = None

    def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
        jtorch.autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def register_hook(self, hook):
        def on_local(grad):
            changed = hook(self._gradient(grad))
            return None if changed is None else self._local_gradient(changed)

        return self._local_tensor.register_hook(on_local)

    def register_post_accumulate_grad_hook(self, hook):
        return self._local_tensor.register_post_accumulate_grad_hook(lambda _: hook(self))

    def detach(self):
        return self._like(self._local_tensor.detach())

    def detach_(self):
        self._local_tensor.detach_()
        return self

    @property
    def data(self):
        return self._like(self._local_tensor.data)

    @data.setter
    def data(self, source):
        if not isinstance(source, DTensor):
            raise RuntimeError(f"data {_dispatch.MIXED}")
        self._adopt(source)

    def _adopt(self, source) -> None:
        self._local_tensor.data = source._local_tensor
        self._aval, self._strides, self._storage, self._spec = (
            source._aval,
            source._strides,
            source._storage,
            source._spec,
        )

    # Conversions

    def _convert(self, device, dtype, copy=False, memory_format=None):
        if device is not None and jtorch.device(device).type != self.device.type:
            if dtype is None and jtorch.device(device).type != "meta":
                return self._like(self._local_tensor.to(device))
            return self._like(self._local_tensor.to(device, dtype or self.dtype))
        if dtype is not None and dtype is not self.dtype:
            return self._like(self._local_tensor.to(dtype))
        return self.clone() if copy else self

    def contiguous(self, memory_format=jtorch.contiguous_format):
        return (
            self._like(self._local_tensor.contiguous())
            if not self._local_tensor.is_contiguous() or self._strides
            else self
        )

    def is_contiguous(self, memory_format=jtorch.contiguous_format) -> bool:
        return True if self._strides is None else super().is_contiguous(memory_format)

    def clone(self, *, memory_format=jtorch.preserve_format):
        return self._like(self._local_tensor.clone(memory_format=memory_format))

    def copy_(self, other, non_blocking=False):
        from jtorch.ops.memory import copy

        return _dispatch.apply_inplace(copy, (self, other))

    def fill_(self, value):
        from jtorch.ops.memory import fill

        return _dispatch.apply_inplace(fill, (self, value))

    def zero_(self):
        self._check_writable("zero_")
        self._local_tensor.zero_()
        return self

    def _check_writable(self, name: str, overlap: bool = True) -> None:
        self._local_tensor._check_writable(name, overlap)

    def _made_alike(self, make, dtype=None, device=None, requires_grad=False):
        """What `zeros_like` and its kin give: `make(local)` as the local tensor."""
        made = self._like(make(self._local_tensor.detach(), dtype=dtype, device=device))
        return made.requires_grad_(requires_grad)

    def _drawn_alike(self, draw):
        """Random numbers, lying alike: each piece from the generator of its process, replicas from that of the first."""
        placements = tuple(Replicate() if p.is_partial() else p for p in self._spec.placements)
        made = draw(self._local_tensor.detach())
        for d, p in enumerate(placements):
            if p.is_replicate() and self._spec.mesh.size(d) > 1:
                dist.broadcast(made, group=self._spec.mesh.get_group(d), group_src=0)
        return DTensor._make(made, self._spec.mesh, placements, self.shape)

    def _filled_in_place(self, draw):
        """Overwrite by `draw(local tensor)`, which fills it with random numbers: of one stream, that of the mesh's first process."""
        whole = jtorch.empty(self.shape, dtype=self.dtype, device=self.device)
        draw(whole)
        with jtorch.no_grad():
            self._local_tensor.copy_(distribute_tensor(whole, self._spec.mesh, self._spec.placements)._local_tensor)
        return self

    def item(self):
        if self.numel() != 1:
            raise RuntimeError(f"a Tensor with {self.numel()} elements cannot be converted to Scalar")
        return self.full_tensor().item()

    def tolist(self):
        raise RuntimeError(".tolist() is not supported for tensor subclasses, got DTensor; use .full_tensor().tolist()")

    def numpy(self, *, force: bool = False):
        raise RuntimeError(
            ".numpy() is not supported for tensor subclasses; use .full_tensor().numpy() or .to_local().numpy()"
        )

    def __array__(self, dtype=None, copy=None):
        return self.numpy()

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        made = self._like(copy.deepcopy(self._local_tensor, memo))
        if getattr(self, "_is_param", False):
            made._is_param = True
        memo[id(self)] = made
        return made

    def __reduce_ex__(self, protocol):
        state = (
            self._local_tensor.detach(),
            self._spec.mesh,
            self._spec.placements,
            tuple(self.shape),
            self._spec.tensor_meta.stride,
        )
        return _rebuild, (*state, self.requires_grad, getattr(self, "_is_param", False))


DTensor.__module__ = "jtorch.distributed.tensor"


def _rebuild(local, mesh, placements, shape, stride, requires_grad, is_parameter):
    made = DTensor._make(local, mesh, placements, shape, stride).requires_grad_(requires_grad)
    if is_parameter:
        made._is_param = True
    return made


def _with_gradient(local, shape, mesh, wanted, given):
    """The local tensor, through which gradients that lie as `given` come back as `wanted`."""
    from jtorch.distributed.tensor._redistribute import _same, _step

    given = tuple(given)
    if given == wanted:
        return local
    return _step(local, _same, lambda grad: redistribute_local(grad, shape, mesh, given, wanted))


def _normal(placements, ndim: int, mesh) -> tuple[Placement, ...]:
    """Placements with dimensions counted from the front; torch's errors where they do not fit."""
    placements = list(placements)
    if len(placements) != mesh.ndim:
        raise ValueError(
            f"`placements` must have the same length as `device_mesh.ndim`! Found placements length: {len(placements)}, and device_mesh.ndim: {mesh.ndim}."
        )
    for i, p in enumerate(placements):
        if isinstance(p, Shard):
            if not -ndim <= p.dim < ndim:
                raise IndexError(
                    f"Dimension out of range (expected to be in range of [{-max(ndim, 1)}, {max(ndim, 1) - 1}], but got {p.dim})"
                )
            if p.dim < 0:
                placements[i] = Shard(p.dim + ndim)
        elif not isinstance(p, Placement):
            raise TypeError(f"placements must be Shard, Replicate or Partial, got {p!r}")
    return tuple(placements)


def distribute_tensor(tensor, device_mesh=None, placements=None, *, src_data_rank: int | None = 0) -> DTensor:
    """A leaf DTensor of a whole tensor: that of the first process of the mesh, or with `src_data_rank=None` each process's own.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.tensor import Replicate, distribute_tensor
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> distribute_tensor(torch.ones(2), dist.init_device_mesh("cpu", (1,)), [Replicate()]).full_tensor()
    tensor([1., 1.])
    >>> dist.destroy_process_group()
    """
    mesh = device_mesh or default_mesh()
    placements = _normal(placements or [Replicate()] * mesh.ndim, tensor.ndim, mesh)
    if not tensor.is_leaf:
        raise RuntimeError("`distribute_tensor` should be used to distribute leaf tensors! but found non-leaf tensor!")
    if isinstance(tensor, DTensor):
        if tensor.device_mesh != mesh:
            raise ValueError(
                f"Cannot distribute a DTensor with device mesh {tensor.device_mesh} to a different device mesh {mesh}."
            )
        if tensor.placements != placements:
            raise ValueError(
                f"Cannot distribute a DTensor with placements {tensor.placements} to a different placements {placements}. do you want to call `redistribute` instead?"
            )
        return tensor
    if any(p.is_partial() for p in placements):
        raise RuntimeError(
            "Trying to distribute a tensor with Partial placement, but only Shard and Replicate are supported: use DTensor.from_local"
        )
    whole = tensor.detach()
    if src_data_rank is not None and not whole.is_meta:
        whole = whole.clone(memory_format=jtorch.contiguous_format)
        for d in range(mesh.ndim):
            if mesh.size(d) > 1:
                dist.broadcast(whole, group=mesh.get_group(d), group_src=src_data_rank)
    local = redistribute_local(whole, tuple(tensor.shape), mesh, (Replicate(),) * mesh.ndim, placements)
    made = DTensor._make(
        local.detach().clone(), mesh, placements, tensor.shape, contiguous_strides(tuple(tensor.shape))
    )
    return made.requires_grad_(tensor.requires_grad)


def distribute_module(module, device_mesh=None, partition_fn=None, input_fn=None, output_fn=None):
    """Make a module's parameters DTensors: by `partition_fn(name, module, mesh)` for each submodule, replicated where it leaves them.

    `input_fn(module, inputs, mesh)` and `output_fn(module, outputs, mesh)` are run before and after the forward pass.
    """
    mesh = device_mesh or default_mesh()
    for name, part in module.named_modules():
        if partition_fn is not None:
            partition_fn(name, part, mesh)
        for table, kind in ((part._parameters, jtorch.nn.Parameter), (part._buffers, None)):
            for key, tensor in table.items():
                if tensor is not None and not isinstance(tensor, DTensor):
                    whole = distribute_tensor(tensor.data, mesh, [Replicate()] * mesh.ndim)
                    table[key] = whole if kind is None else kind(whole, tensor.requires_grad)
    if input_fn is not None:
        module.register_forward_pre_hook(lambda mod, inputs: input_fn(mod, inputs, mesh))
    if output_fn is not None:
        module.register_forward_hook(lambda mod, inputs, outputs: output_fn(mod, outputs, mesh))
    return module
