"""Exponential families."""

import jtorch
from jtorch.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Distributions of density exp(<t(x), theta> - F(theta) + k(x)).

    A family gives its natural parameters theta (`_natural_params`), its log normalizer F (`_log_normalizer`) and the mean
    of its carrier measure k (`_mean_carrier_measure`). Entropy and divergence follow by differentiating F (F. Nielsen and
    R. Nock, "Entropies and cross-entropies of exponential families", 2010).
    """

    @property
    def _natural_params(self):
        raise NotImplementedError

    def _log_normalizer(self, *natural_params):
        raise NotImplementedError

    @property
    def _mean_carrier_measure(self):
        raise NotImplementedError

    def entropy(self):
        """F(theta) - <theta, grad F(theta)> - E[k(x)]."""
        carrier = self._mean_carrier_measure
        params, log_normalizer, slopes = self._normalizer_and_slopes()
        result = log_normalizer - carrier
        for param, slope in zip(params, slopes, strict=True):
            result = result - (param * slope).reshape((*self._batch_shape, -1)).sum(-1)
        return result

    def _normalizer_and_slopes(self):
        """Natural parameters cut off from the graph, F of them, and its gradient, which can be differentiated again."""
        params = [p.detach().requires_grad_() for p in self._natural_params]
        log_normalizer = self._log_normalizer(*params)
        return params, log_normalizer, jtorch.autograd.grad(log_normalizer.sum(), params, create_graph=True)
