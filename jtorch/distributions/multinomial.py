"""The multinomial distribution."""

import jtorch
from jtorch import Size, inf
from jtorch.distributions import constraints
from jtorch.distributions.binomial import Binomial
from jtorch.distributions.categorical import Categorical
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import broadcast_all

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each of K classes comes up in `total_count` draws, with probabilities as of `Categorical`.

    >>> import jtorch as torch
    >>> torch.distributions.Multinomial(8, torch.tensor([1.0, 3.0])).mean
    tensor([2., 6.])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    total_count: int

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        self._binomial = Binomial(total_count=total_count, probs=self.probs)
        batch_shape, event_shape = self._categorical.batch_shape, self._categorical.param_shape[-1:]
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(Multinomial, _instance)
        new.total_count = self.total_count
        new._categorical = self._categorical.expand(batch_shape)
        new._binomial = self._binomial.expand(Size(batch_shape) + self._event_shape)
        return self._expand_shapes(new, batch_shape)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self):
        return constraints.multinomial(self.total_count)

    @property
    def logits(self):
        return self._categorical.logits

    @property
    def probs(self):
        return self._categorical.probs

    @property
    def param_shape(self):
        return self._categorical.param_shape

    @property
    def mean(self):
        return self.probs * self.total_count

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=()):
        sample_shape = Size(sample_shape)
        classes = self._categorical.sample(Size((self.total_count,)) + sample_shape).movedim(0, -1)
        counts = classes.new_zeros(self._extended_shape(sample_shape))
        return counts.scatter_add_(-1, classes, jtorch.ones_like(classes)).type_as(self.probs)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        # A class of probability 0 that does not come up: 0 log 0 is 0.
        logits = logits.clone(memory_format=jtorch.contiguous_format)
        logits[(value == 0) & (logits == -inf)] = 0
        orders = jtorch.lgamma(value.sum(-1) + 1) - jtorch.lgamma(value + 1).sum(-1)
        return orders + (logits * value).sum(-1)

    def entropy(self):
        n = jtorch.tensor(self.total_count)
        counts = self._binomial.enumerate_support(expand=False)[1:]
        probs = jtorch.exp(self._binomial.log_prob(counts))
        repeated = (probs * jtorch.lgamma(counts + 1)).sum([0, -1])
        return n * self._categorical.entropy() - jtorch.lgamma(n + 1) + repeated
