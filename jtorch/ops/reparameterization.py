"""Gradients of random numbers that were drawn by rejection: how a draw moves with the parameters of its distribution.

For a draw x of distribution function F(x; a) with density f, dx/da = -(dF/da) / f, F held fixed (implicit reparameterization: M.
Figurnov, S. Mohamed and A. Mnih, 2018). F has no closed form for gamma and beta numbers; the approximations and where they meet are
torch's, so that gradients are equal to its; computed in float64 (two series of torch's are in the dtype itself, and in float32 a few
parts in a thousand off where x is within 1e-4 of 1).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .kinds import scalar_name
from .registry import Array, OptionalArray, op
from .shapes import fit


def require_float(kernel: str, *arrays):
    """One of the two dtypes that torch's kernels know, the same in all operands."""
    wanted = scalar_name(arrays[0])
    if wanted not in ("Float", "Double"):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{wanted}'\nConvert to float32 or float64.")
    for array in arrays[1:]:
        if array.dtype != arrays[0].dtype:
            raise RuntimeError(
                f"Found dtype {scalar_name(array)} but expected {wanted}\nConvert one of them with .to(dtype)."
            )


@op("random.drawn", promote="none", variants="", node=lambda statics: statics["node"])
def drawn(made: Array, first: OptionalArray, second: OptionalArray, node):
    """Numbers that were drawn with some parameters, which torch gives gradients of zeros."""
    return made


@drawn.backward
def drawn_backward(grad, first_shape, second_shape):
    return None, *[None if shape is None else jnp.zeros(shape, grad.dtype) for shape in (first_shape, second_shape)]


@op("random.reparameterized_gamma", promote="none", variants="", node="StandardGamma", elementwise=True)
def reparameterized_gamma(concentration: Array, drawn: Array):
    """Gamma numbers that were drawn with a concentration, tied to it for gradients."""
    return drawn


@reparameterized_gamma.backward
def reparameterized_gamma_backward(grad, concentration, result):
    return grad * gamma_slope(concentration, result), None


@op("_standard_gamma_grad", promote="none", variants="", elementwise=True)
def standard_gamma_grad(input: Array, output: Array):
    """d output / d input of a gamma number `output` of rate 1 and concentration `input`."""
    require_float("_standard_gamma_grad_cpu", input, output)
    return gamma_slope(input, output)


@standard_gamma_grad.backward
def standard_gamma_grad_backward(grad, input):
    raise NotImplementedError("the derivative for '_standard_gamma_grad' is not implemented.")


@op("_dirichlet_grad", promote="none", variants="", elementwise=True)
def dirichlet_grad(x: Array, alpha: Array, total: Array):
    """Of a share `x` of concentration `alpha` among concentrations that add up to `total`: dx / d alpha / (1 - x)."""
    require_float("_dirichlet_grad_cpu", x, alpha, total)
    return dirichlet_slope(x, alpha, total)


@dirichlet_grad.backward
def dirichlet_grad_backward(grad, x):
    raise NotImplementedError("the derivative for '_dirichlet_grad' is not implemented.")


# --- gamma ---------------------------------------------------------------------------------------------------------

# A rational function of log(x / alpha) and log(alpha), fitted for torch: numerator and denominator, each with a row per power of
# the first logarithm and a column per power of the second.
_GAMMA_FIT = np.array(
    [
        [
            [0.16009398, -0.094634809, 0.025146376, -0.0030648343],
            [0.53487893, 0.1298071, 0.065735949, -0.0015649758],
            [0.040121004, -0.0065914022, -0.0026286047, -0.0013441777],
        ],
        [
            [1, 0.32668115, 0.10406089, 0.0014179084],
            [0.16639465, 0.020070113, -0.0035938915, -0.00058392623],
            [0.017050642, -0.0021309326, 0.00085092367, -1.5247877e-07],
        ],
    ]
)


@jax.custom_jvp
def gamma_slope(alpha, x):
    """dx / d alpha of a gamma number x of concentration alpha."""
    dtype = x.dtype
    alpha, x = (a.astype(jnp.float64) for a in fit(alpha, x))
    small, large = _gamma_small(alpha, x), _gamma_large(alpha, x)
    numerator, denominator = (_polynomials(fit_, jnp.log(x / alpha), jnp.log(alpha)) for fit_ in _GAMMA_FIT)
    slope = jnp.where(x < _f32(0.8), small, jnp.where(alpha > 8, large, jnp.exp(numerator / denominator)))
    return slope.astype(dtype)


@gamma_slope.defjvp
def _gamma_slope_jvp(primals, tangents):
    raise NotImplementedError("the derivative for '_standard_gamma_grad' is not implemented.")


def _gamma_small(alpha, x):
    """Taylor series of the distribution function in x, 6 terms."""
    term, order = jnp.ones_like(x), alpha
    series, slope_series = 1 / order, 1 / order**2
    for i in range(1, 6):
        term, order = term * -x / i, order + 1
        series, slope_series = series + term / order, slope_series + term / order**2
    power = x**alpha
    of_cdf = (jnp.log(x) - lax.digamma(alpha)) * power * series - power * slope_series
    slope = -of_cdf / (x ** (alpha - 1) * jnp.exp(-x))
    return jnp.where(jnp.isnan(slope), 0, slope)


def _gamma_large(alpha, x):
    """Rice's saddle point expansion; its own expansion where x is near alpha."""
    near = (1 + 24 * alpha * (1 + 12 * alpha)) * (
        1440 * alpha**2 + 6 * x * (53 - 120 * x) - 65 * x**2 / alpha + alpha * (107 + 3600 * x)
    )
    near = near / (1244160 * alpha**4)
    root, log_ratio = jnp.sqrt(8 * alpha), jnp.log(x / alpha)
    tail = (x - alpha - alpha * log_ratio) ** -1.5
    bracket = root / (alpha - x) + jnp.where(x < alpha, -tail, tail)
    term = log_ratio * bracket - jnp.sqrt(2 / alpha) * (alpha + x) / (alpha - x) ** 2
    stirling = 1 + 1 / (12 * alpha) * (1 + 1 / (24 * alpha))
    far = -stirling * x * term / root
    return jnp.where((_f32(0.9) * alpha <= x) & (x <= _f32(1.1) * alpha), near, far)


# --- beta and Dirichlet --------------------------------------------------------------------------------------------

# A rational function fitted for torch: numerator and denominator, by powers of log x, of log(alpha / x), and of log(total x / alpha).
_BETA_FIT = np.array(
    [
        [
            [
                [1.003668233, -0.01061107488, -0.0657888334, 0.01201642863],
                [0.6336835991, -0.3557432599, 0.05486251648, -0.001465281033],
                [-0.03276231906, 0.004474107445, 0.002429354597, -0.0001557569013],
            ],
            [
                [0.221950385, -0.3187676331, 0.01799915743, 0.01074823814],
                [-0.2951249643, 0.06219954479, 0.01535556598, 0.001550077057],
                [0.02155310298, 0.004170831599, 0.001292462449, 6.976601077e-05],
            ],
            [
                [-0.05980841433, 0.008441916499, 0.01085618172, 0.002319392565],
                [0.02911413504, 0.01400243777, -0.002721828457, 0.000751041181],
                [0.005900514878, -0.001936558688, -9.495446725e-06, 5.385558597e-05],
            ],
        ],
        [
            [
                [1, -0.02924021934, -0.04438342661, 0.007285809825],
                [0.6357567472, -0.3473456711, 0.05454656494, -0.002407477521],
                [-0.03301322327, 0.004845219414, 0.00231480583, -0.0002307248149],
            ],
            [
                [0.5925320577, -0.1757678135, 0.01505928619, 0.000564515273],
                [0.1014815858, -0.06589186703, 0.01272886114, -0.0007316646956],
                [-0.007258481865, 0.001096195486, 0.0003934994223, -4.12701925e-05],
            ],
            [
                [0.06469649321, -0.0236701437, 0.002902096474, -5.896963079e-05],
                [0.001925008108, -0.002869809258, 0.0008000589141, -6.063713228e-05],
                [-0.0003477407336, 6.959756487e-05, 1.097287507e-05, -1.650964693e-06],
            ],
        ],
    ]
)


@jax.custom_jvp
def dirichlet_slope(x, alpha, total):
    """dx / d alpha / (1 - x) of a beta number x of concentrations alpha and total - alpha."""
    dtype = x.dtype
    x, alpha, total = (a.astype(jnp.float64) for a in fit(x, alpha, total))
    beta, boundary = total - alpha, total * x * (1 - x)
    large = (alpha > 6) & (beta > 6)
    near_0, near_1 = (x <= 0.5) & (boundary < 2.5), (x >= 0.5) & (boundary < 0.75)
    slope = jnp.where(large, _beta_large(x, alpha, beta), _beta_fit(x, alpha, beta, total))
    slope = jnp.where(near_1, -_beta_of_other(1 - x, beta, alpha), slope)
    return jnp.where(near_0, _beta_small(x, alpha, beta), slope).astype(dtype)


@dirichlet_slope.defjvp
def _dirichlet_slope_jvp(primals, tangents):
    raise NotImplementedError("the derivative for '_dirichlet_grad' is not implemented.")


def _beta_small(x, alpha, beta):
    """Taylor series in x of the slope in alpha."""
    factor = lax.digamma(alpha) - lax.digamma(alpha + beta) - jnp.log(x)
    term, series = jnp.ones_like(x), (factor + 1 / alpha) / alpha
    for i in range(1, 11):
        term, order = term * (i - beta) * x / i, alpha + i
        series = series + term / order * (factor + 1 / order)
    slope = x * (1 - x) ** -beta * series
    return jnp.where(jnp.isnan(slope), 0, slope)


def _beta_of_other(x, alpha, beta):
    """Taylor series in x of the slope in beta."""
    factor = lax.digamma(alpha + beta) - lax.digamma(beta)
    term, betas, dbetas, series = jnp.ones_like(x), jnp.ones_like(x), jnp.zeros_like(x), factor / alpha
    for i in range(1, 9):
        term = term * -x / i
        dbetas = dbetas * (beta - i) + betas
        betas = betas * (beta - i)
        series = series + term / (alpha + i) * (dbetas + factor * betas)
    slope = -((1 - x) ** (1 - beta)) * series
    return jnp.where(jnp.isnan(slope), 0, slope)


def _beta_large(x, alpha, beta):
    """Rice's saddle point expansion; a polynomial where x is near the mean, at which the expansion is singular."""
    total = alpha + beta
    mean = alpha / total
    deviation = jnp.sqrt(alpha * beta / (total + 1)) / total
    polynomial = 47 * x * beta**4 + alpha * (
        (43 + 20 * (16 + 27 * beta) * x) * beta**3
        + alpha
        * (
            3 * (59 + 180 * beta - 90 * x) * beta**2
            + alpha * ((453 + 1620 * beta * (1 - x) - 455 * x) * beta + alpha * (8 * (1 - x) * (135 * beta - 11)))
        )
    )
    scale = (1 + 12 * alpha) * (1 + 12 * beta) / total**2 / (12960 * alpha**3 * beta**2 * (1 + 12 * total))
    near = scale / (1 - x) * polynomial

    stirling = _stirling(alpha) * _stirling(beta) / _stirling(total)
    offset = alpha * (x - 1) + beta * x
    term1 = (2 * alpha**2 * (x - 1) + alpha * beta * (x - 1) - x * beta**2) / (
        jnp.sqrt(2 * alpha / beta) * total**1.5 * offset**2
    )
    term3 = jnp.sqrt(8 * alpha * beta / total) / offset
    term4 = (beta * jnp.log(beta / (total * (1 - x))) + alpha * jnp.log(alpha / (total * x))) ** -1.5
    bracket = term3 + jnp.where(x < mean, term4, -term4)
    far = term1 + 0.5 * jnp.log(alpha / (total * x)) * bracket
    far = -stirling * x / jnp.sqrt(2 * alpha * beta / total) * far
    return jnp.where((mean - 0.1 * deviation <= x) & (x <= mean + 0.1 * deviation), near, far)


def _stirling(a):
    return 1 + 1 / (12 * a) + 1 / (288 * a**2)


def _beta_fit(x, alpha, beta, total):
    """A rational function of logarithms, as a correction of x (psi(total) - psi(alpha)) / beta."""
    u = jnp.log(x)
    a = jnp.log(alpha) - u
    b = jnp.log(total) - a
    numerator, denominator = (sum(u**i * _polynomials(rows, a, b) for i, rows in enumerate(fit_)) for fit_ in _BETA_FIT)
    return numerator / denominator * x * (lax.digamma(total) - lax.digamma(alpha)) / beta


def _polynomials(rows, u, v):
    """The sum of rows[i][j] * u**i * v**j."""
    total = 0.0
    for row in rows[::-1]:
        inner = 0.0
        for coefficient in row[::-1]:
            inner = inner * v + coefficient
        total = total * u + inner
    return total


def _f32(number: float) -> float:
    """A constant that torch writes in float32."""
    return float(np.float32(number))
