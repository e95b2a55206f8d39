"""Divergences of two distributions of one family."""

import jtorch
from jtorch import inf
from jtorch.distributions.bernoulli import Bernoulli
from jtorch.distributions.beta import Beta
from jtorch.distributions.binomial import Binomial
from jtorch.distributions.categorical import Categorical
from jtorch.distributions.cauchy import Cauchy
from jtorch.distributions.continuous_bernoulli import ContinuousBernoulli
from jtorch.distributions.dirichlet import Dirichlet
from jtorch.distributions.exponential import Exponential
from jtorch.distributions.gamma import Gamma
from jtorch.distributions.geometric import Geometric
from jtorch.distributions.gumbel import Gumbel
from jtorch.distributions.half_normal import HalfNormal
from jtorch.distributions.kl import register_kl
from jtorch.distributions.laplace import Laplace
from jtorch.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    _batch_lowrank_logdet,
    _batch_lowrank_mahalanobis,
)
from jtorch.distributions.multivariate_normal import MultivariateNormal, _batch_mahalanobis, _half_log_det
from jtorch.distributions.normal import Normal
from jtorch.distributions.one_hot_categorical import OneHotCategorical
from jtorch.distributions.pareto import Pareto
from jtorch.distributions.poisson import Poisson
from jtorch.distributions.uniform import Uniform
from jtorch.distributions.utils import euler_constant
from jtorch.nn.functional import softplus

# --- counts and classes --------------------------------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p, q):
    success = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    failure = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return _zero_or_infinite(success, p.probs == 0, q.probs == 0) + _zero_or_infinite(
        failure, p.probs == 1, q.probs == 1
    )


def _zero_or_infinite(terms, never_p, never_q):
    """p log(p / q): 0 for what p never draws, else infinite for what q never draws."""
    return jtorch.where(never_p, 0, jtorch.where(never_q, inf, terms))


@register_kl(Binomial, Binomial)
def _binomial(p, q):
    """Infinite where p can count further than q."""
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    of_one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return jtorch.where(p.total_count > q.total_count, inf, p.total_count * of_one)


@register_kl(Categorical, Categorical)
def _categorical(p, q):
    terms = p.probs * (p.logits - q.logits)
    return _zero_or_infinite(terms, p.probs == 0, q.probs == 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot_categorical(p, q):
    return _categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _geometric(p, q):
    return -p.entropy() - jtorch.log1p(-q.probs) / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


# --- numbers -------------------------------------------------------------------------------------------------------


@register_kl(Beta, Beta)
def _beta(p, q):
    a, b, total = p.concentration1, p.concentration0, p.concentration1 + p.concentration0
    a_q, b_q, total_q = q.concentration1, q.concentration0, q.concentration1 + q.concentration0
    log_beta_q = a_q.lgamma() + b_q.lgamma() + total.lgamma()
    log_beta_p = a.lgamma() + b.lgamma() + total_q.lgamma()
    slopes = (a - a_q) * jtorch.digamma(a) + (b - b_q) * jtorch.digamma(b) + (total_q - total) * jtorch.digamma(total)
    return log_beta_q - log_beta_p + slopes


@register_kl(Cauchy, Cauchy)
def _cauchy(p, q):
    """F. Chyzak and F. Nielsen, "A closed-form formula for the Kullback-Leibler divergence between Cauchy distributions", 2019."""
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _continuous_bernoulli(p, q):
    of_p = p._cont_bern_log_norm() + jtorch.log1p(-p.probs)
    of_q = q._cont_bern_log_norm() + jtorch.log1p(-q.probs)
    return p.mean * (p.logits - q.logits) + of_p - of_q


@register_kl(Exponential, Exponential)
def _exponential(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _gamma(p, q):
    a, b = p.concentration, q.concentration
    log_gammas = jtorch.lgamma(b) - jtorch.lgamma(a) + (a - b) * jtorch.digamma(a)
    return b * (p.rate / q.rate).log() + log_gammas + (q.rate - p.rate) * (a / p.rate)


@register_kl(Gumbel, Gumbel)
def _gumbel(p, q):
    ratio, shift = p.scale / q.scale, (q.loc - p.loc) / q.scale
    tail = jtorch.exp(shift + (1 + ratio).lgamma())
    return -ratio.log() - shift + ratio * euler_constant + tail - (1 + euler_constant)


@register_kl(Laplace, Laplace)
def _laplace(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * jtorch.exp(-distance / p.scale) - 1


@register_kl(Normal, Normal)
def _normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p, q):
    return _normal(p.base_dist, q.base_dist)


@register_kl(Pareto, Pareto)
def _pareto(p, q):
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return jtorch.where(p.scale < q.scale, inf, result)


@register_kl(Uniform, Uniform)
def _uniform(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return jtorch.where((q.low > p.low) | (q.high < p.high), inf, result)


# --- vectors -------------------------------------------------------------------------------------------------------


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p, q):
    a, b = p.concentration, q.concentration
    total_a, total_b = a.sum(-1), b.sum(-1)
    log_betas = total_a.lgamma() - total_b.lgamma() - (a.lgamma() - b.lgamma()).sum(-1)
    return log_betas + ((a - b) * (a.digamma() - total_a.digamma().unsqueeze(-1))).sum(-1)


def _check_event_shapes(p, q, kind):
    if p.event_shape != q.event_shape:
        raise ValueError(
            f"KL-divergence between two {kind} with{'different':>35} event shapes cannot be computed"  # torch's gap
        )


def _squares(matrix):
    """The sum of a matrix' squared elements."""
    return matrix.pow(2).sum((-2, -1))


def _solved(tril, matrix):
    return jtorch.linalg.solve_triangular(tril, matrix, upper=False)


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p, q):
    _check_event_shapes(p, q, "Multivariate Normals")
    P, Q = p._unbroadcasted_scale_tril, q._unbroadcasted_scale_tril
    log_det = _half_log_det(Q) - _half_log_det(P)
    distance = _batch_mahalanobis(Q, q.loc - p.loc)
    return log_det + 0.5 * (_squares(_solved(Q, P)) + distance - p.event_shape[0])


def _log_det_and_distance_to_lowrank(p, q):
    """log det of q's covariance, the Mahalanobis distance of the means, and C^-1 W^T D^-1 (see `lowrank_multivariate_normal`)."""
    W, D, C = *q._factors, q._capacitance_tril
    distance = _batch_lowrank_mahalanobis(W, D, q.loc - p.loc, C)
    return _batch_lowrank_logdet(W, D, C), distance, _solved(C, W.mT / D.unsqueeze(-2))


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _lowrank_multivariate_normal(p, q):
    _check_event_shapes(p, q, "Low Rank Multivariate Normals")
    log_det_q, distance, A = _log_det_and_distance_to_lowrank(p, q)
    W, D, D_q = *p._factors, q._unbroadcasted_cov_diag
    log_det = log_det_q - _batch_lowrank_logdet(W, D, p._capacitance_tril)
    # tr((D_q^-1 - A^T A) (W W^T + D))
    trace = (D / D_q).sum(-1) + _squares(W * D_q.rsqrt().unsqueeze(-1))
    trace = trace - _squares(A * D.sqrt().unsqueeze(-2)) - _squares(A.matmul(W))
    return 0.5 * (log_det + trace + distance - p.event_shape[0])


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _multivariate_to_lowrank(p, q):
    _check_event_shapes(p, q, "(Low Rank) Multivariate Normals")
    log_det_q, distance, A = _log_det_and_distance_to_lowrank(p, q)
    P, D_q = p._unbroadcasted_scale_tril, q._unbroadcasted_cov_diag
    trace = _squares(P * D_q.rsqrt().unsqueeze(-1)) - _squares(A.matmul(P))
    return 0.5 * (log_det_q - 2 * _half_log_det(P) + trace + distance - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _lowrank_to_multivariate(p, q):
    _check_event_shapes(p, q, "(Low Rank) Multivariate Normals")
    Q, (W, D) = q._unbroadcasted_scale_tril, p._factors
    log_det = 2 * _half_log_det(Q) - _batch_lowrank_logdet(W, D, p._capacitance_tril)
    distance = _batch_mahalanobis(Q, q.loc - p.loc)
    trace = _squares(_solved(Q, W)) + _squares(_solved(Q, jtorch.diag_embed(D.sqrt())))
    return 0.5 * (log_det + trace + distance - p.event_shape[0])
