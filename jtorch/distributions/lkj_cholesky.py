"""The LKJ distribution of correlation matrices."""

import math

import jtorch
from jtorch import Size
from jtorch.distributions import constraints
from jtorch.distributions.beta import Beta
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Cholesky factors L of correlation matrices of size `dim`, whose density is proportional to det(L L^T) ** (concentration - 1).

    Drawn by the onion method: D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation matrices based on
    vines and extended onion method", 2009, section 3.

    >>> import jtorch as torch
    >>> torch.distributions.LKJCholesky(3, 0.5).event_shape
    torch.Size([3, 3])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        # Row i > 0 has squared length below the diagonal Beta(i / 2, concentration + (dim - 1 - i) / 2); row 0 has none.
        below = jtorch.arange(dim - 1, dtype=self.concentration.dtype, device=self.concentration.device)
        below = jtorch.cat([below.new_zeros((1,)), below])
        rest = (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * below
        self._beta = Beta(below + 0.5, rest)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(LKJCholesky, _instance)
        new.dim = self.dim
        new._beta = self._beta.expand(Size(batch_shape) + (self.dim,))
        return self._expand_parameters(LKJCholesky, batch_shape, new, ("concentration",))

    def sample(self, sample_shape=()):
        squared_length = self._beta.sample(sample_shape).unsqueeze(-1)
        dtype, device = squared_length.dtype, squared_length.device
        normal = jtorch.randn(self._extended_shape(sample_shape), dtype=dtype, device=device).tril(-1)
        direction = normal / normal.norm(dim=-1, keepdim=True)
        direction[..., 0, :] = 0.0
        factor = jtorch.sqrt(squared_length) * direction
        rest = jtorch.clamp(1 - jtorch.sum(factor**2, dim=-1), min=jtorch.finfo(dtype).tiny)
        return factor + jtorch.diag_embed(rest.sqrt())

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n = self.dim - 1
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        order = jtorch.arange(2, self.dim + 1, device=self.concentration.device)
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - order
        unnormalized = jtorch.sum(order * diagonal.log(), dim=-1)
        # The normalizing constant is that of page 1999 of the paper, by the multivariate gamma function.
        alpha = self.concentration + 0.5 * n
        return unnormalized - (0.5 * n * math.log(math.pi) + jtorch.mvlgamma(alpha - 0.5, n) - jtorch.lgamma(alpha) * n)
