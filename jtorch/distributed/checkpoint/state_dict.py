"""States of modules and optimizers by the names of parameters, which do not depend on their order or on wrappers."""

import contextlib
from dataclasses import dataclass

import jtorch
from jtorch import distributed as dist
from jtorch.utils._pytree import tree_map

__all__ = [
    "StateDictOptions",
    "get_model_state_dict",
    "get_optimizer_state_dict",
    "get_state_dict",
    "set_model_state_dict",
    "set_optimizer_state_dict",
    "set_state_dict",
]

_WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")


@dataclass
class StateDictOptions:
    """What states hold: whole tensors (`full_state_dict`; with `cpu_offload` on rank 0 alone), or DTensors as they are.

    `broadcast_from_rank0` loads on all what rank 0 has; the others give an empty dict.
    """

    full_state_dict: bool = False
    cpu_offload: bool = False
    ignore_frozen_params: bool = False
    keep_submodule_prefixes: bool = True
    strict: bool = True
    broadcast_from_rank0: bool = False
    flatten_optimizer_state_dict: bool = False

    def __post_init__(self):
        if self.flatten_optimizer_state_dict:
            raise NotImplementedError(
                "StateDictOptions(flatten_optimizer_state_dict=True) is not there; save the state as it is"
            )


def _plain(name: str) -> str:
    """A parameter's name without the wrappers around its module."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def _refuse_submodules(submodules) -> None:
    if submodules is not None:
        raise NotImplementedError("submodules=...: ask for the whole state and pick the names of the submodules")


def _given(tree, options: StateDictOptions | None):
    """A state as the options want it."""
    if options is None or not (options.full_state_dict or options.cpu_offload):
        return tree

    def convert(value):
        if not isinstance(value, jtorch.Tensor):
            return value
        if options.full_state_dict and hasattr(value, "full_tensor"):
            value = value.full_tensor()
        return value.cpu() if options.cpu_offload else value

    made = tree_map(convert, tree)
    alone = options.full_state_dict and options.cpu_offload and dist.is_initialized() and dist.get_rank() != 0
    return {} if alone else made


def get_model_state_dict(model, *, submodules=None, options: StateDictOptions | None = None) -> dict:
    """The module's `state_dict` with the names that it has without DataParallel and the like around it."""
    _refuse_submodules(submodules)
    frozen = set()
    if options is not None and options.ignore_frozen_params:
        frozen = {_plain(name) for name, p in model.named_parameters() if not p.requires_grad}
    with _as_dtensors(model):
        state = {_plain(name): value for name, value in model.state_dict().items()}
    return _given({name: value for name, value in state.items() if name not in frozen}, options)


def _as_dtensors(model):
    """FSDP1's wrappers give DTensors here, whatever they are set to."""
    from jtorch.distributed.fsdp import api
    from jtorch.distributed.fsdp.fully_sharded_data_parallel import FullyShardedDataParallel

    if not FullyShardedDataParallel.fsdp_modules(model):
        return contextlib.nullcontext()
    if FullyShardedDataParallel.get_state_dict_type(model) != api.StateDictSettings():
        return contextlib.nullcontext()
    return FullyShardedDataParallel.state_dict_type(model, api.StateDictType.SHARDED_STATE_DICT)


def get_optimizer_state_dict(model, optimizers, *, submodules=None, options: StateDictOptions | None = None) -> dict:
    """The optimizer's `state_dict` with names in the place of numbers."""
    _refuse_submodules(submodules)
    names = {parameter: _plain(name) for name, parameter in model.named_parameters()}
    made: dict = {"state": {}, "param_groups": []}
    for optimizer in _several(optimizers):
        _start(optimizer)
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter in optimizer.state:
                    made["state"][names[parameter]] = dict(optimizer.state[parameter])
            options_of = {key: value for key, value in group.items() if key != "params"}
            made["param_groups"].append({**options_of, "params": [names[p] for p in group["params"]]})
    return _given(made, options)


def get_state_dict(model, optimizers, *, submodules=None, options: StateDictOptions | None = None) -> tuple[dict, dict]:
    """Both, for `torch.distributed.checkpoint.save`."""
    return (
        get_model_state_dict(model, submodules=submodules, options=options),
        get_optimizer_state_dict(model, optimizers, submodules=submodules, options=options),
    )


def _start(optimizer) -> None:
    """Let a new optimizer have its state, by a step that moves nothing, so that there is something to load into."""
    parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
    if optimizer.state or any(p.grad is not None for p in parameters):
        return
    rates = [group.get("lr") for group in optimizer.param_groups]
    for p in parameters:
        p.grad = jtorch.zeros_like(p)
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        if rate is not None:
            group["lr"] = jtorch.zeros_like(rate) if isinstance(rate, jtorch.Tensor) else 0.0
    optimizer.step()
    for group, rate in zip(optimizer.param_groups, rates, strict=True):
        if rate is not None:
            group["lr"] = rate
    optimizer.zero_grad(set_to_none=True)


def _received(state, options: StateDictOptions | None):
    """What rank 0 gives, where the options say so."""
    if options is None or not options.broadcast_from_rank0:
        return state
    box = [state if dist.get_rank() == 0 else None]
    dist.broadcast_object_list(box, 0)
    return box[0]


def _cut_as(value, like):
    """A whole tensor as a DTensor that lies like another one."""
    if not hasattr(like, "placements") or hasattr(value, "placements") or value.shape != like.shape:
        return value.clone()  # the step counts of two optimizers are not one
    from jtorch.distributed.tensor import distribute_tensor

    return distribute_tensor(value.detach().to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def set_model_state_dict(model, model_state_dict: dict, *, options: StateDictOptions | None = None):
    """Load what `get_model_state_dict` gave, whatever is around the module now; whole tensors are cut as the parameters are."""
    given = _received(model_state_dict, options)
    strict = True if options is None else options.strict
    with _as_dtensors(model):
        here = {_plain(name): (name, value) for name, value in model.state_dict().items()}
        state = {}
        for name, value in given.items():
            own, like = here.get(name, (name, None))
            state[own] = _cut_as(value, like) if isinstance(value, jtorch.Tensor) else value
        return model.load_state_dict(state, strict=strict)


def set_optimizer_state_dict(
    model, optimizers, optim_state_dict: dict, *, options: StateDictOptions | None = None
) -> None:
    """Load what `get_optimizer_state_dict` gave."""
    given = _received(optim_state_dict, options)
    for optimizer in _several(optimizers):
        optimizer.load_state_dict(optimizer_state_by_number(model, optimizer, given))


def optimizer_state_by_number(model, optimizer, given: dict) -> dict:
    """A state by names as `optimizer.load_state_dict` takes it; whole tensors are cut as the parameters are."""
    names = {parameter: _plain(name) for name, parameter in model.named_parameters()}
    groups = {frozenset(group["params"]): group for group in given["param_groups"]}
    count, state, saved = 0, {}, []
    for group in optimizer.param_groups:
        found = groups.get(frozenset(names[p] for p in group["params"]))
        if found is None:
            raise RuntimeError(
                f"set_optimizer_state_dict: no group of the state has the parameters {[names[p] for p in group['params']]}"
            )
        numbers = list(range(count, count + len(group["params"])))
        count += len(numbers)
        for number, parameter in zip(numbers, group["params"], strict=True):
            if names[parameter] in given["state"]:
                state[number] = {
                    key: _cut_as(value, parameter) if isinstance(value, jtorch.Tensor) else value
                    for key, value in given["state"][names[parameter]].items()
                }
        saved.append({**found, "params": numbers})
    return {"state": state, "param_groups": saved}


def set_state_dict(
    model, optimizers, *, model_state_dict: dict, optim_state_dict: dict, options: StateDictOptions | None = None
):
    """Load both."""
    made = set_model_state_dict(model, model_state_dict, options=options)
    set_optimizer_state_dict(model, optimizers, optim_state_dict, options=options)
    return made


def _several(optimizers) -> tuple:
    return (optimizers,) if isinstance(optimizers, jtorch.optim.Optimizer) else tuple(optimizers)
