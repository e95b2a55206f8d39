"""One row per way of making a distribution, and what can be observed of it."""

import math
import warnings

import numpy as np

from compat_tests.compare import same_text

# `T` makes a tensor that requires grad, `C` one that does not.
ROWS = """
Bernoulli(T([0.2, 0.5, 0.9]))
Bernoulli(logits=T([-1.0, 0.0, 2.0]))
Bernoulli(0.3)
Bernoulli(T([0.0, 1.0, 0.5]))
Beta(T([0.5, 1.0, 4.0]), T([2.0, 1.5, 0.3]))
Beta(2.0, 3.0)
Beta(T([20.0, 9.0, 0.1]), 30.0)
Binomial(C([4.0, 10.0, 60.0]), T([0.2, 0.5, 0.7]))
Binomial(5, logits=T([-1.0, 0.0, 2.0]))
Binomial(C([3.0, 0.0, 7.0]), T([0.0, 0.3, 1.0]))
Categorical(T([0.1, 0.2, 0.7]))
Categorical(T([[1.0, 2.0, 3.0], [0.5, 0.0, 0.5]]))
Categorical(logits=T([[1.0, -2.0, 3.0], [0.0, 0.0, -inf]]))
Cauchy(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))
Cauchy(0.0, 1.0)
Chi2(T([0.5, 1.0, 7.0]))
Chi2(3.0)
ContinuousBernoulli(T([0.2, 0.4995, 0.9]))
ContinuousBernoulli(logits=T([-1.0, 0.0001, 2.0]))
ContinuousBernoulli(0.3)
Dirichlet(T([0.5, 1.5, 3.0]))
Dirichlet(T([[0.2, 0.3, 0.4], [10.0, 8.0, 12.0]]))
Exponential(T([0.5, 1.0, 4.0]))
Exponential(2.0)
FisherSnedecor(T([1.0, 3.0, 6.0]), T([2.0, 4.0, 9.0]))
FisherSnedecor(3.0, 5.0)
Gamma(T([0.3, 1.0, 12.0]), T([2.0, 0.5, 1.0]))
Gamma(2.0, 3.0)
GeneralizedPareto(T([0.0, 1.0, -1.0]), T([1.0, 0.5, 2.0]), T([0.3, 0.0, -0.5]))
GeneralizedPareto(0.0, 1.0, 0.7)
Geometric(T([0.2, 0.5, 1.0]))
Geometric(logits=T([-1.0, 0.0, 2.0]))
Geometric(0.3)
Gumbel(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))
Gumbel(0.0, 1.0)
HalfCauchy(T([0.5, 1.0, 4.0]))
HalfCauchy(1.0)
HalfNormal(T([0.5, 1.0, 4.0]))
HalfNormal(1.0)
Independent(Normal(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0])), 1)
Independent(Bernoulli(T([[0.2, 0.5, 0.9]])), 0)
InverseGamma(T([0.8, 2.5, 5.0]), T([2.0, 0.5, 1.0]))
InverseGamma(3.0, 1.0)
Kumaraswamy(T([0.5, 2.0, 4.0]), T([2.0, 1.5, 0.3]))
Laplace(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))
Laplace(0.0, 1.0)
LKJCholesky(3, T([0.5, 1.0, 3.0]))
LKJCholesky(2)
LogisticNormal(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))
LogNormal(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 0.3]))
LogNormal(0.0, 1.0)
LowRankMultivariateNormal(T([0.5, -1.0, 0.0]), T([[1.0], [0.5], [2.0]]), T([0.5, 2.0, 1.0]))
LowRankMultivariateNormal(T([[0.5, -1.0], [0.0, 3.0]]), T([[1.0], [0.5]]), T([0.5, 2.0]))
MixtureSameFamily(Categorical(T([0.2, 0.3, 0.5])), Normal(T([-1.0, 0.0, 3.0]), T([1.0, 0.5, 2.0])))
MixtureSameFamily(Categorical(T([[0.2, 0.8], [1.0, 1.0]])), Independent(Normal(T([[[0.0, 1.0], [2.0, 3.0]]]).expand(2, 2, 2), 1.0), 1))
MixtureSameFamily(Categorical(T([0.2, 0.3])), Binomial(C([5.0, 9.0]), T([0.3, 0.6])))
Multinomial(5, T([0.1, 0.2, 0.7]))
Multinomial(8, logits=T([[0.0, 1.0, -inf], [1.0, 2.0, 0.5]]))
MultivariateNormal(T([0.5, -1.0, 0.0]), T([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 0.8]]))
MultivariateNormal(T([[0.5, -1.0], [0.0, 2.0]]), precision_matrix=T([[2.0, 0.3], [0.3, 1.0]]))
MultivariateNormal(T([0.5, -1.0]), scale_tril=T([[[1.0, 0.0], [0.5, 2.0]], [[0.7, 0.0], [-0.5, 1.0]]]))
NegativeBinomial(C([4.0, 10.0, 0.5]), T([0.2, 0.5, 0.7]))
NegativeBinomial(T([3.0, 0.0, 6.0]), logits=T([-1.0, 0.0, 1.0]))
Normal(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))
Normal(0.0, 1.0)
Normal(T([0.0, 1.0, -2.0]), 2)
OneHotCategorical(T([0.1, 0.2, 0.7]))
OneHotCategorical(logits=T([[1.0, -2.0, 3.0], [0.0, 0.0, 1.0]]))
OneHotCategoricalStraightThrough(T([0.1, 0.2, 0.7]))
Pareto(T([1.0, 0.5, 3.0]), T([0.7, 1.5, 5.0]))
Pareto(1.0, 3.0)
Poisson(T([0.5, 3.0, 20.0]))
Poisson(0.0)
RelaxedBernoulli(T([0.7]), T([0.2, 0.5, 0.9]))
RelaxedBernoulli(C(2.0), logits=T([-1.0, 0.0, 2.0]))
RelaxedOneHotCategorical(T([0.7]), T([0.1, 0.2, 0.7]))
RelaxedOneHotCategorical(C(2.0), logits=T([[1.0, -2.0, 3.0], [0.0, 0.0, 1.0]]))
StudentT(T([0.8, 1.5, 5.0]), T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))
StudentT(3.0)
TransformedDistribution(Normal(T([0.0, 1.0, -2.0]), 1.0), [AffineTransform(1.0, T([2.0])), ExpTransform()])
TransformedDistribution(Uniform(C([0.0, 0.0]), 1.0), [SigmoidTransform().inv, AffineTransform(T([1.0, 2.0]), -3.0)])
TransformedDistribution(Normal(T([0.0, 1.0, -2.0]), 1.0), StickBreakingTransform())
TransformedDistribution(Gamma(T([0.7, 2.0, 9.0]), 1.0), [])
Uniform(T([0.0, 1.0, -2.0]), T([1.0, 1.5, 3.0]))
Uniform(0.0, 1.0)
VonMises(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 30.0]))
VonMises(0.0, 1.0)
Weibull(T([1.0, 0.5, 3.0]), T([0.7, 1.0, 5.0]))
Weibull(1.0, 2.0)
Wishart(C(5.0), covariance_matrix=T([[2.0, 0.3], [0.3, 1.0]]))
Wishart(T([4.5, 3.0]), scale_tril=T([[1.0, 0.0], [0.5, 2.0]]))
Wishart(C(4.0), precision_matrix=T([[2.0, 0.3], [0.3, 1.0]]))
""".strip().splitlines()

# What torch 2.13 cannot do and jtorch can: rows that begin so, and the name of the observation.
BEYOND = {
    ("Wishart", "rsample"): "the gradient of a draw finds its flags overwritten",
}


class Observer:
    """A library's distributions, and what is seen of them: plain text, numbers and lists."""

    def __init__(self, torch, dtype="float32"):
        self.torch, self.dtype = torch, getattr(torch, dtype)
        self.parameters = []

    def make(self, row):
        """The distribution of a row."""
        self.parameters = []
        names = {**vars(self.torch.distributions), "T": self._parameter, "C": self._constant, "inf": math.inf}
        return eval(row, names)

    def _constant(self, values):
        return self.torch.tensor(values, dtype=self.dtype)

    def _parameter(self, values):
        self.parameters.append(self._constant(values).requires_grad_())
        return self.parameters[-1]

    def seen(self, function):
        """What a function gives: a tensor, text, or the first line of its error."""
        try:
            return self._plain(function())
        except Exception as error:
            return self._plain(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")

    def _plain(self, value):
        if isinstance(value, self.torch.Tensor):
            value = value.detach()
            return {
                "dtype": str(value.dtype),
                "shape": list(value.shape),
                "values": value.double().reshape(-1).tolist(),
            }
        if isinstance(value, (tuple, list)) and not isinstance(value, self.torch.Size):
            return [self._plain(item) for item in value]
        return value if isinstance(value, (bool, int, float)) else str(value).replace("'jtorch.", "'torch.")

    def gradients(self, value, *inputs):
        """A value and its gradients in the row's parameters and other inputs, for fixed incoming gradients."""
        inputs = [t for t in (*self.parameters, *inputs) if t is not None]
        if not value.requires_grad or not inputs:
            return value
        weights = self.torch.linspace(0.5, 1.5, value.numel(), dtype=value.dtype).reshape(value.shape)
        made = self.torch.autograd.grad((value * weights).sum(), inputs, allow_unused=True, retain_graph=True)
        return [value, *(0 if g is None else g for g in made)]


def observe(torch, row, dtype="float32", only=None):
    """What a row's distribution tells, draws and computes, by name; all of it, or `only` some names."""
    see = Observer(torch, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kept = torch.get_default_dtype()
        torch.set_default_dtype(see.dtype)
        try:
            sights = _sights(torch, see)
            # A distribution each: what one sight works out must not show in the next.
            return {
                name: see.seen(lambda look=look: look(see.make(row)))
                for name, look in sights.items()
                if only is None or name in only
            }
        finally:
            torch.set_default_dtype(kept)


def _sights(torch, see):
    """What there is to see of a distribution: functions of it by name."""

    def drawn(d, shape=()):
        torch.manual_seed(3)
        return d.sample(shape)

    def value(d):
        made = drawn(d, (2,)).detach()
        return made.requires_grad_() if made.is_floating_point() else made

    def of_value(d, function):
        x = value(d)
        return see.gradients(function(x), x if x.requires_grad else None)

    def filled(d, number):
        return torch.full((2, *d.batch_shape, *d.event_shape), number, dtype=see.dtype)

    def rsample(d):
        torch.manual_seed(3)
        return see.gradients(d.rsample((2,)))

    def expanded(d):
        larger = d.expand((2, *d.batch_shape))
        return [larger, larger.batch_shape, larger.event_shape]

    def expanded_sample(d):
        torch.manual_seed(3)
        return d.expand((2, *d.batch_shape)).sample()

    return {
        "repr": lambda d: d,
        "shapes": lambda d: [d.batch_shape, d.event_shape],
        "support": lambda d: d.support,
        "flags": lambda d: [d.has_rsample, d.has_enumerate_support, d.support.is_discrete, d.support.event_dim],
        "mean": lambda d: see.gradients(d.mean),
        "mode": lambda d: see.gradients(d.mode),
        "variance": lambda d: see.gradients(d.variance),
        "stddev": lambda d: see.gradients(d.stddev),
        "entropy": lambda d: see.gradients(d.entropy()),
        "perplexity": lambda d: d.perplexity(),
        "support, expanded": lambda d: d.enumerate_support(),
        "support, not expanded": lambda d: d.enumerate_support(expand=False),
        "sample": lambda d: [drawn(d), torch.rand(())],  # the same words are used up
        "samples": lambda d: [drawn(d, (2,)), torch.rand(())],
        "rsample": rsample,
        "log_prob": lambda d: of_value(d, d.log_prob),
        "cdf": lambda d: of_value(d, d.cdf),
        "icdf": lambda d: see.gradients(d.icdf(filled(d, 0.3))),
        "nan": lambda d: d.log_prob(filled(d, math.nan)),
        "wrong shape": lambda d: d.log_prob(torch.zeros(7, 5, dtype=see.dtype)),
        "expanded": expanded,
        "expanded sample": expanded_sample,
        "expanded log_prob": lambda d: d.expand((2, *d.batch_shape)).log_prob(value(d)),
    }


def differences(row, expected, actual, tolerance=(1e-5, 2e-5)):
    """The names under which two observations of a row differ, with both values."""
    return [
        f"{name}:\n  expected {expected[name]}\n  seen     {actual.get(name)}"
        for name in expected
        if (row.partition("(")[0], name) not in BEYOND and not _close(expected[name], actual.get(name), tolerance)
    ]


def _close(expected, actual, tolerance):
    if isinstance(expected, list):
        same = isinstance(actual, list) and len(expected) == len(actual)
        return same and all(_close(e, a, tolerance) for e, a in zip(expected, actual, strict=True))
    if isinstance(expected, dict):
        if not isinstance(actual, dict) or any(expected[key] != actual[key] for key in ("dtype", "shape")):
            return False
        relative, absolute = tolerance
        return np.allclose(actual["values"], expected["values"], relative, absolute, equal_nan=True)
    if isinstance(expected, str) and isinstance(actual, str):
        return same_text(expected, actual)
    return expected == actual
