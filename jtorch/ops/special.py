"""Special functions of one or two tensors: logistic, error, gamma, Bessel functions and their kin (torch.special)."""

import functools
import math

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy import special

from .kinds import as_number, is_floating, refuse_complex, require_wide_real, rounded_to, widened
from .pointwise import EVERYWHERE
from .registry import Array, Number, Operand, op
from .shapes import fit

# --- logistic and error functions ----------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE, aliases=("special.expit",))
def sigmoid(input: Array):
    """Logistic function 1 / (1 + exp(-input))."""
    return jax.nn.sigmoid(widened(input)).astype(input.dtype)


@sigmoid.backward
def sigmoid_backward(grad, result):
    y = widened(result)
    return widened(grad) * jnp.conj((1 - y) * y)


@op(promote="float", variants=EVERYWHERE, aliases=("special.logit",))
def logit(input: Array, eps: Number = None):
    """log(p / (1 - p)); with `eps`, p is first clamped to [eps, 1 - eps]."""
    refuse_complex("logit_cpu", input)
    x = widened(input)
    if eps is not None:
        eps = as_number(eps, x.dtype)
        x = jnp.where(x < eps, eps, jnp.where(x > 1 - eps, 1 - eps, x))
    ratio = x / rounded_to(input.dtype, 1 - x)
    return jnp.log(rounded_to(input.dtype, ratio)).astype(input.dtype)


@logit.backward
def logit_backward(grad, input, eps):
    # Outside the clamped range the gradient is 0; without a clamp NaN outside [0, 1].
    x, g = widened(input), widened(grad)
    low = 0 if eps is None else as_number(eps, x.dtype)
    outside = (x < low) | (x > 1 - low)
    return jnp.where(outside, jnp.asarray(jnp.nan if eps is None else 0, g.dtype), g / (x * (1 - x)))


@op(promote="float", variants=EVERYWHERE, aliases=("special.erf",))
def erf(input: Array):
    """Error function."""
    refuse_complex("erf_vml_cpu", input)
    return lax.erf(widened(input)).astype(input.dtype)


@op(promote="float", variants=EVERYWHERE, aliases=("special.erfc",))
def erfc(input: Array):
    """1 - erf(input), exact for large inputs."""
    refuse_complex("erfc_vml_cpu", input)
    return lax.erfc(widened(input)).astype(input.dtype)


@op(promote="float", variants=EVERYWHERE, aliases=("special.erfinv",))
def erfinv(input: Array):
    """Inverse of the error function on [-1, 1]."""
    refuse_complex("erfinv_vml_cpu", input)
    # XLA's float32 polynomial loses three digits near 1, where the gradient is steepest.
    x = input.astype(jnp.float64) if input.dtype == jnp.float32 else widened(input)
    return lax.erf_inv(x).astype(input.dtype)


@erfinv.backward
def erfinv_backward(grad, input):
    return widened(grad) * (math.sqrt(math.pi) / 2) * jnp.exp(erfinv.fn(widened(input)) ** 2)


@op(promote="float", variants=EVERYWHERE, aliases=("special.sinc",))
def sinc(input: Array):
    """sin(pi x) / (pi x), and 1 at 0."""
    return jnp.sinc(widened(input)).astype(input.dtype)


@sinc.backward
def sinc_backward(grad, input):
    # Near 0 the two terms of the slope cancel: its series instead.
    x = widened(input)
    angle = math.pi * x
    near = jnp.abs(angle) < (0.05 if x.dtype in (jnp.float64, jnp.complex128) else 0.5)
    square = angle * angle
    series = -math.pi / 3 * angle * (1 - square / 10 * (1 - square / 28 * (1 - square / 54)))
    safe = jnp.where(near, 1, angle)
    slope = jnp.where(near, series, (jnp.cos(safe) - jnp.sin(safe) / safe) / safe * math.pi)
    return widened(grad) * jnp.conj(slope)


@op(promote="float", variants=EVERYWHERE, aliases=("special.gammaln",))
def lgamma(input: Array):
    """Logarithm of |gamma(input)|."""
    refuse_complex("lgamma_vml_cpu", input)
    return lax.lgamma(widened(input)).astype(input.dtype)


@lgamma.backward
def lgamma_backward(grad, input):
    return widened(grad) * digamma.fn(widened(input))


@op(promote="float", variants=EVERYWHERE, aliases=("special.digamma", "special.psi"))
def digamma(input: Array):
    """Derivative of lgamma; -inf at 0, inf at -0.0, NaN at the other poles."""
    refuse_complex("digamma", input)
    return _polygamma(input, 0)


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _polygamma(x, n: int):
    """The n-th derivative of digamma, in the dtype of `x`."""
    if n == 0:
        wide = widened(x)
        pole = wide == 0
        value = jnp.where(pole, jnp.where(jnp.signbit(wide), jnp.inf, -jnp.inf), lax.digamma(jnp.where(pole, 1, wide)))
        return value.astype(x.dtype)
    # JAX's float32 sums of zeta lose two digits.
    wide = x.astype(jnp.float64) if x.dtype == jnp.float32 else widened(x)
    if n == 1:
        return _trigamma(wide).astype(x.dtype)
    sign = 1 if n % 2 else -1
    return (sign * math.factorial(n) * _zeta(jnp.asarray(n + 1, wide.dtype), wide)).astype(x.dtype)


@_polygamma.defjvp
def _polygamma_jvp(n, primals, tangents):
    return _polygamma(*primals, n), tangents[0] * _polygamma(*primals, n + 1)


def _trigamma(x):
    """Derivative of digamma, for x < 0.5 by reflection: psi'(1 - x) + psi'(x) = (pi / sin(pi x)) ** 2."""
    negative = x < 0.5
    value = lax.polygamma(jnp.ones_like(x), jnp.where(negative, 1 - x, x))
    reflected = (jnp.pi / jnp.sin(jnp.pi * jnp.where(negative, x, 0.5))) ** 2 - value
    return jnp.where(jnp.isposinf(x), 0, jnp.where(negative, reflected, value)).astype(x.dtype)


@op("special.erfcx", promote="float", variants="function out", node="SpecialErfcx")
def erfcx(input: Array):
    """exp(x ** 2) * erfc(x), which does not underflow for large x."""
    require_wide_real("erfcx_cpu", input)
    x = widened(input)
    # Beyond the middle range by the continued fraction of erfc, 7 levels deep: 1 / (x + 1/2 / (x + 1 / (x + ...))).
    big = jnp.where(x > 5, x, 6)
    fraction = big
    for k in range(60 if x.dtype == jnp.float64 else 25, 0, -1):
        fraction = big + (k / 2) / fraction
    middle = jnp.where(x > 5, 0, x)
    return jnp.where(x > 5, 1 / (fraction * math.sqrt(math.pi)), jnp.exp(middle * middle) * lax.erfc(middle)).astype(
        input.dtype
    )


@erfcx.backward
def erfcx_backward(grad, input, result):
    return (2 * input * result - 2 / math.sqrt(math.pi)) * grad


@op("special.ndtr", promote="float", variants="function out", node="SpecialNdtr")
def ndtr(input: Array):
    """Area under the standard normal density up to the input."""
    refuse_complex("erf_vml_cpu", input)
    x = widened(input) * math.sqrt(0.5)
    return jnp.where(
        jnp.abs(x) < 1, 0.5 + 0.5 * lax.erf(x), jnp.where(x > 0, 1 - 0.5 * lax.erfc(x), 0.5 * lax.erfc(-x))
    ).astype(input.dtype)


@ndtr.backward
def ndtr_backward(grad, input):
    x = widened(input)
    return widened(grad) * jnp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@op("special.log_ndtr", promote="float", variants="function out", node="SpecialLogNdtr")
def log_ndtr(input: Array):
    """Logarithm of `special.ndtr`, exact far to the left."""
    require_wide_real("log_ndtr_cpu", input)
    x = widened(input)
    left = x < -1
    t = x * math.sqrt(0.5)
    far = jnp.log(erfcx.fn(jnp.where(left, -t, 1)) / 2) - t * t
    near = jnp.log1p(-lax.erfc(jnp.where(left, 1, t)) / 2)
    return jnp.where(left, far, near).astype(input.dtype)


@log_ndtr.backward
def log_ndtr_backward(grad, input, result):
    return grad / math.sqrt(2 * math.pi) * jnp.exp(-(result + input * input / 2))


@op("special.ndtri", promote="float", variants="function out", node="SpecialNdtri")
def ndtri(input: Array):
    """The inverse of `special.ndtr`."""
    require_wide_real("ndtri_cpu", input)
    return special.ndtri(widened(input)).astype(input.dtype)


@ndtri.backward
def ndtri_backward(grad, result):
    return grad * math.sqrt(2 * math.pi) * jnp.exp(result * result / 2)


# --- entropies -----------------------------------------------------------------------------------------------------


@op("special.entr", promote="float", variants="function out", node="SpecialEntr")
def entr(input: Array):
    """-x * log(x); 0 at 0 and -inf below."""
    refuse_complex("entr_cpu", input)
    x = widened(input)
    positive = x > 0
    value = -x * jnp.log(jnp.where(positive, x, 1))
    value = jnp.where(positive | jnp.isnan(x), value, jnp.where(x == 0, 0, -jnp.inf))
    return value.astype(input.dtype)


@entr.backward
def entr_backward(grad, input):
    return widened(grad) * -(1 + jnp.log(widened(input)))


@op("special.xlog1py", promote="float", variants="function out", node="SpecialXlog1Py")
def xlog1py(input: Operand, other: Operand):
    """input * log1p(other), and 0 where input is 0 unless other is NaN."""
    input, other = fit(input, other)
    refuse_complex("xlog1py_cpu", input)
    x, y = widened(input), widened(other)
    zero = (x == 0) & ~jnp.isnan(y)
    return jnp.where(zero, 0, x * jnp.log1p(jnp.where(zero, 0, y))).astype(input.dtype)


@xlog1py.backward
def xlog1py_backward(grad, input, other):
    g, x, y = widened(grad), widened(input), widened(other)
    slope = jnp.where((x == 0) & (y <= -1), 0, xlog1py.fn(g, y))
    return slope, g * x / (y + 1)


# --- gamma functions -----------------------------------------------------------------------------------------------


@op("number.polygamma", promote="float", variants="", node="Polygamma")
def polygamma(input: Array, *, n):
    """The n-th derivative of digamma."""
    refuse_complex("polygamma", input)
    return _polygamma(input, n)


@polygamma.backward
def polygamma_backward(grad, input, n):
    return widened(grad) * polygamma.fn(widened(input), n=n + 1)


@op(promote="float", variants=EVERYWHERE, aliases=("special.multigammaln",), elementwise=False)
def mvlgamma(input: Array, p):
    """Logarithm of the multivariate gamma function of dimension `p`."""
    refuse_complex("arange_cpu", input)
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    constant = p * (p - 1) / 4 * math.log(math.pi)
    return _summed(lgamma.fn(_half_steps(input, p))) + jnp.asarray(constant, input.dtype)


@mvlgamma.accepts
def _(kind):
    if kind == "bool":
        raise RuntimeError("The input tensor may not be a boolean tensor.")


@mvlgamma.backward
def mvlgamma_backward(grad, input, p):
    # As torch, digamma is rounded to a 16-bit dtype before it is summed.
    return widened(grad) * widened(_summed(digamma.fn(_half_steps(input, p))))


def _half_steps(x, p):
    """x, x - 1/2, ... x - (p - 1)/2 in a dimension of their own, the smallest first."""
    return x[..., None] - jnp.arange(p - 1, -1, -1, dtype=x.dtype) / 2


def _summed(x):
    return widened(x).sum(-1).astype(x.dtype)


@op("special.zeta", promote="float", variants="function out", node="SpecialZeta")
def zeta(input: Operand, other: Operand):
    """Hurwitz' zeta function: the sum of 1 / (k + other) ** input over k = 0, 1, 2, ..."""
    require_wide_real("zeta_cpu", input, other)
    input, other = fit(input, other)
    a, b = jnp.broadcast_arrays(widened(input), widened(other))
    return _zeta(a, b).astype(input.dtype)


@jax.custom_jvp
def _zeta(x, q):
    x, q = jnp.broadcast_arrays(x, q)
    # JAX's Euler-Maclaurin sum is good for q > 0: what lies below is summed one by one, as in Cephes.
    low = jnp.where(jnp.isfinite(q), q, 1)

    def add_one(state):
        total, place = state
        below = place < 1
        term = jnp.where(below, jnp.where(below, place, 1) ** -x, 0)
        return total + term, jnp.where(below, place + 1, place)

    total, place = lax.while_loop(lambda state: (state[1] < 1).any(), add_one, (jnp.zeros_like(low), low))
    value = total + special.zeta(x, jnp.where(jnp.isfinite(q), place, q))
    undefined = (q < 0) & (x != jnp.floor(x))
    pole = (q <= 0) & (q == jnp.floor(q))
    value = jnp.where(pole, jnp.inf, jnp.where(undefined, jnp.nan, value))
    return jnp.where(x < 1, jnp.nan, value).astype(total.dtype)


@_zeta.defjvp
def _zeta_jvp(primals, tangents):
    # There is no formula for the derivative in x; torch refuses it before this could be asked.
    x, q = primals
    return _zeta(x, q), -x * _zeta(x + 1, q) * tangents[1]


@zeta.backward
def zeta_backward(grad, input, other, needs):
    if needs[0] and len(needs) > 1:
        raise NotImplementedError("the derivative for 'zeta' is not implemented.")
    return None, grad * -input * zeta.fn(input + 1, other)


@op(promote="float", variants=EVERYWHERE, aliases=("special.gammainc",), node="Igamma")
def igamma(input: Array, other: Array):
    """Regularised lower incomplete gamma function."""
    refuse_complex("igamma_cpu", input)
    input, other = fit(input, other)
    return special.gammainc(widened(input), widened(other)).astype(input.dtype)


@op(promote="float", variants=EVERYWHERE, aliases=("special.gammaincc",), node="Igammac")
def igammac(input: Array, other: Array):
    """Regularised upper incomplete gamma function."""
    refuse_complex("igammac_cpu", input)
    input, other = fit(input, other)
    return special.gammaincc(widened(input), widened(other)).astype(input.dtype)


def _igamma_slope(grad, input, other):
    grad, input, other = widened(grad), widened(input), widened(other)
    return grad * jnp.exp((input - 1) * jnp.log(other) - other - lgamma.fn(input))


@igamma.backward
def igamma_backward(grad, input, other, needs):
    if needs[0]:
        raise NotImplementedError("the derivative for 'igamma: input' is not implemented.")
    return None, _igamma_slope(grad, input, other)


@igammac.backward
def igammac_backward(grad, input, other, needs):
    if needs[0]:
        raise NotImplementedError("the derivative for 'igammac: input' is not implemented.")
    return None, -_igamma_slope(grad, input, other)


# --- Bessel functions ----------------------------------------------------------------------------------------------


@op(promote="float", variants=EVERYWHERE, aliases=("special.i0",))
def i0(input: Array):
    """Modified Bessel function of the first kind, order 0."""
    refuse_complex("i0_vml_cpu", input)
    return special.i0(widened(input)).astype(input.dtype)


@i0.backward
def i0_backward(grad, input):
    return widened(grad) * special.i1(widened(input))


@op("special.i0e", promote="float", variants="function out", node="SpecialI0E")
def i0e(input: Array):
    """exp(-|x|) * i0(x)."""
    refuse_complex("i0e_cpu", input)
    return special.i0e(widened(input)).astype(input.dtype)


@i0e.backward
def i0e_backward(grad, input, result):
    x = widened(input)
    return widened(grad) * (special.i1e(x) - jnp.sign(x) * widened(result))


@op("special.i1", promote="float", variants="function out", node="SpecialI1")
def i1(input: Array):
    """Modified Bessel function of the first kind, order 1."""
    refuse_complex("i1_cpu", input)
    return special.i1(widened(input)).astype(input.dtype)


@i1.backward
def i1_backward(grad, input, result):
    x = widened(input)
    zero = x == 0
    slope = special.i0(x) - widened(result) / jnp.where(zero, 1, x)
    return widened(grad) * jnp.where(zero, 0.5, slope)


@op("special.i1e", promote="float", variants="function out", node="SpecialI1E")
def i1e(input: Array):
    """exp(-|x|) * i1(x)."""
    refuse_complex("i1e_cpu", input)
    return special.i1e(widened(input)).astype(input.dtype)


@i1e.backward
def i1e_backward(grad, input, result):
    x = widened(input)
    zero = x == 0
    slope = special.i0e(x) - widened(result) * (jnp.sign(x) + 1 / jnp.where(zero, 1, x))
    return widened(grad) * jnp.where(zero, 0.5, slope)


# --- parts of floating-point numbers -------------------------------------------------------------------------------


@op(promote="none", variants="function method out", outputs=("mantissa", "exponent"), elementwise=True)
def frexp(input: Array):
    """Mantissa of magnitude in [0.5, 1) and exponent, with input = mantissa * 2 ** exponent."""
    if not is_floating(input):
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    x = widened(input)
    mantissa, exponent = jnp.frexp(lax.stop_gradient(x))
    return mantissa.astype(input.dtype), exponent.astype(jnp.int32)


@frexp.backward
def frexp_backward(grads, result1):
    return grads[0] / jnp.exp2(result1.astype(grads[0].dtype))
