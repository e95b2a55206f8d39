"""Hooks: the registries common to all modules, and the call of a module that has some."""

import functools
import warnings
import weakref
from collections import OrderedDict

import jtorch
from jtorch.utils.hooks import BackwardHook, RemovableHandle

# One table per event, id -> hook. They are truth-tested on every module call, so they are plain module globals.
_global_buffer_registration_hooks = OrderedDict()
_global_module_registration_hooks = OrderedDict()
_global_parameter_registration_hooks = OrderedDict()
_global_backward_pre_hooks = OrderedDict()
_global_backward_hooks = OrderedDict()
_global_forward_pre_hooks = OrderedDict()
_global_forward_hooks = OrderedDict()
_global_forward_hooks_always_called = OrderedDict()
_global_forward_hooks_with_kwargs = OrderedDict()
# Whether the global backward hooks are full ones (True), old ones (False), or there are none (None).
_global_is_full_backward_hook = None


def _register(table, hook, extra_dict=None):
    handle = RemovableHandle(table, extra_dict=extra_dict)
    table[handle.id] = hook
    return handle


def register_module_buffer_registration_hook(hook):
    """Call `hook(module, name, buffer)` whenever any module registers a buffer; a result replaces the buffer."""
    return _register(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """Call `hook(module, name, submodule)` whenever any module registers a child; a result replaces the child."""
    return _register(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """Call `hook(module, name, param)` whenever any module registers a parameter; a result replaces it."""
    return _register(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    """Call `hook(module, args)` before every module's `forward`; a result replaces the arguments."""
    return _register(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call `hook(module, args, output)` after every module's `forward`; a result replaces the output."""
    # Only the first table is cleared on removal, as in torch; a stale id in the second one is never looked up again.
    handle = _register(_global_forward_hooks, hook, extra_dict=_global_forward_hooks_always_called)
    if with_kwargs:
        _global_forward_hooks_with_kwargs[handle.id] = True
    if always_call:
        _global_forward_hooks_always_called[handle.id] = True
    return handle


def register_module_backward_hook(hook):
    """The old kind of `register_module_full_backward_hook`: sees the gradients of the last operation only."""
    _choose_global_backward_hook_kind(full=False)
    return _register(_global_backward_hooks, hook)


def register_module_full_backward_pre_hook(hook):
    """Call `hook(module, grad_output)` before every module's gradient is computed; a result replaces it."""
    return _register(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook):
    """Call `hook(module, grad_input, grad_output)` for every module; a result replaces `grad_input`."""
    _choose_global_backward_hook_kind(full=True)
    return _register(_global_backward_hooks, hook)


def _choose_global_backward_hook_kind(full):
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. "
            "Please use only one of them."
        )
    _global_is_full_backward_hook = full


class _WrappedHook:
    """A hook that is handed its module, held weakly, as first argument."""

    def __init__(self, hook, module=None):
        self.hook = hook
        functools.update_wrapper(self, hook)
        self.with_module = module is not None
        if self.with_module:
            self.module = weakref.ref(module)

    def __call__(self, *args, **kwargs):
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self):
        state = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state):
        self.hook = state["hook"]
        self.with_module = state["with_module"]
        if self.with_module:
            if state["module"] is None:
                raise RuntimeError("You are trying to revive the hook of a dead Module!")
            self.module = weakref.ref(state["module"])


class _HookedCall:
    """One call of a module that has hooks, or while global ones exist."""

    def __init__(self, module, args, kwargs):
        self.module = module
        self.args = args
        self.kwargs = kwargs
        self.result = None
        self.called = set()

    def run(self):
        try:
            return self.pre_hooks_forward_hooks()
        except Exception:
            self.call_remaining_always_called_hooks()
            raise

    def pre_hooks_forward_hooks(self):
        module = self.module
        pre_hooks = [*_global_backward_pre_hooks.values(), *module._backward_pre_hooks.values()]
        full_hooks, old_hooks = _backward_hooks_of(module)
        self.call_forward_pre_hooks()
        backward_hook = None
        if full_hooks or pre_hooks:
            backward_hook = BackwardHook(module, full_hooks, pre_hooks)
            self.args = backward_hook.setup_input_hook(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        self.call_forward_hooks()
        if backward_hook is not None:
            if not isinstance(self.result, (jtorch.Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(self.result)}",
                    stacklevel=5,
                )
            self.result = backward_hook.setup_output_hook(self.result)
        if old_hooks:
            self.attach_old_backward_hooks(old_hooks)
        return self.result

    def call_forward_pre_hooks(self):
        module = self.module
        for hook_id, hook in (*_global_forward_pre_hooks.items(), *module._forward_pre_hooks.items()):
            if hook_id in module._forward_pre_hooks_with_kwargs:
                changed = hook(module, self.args, self.kwargs)
                if changed is None:
                    continue
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                    )
                self.args, self.kwargs = changed
            else:
                changed = hook(module, self.args)
                if changed is not None:
                    self.args = changed if isinstance(changed, tuple) else (changed,)

    def call_forward_hooks(self):
        module = self.module
        for hook_id, hook in (*_global_forward_hooks.items(), *module._forward_hooks.items()):
            self.called.add(hook_id)
            with_kwargs = hook_id in module._forward_hooks_with_kwargs or hook_id in _global_forward_hooks_with_kwargs
            self.call_forward_hook(hook, with_kwargs)

    def call_forward_hook(self, hook, with_kwargs):
        if with_kwargs:
            changed = hook(self.module, self.args, self.kwargs, self.result)
        else:
            changed = hook(self.module, self.args, self.result)
        if changed is not None:
            self.result = changed

    def call_remaining_always_called_hooks(self):
        """After an error: the `always_call` hooks that did not have their turn; what they raise is only warned of."""
        module = self.module
        waiting = [
            ("global module", hook, hook_id in _global_forward_hooks_with_kwargs, hook_id)
            for hook_id, hook in _global_forward_hooks.items()
            if hook_id in _global_forward_hooks_always_called
        ] + [
            ("module", hook, hook_id in module._forward_hooks_with_kwargs, hook_id)
            for hook_id, hook in module._forward_hooks.items()
            if hook_id in module._forward_hooks_always_called
        ]
        for kind, hook, with_kwargs, hook_id in waiting:
            if hook_id in self.called:
                continue
            try:
                self.call_forward_hook(hook, with_kwargs)
            except Exception as error:
                warnings.warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=5,
                )

    def attach_old_backward_hooks(self, hooks):
        found = self.result
        while not isinstance(found, jtorch.Tensor):
            if isinstance(found, dict):
                found = next(value for value in found.values() if isinstance(value, jtorch.Tensor))
            else:
                found = found[0]
        if found.grad_fn is not None:
            for hook in hooks:
                found.grad_fn.register_hook(_WrappedHook(hook, self.module))
            _warn_of_missing_gradients(self.args, self.result, found.grad_fn)


def _backward_hooks_of(module):
    """The full and the old backward hooks that apply to `module`, global ones first."""
    full, old = [], []
    for is_full, hooks in (
        (_global_is_full_backward_hook, _global_backward_hooks),
        (module._is_full_backward_hook, module._backward_hooks),
    ):
        if is_full is True:
            full += hooks.values()
        elif is_full is False:
            old += hooks.values()
    return full, old


def _warn_of_missing_gradients(inputs, result, grad_fn):
    """Say when an old backward hook cannot see every gradient of the module."""

    def warn(situation, advice="Please use register_full_backward_hook to get the documented behavior.", missing=""):
        warnings.warn(
            f"Using {situation} is deprecated and will be removed in future versions. This hook will be missing some "
            f"{missing}.{' ' if advice else ''}{advice}",
            FutureWarning,
            stacklevel=7,
        )

    def as_tensors(value):
        if isinstance(value, jtorch.Tensor):
            return (value,)
        if isinstance(value, tuple) and all(isinstance(item, jtorch.Tensor) for item in value):
            return value
        return None

    outputs = as_tensors(result)
    if outputs is None:
        warn(
            "non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors",
            missing="grad_output",
        )
        return
    inputs = as_tensors(inputs)
    if inputs is None:
        warn(
            "non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of Tensors",
            missing="grad_input",
        )
        return
    output_nodes = {output.grad_fn for output in outputs if output.grad_fn is not None}
    if not output_nodes or (len(output_nodes) == 1 and grad_fn not in output_nodes):
        warn(
            "a non-full backward hook when outputs are nested in python data structure",
            advice="",
            missing="grad_output",
        )
    elif len(output_nodes) > 1:
        warn(
            "a non-full backward hook when outputs are generated by different autograd Nodes",
            missing="grad_output",
        )
    else:
        input_nodes = {tensor.grad_fn for tensor in inputs if tensor.grad_fn is not None}
        if input_nodes != {node for node, _ in grad_fn.next_functions}:
            warn(
                "a non-full backward hook when the forward contains multiple autograd Nodes",
                missing="grad_input",
            )
