"""Student's t distribution."""

import math

import jtorch
from jtorch import inf, nan
from jtorch.distributions import constraints
from jtorch.distributions.chi2 import Chi2
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import _standard_normal, broadcast_all

__all__ = ["StudentT"]


class StudentT(Distribution):
    """Student's t distribution of `df` degrees of freedom, moved by `loc` and stretched by `scale`.

    >>> import jtorch as torch
    >>> torch.distributions.StudentT(torch.tensor([1.0, 2.0, 4.0])).variance
    tensor([nan, inf, 2.])
    """

    arg_constraints = {"df": constraints.positive, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True

    def __init__(self, df, loc=0.0, scale=1.0, validate_args=None):
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        self._chi2 = Chi2(self.df)
        super().__init__(self.df.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(StudentT, _instance)
        new._chi2 = self._chi2.expand(batch_shape)
        return self._expand_parameters(StudentT, batch_shape, new, ("df", "loc", "scale"))

    @property
    def mean(self):
        mean = self.loc.clone(memory_format=jtorch.contiguous_format)
        mean[self.df <= 1] = nan
        return mean

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        finite = self.df > 2
        df = jtorch.where(finite, self.df, 3)
        variance = jtorch.where(finite, self.scale.pow(2) * df / (df - 2), self.df)
        variance[(self.df <= 2) & (self.df > 1)] = inf
        variance[self.df <= 1] = nan
        return variance

    def rsample(self, sample_shape=()):
        noise = _standard_normal(self._extended_shape(sample_shape), self.df.dtype, self.df.device)
        squared = self._chi2.rsample(sample_shape) / self.df
        return self.loc + self.scale * (noise * jtorch.rsqrt(squared))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        y, df = (value - self.loc) / self.scale, self.df
        normalizer = (
            self.scale.log()
            + 0.5 * df.log()
            + 0.5 * math.log(math.pi)
            + jtorch.lgamma(0.5 * df)
            - jtorch.lgamma(0.5 * (df + 1.0))
        )
        return -0.5 * (df + 1.0) * jtorch.log1p(y**2.0 / df) - normalizer

    def entropy(self):
        half, more = 0.5 * self.df, 0.5 * (self.df + 1)
        log_beta = jtorch.lgamma(half) + math.lgamma(0.5) - jtorch.lgamma(more)
        spread = more * (jtorch.digamma(more) - jtorch.digamma(half))
        return self.scale.log() + spread + 0.5 * self.df.log() + log_beta
