"""Pruning: masks that set chosen elements of a parameter to 0 before each call of its module.

A pruned `weight` is trained as the parameter `weight_orig`, with the buffer `weight_mask`; `weight` is their product, renewed by a hook.
"""

import abc
import numbers
from collections.abc import Iterable

import jtorch

# torch has no __all__ here; these are its public names.
__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(abc.ABC):
    """A way to choose what is pruned: subclasses define `compute_mask` and set PRUNING_TYPE.

    "unstructured" methods choose single elements, "structured" ones whole slices along `dim`, and "global" ones see everything, what is
    pruned already included.
    """

    _tensor_name: str

    def __call__(self, module, inputs):
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abc.abstractmethod
    def compute_mask(self, t, default_mask):
        """A mask for `t`, zero also where `default_mask` is."""

    def apply_mask(self, module):
        """The pruned tensor."""
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        original = getattr(module, self._tensor_name + "_orig")
        return getattr(module, self._tensor_name + "_mask").to(dtype=original.dtype) * original

    @classmethod
    def apply(cls, module, name, *args, importance_scores=None, **kwargs):
        """Prune a parameter of a module; elements with the lowest `importance_scores`, by default the values, go first."""
        method = cls._beside_earlier(module, name, args, kwargs)
        first = not isinstance(method, PruningContainer)
        original = getattr(module, name)
        if importance_scores is None:
            importance_scores = original
        elif importance_scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, got "
                f"{importance_scores.shape} vs {original.shape}"
            )
        if first:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
            mask = jtorch.ones_like(original)
        else:
            mask = getattr(module, name + "_mask").detach().clone(memory_format=jtorch.contiguous_format)
        try:
            module.register_buffer(name + "_mask", method.compute_mask(importance_scores, default_mask=mask))
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if first:
                module.register_parameter(name, getattr(module, name + "_orig"))
                del module._parameters[name + "_orig"]
            raise
        return method

    @classmethod
    def _beside_earlier(cls, module, name, args, kwargs):
        """A method of this class, in a container with what prunes the parameter already; that hook is taken off."""
        hooks = module._forward_pre_hooks
        keys = [k for k, hook in hooks.items() if isinstance(hook, BasePruningMethod) and hook._tensor_name == name]
        if len(keys) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module {module}. Use a PruningContainer."
            )
        earlier = hooks.pop(keys[0]) if keys else None
        method = cls(*args, **kwargs)
        method._tensor_name = name
        if earlier is None:
            return method
        container = earlier if isinstance(earlier, PruningContainer) else PruningContainer(earlier)
        container.add_pruning_method(method)
        return container

    def prune(self, t, default_mask=None, importance_scores=None):
        """A tensor pruned by this method, outside any module."""
        if importance_scores is None:
            importance_scores = t
        elif importance_scores.shape != t.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as tensor t, got {importance_scores.shape} vs {t.shape}"
            )
        default_mask = jtorch.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(importance_scores, default_mask=default_mask)

    def remove(self, module):
        """Make the pruned tensor the parameter; mask and original are dropped, the zeros stay."""
        name = self._tensor_name
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        pruned = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        parameter = module._parameters.pop(name + "_orig")
        parameter.data = pruned.data
        del module._buffers[name + "_mask"]
        setattr(module, name, parameter)


class PruningContainer(BasePruningMethod):
    """Several methods applied one after another: the last one chooses among what the earlier have left."""

    def __init__(self, *args):
        self._pruning_methods = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method):
        """Add a method that prunes the same parameter."""
        if method is not None:
            if not isinstance(method, BasePruningMethod):
                raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
            if self._tensor_name != method._tensor_name:
                raise ValueError(
                    f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to "
                    f"PruningContainer {self}. Found '{method._tensor_name}'"
                )
        self._pruning_methods += (method,)

    def __len__(self):
        return len(self._pruning_methods)

    def __iter__(self):
        return iter(self._pruning_methods)

    def __getitem__(self, idx):
        return self._pruning_methods[idx]

    def compute_mask(self, t, default_mask):
        """The mask of the last method, shown only what `default_mask` has left."""
        method = self._pruning_methods[-1]
        part = self._left(method, t, default_mask)
        mask = default_mask.to(dtype=t.dtype)
        # An index by a mask is a copy, and `to` may give the mask itself: the method must not see it change.
        chosen = method.compute_mask(t[part], default_mask=default_mask[part])
        mask[part] = chosen.to(dtype=mask.dtype)
        return mask

    def _left(self, method, t, mask):
        """An index of what a method chooses among."""
        kind = method.PRUNING_TYPE
        if kind == "unstructured":
            return mask == 1
        if kind == "global":
            return (slice(None),) * t.dim()
        if kind != "structured":
            raise ValueError(f"Unrecognized PRUNING_TYPE {kind}")
        if not hasattr(method, "dim"):
            raise AttributeError(
                'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` defined.'
            )
        dim = method.dim + t.dim() if method.dim < 0 else method.dim
        if dim < 0:
            raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
        kept = mask.sum(dim=[d for d in range(t.dim()) if d != dim]) != 0
        return _along(t, dim, kept)


def _along(t, dim, index):
    """An index of dimension `dim` and all of the others."""
    return tuple(index if d == dim % t.dim() else slice(None) for d in range(t.dim()))


class Identity(BasePruningMethod):
    """Prunes nothing, but sets up original, mask and hook."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        """The mask there is."""
        return default_mask

    @classmethod
    def apply(cls, module, name):
        """Prune a parameter of a module."""
        return super().apply(module, name)


class _ByAmount(BasePruningMethod):
    """Methods told how much to prune: a share (float in [0, 1]) or a number (int)."""

    def __init__(self, amount):
        _check_amount(amount)
        self.amount = amount

    def _number(self, size):
        """How many of `size` elements to prune."""
        if not isinstance(self.amount, numbers.Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(f"amount={self.amount} should be smaller than the number of parameters to prune={size}")
        return self.amount


def _check_amount(amount):
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if amount < 0 or (not isinstance(amount, numbers.Integral) and amount > 1):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


class _Unstructured(_ByAmount):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        """The default mask with more zeros, in the places that `_chosen` gives."""
        number = self._number(t.nelement())
        mask = default_mask.clone(memory_format=jtorch.contiguous_format)
        if number:
            mask.view(-1)[self._chosen(t, number)] = 0
        return mask


class RandomUnstructured(_Unstructured):
    """Prunes elements at random."""

    def _chosen(self, t, number):
        return jtorch.topk(jtorch.rand_like(t).view(-1), k=number).indices

    @classmethod
    def apply(cls, module, name, amount):
        """Prune a parameter of a module."""
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Unstructured):
    """Prunes the elements of smallest magnitude."""

    def _chosen(self, t, number):
        return jtorch.topk(jtorch.abs(t).view(-1), k=number, largest=False).indices

    @classmethod
    def apply(cls, module, name, amount, importance_scores=None):
        """Prune a parameter of a module."""
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class _Structured(_ByAmount):
    PRUNING_TYPE = "structured"

    def __init__(self, amount, dim):
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t, default_mask):
        """The default mask with zeros in all slices but those that `_kept` gives."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
                f"{t.shape} with {t.dim()} dims"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.shape[self.dim]
        number = self._number(size)
        if not number:
            return default_mask
        mask = jtorch.zeros_like(t)
        mask[_along(t, self.dim, self._kept(t, size, number))] = 1
        mask *= default_mask.to(dtype=mask.dtype)
        return mask


class RandomStructured(_Structured):
    """Prunes slices along a dimension at random."""

    def __init__(self, amount, dim=-1):
        super().__init__(amount, dim)

    def _kept(self, t, size, number):
        draws = jtorch.rand(size)
        return draws > jtorch.kthvalue(draws, k=number).values

    @classmethod
    def apply(cls, module, name, amount, dim=-1):
        """Prune a parameter of a module."""
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prunes the slices along a dimension whose norm of order `n` is smallest."""

    def __init__(self, amount, n, dim=-1):
        super().__init__(amount, dim)
        self.n = n

    def _kept(self, t, size, number):
        others = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        return jtorch.topk(jtorch.norm(t, p=self.n, dim=others), k=size - number).indices

    @classmethod
    def apply(cls, module, name, amount, n, dim, importance_scores=None):
        """Prune a parameter of a module."""
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=importance_scores)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask):
        self.mask = mask

    def compute_mask(self, t, default_mask):
        """The product of both masks."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module, name, mask):
        """Prune a parameter of a module."""
        return super().apply(module, name, mask=mask)


def identity(module, name):
    """Set up pruning of a parameter without pruning any of it; returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module, name, amount):
    """Prune a share (float) or number (int) of elements at random; returns the module.

    >>> import jtorch as torch
    >>> from jtorch.nn.utils import prune
    >>> layer = prune.random_unstructured(torch.nn.Linear(2, 3), name="weight", amount=1)
    >>> int((layer.weight_mask == 0).sum()), list(layer.state_dict())
    (1, ['bias', 'weight_orig', 'weight_mask'])
    """
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module, name, amount, importance_scores=None):
    """Prune a share or number of the elements of smallest magnitude; returns the module."""
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module, name, amount, dim):
    """Prune a share or number of the slices along a dimension at random; returns the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module, name, amount, n, dim, importance_scores=None):
    """Prune a share or number of the slices along a dimension with the smallest norm of order `n`; returns the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(parameters, pruning_method, importance_scores=None, **kwargs):
    """Prune several parameters, pairs of module and name, as if they were one, by an unstructured method and its arguments.

    >>> import jtorch as torch
    >>> from jtorch.nn.utils import prune
    >>> net = torch.nn.Sequential(torch.nn.Linear(10, 4), torch.nn.Linear(4, 1))
    >>> prune.global_unstructured([(net[0], "weight"), (net[1], "weight")], prune.L1Unstructured, amount=10)
    >>> sum(int((mask == 0).sum()) for mask in net.buffers())
    10
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    importance_scores = {} if importance_scores is None else importance_scores
    if not isinstance(importance_scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method {pruning_method} of type '
            f"{method.PRUNING_TYPE}"
        )
    parameters = list(parameters)
    tensors = [getattr(module, name) for module, name in parameters]
    scores = [importance_scores.get(key, tensor) for key, tensor in zip(parameters, tensors, strict=True)]
    masks = [
        getattr(module, name + "_mask", jtorch.ones_like(tensor))
        for (module, name), tensor in zip(parameters, tensors, strict=True)
    ]
    method._tensor_name = "temp"
    as_vector = jtorch.nn.utils.parameters_to_vector
    whole = PruningContainer(method).compute_mask(as_vector(scores), as_vector(masks))
    pieces = whole.split([tensor.numel() for tensor in tensors])
    for (module, name), tensor, piece in zip(parameters, tensors, pieces, strict=True):
        custom_from_mask(module, name, mask=piece.view_as(tensor))


def custom_from_mask(module, name, mask):
    """Prune what a mask says (0: pruned); returns the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module, name):
    """Make pruning permanent: the parameter keeps its zeros, mask and hook go; returns the module."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")


def is_pruned(module):
    """Whether anything in a module is being pruned."""
    return any(
        isinstance(hook, BasePruningMethod) for part in module.modules() for hook in part._forward_pre_hooks.values()
    )
