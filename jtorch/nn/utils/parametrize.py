"""Parameters and buffers that are computed, at each access, from the tensors that are trained or kept in their place.

A module whose `weight` is parametrized gets a class of its own, with a property `weight`, and a `ParametrizationList` under
`parametrizations.weight` that holds the tensor it started from (`original`) and the modules that compute from it.
"""

import contextlib
import copy
import copyreg
import types
from collections.abc import Sequence

import jtorch
from jtorch.nn.modules.container import ModuleDict, ModuleList
from jtorch.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

# What has been computed inside `cached()`, by module and name; the modules are held, so that their ids stay theirs.
_cache: dict = {}
_cache_enabled = 0


@contextlib.contextmanager
def cached():
    """Inside this context each parametrized tensor is computed once, at its first use.

    >>> import jtorch as torch
    >>> from jtorch.nn.utils import parametrize
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(2, 2))
    >>> with parametrize.cached():
    ...     print(layer.weight is layer.weight)
    True
    """
    global _cache_enabled
    _cache_enabled += 1
    try:
        yield
    finally:
        _cache_enabled -= 1
        if not _cache_enabled:
            _cache.clear()


def _register(module, name, tensor):
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _refuse_change(what, before, after, name_before, name_after, flag="`unsafe`"):
    """Raise if a parametrization has changed a tensor's dtype or shape."""
    for kind in ("dtype", "shape"):
        old, new = getattr(before, kind), getattr(after, kind)
        if old != new:
            raise ValueError(
                f"{what.format(kind=kind)}, unless {flag} flag is enabled.\n"
                f"{name_before.format(kind=kind)}: {old}\n{name_after.format(kind=kind)}: {new}"
            )


class ParametrizationList(ModuleList):
    """The modules that compute one tensor, applied in order, and the tensor or tensors the first of them starts from.

    These are `original`, or `original0`, `original1`, ... where the modules' `right_inverse` gives several.
    """

    def __init__(self, modules, original, unsafe=False):
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before = types.SimpleNamespace(dtype=original.dtype, shape=original.shape)
        start = self._start(original)
        self.is_tensor = isinstance(start, jtorch.Tensor)
        self.ntensors = 1 if self.is_tensor else len(start)
        if self.is_tensor:
            for kind in ("dtype", "device"):
                old, new = getattr(original, kind), getattr(start, kind)
                if old != new:
                    raise ValueError(
                        f"When `right_inverse` outputs one tensor, it may not change the {kind}.\n"
                        f"original.{kind}: {old}\nright_inverse(original).{kind}: {new}"
                    )
            with jtorch.no_grad():
                original.set_(start)
            _register(self, "original", original)
        else:
            for i, tensor in enumerate(start):
                self._register_one_of_several(i, tensor, original)
        if not unsafe:
            self._check(before)

    def _start(self, original):
        """What the modules' right inverses make of the tensor; a module without one leaves it."""
        start = original
        with jtorch.no_grad():
            for module in reversed(self):
                if hasattr(module, "right_inverse"):
                    with contextlib.suppress(NotImplementedError):
                        start = module.right_inverse(start)
        if not isinstance(start, (jtorch.Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(start).__name__}"
            )
        return start

    def _register_one_of_several(self, i, tensor, original):
        if not isinstance(tensor, jtorch.Tensor):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element "
                f"{i} of the sequence with type {type(tensor).__name__}."
            )
        if isinstance(original, Parameter):
            tensor = Parameter(tensor, original.requires_grad)
        tensor.requires_grad_(original.requires_grad)
        _register(self, f"original{i}", tensor)

    def _check(self, before):
        made = self()
        if not isinstance(made, jtorch.Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {type(made).__name__}.")
        _refuse_change(
            "Registering a parametrization may not change the {kind} of the tensor",
            before,
            made,
            "unparametrized {kind}",
            "parametrized {kind}",
        )

    def right_inverse(self, value):
        """Set the originals so that the parametrized tensor becomes `value`: the modules' right inverses, last first."""
        with jtorch.no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
                value = module.right_inverse(value)
            if self.is_tensor:
                self._set(value)
            else:
                self._set_several(value)

    def _set(self, value):
        if not isinstance(value, jtorch.Tensor):
            raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
        if value.dtype != self.original.dtype:
            raise ValueError(
                f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                f"{self.original.dtype}"
            )
        # Its storage is replaced, not filled: the sizes may differ.
        self.original.set_(value)

    def _set_several(self, values):
        if not isinstance(values, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(values).__name__}.")
        if len(values) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of "
                f"length {len(values)}."
            )
        for i, value in enumerate(values):
            original = getattr(self, f"original{i}")
            if not isinstance(value, jtorch.Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors or reference-type opaques. Got element "
                    f"{i} of type {type(value).__name__}."
                )
            if original.dtype != value.dtype:
                raise ValueError(
                    f"Tensor {i} returned by `right_inverse` has dtype {value.dtype} while `original{i}` has dtype "
                    f"{original.dtype}"
                )
            original.set_(value)

    def forward(self):
        names = ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]
        first, *others = self
        value = first(*(getattr(self, name) for name in names))
        for module in others:
            value = module(value)
        return value


def _deepcopy(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    made = self.__new__(type(self))
    memo[id(self)] = made
    made.__dict__ = copy.deepcopy(self.__dict__, memo)
    for slot in copyreg._slotnames(type(self)):
        if hasattr(self, slot):
            setattr(made, slot, copy.deepcopy(getattr(self, slot), memo))
    return made


def _refuse_pickling(self):
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _give_own_class(module):
    """A class for this module alone: properties belong to classes, and others of its class must not get them."""
    cls = type(module)
    members = {"__getstate__": _refuse_pickling}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), members)


def _add_property(module, name):
    def computed(self):
        compute = self.parametrizations[name]
        if not _cache_enabled:
            return compute()
        key = id(self), name
        if key not in _cache:
            _cache[key] = self, compute()
        return _cache[key][1]

    def assign(self, value):
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(computed, assign))


def register_parametrization(module, tensor_name, parametrization, *, unsafe=False):
    """Let `parametrization`, a module, compute a parameter or buffer of `module` from now on; returns the module.

    What is trained is `module.parametrizations.NAME.original`: the tensor as it was, or what the parametrization's `right_inverse`
    makes of it. A second parametrization is applied to what the first gives. Assigning to the tensor needs `right_inverse`.
    `unsafe` permits changes of dtype and shape.

    >>> import jtorch as torch
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = torch.nn.utils.parametrize.register_parametrization(torch.nn.Linear(3, 3), "weight", Symmetric())
    >>> torch.equal(layer.weight, layer.weight.T), list(layer.state_dict())
    (True, ['bias', 'parametrizations.weight.original'])
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        parametrizations = module.parametrizations[tensor_name]
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        parametrizations = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _give_own_class(module)
            module.parametrizations = ModuleDict()
        _add_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def _check_next(module, name, parametrization):
    """Raise if one more parametrization changes dtype or shape, forth or back."""
    before = getattr(module, name)
    after = parametrization(before)
    if not isinstance(after, jtorch.Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
    _refuse_change(
        "Registering a parametrization may not change the {kind} of the tensor",
        before,
        after,
        f"module.{name}.{{kind}}",
        f"parametrization(module.{name}).{{kind}}",
        "the `unsafe`",
    )
    if not hasattr(parametrization, "right_inverse"):
        return
    try:
        back = parametrization.right_inverse(after)
    except NotImplementedError:
        return
    if not isinstance(back, jtorch.Tensor):
        raise ValueError(f"parametrization.right_inverse must return a tensor. Got: {type(back).__name__}")
    _refuse_change(
        f"The tensor returned by parametrization.right_inverse must have the same {{kind}} as module.{name}",
        before,
        back,
        f"module.{name}.{{kind}}",
        "returned {kind}",
        "the `unsafe`",
    )


def is_parametrized(module, tensor_name=None):
    """Whether anything of a module, or the tensor of that name, is parametrized."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(module, tensor_name, leave_parametrized=True):
    """Make a parametrized tensor an ordinary one again, with its present value or, if not `leave_parametrized`, the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        tensor = parametrizations.original
        if leave_parametrized:
            with jtorch.no_grad():
                tensor.set_(getattr(module, tensor_name))
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        tensor = Parameter(value) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a "
            "sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, tensor)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module):
    """The class of a module as it was written, without the one that parametrizing has put over it."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(from_module, to_module, tensor_name=None):
    """Parametrize the tensors of one module as those of another are, sharing parametrizations and originals; all of them by default."""
    if not is_parametrized(from_module):
        return to_module
    for name in from_module.parametrizations if tensor_name is None else [tensor_name]:
        given = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        for parametrization in given:
            register_parametrization(to_module, name, parametrization)
        for original in ["original"] if given.is_tensor else [f"original{i}" for i in range(given.ntensors)]:
            setattr(to_module.parametrizations[name], original, getattr(given, original))
    return to_module
