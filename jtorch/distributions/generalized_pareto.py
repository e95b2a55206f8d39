"""The generalized Pareto distribution."""

import jtorch
from jtorch import inf, nan
from jtorch.distributions import constraints
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import broadcast_all

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """Excesses over a threshold `loc`: P(X > x) = (1 + concentration (x - loc) / scale) ** (-1 / concentration).

    A concentration of 0 is the exponential distribution, a negative one ends at loc - scale / concentration.

    >>> import jtorch as torch
    >>> torch.distributions.GeneralizedPareto(0.0, 1.0, torch.tensor([0.5, 2.0])).mean
    tensor([2., nan])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True

    def __init__(self, loc, scale, concentration, validate_args=None):
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expand_parameters(GeneralizedPareto, batch_shape, _instance, ("loc", "scale", "concentration"))

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        end = jtorch.where(self.concentration < 0, self.loc - self.scale / self.concentration, inf)
        return constraints.interval(self.loc, end)

    def _is_exponential(self):
        """Where the concentration counts as 0, and a concentration that is safe to divide by."""
        exponential = jtorch.isclose(self.concentration, jtorch.zeros_like(self.concentration))
        return exponential, jtorch.where(exponential, jtorch.ones_like(self.concentration), self.concentration)

    def _moment(self, below, safe, moment):
        """A moment that exists where the concentration is less than `below`."""
        exists = self.concentration < below
        return jtorch.where(exists, moment(jtorch.where(exists, self.concentration, safe)), nan)

    @property
    def mean(self):
        return self._moment(1, 0.5, lambda c: self.loc + self.scale / (1 - c))

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        return self._moment(0.5, 0.25, lambda c: self.scale**2 / ((1 - c) ** 2 * (1 - 2 * c)))

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        return self.icdf(jtorch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        exponential, c = self._is_exponential()
        power = 1 / c + jtorch.ones_like(z)
        heavy = jtorch.where(power == 0, power, power * jtorch.log1p(c * z))
        return -self.scale.log() - jtorch.where(exponential, z, heavy)

    def log_survival_function(self, value):
        """The logarithm of the probability of more than `value`."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        exponential, c = self._is_exponential()
        return jtorch.where(exponential, -z, -jtorch.log1p(c * z) / c)

    def log_cdf(self, value):
        """The logarithm of `cdf`."""
        return jtorch.log1p(-jtorch.exp(self.log_survival_function(value)))

    def cdf(self, value):
        return jtorch.exp(self.log_cdf(value))

    def icdf(self, value):
        exponential, c = self._is_exponential()
        log_survival = jtorch.log1p(-value)
        heavy = self.loc + self.scale / c * jtorch.expm1(-c * log_survival)
        return jtorch.where(exponential, self.loc - self.scale * log_survival, heavy)

    def entropy(self):
        return jtorch.broadcast_to(jtorch.log(self.scale) + self.concentration + 1, self._batch_shape)
