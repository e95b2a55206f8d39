"""`fully_shard`: parameters cut over the processes, whole only while they are used (FSDP2)."""

import jtorch
from jtorch.distributed.device_mesh import default_mesh
from jtorch.distributed.fsdp._group import ShardedGroup
from jtorch.distributed.fsdp._policies import MixedPrecisionPolicy, OffloadPolicy
from jtorch.utils._pytree import tree_map

__all__ = ["FSDPModule", "UnshardHandle", "fully_shard", "register_fsdp_forward_method"]

_classes: dict = {}


class UnshardHandle:
    """What `unshard(async_op=True)` gives: here the parameters are whole already."""

    def wait(self) -> None:
        return None


class FSDPModule:
    """Added to the class of a module by `fully_shard`."""

    def forward(self, *args, **kwargs):
        return _run(self, super().forward, args, kwargs)  # type: ignore[misc]

    def _groups(self, recurse: bool):
        modules = self.modules() if recurse else [self]  # type: ignore[attr-defined]
        return list(dict.fromkeys(m._fsdp_group for m in modules if isinstance(m, FSDPModule)))

    def unshard(self, async_op: bool = False) -> UnshardHandle | None:
        """Make the module's own parameters whole, until `reshard`."""
        self._fsdp_group.unshard()
        return UnshardHandle() if async_op else None

    def reshard(self) -> None:
        self._fsdp_group.reshard()

    def set_requires_gradient_sync(self, requires_gradient_sync: bool, *, recurse: bool = True) -> None:
        """Whether backward passes reduce gradients; without, they are collected whole until one does."""
        for group in self._groups(recurse):
            group.sync = requires_gradient_sync

    def set_requires_all_reduce(self, requires_all_reduce: bool, *, recurse: bool = True) -> None:
        for group in self._groups(recurse):
            group.all_reduce = requires_all_reduce

    def set_is_last_backward(self, is_last_backward: bool) -> None:
        """Without effect: no reduction is left running."""

    def set_reshard_after_forward(self, reshard_after_forward: bool, recurse: bool = True) -> None:
        for group in self._groups(recurse):
            group.reshard_after_forward = reshard_after_forward

    def set_reshard_after_backward(self, reshard_after_backward: bool, *, recurse: bool = True) -> None:
        """Without effect: whole parameters are dropped once their gradients are there."""

    def set_gradient_divide_factor(self, factor: float) -> None:
        """Divide the sum of gradients by this, in the place of the number of processes."""
        self._fsdp_group.divisor = factor

    set_reduce_scatter_divide_factor = set_gradient_divide_factor

    def set_modules_to_forward_prefetch(self, modules) -> None:
        """Without effect: collectives are not run ahead."""

    def set_modules_to_backward_prefetch(self, modules) -> None:
        """Without effect: collectives are not run ahead."""

    def set_unshard_in_backward(self, unshard_in_backward: bool) -> None:
        """Without effect: what backward does not use is not gathered for it."""


def _run(module, forward, args, kwargs):
    group = module._fsdp_group
    policy = group.policy
    if policy.param_dtype is not None and policy.cast_forward_inputs:
        args, kwargs = tree_map(lambda x: cast_floating(x, policy.param_dtype), (args, kwargs))
    made = group.call(forward, args, kwargs)
    return made if policy.output_dtype is None else tree_map(lambda x: cast_floating(x, policy.output_dtype), made)


def cast_floating(value, dtype):
    """A floating-point tensor in another dtype; everything else as it is."""
    return value.to(dtype) if isinstance(value, jtorch.Tensor) and value.is_floating_point() else value


def fully_shard(
    module, *, mesh=None, reshard_after_forward: bool | int | None = None, shard_placement_fn=None, mp_policy: MixedPrecisionPolicy | None = None,
    offload_policy: OffloadPolicy | None = None, ignored_params=None, **options,
):  # fmt: skip
    """Cut a module's parameters over the processes of a mesh (of its last dimension, replicated over the first of two).

    The parameters become DTensors, on dimension 0 or where `shard_placement_fn(parameter)` says. A forward pass gathers those that the module holds
    itself, outside of submodules that are sharded on their own, and drops them after; backward gathers them again, and leaves the mean of the
    gradients, cut alike. So shard the parts first and then the whole, and make the optimizer last. Gathering is not overlapped with computing.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.fsdp import fully_shard
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> net = fully_shard(torch.nn.Linear(2, 2)); type(net).__name__, net.weight.placements
    ('FSDPLinear', (Shard(dim=0),))
    >>> net(torch.ones(1, 2)).sum().backward(); net.bias.grad.to_local()
    tensor([1., 1.])
    >>> dist.destroy_process_group()
    """
    if options:
        raise NotImplementedError(
            f"fully_shard({', '.join(options)}): jtorch does not know these; name the mesh's part, as in mesh=mesh['dp']"
        )
    if (
        isinstance(module, (jtorch.nn.ModuleList, jtorch.nn.ModuleDict))
        and type(module).forward is jtorch.nn.Module.forward
    ):
        raise ValueError(f"fully_shard does not support containers that do not implement forward: {module}")
    mesh = mesh or default_mesh()
    if mesh.ndim not in (1, 2):
        raise ValueError(f"fully_shard expects a 1D or 2D DeviceMesh but got {mesh}")
    modules = list(module) if isinstance(module, (list, tuple)) else [module]
    for each in modules:
        if isinstance(each, FSDPModule):
            raise AssertionError("Each distinct module can only be sharded once: fully_shard was called on it before")
    named = own_parameters(modules, set(ignored_params or ()))
    inside = any(isinstance(m, FSDPModule) for each in modules for m in each.modules())
    reshard = not inside if reshard_after_forward is None else bool(reshard_after_forward)
    group = ShardedGroup(named, mesh, shard_placement_fn, mp_policy or MixedPrecisionPolicy(), reshard)
    for each in modules:
        kind = type(each)
        if kind not in _classes:
            _classes[kind] = type(f"FSDP{kind.__name__}", (FSDPModule, kind), {"__module__": kind.__module__})
        each.__class__ = _classes[kind]
        each.__dict__["_fsdp_group"] = group
    return module


def own_parameters(modules, ignored, sharded=FSDPModule) -> list:
    """Parameters with the places that hold them, without those of parts that are sharded on their own."""
    found: dict = {}

    def visit(module):
        for name, parameter in module._parameters.items():
            if parameter is not None and parameter not in ignored:
                found.setdefault(id(parameter), (parameter, []))[1].append((module, name))
        for child in module.children():
            if not isinstance(child, sharded):
                visit(child)

    seen: list = []
    for module in modules:
        if not any(module is m for other in seen for m in other.modules()):
            visit(module)
            seen.append(module)
    return list(found.values())


def register_fsdp_forward_method(module, method_name: str) -> None:
    """Let a method other than `forward` see whole parameters too."""
    if not isinstance(module, FSDPModule):
        return
    method = getattr(module, method_name)

    def call(*args, **kwargs):
        return _run(module, method, args, kwargs)

    setattr(module, method_name, call)
