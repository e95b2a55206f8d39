"""The multivariate normal distribution."""

import math

import jtorch
from jtorch.distributions import constraints
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import _standard_normal, lazy_property

__all__ = ["MultivariateNormal"]


def _batch_mv(bmat, bvec):
    """Matrices times vectors."""
    return jtorch.matmul(bmat, bvec.unsqueeze(-1)).squeeze(-1)


def _batch_mahalanobis(bL, bx):
    """x^T (L L^T)^-1 x for lower triangular L (*B, n, n) and x (*S, *B, n): a system is solved per matrix, for all of S at once."""
    n, batch = bx.shape[-1], bx.shape[:-1]
    outer = len(batch) - (bL.dim() - 2)
    L = bL.expand((*batch[outer:], n, n))
    columns = bx.reshape((-1, *batch[outer:], n)).movedim(0, -1)
    return jtorch.linalg.solve_triangular(L, columns, upper=False).pow(2).sum(-2).movedim(-1, 0).reshape(batch)


def _precision_to_scale_tril(P):
    """The lower Cholesky factor of P^-1, from the factor of P with its axes reversed."""
    reversed_factor = jtorch.linalg.cholesky(jtorch.flip(P, (-2, -1)))
    inverse = jtorch.flip(reversed_factor, (-2, -1)).transpose(-2, -1)
    identity = jtorch.eye(P.shape[-1], dtype=P.dtype, device=P.device)
    return jtorch.linalg.solve_triangular(inverse, identity, upper=False)


def _half_log_det(tril):
    return tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def _scale_tril(covariance_matrix, precision_matrix, scale_tril):
    """The Cholesky factor of the one that is given, as it was given: not expanded."""
    if scale_tril is not None:
        return scale_tril
    if covariance_matrix is not None:
        return jtorch.linalg.cholesky(covariance_matrix)
    return _precision_to_scale_tril(precision_matrix)


class MultivariateNormal(Distribution):
    """Normal vectors of mean `loc` and one of covariance matrix, its inverse, or its lower Cholesky factor.

    >>> import jtorch as torch
    >>> torch.distributions.MultivariateNormal(torch.zeros(2), torch.diag(torch.tensor([4.0, 9.0]))).variance
    tensor([4., 9.])
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(self, loc, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "scale_tril": scale_tril,
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
        }
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            shown = "scale_tril matrix" if name == "scale_tril" else name
            raise ValueError(f"{shown} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = jtorch.broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        self.loc = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = _scale_tril(covariance_matrix, precision_matrix, scale_tril)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(MultivariateNormal, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        names = ("loc", "covariance_matrix", "scale_tril", "precision_matrix")
        return self._expand_parameters(MultivariateNormal, batch_shape, new, names)

    def _expanded_matrix(self, matrix):
        return matrix.expand(self._batch_shape + self._event_shape + self._event_shape)

    @lazy_property
    def scale_tril(self):
        return self._expanded_matrix(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self):
        L = self._unbroadcasted_scale_tril
        return self._expanded_matrix(jtorch.matmul(L, L.mT))

    @lazy_property
    def precision_matrix(self):
        return self._expanded_matrix(jtorch.cholesky_inverse(self._unbroadcasted_scale_tril))

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape=()):
        noise = _standard_normal(self._extended_shape(sample_shape), self.loc.dtype, self.loc.device)
        return self.loc + _batch_mv(self._unbroadcasted_scale_tril, noise)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        distance = _batch_mahalanobis(self._unbroadcasted_scale_tril, value - self.loc)
        normalizer = self._event_shape[0] * math.log(2 * math.pi)
        return -0.5 * (normalizer + distance) - _half_log_det(self._unbroadcasted_scale_tril)

    def entropy(self):
        per_dimension = 0.5 * (1.0 + math.log(2 * math.pi))
        entropy = self._event_shape[0] * per_dimension + _half_log_det(self._unbroadcasted_scale_tril)
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy
