"""The continuous Bernoulli distribution."""

import math

import jtorch
from jtorch.distributions import constraints
from jtorch.distributions.exp_family import ExponentialFamily
from jtorch.distributions.utils import _ProbsOrLogits, broadcast_all, clamp_probs, lazy_property, logits_to_probs
from jtorch.nn.functional import binary_cross_entropy_with_logits

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(_ProbsOrLogits, ExponentialFamily):
    """Density proportional to probs**x (1 - probs)**(1 - x) on [0, 1].

    Between the two `lims`, where the closed forms divide nearly nothing by nearly nothing, Taylor series around 1/2 stand
    in for them. G. Loaiza-Ganem and J. P. Cunningham, "The continuous Bernoulli: fixing a pervasive error in variational
    autoencoders", 2019.

    >>> import jtorch as torch
    >>> torch.distributions.ContinuousBernoulli(torch.tensor([0.5])).mean
    tensor([0.5000])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    _mean_carrier_measure = 0
    has_rsample = True

    def __init__(self, probs=None, logits=None, lims=(0.499, 0.501), validate_args=None):
        self._set_probs_or_logits(probs, logits)
        if probs is not None:
            # Clamping would hide what is outside.
            if validate_args is not None and not constraints.holds(self.arg_constraints["probs"], self.probs):
                raise ValueError("The parameter probs has invalid values")
            self._param = self.probs = clamp_probs(self.probs)
        self._lims = lims
        super().__init__(self._param.size(), validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(ContinuousBernoulli, _instance)
        new._lims = self._lims
        return self._expand_parameters(ContinuousBernoulli, batch_shape, new, ("probs", "logits", "_param"))

    @lazy_property
    def probs(self):
        return clamp_probs(logits_to_probs(self.logits, is_binary=True))

    def _stable(self, values, middle=0.0):
        """Where the closed forms are good."""
        low, high = self._lims
        return (values <= low - middle) | (values > high - middle)

    def _cut_probs(self):
        """Probabilities, replaced by a harmless one where the closed forms are not used."""
        return jtorch.where(self._stable(self.probs), self.probs, self._lims[0])

    def _either_form(self, closed, series):
        return jtorch.where(self._stable(self.probs), closed, series)

    def _cont_bern_log_norm(self):
        """Logarithm of the normalizing constant 2 artanh(1 - 2p) / (1 - 2p)."""
        p = self._cut_probs()
        below, above = jtorch.where(p <= 0.5, p, 0.0), jtorch.where(p >= 0.5, p, 1.0)
        distance = jtorch.where(p <= 0.5, jtorch.log1p(-2.0 * below), jtorch.log(2.0 * above - 1.0))
        closed = jtorch.log(jtorch.abs(jtorch.log1p(-p) - jtorch.log(p))) - distance
        x = jtorch.pow(self.probs - 0.5, 2)
        return self._either_form(closed, math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * x) * x)

    @property
    def mean(self):
        p = self._cut_probs()
        closed = p / (2.0 * p - 1.0) + 1.0 / (jtorch.log1p(-p) - jtorch.log(p))
        x = self.probs - 0.5
        return self._either_form(closed, 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * jtorch.pow(x, 2)) * x)

    @property
    def stddev(self):
        return jtorch.sqrt(self.variance)

    @property
    def variance(self):
        p = self._cut_probs()
        closed = p * (p - 1.0) / jtorch.pow(1.0 - 2.0 * p, 2) + 1.0 / jtorch.pow(jtorch.log1p(-p) - jtorch.log(p), 2)
        x = jtorch.pow(self.probs - 0.5, 2)
        return self._either_form(closed, 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * x) * x)

    def rsample(self, sample_shape=()):
        shape = self._extended_shape(sample_shape)
        return self.icdf(jtorch.rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none") + self._cont_bern_log_norm()

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        p = self._cut_probs()
        closed = (jtorch.pow(p, value) * jtorch.pow(1.0 - p, 1.0 - value) + p - 1.0) / (2.0 * p - 1.0)
        inside = self._either_form(closed, value)
        return jtorch.where(value <= 0.0, 0.0, jtorch.where(value >= 1.0, 1.0, inside))

    def icdf(self, value):
        p = self._cut_probs()
        failure = jtorch.log1p(-p)
        closed = (jtorch.log1p(-p + value * (2.0 * p - 1.0)) - failure) / (jtorch.log(p) - failure)
        return self._either_form(closed, value)

    def entropy(self):
        log_failure, log_success = jtorch.log1p(-self.probs), jtorch.log(self.probs)
        return self.mean * (log_failure - log_success) - self._cont_bern_log_norm() - log_failure

    @property
    def _natural_params(self):
        return (self.logits,)

    def _log_normalizer(self, x):
        """Logarithm of (exp(x) - 1) / x."""
        stable = self._stable(x, middle=0.5)
        cut = jtorch.where(stable, x, self._lims[0] - 0.5)
        closed = jtorch.log(jtorch.abs(jtorch.special.expm1(cut))) - jtorch.log(jtorch.abs(cut))
        series = 0.5 * x + jtorch.pow(x, 2) / 24.0 - jtorch.pow(x, 4) / 2880.0
        return jtorch.where(stable, closed, series)
