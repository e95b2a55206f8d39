"""Special functions: polynomials, Bessel functions, and the dtypes they are given in."""
import torch

x = torch.tensor([-1.5, -1.0, -0.3, 0.0, 0.4, 1.0, 2.5])
positive = torch.tensor([0.2, 1.0, 2.0, 3.0, 7.5, 40.0])

# --- Chebyshev polynomials
[getattr(torch.special, f"chebyshev_polynomial_{kind}")(x, n) for kind in "tuvw" for n in (-1, 0, 1, 5, 12)]
# --- shifted Chebyshev polynomials
[getattr(torch.special, f"shifted_chebyshev_polynomial_{kind}")(x / 2, n) for kind in "tuvw" for n in (0, 1, 4, 11)]
# --- Hermite Laguerre and Legendre polynomials
names = "hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p".split()
[getattr(torch.special, name)(x, n) for name in names for n in (-2, 0, 1, 2, 6)]
# --- a degree for each place
degrees = torch.tensor([[0], [1], [5]])
[torch.special.legendre_polynomial_p(x, degrees), torch.special.chebyshev_polynomial_t(2, degrees), torch.special.laguerre_polynomial_l(degrees, 3)]
# --- Hermite polynomials of too high a degree
[torch.special.hermite_polynomial_h(torch.tensor([0.5]), 129), torch.special.hermite_polynomial_he(torch.tensor([0.5], dtype=torch.float64), 513)]
# --- Bessel functions
[getattr(torch.special, f"bessel_{kind}")(x * 4) for kind in ("j0", "j1", "y0", "y1")]
# --- modified Bessel functions
[getattr(torch.special, f"modified_bessel_{kind}")(x) for kind in ("i0", "i1", "k0", "k1")]
# --- scaled modified Bessel functions
[f(v) for f in (torch.special.scaled_modified_bessel_k0, torch.special.scaled_modified_bessel_k1) for v in (x, positive)]
# --- spherical Bessel function and Airy's function
end = torch.tensor([float("inf"), float("nan"), 200.0, -20.0])
[f(v) for f in (torch.special.spherical_bessel_j0, torch.special.airy_ai) for v in (x, positive, end)]
# --- integers become floats
[torch.special.bessel_j0(torch.arange(3)), torch.special.legendre_polynomial_p(torch.arange(3), 2), torch.special.zeta(torch.tensor([2, 3, 0, 1]), 1)]
# --- no gradients
torch.special.airy_ai(torch.ones(2, requires_grad=True)).requires_grad
# --- not in half precision
torch.special.bessel_y1(torch.ones(2, dtype=torch.float16))
# --- not of complex numbers
torch.special.laguerre_polynomial_l(torch.ones(2, dtype=torch.complex64), 2)
# --- zeta below one
torch.special.zeta(torch.tensor([2.0, 2.0, 0.5, 1.0, 3.0]), torch.tensor([1.0, -2.0, -1.0, 2.0, -1.5]))
# --- polygamma into a given tensor
out = torch.empty(0)
[torch.special.polygamma(2, positive, out=out), out.shape]
# --- third derivative of lgamma
y = torch.tensor([0.7, 2.0, -1.4], requires_grad=True)
(first,) = torch.autograd.grad(y.lgamma().sum(), y, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), y, create_graph=True)
torch.autograd.grad(second.sum(), y)
