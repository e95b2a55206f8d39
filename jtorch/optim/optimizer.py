"""`Optimizer`: parameter groups, state, hooks, saving, and the update of a whole group as one operation."""

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._tensor_maths import TENSORS
from jtorch.utils.hooks import RemovableHandle

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

ParamsT = _params_t = Iterable[Any]

_global_optimizer_pre_hooks = OrderedDict()
_global_optimizer_post_hooks = OrderedDict()


class _RequiredParameter:
    """Marks an option of `defaults` that every group must give."""

    def __repr__(self):
        return "<required parameter>"


required = _RequiredParameter()


def register_optimizer_step_pre_hook(hook):
    """Call `hook(optimizer, args, kwargs)` before every optimizer's step; it may return new `(args, kwargs)`."""
    return _register(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Call `hook(optimizer, args, kwargs)` after every optimizer's step."""
    return _register(_global_optimizer_post_hooks, hook)


def _register(table, hook, prepend=False):
    handle = RemovableHandle(table)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


class Optimizer:
    """Base class of all optimizers: `Optimizer(params, defaults)`.

    A subclass either defines `step` itself, as in torch, or gives a `_rule` of `jtorch.ops.optim` together with
    `_settings` and `_new_state`; then the update of all parameters of a group is one operation, in which learning
    rates and the like are run-time values.

    >>> import jtorch as torch
    >>> weight = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.SGD([weight], lr=0.1)
    >>> weight.sum().backward()
    >>> optimizer.step()
    >>> weight.data
    tensor([0.9000, 0.9000])
    """

    # Whether the rule looks at a parameter as a whole, so that it cannot run on parts of one.
    _whole = False
    # The per-parameter rule, for subclasses without a `step` of their own.
    _rule = None
    # What a sparse gradient raises; None where the rule takes sparse gradients.
    _sparse_message = None

    def __init__(self, params, defaults):
        self.defaults = defaults
        for table in _HOOK_TABLES:
            setattr(self, table, OrderedDict())
        self._patch_step_function()
        if isinstance(params, jtorch.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + jtorch.typename(params)
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        jtorch.engine.cut()  # what made the parameters is no part of the first step

    # ---------------------------------------------------------------------------------------- parameter groups

    def add_param_group(self, param_group):
        """Add a group: a dict with "params" (tensors, or pairs of name and tensor) and options of its own.

        Options that the group lacks take the optimizer's defaults.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in "
                "sets will change between runs. Please use a list instead."
            )
        params = [params] if isinstance(params, jtorch.Tensor) else list(params)
        names = [entry[0] for entry in params if isinstance(entry, tuple)]
        params = [entry[1] if isinstance(entry, tuple) else entry for entry in params]
        param_group["params"] = params
        if names:
            if len(names) != len(params):
                raise ValueError("all optimizer params should be with/without names. Some param names are missing")
            param_group["param_names"] = names
        for param in params:
            if not isinstance(param, jtorch.Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is " + jtorch.typename(param)
                )
            if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len(params) != len(set(params)):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an "
                "error; see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        known = set()
        for group in self.param_groups:
            known.update(group["params"])
            if ("param_names" in param_group) != ("param_names" in group):
                which = "with names" if "param_names" in param_group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. "
                    f"cannot add param group {which} to the optimizer"
                )
        if not known.isdisjoint(params):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of all parameters, or with `set_to_none=False` fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                grad = param.grad
                if grad is None:
                    continue
                if set_to_none:
                    param.grad = None
                    continue
                if grad.grad_fn is not None:
                    grad.detach_()
                else:
                    grad.requires_grad_(False)
                grad.zero_()

    # -------------------------------------------------------------------------------------------------- update

    def step(self, closure=None):
        """Update all parameters that have a gradient; `closure` computes the loss anew and is returned."""
        if self._rule is None:
            raise NotImplementedError
        loss = None
        with jtorch.set_grad_enabled(self.defaults.get("differentiable", False)):
            if closure is not None:
                with jtorch.enable_grad():
                    loss = closure()
            for group in self.param_groups:
                self._update_group(group)
        return loss

    def _settings(self, group):
        """The rule's numbers (run-time values; floats or tensors) and its switches (what is computed), of a group."""
        raise NotImplementedError(f"{type(self).__name__} has a rule but no _settings")

    def _state_names(self, group):
        """The names of the tensors that the rule keeps for each parameter of a group, in its order."""
        return ()

    def _new_state(self, group, param, grad):
        """The state of a parameter before its first step, in torch's key order."""
        raise NotImplementedError(f"{type(self).__name__} has a rule but no _new_state")

    def _update_group(self, group):
        params, grads = [], []
        for param in group["params"]:
            grad = param.grad
            if grad is not None:
                params.append(param)
                grads.append(grad)
        if not params:
            return
        if any(grad.is_sparse for grad in grads):
            if self._sparse_message:
                raise RuntimeError(self._sparse_message)
            params, grads = self._update_with_sparse(group, params, grads)
            if not params:
                return
        names = self._state_names(group)
        states = []
        if names:
            table = self.state
            states = [table[param] for param in params]
            for param, grad, state in zip(params, grads, states, strict=True):
                if not state:
                    state.update(self._new_state(group, param, grad))
        numbers, switches = self._settings(group)
        if not self.defaults.get("differentiable", False):
            device = params[0].device
            numbers = {
                # A tensor beside the parameters is an input of the program: nothing waits for it.
                name: value if isinstance(value, jtorch.Tensor) and value.device == device else float(value)
                for name, value in numbers.items()
            }
        self._update(params, grads, names, states, numbers, switches)

    def _update_with_sparse(self, group, params, grads):
        """Update the parameters whose gradient is sparse; gives back the others, and their gradients."""
        left = []
        for param, grad in zip(params, grads, strict=True):
            if grad.is_sparse:
                self._sparse_step(group, param, grad)
            else:
                left.append((param, grad))
        return [param for param, _ in left], [grad for _, grad in left]

    def _sparse_step(self, group, param, grad):
        """The update of one parameter by a sparse gradient, where the rule has one."""
        raise NotImplementedError(f"{type(self).__name__} takes sparse gradients but has no _sparse_step")

    def _update(self, params, grads, names, states, numbers, switches):
        """Apply the rule to parameters with gradients; `states` are their dictionaries."""
        if self.defaults.get("differentiable", False):
            self._update_recorded(params, grads, names, states, numbers, switches)
            return
        if any(param._dispatcher is not None for param in params):
            params, grads, states = self._parts(params, grads, states)
        devices = {param.device for param in params}
        if len(devices) > 1:
            for device in sorted(devices, key=str):
                here = [i for i, param in enumerate(params) if param.device == device]
                chosen = [[values[i] for i in here] for values in (params, grads, states) if values]
                self._update(chosen[0], chosen[1], names, chosen[2] if states else [], numbers, switches)
            return
        update, numbers = rules.for_all(self._rule), dict(numbers)
        lists = [[state[name] for state in states] for name in names]
        if "step" in names and lists[names.index("step")][0].device not in devices:
            # As in torch the counts stay on the CPU: the program elsewhere takes them as numbers.
            position = names.index("step")
            steps = lists.pop(position)
            update = _given_steps(update, position, str(steps[0].dtype).removeprefix("torch."))
            counts = {f"step{i}": float(step) for i, step in enumerate(steps)}
            numbers |= counts
            jtorch.dispatch.apply_inplace_lists(rules.count_steps, [steps], [], {}, {})
        inputs = [grads]
        given = tuple(name for name, value in numbers.items() if isinstance(value, jtorch.Tensor))
        if given:
            update = _given_tensors(update, given)
            inputs.append([numbers.pop(name).to(params[0].device) for name in given])
        jtorch.dispatch.apply_inplace_lists(update, [params, *lists], inputs, numbers, switches)

    def _parts(self, params, grads, states):
        """This process's parts of DTensors: rules work element by element, but for those that `_whole` marks."""
        if self._whole and any(p.is_shard() for param in params for p in getattr(param, "placements", ())):
            raise NotImplementedError(
                f"{type(self).__name__} needs whole parameters; replicate them, or take an optimizer that works element by element"
            )
        states = [{name: _part(value) for name, value in state.items()} for state in states]
        return [_part(param) for param in params], [_part(grad) for grad in grads], states

    def _update_recorded(self, params, grads, names, states, numbers, switches):
        settings = {**numbers, **switches}
        for i, (param, grad) in enumerate(zip(params, grads, strict=True)):
            kept = [states[i][name] for name in names]
            # Of clones: the originals are written below, after autograd has saved them.
            given = [tensor.clone() for tensor in kept]
            results = rules.apply_rule(TENSORS, self._rule, param.clone(), grad, given, settings)
            for tensor, result in zip((param, *kept), results, strict=True):
                tensor.copy_(result)

    @staticmethod
    def profile_hook_step(func):
        """Wrap a `step` so that it calls the hooks, and ends the program recorded so far."""

        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            self = args[0]
            if _global_optimizer_pre_hooks or self._optimizer_step_pre_hooks:
                pre_hooks = chain(_global_optimizer_pre_hooks.values(), self._optimizer_step_pre_hooks.values())
                for hook in pre_hooks:
                    changed = hook(self, args, kwargs)
                    if changed is None:
                        continue
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"{func} must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                        )
                    args, kwargs = changed
            result = func(*args, **kwargs)
            if _global_optimizer_post_hooks or self._optimizer_step_post_hooks:
                post_hooks = chain(self._optimizer_step_post_hooks.values(), _global_optimizer_post_hooks.values())
                for hook in post_hooks:
                    hook(self, args, kwargs)
            jtorch.engine.cut(repeats=True)
            return result

        return wrapper

    def _patch_step_function(self):
        # On the class, once: any subclass may bring a `step` of its own.
        cls = type(self)
        if not getattr(cls.step, "hooked", False):
            cls.step = self.profile_hook_step(cls.step)
            cls.step.hooked = True

    # ------------------------------------------------------------------------------------------ saving, loading

    def state_dict(self):
        """The state with parameters numbered in order, and the groups' options: torch's own layout."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers = {}
        groups = []
        count = 0
        for group in self.param_groups:
            for i, param in enumerate(group["params"], count):
                numbers.setdefault(id(param), i)
            count += len(group["params"])
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {numbers[id(k)] if isinstance(k, jtorch.Tensor) else k: v for k, v in self.state.items()}
        state_dict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        return state_dict

    def load_state_dict(self, state_dict):
        """Take over what `state_dict` gave, torch's too; parameters correspond by position, not by name.

        State is cast to the dtype and moved to the device of its parameter, except the step count.
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        groups = self.param_groups
        saved_groups = deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(g["params"]) != len(s["params"]) for g, s in zip(groups, saved_groups, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        owners = {}
        for group, saved in zip(groups, saved_groups, strict=True):
            for param, number in zip(group["params"], saved["params"], strict=True):
                owners[number] = (param, saved)
        state = defaultdict(dict)
        for number, value in state_dict["state"].items():
            if number in owners:
                param, saved = owners[number]
                state[param] = _cast(param, value, saved)
            else:
                state[number] = value
        for group, saved in zip(groups, saved_groups, strict=True):
            saved["params"] = group["params"]
            if "param_names" in group:
                saved.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved_groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        for table in _HOOK_TABLES:
            self.__dict__.setdefault(table, OrderedDict())
        self._patch_step_function()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self):
        text = f"{type(self).__name__} ("
        for i, group in enumerate(self.param_groups):
            options = "".join(f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params")
            text += f"\nParameter Group {i}\n{options}"
        return text + ")"

    # --------------------------------------------------------------------------------------------------- hooks

    def register_step_pre_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new `(args, kwargs)`."""
        return _register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return _register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` before `state_dict` collects."""
        return _register(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` after; a result replaces the dictionary."""
        return _register(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call `hook(optimizer, state_dict)` before loading; a result replaces the dictionary."""
        return _register(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call `hook(optimizer)` after loading."""
        return _register(self._optimizer_load_state_dict_post_hooks, hook, prepend)


def apply_sparse_rule(rule, param, state, grad, numbers, maximize):
    """Move the entries that a sparse gradient has, of a parameter and its state, by a rule of `jtorch.ops.sparse_optim`."""
    targets = [[param], *([tensor] for tensor in state)]
    inputs = [[grad._indices()], [grad._values()]]
    jtorch.dispatch.apply_inplace_lists(rule, targets, inputs, numbers, {"maximize": bool(maximize)})


_HOOK_TABLES = (
    "_optimizer_step_pre_hooks",
    "_optimizer_step_post_hooks",
    "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks",
    "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)


def _part(value):
    return value._local_tensor if isinstance(value, jtorch.Tensor) and value._dispatcher is not None else value


def _cast(param, value, group, key=None):
    """A loaded piece of state in the dtype and on the device of its parameter."""
    if isinstance(value, jtorch.Tensor):
        if key == "step":
            # The count keeps its precision, and lives with the parameter only where the group says so.
            if group.get("capturable") or group.get("fused"):
                return value.to(dtype=jtorch.float32, device=param.device)
            return value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, dict):
        return {k: _cast(param, v, group, k) for k, v in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return type(value)(_cast(param, v, group) for v in value)
    return value


@functools.cache
def _given_tensors(update, names):
    """`update` with some of its numbers as a last list of tensors."""

    def updated(*lists, **settings):
        *lists, tensors = lists
        numbers = {name: tensor.reshape(()).astype("float64") for name, tensor in zip(names, tensors, strict=True)}
        return update(*lists, **numbers, **settings)

    return updated


@functools.cache
def _given_steps(update, position, dtype):
    """`update` with the step counts given as numbers "step0", "step1", ... and not written back."""

    def updated(params, *lists, **settings):
        *states, grads = lists
        states.insert(position, [settings.pop(f"step{i}").astype(dtype) for i in range(len(params))])
        results = list(update(params, *states, grads, **settings))
        del results[1 + position]
        return tuple(results)

    return updated
