"""The half-normal distribution."""

import math

from jtorch.distributions._folded import Folded
from jtorch.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(Folded):
    """Absolute value of a normal number around 0, of standard deviation `scale` before the sign is dropped.

    >>> import jtorch as torch
    >>> torch.distributions.HalfNormal(torch.tensor([1.0])).mode
    tensor([0.])
    """

    def __init__(self, scale, validate_args=None):
        super().__init__(Normal, scale, validate_args)

    def expand(self, batch_shape, _instance=None):
        return super().expand(batch_shape, _instance=self._get_checked_instance(HalfNormal, _instance))

    @property
    def mean(self):
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self):
        return self.scale.pow(2) * (1 - 2 / math.pi)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return self._log_prob(value)
