"""The von Mises distribution."""

import math

import jtorch
from jtorch.distributions import constraints
from jtorch.distributions.distribution import Distribution
from jtorch.distributions.utils import broadcast_all, lazy_property

__all__ = ["VonMises"]

# Modified Bessel functions I_0 and I_1: M. Abramowitz and I. A. Stegun, "Handbook of mathematical functions", 9.8.1 to 9.8.4.
# Of (x / 3.75) ** 2 below 3.75, of 3.75 / x above.
_BELOW = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411),
)
_ABOVE = (
    (0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377),
    (0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555, 0.02282967, -0.02895312, 0.01787654, -0.00420059),
)


def _polynomial(x, coefficients):
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = coefficient + x * total
    return total


def _log_modified_bessel_fn(x, order=0):
    """log I_order(x) for x > 0 and order 0 or 1."""
    if order not in (0, 1):
        raise AssertionError(f"order must be 0 or 1, got {order}")
    below = _polynomial((x / 3.75) * (x / 3.75), _BELOW[order])
    if order == 1:
        below = x.abs() * below
    above = x - 0.5 * x.log() + _polynomial(3.75 / x, _ABOVE[order]).log()
    return jtorch.where(x < 3.75, below.log(), above)


class VonMises(Distribution):
    """Angles in [-pi, pi) around `loc`, of density proportional to exp(concentration cos(x - loc)).

    Drawn by rejection from a wrapped Cauchy distribution, in float64: D. J. Best and N. I. Fisher, "Efficient simulation of
    the von Mises distribution", 1979.

    >>> import jtorch as torch
    >>> torch.distributions.VonMises(torch.tensor([1.0]), torch.tensor([1.0])).mean
    tensor([1.])
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real
    has_rsample = False

    def __init__(self, loc, concentration, validate_args=None):
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        loc, concentration = self.loc.expand(batch_shape), self.concentration.expand(batch_shape)
        return type(self)(loc, concentration, validate_args=self.__dict__.get("_validate_args"))

    @property
    def mean(self):
        """The circular mean."""
        return self.loc

    @property
    def mode(self):
        return self.loc

    @lazy_property
    def variance(self):
        """The circular variance, 1 - I_1 / I_0."""
        kappa = self.concentration
        return 1 - (_log_modified_bessel_fn(kappa, order=1) - _log_modified_bessel_fn(kappa, order=0)).exp()

    @lazy_property
    def _proposal_r(self):
        kappa = self.concentration.double()
        tau = 1 + (1 + 4 * kappa**2).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
        return jtorch.where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))

    def sample(self, sample_shape=()):
        """Attempts are made for the whole batch until every element has had one that was accepted."""
        with jtorch.no_grad():
            loc, kappa, r = self.loc.double(), self.concentration.double(), self._proposal_r
            angle = jtorch.zeros(self._extended_shape(sample_shape), dtype=loc.dtype, device=loc.device)
            done = jtorch.zeros(angle.shape, dtype=jtorch.bool, device=loc.device)
            while not done.all():
                u1, u2, u3 = jtorch.rand((3, *angle.shape), dtype=loc.dtype, device=loc.device).unbind()
                z = jtorch.cos(math.pi * u1)
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accept = ((c * (2 - c) - u2) > 0) | ((c / u2).log() + 1 - c >= 0)
                angle = jtorch.where(accept, (u3 - 0.5).sign() * f.acos(), angle)
                done = done | accept
            return ((angle + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        normalizer = math.log(2 * math.pi) + _log_modified_bessel_fn(self.concentration, order=0)
        return self.concentration * jtorch.cos(value - self.loc) - normalizer
