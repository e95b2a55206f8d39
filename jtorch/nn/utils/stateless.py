"""Calls of a module with other parameters and buffers in the place of its own."""

import contextlib
import warnings

from jtorch.tensor import Tensor


@contextlib.contextmanager
def _reparametrize_module(module, parameters_and_buffers: dict, tie_weights: bool = False, strict: bool = False):
    """Inside the block the module has these tensors; what it replaced them by is written back to the dict."""
    tensors = _untied(module, parameters_and_buffers) if tie_weights else dict(parameters_and_buffers)
    if strict:
        _check_keys(module, tensors)
    places = {name: _place(module, name) for name in tensors}
    original = {name: places[name].get(name.rpartition(".")[2]) for name in tensors}
    present = {name: name.rpartition(".")[2] in places[name] for name in tensors}
    try:
        for name, tensor in tensors.items():
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(f"{tensor} is not an instance of torch.Tensor")
            places[name][name.rpartition(".")[2]] = tensor
        yield
    finally:
        for name in tensors:
            short = name.rpartition(".")[2]
            if name in parameters_and_buffers:
                parameters_and_buffers[name] = places[name].get(short, parameters_and_buffers[name])
            if present[name]:
                places[name][short] = original[name]
            else:
                places[name].pop(short, None)


def _place(module, name: str) -> dict:
    """The dict of the submodule in which a tensor lives."""
    path, _, short = name.rpartition(".")
    owner = module.get_submodule(path)
    for table in (owner._parameters, owner._buffers):
        if short in table:
            return table
    return owner.__dict__


def _all_names(module) -> dict:
    return dict([*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)])


def _check_keys(module, tensors) -> None:
    known = set(_all_names(module))
    unexpected = [name for name in tensors if name not in known]
    missing = [name for name in _all_names(module) if name not in tensors]
    errors = []
    if unexpected:
        errors.append(f"Unexpected key(s): {', '.join(map(repr, unexpected))}.")
    if missing:
        errors.append(f"Missing key(s): {', '.join(map(repr, missing))}.")
    if errors:
        raise RuntimeError("Error(s) in reparametrizing for {}:\n\t{}".format(module._get_name(), "\n\t".join(errors)))


def _untied(module, tensors: dict) -> dict:
    """The tensors under all names of those that the module has twice."""
    names_of: dict[int, list[str]] = {}
    for name, tensor in _all_names(module).items():
        names_of.setdefault(id(tensor), []).append(name)
    made = dict(tensors)
    for names in names_of.values():
        given = [name for name in names if name in tensors]
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(names)}, which are tied. Consider using tie_weights=False"
            )
        if given:
            made.update(dict.fromkeys(names, tensors[given[0]]))
    return made


def _functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights, strict):
        return module(*args, **(kwargs or {}))


def functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Deprecated: use `torch.func.functional_call`."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future version of PyTorch. "
        "Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)
