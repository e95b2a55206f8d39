"""Mixtures."""

import jtorch
from jtorch import Size
from jtorch.distributions import constraints
from jtorch.distributions.categorical import Categorical
from jtorch.distributions.constraints import MixtureSameFamilyConstraint
from jtorch.distributions.distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A mixture of distributions of one family, batched along the last batch dimension, with a Categorical that chooses.

    >>> import jtorch as torch
    >>> D = torch.distributions
    >>> D.MixtureSameFamily(D.Categorical(torch.tensor([1.0, 3.0])), D.Normal(torch.tensor([0.0, 4.0]), 1.0)).mean
    tensor(3.)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}
    has_rsample = False

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
        self._mixture_distribution, self._component_distribution = mixture_distribution, component_distribution
        of_mixture, of_components = mixture_distribution.batch_shape, component_distribution.batch_shape
        for i, j in zip(reversed(of_mixture), reversed(of_components[:-1]), strict=False):
            if i != 1 and j != 1 and i != j:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({of_mixture}) is not compatible with "
                    f"`component_distribution.batch_shape`({of_components[:-1]})"
                )
        self._num_component = mixture_distribution.logits.shape[-1]
        if self._num_component != of_components[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({self._num_component}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({of_components[-1]})"
            )
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        super().__init__(of_components[:-1], event_shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        new._component_distribution = self._component_distribution.expand(Size(batch_shape) + (self._num_component,))
        new._mixture_distribution = self._mixture_distribution.expand(Size(batch_shape))
        new._num_component, new._event_ndims = self._num_component, self._event_ndims
        return self._expand_shapes(new, batch_shape)

    @constraints.dependent_property
    def support(self):
        return MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self):
        return self._mixture_distribution

    @property
    def component_distribution(self):
        return self._component_distribution

    def _mixed(self, of_components):
        """The sum of what each component has, weighted."""
        weights = self._pad_mixture_dimensions(self.mixture_distribution.probs)
        return jtorch.sum(weights * of_components, dim=-1 - self._event_ndims)

    @property
    def mean(self):
        return self._mixed(self.component_distribution.mean)

    @property
    def variance(self):
        """Mean of the variances plus variance of the means."""
        spread = (self.component_distribution.mean - self._pad(self.mean)).pow(2.0)
        return self._mixed(self.component_distribution.variance) + self._mixed(spread)

    def cdf(self, x):
        return jtorch.sum(self.component_distribution.cdf(self._pad(x)) * self.mixture_distribution.probs, dim=-1)

    def log_prob(self, x):
        if self._validate_args:
            self._validate_sample(x)
        of_components = self.component_distribution.log_prob(self._pad(x))
        of_mixture = jtorch.log_softmax(self.mixture_distribution.logits, dim=-1)
        return jtorch.logsumexp(of_components + of_mixture, dim=-1)

    def sample(self, sample_shape=()):
        """Every component draws; the mixture picks."""
        with jtorch.no_grad():
            dim = len(sample_shape) + len(self.batch_shape)
            chosen = self.mixture_distribution.sample(sample_shape)
            drawn = self.component_distribution.sample(sample_shape)
            index = chosen.reshape((*chosen.shape, 1, *[1] * self._event_ndims))
            index = index.expand((*chosen.shape, 1, *self.event_shape))
            return jtorch.gather(drawn, dim, index).squeeze(dim)

    def _pad(self, x):
        """A dimension for the components."""
        return x.unsqueeze(-1 - self._event_ndims)

    def _pad_mixture_dimensions(self, x):
        """Probabilities (batch, K) as factors of what components have: (batch, K, event)."""
        mixture_ndims = len(self.mixture_distribution.batch_shape)
        missing = 0 if mixture_ndims == 1 else len(self.batch_shape) - mixture_ndims
        return x.reshape((*x.shape[:-1], *[1] * missing, x.shape[-1], *[1] * self._event_ndims))

    def __repr__(self):
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
