"""Orthogonal polynomials by their three-term recurrences: Chebyshev's, Hermite's, Laguerre's and Legendre's (torch.special).

The degree is an operand like the argument: one call may ask for another degree at each place. A negative degree gives 0. Torch has no
gradients of them.
"""

import jax.numpy as jnp
from jax import lax

from .kinds import require_wide_real
from .registry import Operand, op
from .shapes import fit


def _operands(name: str, x, n):
    """Argument and whole degree in one shape."""
    require_wide_real(f"{name}_cpu", x, n)
    x, n = jnp.broadcast_arrays(*fit(x, n))
    return x, jnp.where(jnp.isfinite(n), n, -1).astype(jnp.int64)


def _recurrence(x, n, first, step):
    """p[n] at every place, with p[0] = 1, p[1] = `first` and p[k + 1] = step(k, p[k], p[k - 1])."""

    def following(state):
        k, now, before = state
        after = step(k.astype(x.dtype), now, before)
        return k + 1, jnp.where(k < n, after, now), jnp.where(k < n, now, before)

    def unfinished(state):
        k, now, _ = state
        return ((k < n) & ~jnp.isnan(now)).any()  # what has become NaN stays it

    start = (jnp.ones((), n.dtype), jnp.broadcast_to(first, x.shape).astype(x.dtype), jnp.ones_like(x))
    value = lax.while_loop(unfinished, following, start)[1]
    return jnp.where(n < 0, 0, jnp.where(n == 0, 1, value)).astype(x.dtype)


def _sign(n):
    """(-1) ** n."""
    return jnp.where(n % 2 == 0, 1, -1)


# --- Chebyshev polynomials -----------------------------------------------------------------------------------------


def _chebyshev(x, n, first, ends, angle, degree):
    """A kind by its value `first` of degree 1, its values `ends` at 1 and -1, and above `degree` and inside (-1, 1) by its cosine `angle`."""
    inside = (jnp.abs(x) < 1) & (n > degree)
    end = jnp.abs(x) == 1
    value = _recurrence(
        x, jnp.where(inside | end, jnp.minimum(n, 0), n), first, lambda k, now, before: 2 * x * now - before
    )
    value = jnp.where(inside, angle(jnp.where(inside, x, 0)), value)
    at_one, at_minus_one = ends
    return jnp.where(end & (n >= 0), jnp.where(x > 0, at_one, at_minus_one), value).astype(x.dtype)


def _first_kind(x, n):
    return _chebyshev(x, n, x, (1, _sign(n)), lambda y: jnp.cos(n * jnp.arccos(y)), 6)


def _second_kind(x, n):
    def angle(y):
        return jnp.sin((n + 1) * jnp.arccos(y)) / jnp.sin(jnp.arccos(y))

    return _chebyshev(x, n, 2 * x, (n + 1, _sign(n) * (n + 1)), angle, 8)


def _third_kind(x, n):
    def angle(y):
        return jnp.cos((n + 0.5) * jnp.arccos(y)) / jnp.cos(jnp.arccos(y) / 2)

    return _chebyshev(x, n, 2 * x - 1, (1, _sign(n) * (2 * n + 1)), angle, 8)


def _fourth_kind(x, n):
    def angle(y):
        return jnp.sin((n + 0.5) * jnp.arccos(y)) / jnp.sin(jnp.arccos(y) / 2)

    return _chebyshev(x, n, 2 * x + 1, (2 * n + 1, _sign(n)), angle, 8)


_KINDS = {"t": ("first", _first_kind), "u": ("second", _second_kind), "v": ("third", _third_kind), "w": ("fourth", _fourth_kind)}  # fmt: skip


def _register(letter: str, word: str, kind, shifted: bool):
    name = f"{'shifted_' if shifted else ''}chebyshev_polynomial_{letter}"

    def polynomial(input: Operand, n: Operand):
        x, n = _operands(name, input, n)
        return kind(2 * x - 1 if shifted else x, n)

    where = ", moved from [-1, 1] to [0, 1]" if shifted else ""
    polynomial.__doc__ = f"Chebyshev polynomial of the {word} kind and degree `n`{where}."
    op(f"special.{name}", promote="float", variants="function out", differentiable=False)(polynomial)


for _letter, (_word, _kind) in _KINDS.items():
    _register(_letter, _word, _kind, shifted=False)
    _register(_letter, _word, _kind, shifted=True)


# --- Hermite, Laguerre and Legendre polynomials --------------------------------------------------------------------


def _hermite(x, n, factor):
    """With leading coefficient factor ** n. Torch gives up at the degree whose values may overflow."""
    limit = 512 if x.dtype == jnp.float64 else 128
    value = _recurrence(x, jnp.minimum(n, limit), factor * x, lambda k, now, before: factor * (x * now - k * before))
    return jnp.where(n > limit, jnp.nan, value)


@op("special.hermite_polynomial_h", promote="float", variants="function out", differentiable=False)
def hermite_polynomial_h(input: Operand, n: Operand):
    """Physicist's Hermite polynomial of degree `n`; NaN above degree 128 in float32, 512 in float64."""
    x, n = _operands("hermite_polynomial_h", input, n)
    return _hermite(x, n, 2)


@op("special.hermite_polynomial_he", promote="float", variants="function out", differentiable=False)
def hermite_polynomial_he(input: Operand, n: Operand):
    """Probabilist's Hermite polynomial of degree `n`; NaN above degree 128 in float32, 512 in float64."""
    x, n = _operands("hermite_polynomial_he", input, n)
    return _hermite(x, n, 1)


@op("special.laguerre_polynomial_l", promote="float", variants="function out", differentiable=False)
def laguerre_polynomial_l(input: Operand, n: Operand):
    """Laguerre polynomial of degree `n`."""
    x, n = _operands("laguerre_polynomial_l", input, n)
    # All are 1 at 0.
    degree = jnp.where(x == 0, jnp.minimum(n, 0), n)
    return _recurrence(x, degree, 1 - x, lambda k, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1))


@op("special.legendre_polynomial_p", promote="float", variants="function out", differentiable=False)
def legendre_polynomial_p(input: Operand, n: Operand):
    """Legendre polynomial of degree `n`."""
    x, n = _operands("legendre_polynomial_p", input, n)
    end = jnp.abs(x) == 1
    degree = jnp.where(end, jnp.minimum(n, 0), n)
    value = _recurrence(x, degree, x, lambda k, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1))
    return jnp.where(end & (n >= 0) & (x < 0), _sign(n), value).astype(x.dtype)
