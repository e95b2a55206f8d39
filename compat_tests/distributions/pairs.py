"""Divergences between all pairs that are registered."""

from compat_tests.distributions.rows import Observer

# Two distributions of a family, of which the support of the second contains that of the first where that can be.
EXAMPLES = {
    "Bernoulli": ("Bernoulli(T([0.2, 0.0, 1.0]))", "Bernoulli(T([0.6, 0.5, 0.0]))"),
    "Beta": ("Beta(T([0.5, 1.0, 4.0]), T([2.0, 1.5, 0.3]))", "Beta(T([1.5, 2.0, 4.0]), T([1.0, 1.5, 3.0]))"),
    "Binomial": ("Binomial(C([4.0, 10.0, 9.0]), T([0.2, 0.5, 0.7]))", "Binomial(C([4.0, 10.0, 6.0]), T([0.4, 0.5, 0.1]))"),
    "Categorical": ("Categorical(T([[0.1, 0.2, 0.7], [1.0, 0.0, 1.0]]))", "Categorical(T([[0.0, 0.5, 0.7], [1.0, 1.0, 1.0]]))"),
    "Cauchy": ("Cauchy(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))", "Cauchy(T([1.0, 1.5, 0.0]), T([2.0, 0.5, 0.3]))"),
    "ContinuousBernoulli": ("ContinuousBernoulli(T([0.2, 0.4995, 0.9]))", "ContinuousBernoulli(T([0.7, 0.5, 0.1]))"),
    "Dirichlet": ("Dirichlet(T([[0.5, 1.5], [3.0, 1.0]]))", "Dirichlet(T([[1.5, 2.5], [1.0, 4.0]]))"),
    "Exponential": ("Exponential(T([0.5, 1.0, 4.0]))", "Exponential(T([1.5, 1.0, 0.3]))"),
    "ExponentialFamily": ("Chi2(T([0.5, 1.0, 7.0]))", "Chi2(T([1.5, 2.0, 3.0]))"),
    "Gamma": ("Gamma(T([0.3, 1.0, 12.0]), T([2.0, 0.5, 1.0]))", "Gamma(T([1.3, 2.0, 5.0]), T([1.0, 0.7, 2.0]))"),
    "Geometric": ("Geometric(T([0.2, 0.5, 0.9]))", "Geometric(T([0.4, 0.5, 0.1]))"),
    "Gumbel": ("Gumbel(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))", "Gumbel(T([1.0, 1.5, 0.0]), T([2.0, 0.5, 0.9]))"),
    "HalfNormal": ("HalfNormal(T([0.5, 1.0, 4.0]))", "HalfNormal(T([1.5, 1.0, 0.3]))"),
    "Independent": ("Independent(Normal(T([0.0, 1.0]), 1.0), 1)", "Independent(Normal(T([1.0, 0.0]), T([2.0, 0.5])), 1)"),
    "Laplace": ("Laplace(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))", "Laplace(T([1.0, 1.5, 0.0]), T([2.0, 0.5, 0.3]))"),
    "LowRankMultivariateNormal": (
        "LowRankMultivariateNormal(T([[0.5, -1.0], [0.0, 3.0]]), T([[1.0], [0.5]]), T([0.5, 2.0]))",
        "LowRankMultivariateNormal(T([0.0, 1.0]), T([[0.3], [1.5]]), T([1.5, 1.0]))",
    ),
    "MultivariateNormal": (
        "MultivariateNormal(T([0.5, -1.0]), scale_tril=T([[[1.0, 0.0], [0.5, 2.0]], [[0.7, 0.0], [-0.5, 1.0]]]))",
        "MultivariateNormal(T([0.0, 1.0]), T([[2.0, 0.3], [0.3, 1.0]]))",
    ),
    "Normal": ("Normal(T([0.0, 1.0, -2.0]), T([1.0, 0.5, 3.0]))", "Normal(T([1.0, 1.5, 0.0]), T([2.0, 0.5, 0.9]))"),
    "OneHotCategorical": ("OneHotCategorical(T([0.1, 0.2, 0.7]))", "OneHotCategorical(T([0.3, 0.5, 0.2]))"),
    "Pareto": ("Pareto(T([1.0, 0.5, 3.0]), T([0.7, 1.5, 5.0]))", "Pareto(T([0.8, 0.7, 1.0]), T([1.0, 1.5, 2.0]))"),
    "Poisson": ("Poisson(T([0.5, 3.0, 20.0]))", "Poisson(T([1.5, 3.0, 7.0]))"),
    "TransformedDistribution": ("LogNormal(T([0.0, 1.0, -2.0]), 1.0)", "LogNormal(T([1.0, 1.5, 0.0]), T([2.0, 0.5, 0.9]))"),
    "Uniform": ("Uniform(T([0.1, 1.0, -2.0]), T([0.8, 1.5, 3.0]))", "Uniform(T([0.0, 0.5, 0.0]), T([1.0, 1.2, 2.0]))"),
}  # fmt: skip


_ALL = ("Beta", "ContinuousBernoulli", "Exponential", "Gamma", "Normal", "Pareto", "Uniform")
_MISSING = {("ContinuousBernoulli", "Beta"), ("ContinuousBernoulli", "Gamma")}
PAIRS = sorted(
    {(name, name) for name in EXAMPLES}
    | {("MultivariateNormal", "LowRankMultivariateNormal"), ("LowRankMultivariateNormal", "MultivariateNormal")}
    | {("Bernoulli", "Poisson"), ("Poisson", "Bernoulli"), ("Poisson", "Binomial"), ("Normal", "Laplace")}
    | {(p, q) for p in (*_ALL, "Gumbel", "Laplace") for q in _ALL if (p, q) not in _MISSING}
    | {(p, "Gumbel") for p in ("Exponential", "Gamma", "Normal", "Uniform")}
)


def registered(torch) -> set[tuple[str, str]]:
    """The pairs of classes with a divergence, by name."""
    return {(p.__name__, q.__name__) for p, q in torch.distributions.kl._KL_REGISTRY}


def observe(torch, p, q, dtype="float32"):
    """The divergence of the example of p from that of q, with its gradients."""
    see = Observer(torch, dtype)
    first, of_first = see.make(EXAMPLES[p][0]), see.parameters
    second, of_second = see.make(EXAMPLES[q][1]), see.parameters
    see.parameters = of_first + of_second
    return {"divergence": see.seen(lambda: see.gradients(torch.distributions.kl_divergence(first, second)))}
