"""`Module`: what every layer and every model is."""

import inspect
import warnings
from collections import OrderedDict

import jtorch
from jtorch.autograd.mode import STATE
from jtorch.dtypes import PYTHON
from jtorch.nn.modules._hooks import (
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_buffer_registration_hooks,
    _global_forward_hooks,
    _global_forward_pre_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    _HookedCall,
    _register,
    _WrappedHook,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from jtorch.nn.modules._state import _EXTRA_STATE_KEY_SUFFIX as _EXTRA_STATE_KEY_SUFFIX
from jtorch.nn.modules._state import _IncompatibleKeys as _IncompatibleKeys
from jtorch.nn.modules._state import _StateDict
from jtorch.nn.parameter import Buffer, Parameter

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]


def _addindent(text, spaces):
    first, *rest = text.split("\n")
    return "\n".join([first, *(spaces * " " + line if line.strip() else "" for line in rest)])


def _forward_unimplemented(self, *input):
    """What the call of the module computes; every subclass defines it."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


class Module(_StateDict):
    """Base class of all layers and models: holds parameters, buffers and child modules, and calls `forward`.

    Parameters and modules assigned as attributes are registered. Under `no_grad` or `inference_mode` the pending
    work is sent off when the outermost module call ends, so that a loop over batches repeats one program.

    >>> import jtorch as torch
    >>> class Doubled(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner = torch.nn.Linear(2, 3)
    ...     def forward(self, x):
    ...         return 2 * self.inner(x)
    >>> Doubled()
    Doubled(
      (inner): Linear(in_features=2, out_features=3, bias=True)
    )
    """

    dump_patches = False
    _version = 1
    # Subclasses that are mixed with other bases set this, and their arguments are passed on.
    call_super_init = False
    _compiled_call_impl = None

    training: bool
    forward = _forward_unimplemented

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        # Straight into __dict__: none of these may pass through __setattr__, which a subclass may have replaced.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _is_full_backward_hook=None,
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
            _modules={},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # ------------------------------------------------------------------------------------------------ calling

    def __call__(self, *args, **kwargs):
        # Nearly every call: gradients are recorded (or an outer call takes care of the cut) and there are no hooks.
        if (STATE.grad or STATE.forward_cut_depth) and not (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _global_forward_hooks
            or _global_forward_pre_hooks
            or _global_backward_hooks
            or _global_backward_pre_hooks
            or self._compiled_call_impl is not None
        ):
            return self.forward(*args, **kwargs)
        call = self._compiled_call_impl or self._call_impl
        if STATE.grad or STATE.forward_cut_depth:
            return call(*args, **kwargs)
        STATE.forward_cut_depth = 1
        try:
            result = call(*args, **kwargs)
        finally:
            STATE.forward_cut_depth = 0
        jtorch.engine.cut()
        return result

    def _call_impl(self, *args, **kwargs):
        """The call with its hooks; what `compile` compiles."""
        return _HookedCall(self, args, kwargs).run()

    def compile(self, *args, **kwargs):
        """Compile this module's call with `torch.compile`; arguments are passed on to it."""
        self._compiled_call_impl = jtorch.compile(self._call_impl, *args, **kwargs)

    # ---------------------------------------------------------------------------------------- registration

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that is part of the module's state but not trained; `persistent=False` is not saved."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"buffer name should be a string. Got {jtorch.typename(name)}")
        if "." in name:
            raise KeyError('buffer name can\'t contain "."')
        if name == "":
            raise KeyError('buffer name can\'t be empty string ""')
        if hasattr(self, name) and name not in self._buffers:
            raise KeyError(f"attribute '{name}' already exists")
        if tensor is not None and not isinstance(tensor, jtorch.Tensor):
            raise TypeError(
                f"cannot assign '{jtorch.typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._buffers[name] = self._run_registration_hooks(_global_buffer_registration_hooks, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        """Add a parameter, or `None` for one that this instance goes without."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"parameter name should be a string. Got {jtorch.typename(name)}")
        if "." in name:
            raise KeyError('parameter name can\'t contain "."')
        if name == "":
            raise KeyError('parameter name can\'t be empty string ""')
        if hasattr(self, name) and name not in self._parameters:
            raise KeyError(f"attribute '{name}' already exists")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{jtorch.typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
            param = self._run_registration_hooks(_global_parameter_registration_hooks, name, param)
        self._parameters[name] = param

    def add_module(self, name, module):
        """Add a child module under `name`, as assigning it would; the name need not be a valid identifier."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{jtorch.typename(module)} is not a Module subclass")
        if not isinstance(name, str):
            raise TypeError(f"module name should be a string. Got {jtorch.typename(name)}")
        if hasattr(self, name) and name not in self._modules:
            raise KeyError(f"attribute '{name}' already exists")
        if "." in name:
            raise KeyError(f'module name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError('module name can\'t be empty string ""')
        self._modules[name] = self._run_registration_hooks(_global_module_registration_hooks, name, module)

    def register_module(self, name, module):
        """Another name of `add_module`."""
        self.add_module(name, module)

    def _run_registration_hooks(self, hooks, name, value):
        for hook in hooks.values():
            replaced = hook(self, name, value)
            if replaced is not None:
                value = replaced
        return value

    # ------------------------------------------------------------------------------------- attribute access

    def __getattr__(self, name):
        # Called only when the normal lookup failed; before __init__ the tables themselves are missing.
        tables = self.__dict__
        for table in ("_parameters", "_buffers", "_modules"):
            if table in tables and name in tables[table]:
                return tables[table][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        tables = self.__dict__
        params = tables.get("_parameters")
        if isinstance(value, Parameter):
            if params is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            _forget(name, tables, self._buffers, self._modules, self._non_persistent_buffers_set)
            self.register_parameter(name, value)
        elif params is not None and name in params:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{jtorch.typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            if tables.get("_modules") is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            _forget(name, tables, params, self._buffers, self._non_persistent_buffers_set)
            self._modules[name] = self._run_registration_hooks(_global_module_registration_hooks, name, value)
        elif name in (tables.get("_modules") or ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{jtorch.typename(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            self._modules[name] = self._run_registration_hooks(_global_module_registration_hooks, name, value)
        elif isinstance(value, Buffer) or name in (tables.get("_buffers") or ()):
            self._assign_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _assign_buffer(self, name, value):
        if value is not None and not isinstance(value, jtorch.Tensor):
            raise TypeError(
                f"cannot assign '{jtorch.typename(value)}' as buffer '{name}' "
                "(torch.nn.Buffer, torch.Tensor or None expected)"
            )
        persistent = value.persistent if isinstance(value, Buffer) else name not in self._non_persistent_buffers_set
        # A subclass may have overridden register_buffer with the old two-argument signature.
        overridden = type(self).register_buffer is not Module.register_buffer
        if not overridden or "persistent" in inspect.signature(self.register_buffer).parameters:
            self.register_buffer(name, value, persistent)
        elif persistent:
            self.register_buffer(name, value)
        else:
            raise RuntimeError(
                "Registering a non-persistent buffer on a Module subclass that implements register_buffer() without "
                "the persistent argument is not allowed."
            )

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self):
        names = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        # "0", "1", ... of containers are no attribute names.
        return sorted(name for name in names if not name[0].isdigit())

    def get_submodule(self, target):
        """The descendant that the dotted path `target` names; the empty path names the module itself."""
        module = self
        for atom in target.split(".") if target else ():
            if not hasattr(module, atom):
                raise AttributeError(f"{module._get_name()} has no attribute `{atom}`")
            module = getattr(module, atom)
            if not isinstance(module, Module):
                raise AttributeError(f"`{atom}` is not an nn.Module")
        return module

    def set_submodule(self, target, module, strict=False):
        """Put `module` at the dotted path `target`; with `strict` only in the place of an existing one."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        parent_path, _, name = target.rpartition(".")
        parent = self.get_submodule(parent_path)
        if not hasattr(parent, name):
            if strict:
                raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        elif not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target):
        """The parameter that the dotted path `target` names."""
        module, name = self._owner_of(target)
        if not isinstance(getattr(module, name), Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return getattr(module, name)

    def get_buffer(self, target):
        """The buffer that the dotted path `target` names."""
        module, name = self._owner_of(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return getattr(module, name)

    def _owner_of(self, target):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return module, name

    # -------------------------------------------------------------------------------------------- traversal

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """All modules with their dotted names, this one first under the name `prefix`."""
        if memo is None:
            memo = set()
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                child_prefix = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, child_prefix, remove_duplicate)

    def modules(self, remove_duplicate=True):
        """This module and all its descendants, each once."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_children(self):
        """The direct children with their names; a child registered twice comes once."""
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self):
        """The direct children."""
        for _, module in self.named_children():
            yield module

    def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for module_prefix, module in modules:
            for name, member in get_members_fn(module):
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield (f"{module_prefix}.{name}" if module_prefix else name), member

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Parameters with their dotted names; one shared by several modules comes once, under its first name."""
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse=True):
        """The parameters of this module and, with `recurse`, of its descendants; what an optimizer is given."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """Buffers with their dotted names."""
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """The buffers of this module and, with `recurse`, of its descendants."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def apply(self, fn):
        """Call `fn` on every descendant, children before parents, then on this module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # ---------------------------------------------------------------------------------------- modes and grads

    def train(self, mode=True):
        """Put this module and its descendants in training mode, or with `mode=False` in evaluation mode."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Evaluation mode: no dropout, running statistics in batch norm."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Freeze (`False`) or unfreeze all parameters."""
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Drop the gradients of all parameters, or with `set_to_none=False` fill them with zeros."""
        if getattr(self, "_is_replica", False):
            warnings.warn(
                "Calling .zero_grad() from a module created with nn.DataParallel() has no effect. The parameters are "
                "copied (in a differentiable manner) from the original module. This means they are not leaf nodes in "
                "autograd and so don't accumulate gradients. If you need gradients in your forward method, consider "
                "using autograd.grad instead.",
                stacklevel=2,
            )
        for param in self.parameters():
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

    # ------------------------------------------------------------------------------------ devices and dtypes

    def _apply(self, fn, recurse=True):
        """Replace the value of every parameter, gradient and buffer by `fn` of it; parameters stay the same objects."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            with jtorch.no_grad():
                moved = fn(param)
                grad = param.grad
                moved_grad = None if grad is None else fn(grad)
            if moved is not param:
                param.data = moved
            if grad is not None and moved_grad is not grad:
                # Setting data to another dtype or device may have dropped the gradient; it keeps its identity.
                grad.data = moved_grad
                param.grad = grad
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args, **kwargs):
        """Move to a device, a floating dtype, both, or those of a tensor; in place, and returns the module."""
        device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
        if dtype is not None:
            if not (dtype.is_floating_point or dtype.is_complex):
                raise TypeError(
                    f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
                )
            if dtype.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may change, and some "
                    "modules might not work as expected when using complex tensors as parameters or buffers.",
                    stacklevel=2,
                )

        def convert(t):
            if t.is_meta and device is not None and jtorch.device(device).type != "meta":
                raise NotImplementedError(
                    "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of torch.nn.Module.to() "
                    "when moving module from meta to a different device."
                )
            # Integers (num_batches_tracked) keep their dtype.
            target = dtype if t.is_floating_point() or t.is_complex() else None
            if memory_format is not None and t.dim() in (4, 5):
                return t.to(device, target, non_blocking, memory_format=memory_format)
            return t.to(device, target, non_blocking)

        return self._apply(convert)

    def to_empty(self, *, device, recurse=True):
        """Move to a device without copying the values."""
        return self._apply(lambda t: jtorch.empty_like(t, device=device), recurse=recurse)

    def cuda(self, device=None):
        """Move to an accelerator."""
        return self._apply(lambda t: t.cuda(device))

    def cpu(self):
        """Move to the CPU."""
        return self._apply(lambda t: t.cpu())

    def ipu(self, device=None):
        """Raises, as in a torch that was not built for the device."""
        return self._apply(lambda t: t.ipu())

    def mtia(self, device=None):
        """Raises, as in a torch that was not built for the device."""
        return self._apply(lambda t: t.mtia())

    def xpu(self, device=None):
        """Raises, as in a torch that was not built for the device."""
        return self._apply(lambda t: t.xpu())

    def type(self, dst_type):
        """Cast all parameters and buffers, integer ones too."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self):
        """Cast floating parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self):
        """Cast floating parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self):
        """Cast floating parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self):
        """Cast floating parameters and buffers to bfloat16."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def share_memory(self):
        """Move parameters and buffers to memory that other processes can map."""
        return self._apply(lambda t: t.share_memory_())

    # ------------------------------------------------------------------------------------------------- hooks

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call `hook(module, args)` before `forward`; a result replaces the arguments.

        `with_kwargs` hands over (and may return) `args, kwargs`.
        """
        handle = _register(self._forward_pre_hooks, hook, extra_dict=self._forward_pre_hooks_with_kwargs)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        if prepend:
            self._forward_pre_hooks.move_to_end(handle.id, last=False)
        return handle

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call `hook(module, args, output)` after `forward`; a result replaces the output.

        `with_kwargs` inserts the keyword arguments before the output; `always_call` calls it also when `forward`
        raised.

        >>> import jtorch as torch
        >>> shapes = []
        >>> layer = torch.nn.Flatten()
        >>> handle = layer.register_forward_hook(lambda module, args, output: shapes.append(output.shape))
        >>> _ = layer(torch.zeros(2, 3, 4))
        >>> shapes
        [torch.Size([2, 12])]
        """
        handle = _register(
            self._forward_hooks,
            hook,
            extra_dict=[self._forward_hooks_with_kwargs, self._forward_hooks_always_called],
        )
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        if prepend:
            self._forward_hooks.move_to_end(handle.id, last=False)
        return handle

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call `hook(module, grad_output)` before the module's gradient; a result replaces `grad_output`."""
        handle = _register(self._backward_pre_hooks, hook)
        if prepend:
            self._backward_pre_hooks.move_to_end(handle.id, last=False)
        return handle

    def register_full_backward_hook(self, hook, prepend=False):
        """Call `hook(module, grad_input, grad_output)` with the module's gradients; a result replaces `grad_input`."""
        self._choose_backward_hook_kind(full=True)
        handle = _register(self._backward_hooks, hook)
        if prepend:
            self._backward_hooks.move_to_end(handle.id, last=False)
        return handle

    def register_backward_hook(self, hook):
        """The old kind of `register_full_backward_hook`: sees the gradients of the module's last operation only."""
        self._choose_backward_hook_kind(full=False)
        return _register(self._backward_hooks, hook)

    def _choose_backward_hook_kind(self, full):
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. "
                "Please use only one of them."
            )
        self._is_full_backward_hook = full

    # ------------------------------------------------------------------------------------ printing, pickling

    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """The part of `repr` that a subclass adds, usually its constructor's arguments."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()]
        if len(extra_lines) == 1 and not child_lines:
            body = extra_lines[0]
        elif extra_lines or child_lines:
            body = "\n  " + "\n  ".join(extra_lines + child_lines) + "\n"
        else:
            body = ""
        return f"{self._get_name()}({body})"

    def __getstate__(self):
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        # Modules pickled by early versions of torch lack the younger tables.
        for name, make in _YOUNGER_ATTRIBUTES.items():
            if name not in self.__dict__:
                self.__dict__[name] = make()

    def _replicate_for_data_parallel(self):
        replica = self.__new__(type(self))
        replica.__dict__ = self.__dict__.copy()
        # The copies of the parameters are no leaves, so they live as plain attributes.
        replica._parameters = {}
        replica._buffers = replica._buffers.copy()
        replica._modules = replica._modules.copy()
        replica._is_replica = True
        return replica


_YOUNGER_ATTRIBUTES = {
    "_forward_pre_hooks": OrderedDict,
    "_forward_pre_hooks_with_kwargs": OrderedDict,
    "_forward_hooks_with_kwargs": OrderedDict,
    "_forward_hooks_always_called": OrderedDict,
    "_state_dict_hooks": OrderedDict,
    "_state_dict_pre_hooks": OrderedDict,
    "_load_state_dict_pre_hooks": OrderedDict,
    "_load_state_dict_post_hooks": OrderedDict,
    "_non_persistent_buffers_set": set,
    "_is_full_backward_hook": lambda: None,
    "_backward_pre_hooks": OrderedDict,
}


def _forget(name, *tables):
    for table in tables:
        if isinstance(table, dict):
            table.pop(name, None)
        else:
            table.discard(name)


# Pickled modules may hold wrapped hooks, which torch keeps in this module.
_WrappedHook.__module__ = __name__


def _parse_to(*args, **kwargs):
    """The arguments of `to`: (device, dtype, non_blocking, memory_format), whichever of its three forms was used."""
    names = ("device", "dtype", "non_blocking", "copy")
    found = dict.fromkeys(names)
    found.update(kwargs)
    memory_format = found.pop("memory_format", None)
    other = found.pop("tensor", found.pop("other", None))
    if args and isinstance(args[0], jtorch.Tensor):
        other, args = args[0], args[1:]
        names = names[2:]
    elif args and (isinstance(args[0], jtorch.dtype) or args[0].__class__ is type):
        names = names[1:]
    given = dict(zip(names, args, strict=False))
    if len(args) > len(names) or set(found) - {"device", "dtype", "non_blocking", "copy"} or set(given) & set(kwargs):
        raise TypeError(
            "to() received an invalid combination of arguments. Expected (device, dtype, non_blocking), "
            "(dtype, non_blocking) or (tensor, non_blocking)."
        )
    found.update(given)
    device, dtype = found["device"], found["dtype"]
    if other is not None:
        device, dtype = other.device, other.dtype
    dtype = PYTHON.get(dtype, dtype)
    if dtype is not None and not isinstance(dtype, jtorch.dtype):
        raise TypeError(f"to() received an invalid combination of arguments: {dtype!r} is not a torch.dtype")
    if device is not None:
        device = jtorch.device(device)
    return device, dtype, bool(found["non_blocking"]), memory_format


def factory_kwargs(kwargs):
    """The `device`, `dtype` and `memory_format` among keywords, as a module hands them to what makes its tensors.

    >>> import jtorch as torch
    >>> torch.nn.factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": torch.float64}})
    {'dtype': torch.float64, 'device': 'cpu'}
    """
    if kwargs is None:
        return {}
    known = {"device", "dtype", "memory_format"}
    unexpected = kwargs.keys() - known - {"factory_kwargs"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    made = dict(kwargs.get("factory_kwargs", {}))
    for key in ("device", "dtype", "memory_format"):
        if key in kwargs:
            if key in made:
                raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
            made[key] = kwargs[key]
    return made
