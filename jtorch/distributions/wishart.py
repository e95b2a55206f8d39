"""The Wishart distribution."""

import math
import warnings

import jtorch
from jtorch import Size, nan
from jtorch.distributions import constraints
from jtorch.distributions.chi2 import Chi2
from jtorch.distributions.exp_family import ExponentialFamily
from jtorch.distributions.multivariate_normal import _half_log_det, _scale_tril
from jtorch.distributions.utils import _Number, lazy_property

__all__ = ["Wishart"]


def _mvdigamma(x, p):
    """Derivative of the logarithm of the multivariate gamma function of dimension `p`."""
    if not x.gt((p - 1) / 2).all():
        raise AssertionError("Wrong domain for multivariate digamma function.")
    halves = jtorch.arange(p, dtype=x.dtype, device=x.device).div(2)
    return jtorch.digamma(x.unsqueeze(-1) - halves).sum(-1)


class Wishart(ExponentialFamily):
    """Sums of `df` outer products of normal vectors with one of covariance matrix, its inverse, or its lower Cholesky factor.

    Drawn by Bartlett's decomposition: S. Sawyer, "Wishart distributions and inverse-Wishart sampling", 2007. As in torch
    2.13 a draw that is positive definite is drawn a second time, with the warning that is meant for one that is not.

    >>> import jtorch as torch
    >>> torch.distributions.Wishart(torch.tensor(4.0), torch.eye(2)).mean
    tensor([[4., 0.],
            [0., 4.]])
    """

    support = constraints.positive_definite
    has_rsample = True
    _mean_carrier_measure = 0

    def __init__(self, df, covariance_matrix=None, precision_matrix=None, scale_tril=None, validate_args=None):
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: matrix for name, matrix in matrices.items() if matrix is not None}
        if len(given) != 1:
            raise AssertionError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given.items()
        if matrix.dim() < 2:
            raise ValueError("scale_tril must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape, event_shape = matrix.shape[:-2], matrix.shape[-2:]
        if isinstance(df, _Number):
            self.df = jtorch.tensor(df, dtype=matrix.dtype, device=matrix.device)
        else:
            batch_shape = Size(jtorch.broadcast_shapes(batch_shape, df.shape))
            self.df = df.expand(batch_shape)
        if self.df.le(event_shape[-1] - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {event_shape[-1] - 1}.")
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        if self.df.lt(event_shape[-1]).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
        self._unbroadcasted_scale_tril = _scale_tril(covariance_matrix, precision_matrix, scale_tril)
        self._dist_chi2 = self._diagonal_squares()

    def _diagonal_squares(self):
        """The distributions of the squares on the diagonal of Bartlett's factor: df, df - 1, ... degrees of freedom."""
        L = self._unbroadcasted_scale_tril
        return Chi2(df=self.df.unsqueeze(-1) - jtorch.arange(L.shape[-1], dtype=L.dtype, device=L.device))

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(Wishart, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril.expand(Size(batch_shape) + self.event_shape)
        names = ("df", "covariance_matrix", "scale_tril", "precision_matrix")
        self._expand_parameters(Wishart, batch_shape, new, names)
        new._dist_chi2 = new._diagonal_squares()
        return new

    @property
    def arg_constraints(self):
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self.event_shape[-1] - 1),
        }

    @lazy_property
    def scale_tril(self):
        return self._unbroadcasted_scale_tril.expand(self._batch_shape + self._event_shape)

    @lazy_property
    def covariance_matrix(self):
        L = self._unbroadcasted_scale_tril
        return (L @ L.transpose(-2, -1)).expand(self._batch_shape + self._event_shape)

    @lazy_property
    def precision_matrix(self):
        L = self._unbroadcasted_scale_tril
        identity = jtorch.eye(L.shape[-1], device=L.device, dtype=L.dtype)
        return jtorch.cholesky_solve(identity, L).expand(self._batch_shape + self._event_shape)

    def _per_matrix(self, values):
        return values.view((*self._batch_shape, 1, 1))

    @property
    def mean(self):
        return self._per_matrix(self.df) * self.covariance_matrix

    @property
    def mode(self):
        factor = self.df - self._event_shape[-1] - 1
        factor[factor <= 0] = nan
        return self._per_matrix(factor) * self.covariance_matrix

    @property
    def variance(self):
        V = self.covariance_matrix
        diagonal = V.diagonal(dim1=-2, dim2=-1)
        return self._per_matrix(self.df) * (V.pow(2) + jtorch.einsum("...i,...j->...ij", diagonal, diagonal))

    def _bartlett_sampling(self, sample_shape):
        p = self._event_shape[-1]
        diagonal = self._dist_chi2.rsample(sample_shape).sqrt()
        factor = diagonal.clamp(min=jtorch.finfo(diagonal.dtype).eps).diag_embed(dim1=-2, dim2=-1)
        rows, columns = jtorch.tril_indices(p, p, offset=-1)
        below = (*sample_shape, *self._batch_shape, p * (p - 1) // 2)
        factor[..., rows, columns] = jtorch.randn(below, dtype=factor.dtype, device=factor.device)
        factor = self._unbroadcasted_scale_tril @ factor
        return factor @ factor.transpose(-2, -1)

    def _any_of_batch(self, flags):
        """One flag per sample: whether any matrix of its batch has one."""
        return flags.amax(tuple(range(-len(self._batch_shape), 0))) if self._batch_shape else flags

    def rsample(self, sample_shape=(), max_try_correction=10):
        sample = self._bartlett_sampling(Size(sample_shape))
        again = self._any_of_batch(self.support.check(sample))
        if again.any():
            warnings.warn("Singular sample detected.", stacklevel=2)
            for _ in range(max_try_correction):
                new = self._bartlett_sampling(again[again].shape)
                sample[again] = new
                left = again.clone()  # the gradient of the write needs the flags as they were
                left[again] = self._any_of_batch(~self.support.check(new))
                again = left
                if not again.any():
                    break
        return sample

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        nu, p, L = self.df, self._event_shape[-1], self._unbroadcasted_scale_tril
        normalizer = nu * (p * math.log(2) / 2 + _half_log_det(L)) + jtorch.mvlgamma(nu / 2, p=p)
        power = (nu - p - 1) / 2 * jtorch.linalg.slogdet(value).logabsdet
        trace = jtorch.cholesky_solve(value, L).diagonal(dim1=-2, dim2=-1).sum(dim=-1)
        return -normalizer + power - trace / 2

    def entropy(self):
        nu, p = self.df, self._event_shape[-1]
        log_det = p * math.log(2) / 2 + _half_log_det(self._unbroadcasted_scale_tril)
        log_gamma = jtorch.mvlgamma(nu / 2, p=p)
        return (p + 1) * log_det + log_gamma - (nu - p - 1) / 2 * _mvdigamma(nu / 2, p=p) + nu * p / 2

    @property
    def _natural_params(self):
        return -self.precision_matrix / 2, (self.df - self._event_shape[-1] - 1) / 2

    def _log_normalizer(self, x, y):
        p = self._event_shape[-1]
        half_nu = y + (p + 1) / 2
        return half_nu * (-jtorch.linalg.slogdet(-2 * x).logabsdet + math.log(2) * p) + jtorch.mvlgamma(half_nu, p=p)
