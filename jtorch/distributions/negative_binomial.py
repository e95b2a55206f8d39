"""The negative binomial distribution."""

import jtorch
from jtorch.distributions import constraints
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.gamma import Gamma
from jtorch.distributions.utils import _ProbsOrLogits, lazy_property
from jtorch.nn.functional import logsigmoid

__all__ = ["NegativeBinomial"]


class NegativeBinomial(_ProbsOrLogits, Distribution):
    """Number of successes of probability `probs` before `total_count` failures: a Poisson number of gamma rate.

    >>> import jtorch as torch
    >>> torch.distributions.NegativeBinomial(3.0, torch.tensor([0.5])).mean
    tensor([3.])
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        (self.total_count,) = self._set_probs_or_logits(probs, logits, total_count)
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        names = ("total_count", "probs", "logits", "_param")
        return self._expand_parameters(NegativeBinomial, batch_shape, _instance, names)

    @property
    def mean(self):
        return self.total_count * jtorch.exp(self.logits)

    @property
    def mode(self):
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self):
        return self.mean / jtorch.sigmoid(-self.logits)

    @lazy_property
    def _gamma(self):
        return Gamma(concentration=self.total_count, rate=jtorch.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape=()):
        with jtorch.no_grad():
            return jtorch.poisson(self._gamma.sample(sample_shape=sample_shape))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        unnormalized = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        # log of 1 / binomial(n + value - 1, value); with no failures to wait for, 0 is certain
        normalizer = -jtorch.lgamma(n + value) + jtorch.lgamma(1.0 + value) + jtorch.lgamma(n)
        return unnormalized - normalizer.masked_fill(n + value == 0.0, 0.0)
