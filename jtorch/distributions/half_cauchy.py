"""The half-Cauchy distribution."""

import jtorch
from jtorch import inf
from jtorch.distributions._folded import Folded
from jtorch.distributions.cauchy import Cauchy

__all__ = ["HalfCauchy"]


class HalfCauchy(Folded):
    """Absolute value of a Cauchy number around 0.

    >>> import jtorch as torch
    >>> torch.distributions.HalfCauchy(torch.tensor([1.0])).mean
    tensor([inf])
    """

    def __init__(self, scale, validate_args=None):
        super().__init__(Cauchy, scale, validate_args)

    def expand(self, batch_shape, _instance=None):
        return super().expand(batch_shape, _instance=self._get_checked_instance(HalfCauchy, _instance))

    @property
    def mean(self):
        return jtorch.full(self._extended_shape(), inf, dtype=self.scale.dtype, device=self.scale.device)

    @property
    def variance(self):
        return self.base_dist.variance

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return self._log_prob(jtorch.as_tensor(value, dtype=self.scale.dtype, device=self.scale.device))
