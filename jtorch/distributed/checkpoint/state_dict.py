"""States of modules and optimizers by the names of parameters, which do not depend on their order or on wrappers."""

import jtorch

__all__ = [
    "get_model_state_dict",
    "get_optimizer_state_dict",
    "get_state_dict",
    "set_model_state_dict",
    "set_optimizer_state_dict",
    "set_state_dict",
]


def _plain(name: str) -> str:
    """A parameter's name without the wrappers around its module."""
    return ".".join(part for part in name.split(".") if part not in ("module", "_orig_mod"))


def get_model_state_dict(model, *, submodules=None, options=None) -> dict:
    """The module's `state_dict` with the names that it has without DataParallel and the like around it."""
    return {_plain(name): value for name, value in model.state_dict().items()}


def get_optimizer_state_dict(model, optimizers, *, submodules=None, options=None) -> dict:
    """The optimizer's `state_dict` with names in the place of numbers."""
    names = {parameter: _plain(name) for name, parameter in model.named_parameters()}
    made: dict = {"state": {}, "param_groups": []}
    for optimizer in _several(optimizers):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                if parameter in optimizer.state:
                    made["state"][names[parameter]] = dict(optimizer.state[parameter])
            options_of = {key: value for key, value in group.items() if key != "params"}
            made["param_groups"].append({**options_of, "params": [names[p] for p in group["params"]]})
    return made


def get_state_dict(model, optimizers, *, submodules=None, options=None) -> tuple[dict, dict]:
    """Both, for `torch.distributed.checkpoint.save`."""
    return get_model_state_dict(model), get_optimizer_state_dict(model, optimizers)


def set_model_state_dict(model, model_state_dict: dict, *, options=None):
    """Load what `get_model_state_dict` gave, whatever is around the module now."""
    names = {_plain(name): name for name in model.state_dict()}
    return model.load_state_dict({names.get(name, name): value for name, value in model_state_dict.items()})


def set_optimizer_state_dict(model, optimizers, optim_state_dict: dict, *, options=None) -> None:
    """Load what `get_optimizer_state_dict` gave."""
    names = {parameter: _plain(name) for name, parameter in model.named_parameters()}
    groups = {frozenset(group["params"]): group for group in optim_state_dict["param_groups"]}
    for optimizer in _several(optimizers):
        count, state, saved = 0, {}, []
        for group in optimizer.param_groups:
            given = groups.get(frozenset(names[p] for p in group["params"]))
            if given is None:
                raise RuntimeError(
                    f"set_optimizer_state_dict: no group of the state has the parameters {[names[p] for p in group['params']]}"
                )
            numbers = list(range(count, count + len(group["params"])))
            count += len(numbers)
            for number, parameter in zip(numbers, group["params"], strict=True):
                if names[parameter] in optim_state_dict["state"]:
                    state[number] = optim_state_dict["state"][names[parameter]]
            saved.append({**given, "params": numbers})
        optimizer.load_state_dict({"state": state, "param_groups": saved})


def set_state_dict(model, optimizers, *, model_state_dict: dict, optim_state_dict: dict, options=None):
    """Load both."""
    made = set_model_state_dict(model, model_state_dict)
    set_optimizer_state_dict(model, optimizers, optim_state_dict)
    return made


def _several(optimizers) -> tuple:
    return (optimizers,) if isinstance(optimizers, jtorch.optim.Optimizer) else tuple(optimizers)
