"""The binomial distribution."""

import jtorch
from jtorch.distributions import constraints
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import _ProbsOrLogits

__all__ = ["Binomial"]


class Binomial(_ProbsOrLogits, Distribution):
    """Number of successes in `total_count` trials that succeed with probability `probs` (sigmoid of `logits`).

    >>> import jtorch as torch
    >>> torch.distributions.Binomial(10, torch.tensor([0.25, 0.5])).mean
    tensor([2.5000, 5.0000])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        (self.total_count,) = self._set_probs_or_logits(probs, logits, total_count)
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        return self._expand_parameters(Binomial, batch_shape, _instance, ("total_count", "probs", "logits", "_param"))

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self):
        return self.total_count * self.probs

    @property
    def mode(self):
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        with jtorch.no_grad():
            return jtorch.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        # n log(1 + exp(logits)), with a positive part whose slope is 1/2 at 0
        positive_part = (logits.clamp(min=0) + logits - logits.clamp(max=0)) / 2
        normalizer = n * positive_part + n * jtorch.log1p(jtorch.exp(-jtorch.abs(logits))) - jtorch.lgamma(n + 1)
        return value * logits - jtorch.lgamma(value + 1) - jtorch.lgamma(n - value + 1) - normalizer

    def entropy(self):
        self._one_total_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(jtorch.exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand=True):
        count = self._one_total_count("enumerate_support")
        values = jtorch.arange(1 + count, dtype=self._param.dtype, device=self._param.device)
        return self._enumerated(values, expand)

    def _one_total_count(self, wanted) -> int:
        count = int(self.total_count.max())
        if not self.total_count.min() == count:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{wanted}`.")
        return count
