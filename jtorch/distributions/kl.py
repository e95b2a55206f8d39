"""Kullback-Leibler divergences: the table of pairs of distributions, and those that hold for whole kinds of distributions."""

import warnings

import jtorch
from jtorch import Tensor
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.exp_family import ExponentialFamily
from jtorch.distributions.independent import Independent
from jtorch.distributions.transformed_distribution import TransformedDistribution
from jtorch.distributions.utils import _sum_rightmost

__all__ = ["register_kl", "kl_divergence"]

_KL_REGISTRY: dict = {}  # (class of p, class of q) -> function of the two
_KL_MEMOIZE: dict = {}  # the same for classes that were looked up, NotImplemented where there is none


def register_kl(type_p, type_q):
    """Decorator that enters a function as the divergence of `type_p` from `type_q`, and of their subclasses.

    Where several pairs fit, the nearest classes win: first those of p, then those of q. If that would be another function
    with q first, `kl_divergence` warns, and a registration for the pair in question settles it.
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not isinstance(kind, type):  # any class: torch takes those of libraries that have a base of their own
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def register(function):
        _KL_REGISTRY[type_p, type_q] = function
        _KL_MEMOIZE.clear()
        return function

    return register


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """E[log p(x) - log q(x)] for x drawn from p, of shape `batch_shape`.

    Raises NotImplementedError where neither the classes nor their bases have been registered.

    >>> import jtorch as torch
    >>> D = torch.distributions
    >>> D.kl_divergence(D.Normal(torch.tensor([0.0, 2.0]), 1.0), D.Normal(0.0, 1.0))
    tensor([0., 2.])
    """
    key = type(p), type(q)
    if key not in _KL_MEMOIZE:
        _KL_MEMOIZE[key] = _dispatch_kl(*key)
    function = _KL_MEMOIZE[key]
    if function is NotImplemented:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {p.__class__.__name__} and q type {q.__class__.__name__}"
        )
    return function(p, q)


def _dispatch_kl(type_p, type_q):
    """The function of the nearest registered classes, or NotImplemented."""
    matches = [(p, q) for p, q in _KL_REGISTRY if issubclass(type_p, p) and issubclass(type_q, q)]
    if not matches:
        return NotImplemented

    def distance(kind, base):
        return kind.__mro__.index(base)

    left = min(matches, key=lambda pair: (distance(type_p, pair[0]), distance(type_q, pair[1])))
    right = min(matches, key=lambda pair: (distance(type_q, pair[1]), distance(type_p, pair[0])))
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({left[0].__name__}, {right[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _KL_REGISTRY[left]


@register_kl(ExponentialFamily, ExponentialFamily)
def _exponential_families(p, q):
    """F(q) - F(p) - <q - p, grad F(p)> of natural parameters and log normalizer: a Bregman divergence."""
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot "
            f"{'be':>30} computed using Bregman divergences"  # torch's gap
        )
    of_p, log_normalizer, slopes = p._normalizer_and_slopes()
    of_q = q._natural_params
    result = q._log_normalizer(*of_q) - log_normalizer
    for a, b, slope in zip(of_p, of_q, slopes, strict=True):
        result = result - _sum_rightmost((b - a) * slope, len(q.event_shape))
    return result


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p, q):
    """The same transforms of two distributions keep their divergence."""
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Independent, Independent)
def _independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return _sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


def _infinite_like(tensor):
    return jtorch.full_like(tensor, jtorch.inf)
