"""The Dirichlet distribution."""

import jtorch
from jtorch.autograd import Function
from jtorch.autograd.function import once_differentiable
from jtorch.distributions import constraints
from jtorch.distributions.exp_family import ExponentialFamily
from jtorch.nn.functional import one_hot

__all__ = ["Dirichlet"]


class _Dirichlet(Function):
    """A draw whose gradient is that of the draw's distribution function (implicit reparameterization)."""

    @staticmethod
    def forward(ctx, concentration):
        shares = jtorch._sample_dirichlet(concentration)
        ctx.save_for_backward(shares, concentration)
        return shares

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_output):
        shares, concentration = ctx.saved_tensors
        total = concentration.sum(-1, True).expand_as(concentration)
        slope = jtorch._dirichlet_grad(shares, concentration, total)
        # A share that grows takes from the others in proportion.
        return slope * (grad_output - (shares * grad_output).sum(-1, True))


class Dirichlet(ExponentialFamily):
    """Shares of a whole: vectors of positive numbers that add up to 1, of the given concentration (..., K).

    >>> import jtorch as torch
    >>> torch.distributions.Dirichlet(torch.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration, validate_args=None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expand_parameters(Dirichlet, batch_shape, _instance, ("concentration",))

    @property
    def mean(self):
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self):
        excess = (self.concentration - 1).clamp(min=0.0)
        mode = excess / excess.sum(-1, True)
        # Below 1 everywhere the density grows towards the corners: the largest one is taken.
        corner = (self.concentration < 1).all(dim=-1)
        mode[corner] = one_hot(mode[corner].argmax(dim=-1), excess.shape[-1]).to(mode)
        return mode

    @property
    def variance(self):
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape=()):
        return _Dirichlet.apply(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        powers = jtorch.xlogy(self.concentration - 1.0, value).sum(-1)
        return powers + jtorch.lgamma(self.concentration.sum(-1)) - jtorch.lgamma(self.concentration).sum(-1)

    def entropy(self):
        a, k = self.concentration, self.concentration.size(-1)
        total = a.sum(-1)
        log_beta = jtorch.lgamma(a).sum(-1) - jtorch.lgamma(total)
        return log_beta - (k - total) * jtorch.digamma(total) - ((a - 1.0) * jtorch.digamma(a)).sum(-1)

    @property
    def _natural_params(self):
        return (self.concentration,)

    def _log_normalizer(self, x):
        return x.lgamma().sum(-1) - jtorch.lgamma(x.sum(-1))
