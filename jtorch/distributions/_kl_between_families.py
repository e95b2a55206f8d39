"""Divergences of distributions of different families."""

import math

import jtorch
from jtorch import inf
from jtorch.distributions.bernoulli import Bernoulli
from jtorch.distributions.beta import Beta
from jtorch.distributions.binomial import Binomial
from jtorch.distributions.continuous_bernoulli import ContinuousBernoulli
from jtorch.distributions.exponential import Exponential
from jtorch.distributions.gamma import Gamma
from jtorch.distributions.gumbel import Gumbel
from jtorch.distributions.kl import _infinite_like, register_kl
from jtorch.distributions.laplace import Laplace
from jtorch.distributions.normal import Normal
from jtorch.distributions.pareto import Pareto
from jtorch.distributions.poisson import Poisson
from jtorch.distributions.uniform import Uniform
from jtorch.distributions.utils import euler_constant

LOG_2_PI = math.log(2 * math.pi)

# --- supports that do not fit: p draws what q cannot ---------------------------------------------------------------

_BOUNDED_FROM_BELOW = (Exponential, Gamma, Pareto)
_BOUNDED = (Beta, ContinuousBernoulli)
_INFINITE = (
    (Beta, (Pareto,), "concentration1"),
    (ContinuousBernoulli, (Pareto,), "probs"),
    (Exponential, (*_BOUNDED, Pareto, Uniform), "rate"),
    (Gamma, (*_BOUNDED, Pareto, Uniform), "concentration"),
    (Gumbel, (*_BOUNDED, *_BOUNDED_FROM_BELOW, Uniform), "loc"),
    (Laplace, (*_BOUNDED, *_BOUNDED_FROM_BELOW, Uniform), "loc"),
    (Normal, (*_BOUNDED, *_BOUNDED_FROM_BELOW, Uniform), "loc"),
    (Pareto, (*_BOUNDED, Uniform), "scale"),
    (Poisson, (Bernoulli, Binomial), "rate"),
)


def _infinite(parameter):
    return lambda p, q: _infinite_like(getattr(p, parameter))


for _p, _all_q, _parameter in _INFINITE:
    for _q in _all_q:
        register_kl(_p, _q)(_infinite(_parameter))


# --- what E[log q] is made of --------------------------------------------------------------------------------------


def _to_normal(second_moment, mean, q):
    """-E[log q] of a normal q but for the constant: (E[x**2] - 2 mean loc + loc**2) / (2 variance)."""
    return (0.5 * second_moment - q.loc * mean + 0.5 * q.loc.pow(2)) / q.scale.pow(2)


def _gamma_normalizer(q):
    return q.concentration.lgamma() - q.concentration * q.rate.log()


def _mean_log(low, high):
    """E[log x] of a uniform number."""
    width = high - low
    return (jtorch.xlogy(high, high) - jtorch.xlogy(low, low) - width) / width


# --- from Bernoulli and beta ---------------------------------------------------------------------------------------


@register_kl(Bernoulli, Poisson)
def _bernoulli_poisson(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Beta, ContinuousBernoulli)
def _beta_continuous_bernoulli(p, q):
    return -p.entropy() - p.mean * q.logits - jtorch.log1p(-q.probs) - q._cont_bern_log_norm()


@register_kl(Beta, Exponential)
def _beta_exponential(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _beta_gamma(p, q):
    mean_log = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    return -p.entropy() + _gamma_normalizer(q) - (q.concentration - 1) * mean_log + q.rate * p.mean


@register_kl(Beta, Normal)
def _beta_normal(p, q):
    second_moment = p.mean * (1 - p.mean) / (p.concentration1 + p.concentration0 + 1) + p.mean.pow(2)
    return -p.entropy() + 0.5 * LOG_2_PI + q.scale.log() + _to_normal(second_moment, p.mean, q)


@register_kl(Beta, Uniform)
def _beta_uniform(p, q):
    result = -p.entropy() + (q.high - q.low).log()
    return jtorch.where((q.low > 0) | (q.high < 1), inf, result)


@register_kl(ContinuousBernoulli, Exponential)
def _continuous_bernoulli_exponential(p, q):
    return -p.entropy() - jtorch.log(q.rate) + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _continuous_bernoulli_normal(p, q):
    second_moment = p.variance + jtorch.square(p.mean)
    return -p.entropy() + 0.5 * LOG_2_PI + jtorch.log(q.scale) + _to_normal(second_moment, p.mean, q)


@register_kl(ContinuousBernoulli, Uniform)
def _continuous_bernoulli_uniform(p, q):
    result = -p.entropy() + (q.high - q.low).log()
    return jtorch.where((q.low >= 0) | (q.high <= 1), inf, result)


# --- from exponential and gamma ------------------------------------------------------------------------------------


@register_kl(Exponential, Gamma)
def _exponential_gamma(p, q):
    ratio = q.rate / p.rate
    log_gamma = q.concentration.lgamma() + q.concentration * euler_constant
    return -q.concentration * jtorch.log(ratio) + ratio + log_gamma - (1 + euler_constant)


@register_kl(Exponential, Gumbel)
def _exponential_gumbel(p, q):
    product, shift = p.rate * q.scale, q.loc / q.scale
    tail = jtorch.exp(shift) * product / (product + 1)
    return product.log() - 1 - shift + tail + product.reciprocal()


@register_kl(Exponential, Normal)
def _exponential_normal(p, q):
    mean = p.rate.reciprocal()
    constant = 0.5 * LOG_2_PI + jtorch.log(p.rate * q.scale) - 1
    return constant + _to_normal(2 * mean.pow(2), mean, q)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _gamma_gumbel(p, q):
    a, product, shift = p.concentration, p.rate * q.scale, q.loc / q.scale
    negative_entropy = (a - 1) * a.digamma() - a.lgamma() - a
    tail = jtorch.exp(shift) * (1 + product.reciprocal()).pow(-a)
    return negative_entropy + product.log() + a / product + tail - shift


@register_kl(Gamma, Normal)
def _gamma_normal(p, q):
    a = p.concentration
    constant = 0.5 * LOG_2_PI + jtorch.log(p.rate * q.scale) - a - a.lgamma()
    return constant + (a - 1) * a.digamma() + _to_normal((a.pow(2) + a) / p.rate.pow(2), a / p.rate, q)


# --- from Gumbel, Laplace and normal -------------------------------------------------------------------------------


@register_kl(Gumbel, Normal)
def _gumbel_normal(p, q):
    ratio = p.scale / q.scale
    spread = (math.pi * ratio * 0.5).pow(2) / 3
    shift = ((p.loc + p.scale * euler_constant - q.loc) / q.scale).pow(2) * 0.5
    return -(ratio / math.sqrt(2 * math.pi)).log() + spread + shift - (euler_constant + 1)


@register_kl(Laplace, Normal)
def _laplace_normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return -0.5 * jtorch.log(2 * ratio / math.pi) + ratio + _to_normal(p.loc.pow(2), p.loc, q) - 1


@register_kl(Normal, Gumbel)
def _normal_gumbel(p, q):
    ratio, shift = (p.scale / q.scale).pow(2), (p.loc - q.loc) / q.scale
    return -0.5 * ratio.log() + shift + jtorch.exp(0.5 * ratio - shift) - 0.5 * (1 + LOG_2_PI)


@register_kl(Normal, Laplace)
def _normal_laplace(p, q):
    distance = p.loc - q.loc
    standardized = distance / p.scale
    near = math.sqrt(2 / math.pi) * p.scale * jtorch.exp(-0.5 * standardized.pow(2))
    far = distance * jtorch.erf(math.sqrt(0.5) * standardized)
    return -jtorch.log(p.scale / q.scale) + (near + far) / q.scale - 0.5 * (1 + math.log(0.5 * math.pi))


# --- from Pareto, whose mean exists for alpha > 1, and whose variance for alpha > 2 --------------------------------


@register_kl(Pareto, Exponential)
def _pareto_exponential(p, q):
    product = p.scale * q.rate
    result = (p.alpha / product).log() - p.alpha.reciprocal() + p.alpha * product / (p.alpha - 1) - 1
    return jtorch.where(p.alpha <= 1, inf, result)


@register_kl(Pareto, Gamma)
def _pareto_gamma(p, q):
    mean_log, mean = p.scale.log() + p.alpha.reciprocal(), p.alpha * p.scale / (p.alpha - 1)
    negative_entropy = p.alpha.log() - mean_log - 1
    result = negative_entropy + _gamma_normalizer(q) + (1 - q.concentration) * mean_log + q.rate * mean
    return jtorch.where(p.alpha <= 1, inf, result)


@register_kl(Pareto, Normal)
def _pareto_normal(p, q):
    unit = p.scale / (p.alpha - 1)
    spread = p.alpha * unit.pow(2) / (p.alpha - 2) + (p.alpha * unit - q.loc).pow(2)
    constant = (math.sqrt(2 * math.pi) * q.scale * p.alpha / p.scale).log() - p.alpha.reciprocal()
    return jtorch.where(p.alpha <= 2, inf, constant + spread / (2 * q.scale.pow(2)) - 1)


# --- from uniform --------------------------------------------------------------------------------------------------


@register_kl(Uniform, Beta)
def _uniform_beta(p, q):
    a, b = q.concentration1, q.concentration0
    log_beta = a.lgamma() + b.lgamma() - (a + b).lgamma()
    powers = (a - 1) * _mean_log(p.low, p.high) + (b - 1) * _mean_log(1 - p.high, 1 - p.low)
    return jtorch.where((p.high > 1) | (p.low < 0), inf, log_beta - powers - jtorch.log(p.high - p.low))


@register_kl(Uniform, ContinuousBernoulli)
def _uniform_continuous_bernoulli(p, q):
    result = -p.entropy() - p.mean * q.logits - jtorch.log1p(-q.probs) - q._cont_bern_log_norm()
    return jtorch.where((p.high >= 1) | (p.low <= 0), inf, result)


@register_kl(Uniform, Exponential)
def _uniform_exponential(p, q):
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return jtorch.where(p.low < 0, inf, result)


@register_kl(Uniform, Gamma)
def _uniform_gamma(p, q):
    power = (1 - q.concentration) * _mean_log(p.low, p.high)
    result = -(p.high - p.low).log() + _gamma_normalizer(q) + power + q.rate * (p.high + p.low) / 2
    return jtorch.where(p.low < 0, inf, result)


@register_kl(Uniform, Gumbel)
def _uniform_gumbel(p, q):
    ratio, high, low = q.scale / (p.high - p.low), (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return ratio.log() + 0.5 * (high + low) - ratio * (jtorch.exp(-high) - jtorch.exp(-low))


@register_kl(Uniform, Normal)
def _uniform_normal(p, q):
    width = p.high - p.low
    spread = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return (math.sqrt(2 * math.pi) * q.scale / width).log() + 0.5 * spread / q.scale.pow(2)


@register_kl(Uniform, Pareto)
def _uniform_pareto(p, q):
    normalizer = (q.alpha * q.scale.pow(q.alpha) * (p.high - p.low)).log()
    result = _mean_log(p.low, p.high) * (q.alpha + 1) - normalizer
    return jtorch.where(p.low < q.scale, inf, result)
