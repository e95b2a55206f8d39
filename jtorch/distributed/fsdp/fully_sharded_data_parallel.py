"""`FullyShardedDataParallel`: the wrapper of FSDP1, over the engine of `fully_shard`."""

import contextlib

import jtorch
from jtorch import distributed as dist
from jtorch.distributed.checkpoint.state_dict import get_optimizer_state_dict, optimizer_state_by_number
from jtorch.distributed.device_mesh import DeviceMesh
from jtorch.distributed.fsdp._fully_shard import cast_floating, own_parameters
from jtorch.distributed.fsdp._group import ShardedGroup
from jtorch.distributed.fsdp._policies import MixedPrecisionPolicy
from jtorch.distributed.fsdp.api import (
    BackwardPrefetch,
    CPUOffload,
    FullOptimStateDictConfig,
    FullStateDictConfig,
    LocalOptimStateDictConfig,
    LocalStateDictConfig,
    MixedPrecision,
    OptimStateDictConfig,
    ShardedOptimStateDictConfig,
    ShardedStateDictConfig,
    ShardingStrategy,
    StateDictConfig,
    StateDictSettings,
    StateDictType,
)
from jtorch.distributed.fsdp.wrap import wrap_submodules
from jtorch.distributed.tensor import DTensor, distribute_tensor
from jtorch.distributed.wrapped_names import hide_in_state_dict, without
from jtorch.utils._pytree import tree_map

__all__ = [
    "BackwardPrefetch", "CPUOffload", "FullOptimStateDictConfig", "FullStateDictConfig", "FullyShardedDataParallel", "LocalOptimStateDictConfig",
    "LocalStateDictConfig", "MixedPrecision", "OptimStateDictConfig", "ShardedOptimStateDictConfig", "ShardedStateDictConfig", "ShardingStrategy",
    "StateDictConfig", "StateDictSettings", "StateDictType",
]  # fmt: skip

_WRAPPED = "_fsdp_wrapped_module"
_HYBRID = (ShardingStrategy.HYBRID_SHARD, ShardingStrategy._HYBRID_SHARD_ZERO2)
_KEEPS = (ShardingStrategy.SHARD_GRAD_OP, ShardingStrategy.NO_SHARD, ShardingStrategy._HYBRID_SHARD_ZERO2)


class FullyShardedDataParallel(jtorch.nn.Module):
    """A module whose parameters are cut over the processes.

    Parameters are DTensors with the shapes they had, as with `use_orig_params=True`, and never flat; so options of an optimizer may differ between
    them. `auto_wrap_policy` says which submodules are wrapped on their own; each wrapper gathers its parameters for a forward pass.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.fsdp import FullyShardedDataParallel as FSDP
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> net = FSDP(torch.nn.Linear(2, 1)); [name for name, _ in net.named_parameters()], list(net.state_dict())
    (['weight', 'bias'], ['weight', 'bias'])
    >>> dist.destroy_process_group()
    """

    def __init__(
        self, module, process_group=None, sharding_strategy=None, cpu_offload=None, auto_wrap_policy=None, backward_prefetch=BackwardPrefetch.BACKWARD_PRE,
        mixed_precision=None, ignored_modules=None, param_init_fn=None, device_id=None, sync_module_states: bool = False, forward_prefetch: bool = False,
        limit_all_gathers: bool = True, use_orig_params: bool = False, ignored_states=None, device_mesh=None,
    ):  # fmt: skip
        super().__init__()
        if cpu_offload is not None and getattr(cpu_offload, "offload_params", cpu_offload):
            raise NotImplementedError("FullyShardedDataParallel(cpu_offload=...): parameters stay on their device")
        if ignored_modules is not None and ignored_states is not None:
            raise ValueError(
                "Cannot pass both ignored_modules and ignored_states at the same time. Please just pass ignored_states."
            )
        strategy = sharding_strategy or ShardingStrategy.FULL_SHARD
        ignored = list(ignored_modules or ignored_states or ())
        ignored_modules = {m for each in ignored if isinstance(each, jtorch.nn.Module) for m in each.modules()}
        ignored_parameters = {p for each in ignored if not isinstance(each, jtorch.nn.Module) for p in [each]}
        ignored_parameters |= {p for m in ignored_modules for p in m.parameters()}
        mesh = device_mesh or _mesh(process_group, strategy)
        options = dict(
            sharding_strategy=strategy, device_mesh=mesh, mixed_precision=mixed_precision, param_init_fn=param_init_fn,
            sync_module_states=sync_module_states, use_orig_params=use_orig_params, ignored_states=ignored or None,
        )  # fmt: skip
        if auto_wrap_policy is not None:

            def wrapper(part, changed):
                return FullyShardedDataParallel(part, **{**options, **changed})

            wrap_submodules(module, auto_wrap_policy, wrapper, FullyShardedDataParallel, ignored_modules)
        named = own_parameters([module], ignored_parameters, FullyShardedDataParallel)
        for parameter, owners in named:
            if parameter.is_meta:
                for owner in {owner for owner, _ in owners}:
                    param_init_fn(owner) if param_init_fn else owner.to_empty(device="cpu", recurse=False)
        if any(parameter.is_meta for parameter, _ in named):
            named = own_parameters([module], ignored_parameters, FullyShardedDataParallel)
        if sync_module_states:
            for tensor in [p for p, _ in named] + list(module.buffers()):
                for d in range(mesh.ndim):
                    dist.broadcast(tensor.data, group=mesh.get_group(d), group_src=0)
        precision = mixed_precision or MixedPrecision()
        if precision.buffer_dtype is not None:
            for part in module.modules():
                for name, buffer in part._buffers.items():
                    if buffer is not None and buffer.is_floating_point():
                        part._buffers[name] = buffer.to(precision.buffer_dtype)
        policy = MixedPrecisionPolicy(precision.param_dtype, precision.reduce_dtype)
        self._fsdp_wrapped_module = module
        self.sharding_strategy, self.mixed_precision = strategy, precision
        self.__dict__["_fsdp_group"] = ShardedGroup(named, mesh, None, policy, strategy not in _KEEPS)
        self.__dict__["_settings"] = StateDictSettings()
        self._register_state_dict_hook(_converted)
        hide_in_state_dict(self, _WRAPPED)
        self._register_load_state_dict_pre_hook(self._distribute_loaded)

    @property
    def module(self):
        """The wrapped module."""
        found = self._fsdp_wrapped_module
        return getattr(found, "_checkpoint_wrapped_module", found)

    @property
    def process_group(self):
        return self._fsdp_group.process_group

    def __getattr__(self, name):
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self._fsdp_wrapped_module, name)

    def __getitem__(self, key):
        return self._fsdp_wrapped_module[key]

    def check_is_root(self) -> bool:
        """Whether no wrapper is around: known of the wrappers inside once the outermost has run or been asked."""
        for part in FullyShardedDataParallel.fsdp_modules(self):
            if part is not self:
                part.__dict__["_inside"] = True
        return not self.__dict__.get("_inside", False)

    def forward(self, *args, **kwargs):
        precision = self.mixed_precision
        root = self.check_is_root()
        if precision.param_dtype is not None and (
            precision.cast_root_forward_inputs if root else precision.cast_forward_inputs
        ):
            args, kwargs = tree_map(lambda x: cast_floating(x, precision.param_dtype), (args, kwargs))
        return self._fsdp_group.call(self._fsdp_wrapped_module, args, kwargs)

    def named_parameters(self, *args, **kwargs):
        for name, parameter in super().named_parameters(*args, **kwargs):
            yield without(name, _WRAPPED), parameter

    def named_buffers(self, *args, **kwargs):
        for name, buffer in super().named_buffers(*args, **kwargs):
            yield without(name, _WRAPPED), buffer

    def _distribute_loaded(self, state_dict, prefix, *rest):
        """Whole tensors of a state are cut as the parameters are."""
        mine = {without(name, _WRAPPED): p for name, p in super().named_parameters()}
        for key in list(state_dict):
            found = mine.get(without(key[len(prefix) :], _WRAPPED)) if key.startswith(prefix) else None
            value = state_dict[key]
            if isinstance(found, DTensor) and type(value) is jtorch.Tensor and value.shape == found.shape:
                state_dict[key] = distribute_tensor(
                    value.detach(), found.device_mesh, found.placements, src_data_rank=None
                )

    @contextlib.contextmanager
    def no_sync(self):
        """Backward passes inside collect whole gradients, which the next one outside reduces."""
        groups = [m._fsdp_group for m in FullyShardedDataParallel.fsdp_modules(self)]
        before = [group.sync for group in groups]
        for group in groups:
            group.sync = False
        try:
            yield
        finally:
            for group, sync in zip(groups, before, strict=True):
                group.sync = sync

    def clip_grad_norm_(self, max_norm: float, norm_type: float = 2.0):
        """Clip the norm of all gradients together; it is returned as a plain tensor."""
        total = jtorch.nn.utils.clip_grad_norm_(list(self.parameters()), max_norm, norm_type)
        return total.full_tensor() if isinstance(total, DTensor) else total

    def apply(self, fn):
        """`Module.apply`, with whole parameters, which keep what is done to them."""
        with FullyShardedDataParallel.summon_full_params(self):
            return super().apply(fn)

    @staticmethod
    def fsdp_modules(module, root_only: bool = False) -> list:
        """The wrappers in a module."""
        found = [m for m in module.modules() if isinstance(m, FullyShardedDataParallel)]
        return [m for m in found if m.check_is_root()] if root_only else found

    @staticmethod
    @contextlib.contextmanager
    def summon_full_params(
        module, recurse: bool = True, writeback: bool = True, rank0_only: bool = False, offload_to_cpu: bool = False, with_grads: bool = False
    ):  # fmt: skip
        """Inside, parameters are whole plain tensors; with `writeback` they are cut again as they are at the end."""
        if rank0_only and writeback:
            raise NotImplementedError(
                "summon_full_params(writeback=True, rank0_only=True) is not supported: what ranks write would differ"
            )
        found = FullyShardedDataParallel.fsdp_modules(module) if recurse else [module]
        held = []
        for part in found:
            for entry in part._fsdp_group.entries:
                sharded = entry.sharded
                whole = jtorch.nn.Parameter(sharded.full_tensor().detach().clone(), sharded.requires_grad)
                if with_grads and sharded.grad is not None:
                    whole.grad = sharded.grad.full_tensor()
                for owner, name in entry.owners:
                    owner._parameters[name] = whole
                held.append((entry, sharded, whole))
        try:
            yield
        finally:
            for entry, sharded, whole in held:
                if writeback:
                    with jtorch.no_grad():
                        sharded.copy_(
                            distribute_tensor(
                                whole.detach(), sharded.device_mesh, sharded.placements, src_data_rank=None
                            )
                        )
                for owner, name in entry.owners:
                    owner._parameters[name] = sharded

    # States

    @staticmethod
    def set_state_dict_type(
        module, state_dict_type, state_dict_config=None, optim_state_dict_config=None
    ) -> StateDictSettings:
        """What `state_dict` and `optim_state_dict` give from now on; what they gave before is returned."""
        if state_dict_type is StateDictType.LOCAL_STATE_DICT:
            raise NotImplementedError(
                "StateDictType.LOCAL_STATE_DICT: parameters are never flat here; use SHARDED_STATE_DICT"
            )
        full = state_dict_type is StateDictType.FULL_STATE_DICT
        made = StateDictSettings(
            state_dict_type,
            state_dict_config or (FullStateDictConfig() if full else ShardedStateDictConfig()),
            optim_state_dict_config or (FullOptimStateDictConfig() if full else ShardedOptimStateDictConfig()),
        )
        before = StateDictSettings()
        for part in FullyShardedDataParallel.fsdp_modules(module):
            before, part.__dict__["_settings"] = part._settings, made
        return before

    @staticmethod
    def get_state_dict_type(module) -> StateDictSettings:
        found = FullyShardedDataParallel.fsdp_modules(module)
        return found[0]._settings if found else StateDictSettings()

    @staticmethod
    @contextlib.contextmanager
    def state_dict_type(module, state_dict_type, state_dict_config=None, optim_state_dict_config=None):
        """`set_state_dict_type`, inside a block."""
        before = FullyShardedDataParallel.set_state_dict_type(
            module, state_dict_type, state_dict_config, optim_state_dict_config
        )
        try:
            yield
        finally:
            for part in FullyShardedDataParallel.fsdp_modules(module):
                part.__dict__["_settings"] = before

    @staticmethod
    def optim_state_dict(model, optim, optim_state_dict=None, group=None) -> dict:
        """The optimizer's state by names of parameters, whole or as DTensors."""
        if optim_state_dict is not None:
            raise NotImplementedError("FSDP.optim_state_dict(optim_state_dict=...): give the optimizer alone")
        settings = FullyShardedDataParallel.get_state_dict_type(model)
        made = get_optimizer_state_dict(model, optim)
        if settings.state_dict_type is not StateDictType.FULL_STATE_DICT:
            return made
        made = tree_map(_whole, made)
        alone = getattr(settings.optim_state_dict_config, "rank0_only", False) and dist.get_rank() != 0
        return {} if alone else made

    @staticmethod
    def optim_state_dict_to_load(model, optim, optim_state_dict, is_named_optimizer=False, load_directly=False, group=None) -> dict:  # fmt: skip
        """What `optim_state_dict` gave, as `optim.load_state_dict` takes it."""
        made = optimizer_state_by_number(model, optim, optim_state_dict)
        if load_directly:
            optim.load_state_dict(made)
        return made

    @staticmethod
    def full_optim_state_dict(model, optim, optim_input=None, rank0_only: bool = True, group=None) -> dict:
        made = tree_map(_whole, get_optimizer_state_dict(model, optim))
        return {} if rank0_only and dist.get_rank() != 0 else made

    @staticmethod
    def sharded_optim_state_dict(model, optim, group=None) -> dict:
        return get_optimizer_state_dict(model, optim)


FullyShardedDataParallel.__module__ = "jtorch.distributed.fsdp.fully_sharded_data_parallel"


def _whole(value):
    return value.full_tensor() if isinstance(value, DTensor) else value


def _converted(module, state_dict, prefix, local_metadata):
    settings = module._settings
    if settings.state_dict_type is StateDictType.FULL_STATE_DICT:
        alone = getattr(settings.state_dict_config, "rank0_only", False) and dist.get_rank() != 0
        for key in [key for key in state_dict if key.startswith(prefix)]:
            value = _whole(state_dict[key])
            if alone:
                del state_dict[key]
            else:
                state_dict[key] = value.cpu() if settings.state_dict_config.offload_to_cpu else value
    return state_dict


def _mesh(process_group, strategy) -> DeviceMesh:
    if strategy in _HYBRID:
        if not isinstance(process_group, tuple):
            raise NotImplementedError(
                "HYBRID_SHARD: say which processes cut and which replicate: device_mesh=init_device_mesh('cpu', (replicas, parts))"
            )
        raise NotImplementedError(
            "HYBRID_SHARD over a pair of process groups: give device_mesh=init_device_mesh('cpu', (replicas, parts))"
        )
    if process_group is not None and process_group.size() != dist.get_world_size():
        mesh = DeviceMesh("cpu", list(process_group.ranks), _init_backend=False)
        mesh._groups = [process_group]
        if strategy is ShardingStrategy.NO_SHARD:
            raise NotImplementedError(
                "NO_SHARD over some of the processes: use DistributedDataParallel(process_group=...)"
            )
        return mesh
    count = dist.get_world_size()
    if strategy is ShardingStrategy.NO_SHARD:
        return dist.init_device_mesh("cpu", (count, 1))
    return dist.init_device_mesh("cpu", (count,))
