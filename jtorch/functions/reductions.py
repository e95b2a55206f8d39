"""Reductions with several overloads: over everything, over dimensions, between two tensors."""

from ..overloads import no_overload
from ..tensor import Tensor
from .composite import composite, operation

_MAXIMUM, _MINIMUM = operation("maximum"), operation("minimum")
_max_all, _max_dim, _min_all, _min_dim = (operation(name) for name in ("all.max", "dim.max", "all.min", "dim.min"))
_var, _std, _var_mean, _std_mean = (operation(f"correction.{name}") for name in ("var", "std", "var_mean", "std_mean"))


@composite("max", variants="function method out")
def max(input, dim=None, keepdim=False, *, other=None):
    """Maximum of all elements; with `dim`, (values, indices) along it; with another tensor, the larger of each pair.

    Equal maxima over everything share the gradient; along a dimension the first takes it.

    >>> import jtorch as torch
    >>> torch.tensor([[1.0, 5.0], [7.0, 2.0]]).max(dim=1).values
    tensor([5., 7.])
    """
    _tensor_first("max", input, dim if other is None else other)
    if other is not None or isinstance(dim, Tensor):
        return _MAXIMUM(input, dim if other is None else other)
    return _max_all(input) if dim is None else _max_dim(input, dim, keepdim)


@composite("min", variants="function method out")
def min(input, dim=None, keepdim=False, *, other=None):
    """Minimum of all elements; with `dim`, (values, indices) along it; with another tensor, the smaller of each pair.

    >>> import jtorch as torch
    >>> torch.min(torch.tensor([3, 1, 2]))
    tensor(1)
    """
    _tensor_first("min", input, dim if other is None else other)
    if other is not None or isinstance(dim, Tensor):
        return _MINIMUM(input, dim if other is None else other)
    return _min_all(input) if dim is None else _min_dim(input, dim, keepdim)


def _tensor_first(name, input, other):
    if not isinstance(input, Tensor) and other is not None:
        signatures = ("Tensor input", "Tensor input, Tensor other", "Tensor input, int dim, bool keepdim = False")
        raise no_overload(name, (input, other), signatures)


def _spread(fn):
    """Torch's three ways of saying what is subtracted from the count: `unbiased` first, `unbiased` after dim, `correction`."""

    def reduce(input, dim=None, unbiased=None, keepdim=False, *, correction=None):
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if unbiased is not None:
            correction = 1 if unbiased else 0
        return fn(input, dim, correction=correction, keepdim=keepdim)

    reduce.__name__ = fn.__name__
    reduce.__doc__ = fn.__doc__
    return reduce


var = composite("var", variants="function method out")(_spread(_var))
std = composite("std", variants="function method out")(_spread(_std))
var_mean = composite("var_mean", variants="function")(_spread(_var_mean))
std_mean = composite("std_mean", variants="function")(_spread(_std_mean))
