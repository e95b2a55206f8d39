"""Binomial random numbers, in torch's order of the random stream.

Where n p < 10: steps of geometric length until they pass n (inversion). Otherwise transformed rejection (W. Hoermann, "The
generation of binomial random variates", 1993, algorithm BTRS), with the logarithms of factorials by Stirling's series. A p
above 1/2 counts failures.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from jtorch.ops.draws import HOST, JAX, cast, draw
from jtorch.ops.registry import Array
from jtorch.ops.rejection import Stream, accepted

REJECTION_FROM = 10.0

# ln k! - (k + 1/2) ln(k + 1) + (k + 1) - ln(2 pi) / 2 for k = 0 .. 9
STIRLING_TAIL = tuple(
    math.lgamma(k + 1) - (k + 0.5) * math.log(k + 1) + (k + 1) - 0.5 * math.log(2 * math.pi) for k in range(10)
)


@draw
def binomial(lib, state: Array, count: Array, prob: Array):
    """`torch.binomial(count, prob)` of two arrays of one dtype and shape, which are those of the result."""
    n, p = (a.astype(np.float64).reshape(-1) for a in (count, prob))
    values, state = (host_binomial if lib is HOST else jax_binomial)(state, n, p)
    return cast(values, count.dtype).reshape(count.shape), state


def hat(lib, n, p):
    """The constants of the rejection's hat: a, b, c, v_r, r, alpha, m."""
    spread = lib.np.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * spread
    return a, b, n * p + 0.5, 0.92 - 4.2 / b, p / (1 - p), alpha, lib.np.floor((n + 1) * p)


def log_ratio(lib, n, k, m, r):
    """Logarithm of the probability of k over that of the mode m."""
    log, tail = lib.np.log, host_tail if lib is HOST else jax_tail
    return (
        (m + 0.5) * log((m + 1) / (r * (n - m + 1)))
        + (n + 1) * log((n - m + 1) / (n - k + 1))
        + (k + 0.5) * log(r * (n - k + 1) / (k + 1))
        + (tail(m) + tail(n - m) - tail(k) - tail(n - k))
    )


def host_tail(k):
    return STIRLING_TAIL[int(k)] if k < len(STIRLING_TAIL) else tail_series(k)


def jax_tail(k):
    table = jnp.asarray(STIRLING_TAIL)
    return jnp.where(k < len(STIRLING_TAIL), table[jnp.clip(k, 0, 9).astype(np.int32)], tail_series(k))


def tail_series(k):
    square = (k + 1) * (k + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (k + 1)


def host_binomial(state, counts, probs):
    stream = Stream(state)
    values = [host_sample(stream, n, p) for n, p in zip(counts, probs, strict=True)]
    return np.array(values, np.float64), stream.after()


def host_sample(stream, n, p) -> float:
    if n <= 0 or p <= 0:
        return 0.0
    if p >= 1:
        return n
    if np.isnan(p):
        return math.nan
    rare = min(p, 1 - p)
    sample = host_rejection if n * rare >= REJECTION_FROM else host_inversion
    drawn = sample(stream, n, rare)
    return drawn if p <= 0.5 else n - drawn


def host_inversion(stream, n, p) -> float:
    log_failure = math.log1p(-p)
    successes, place = 0, 0.0
    while True:
        u = stream.uniform()
        place += math.ceil(math.log(u) / log_failure) if u > 0 else math.inf
        if place > n:
            return float(successes)
        successes += 1


def host_rejection(stream, n, p) -> float:
    a, b, c, v_r, r, alpha, m = map(float, hat(HOST, n, p))
    while True:
        u, v = stream.uniform() - 0.5, stream.uniform()
        distance = 0.5 - abs(u)
        if distance == 0:
            continue
        k = float(np.floor((2 * a / distance + b) * u + c))
        if k < 0 or k > n:
            continue
        if distance >= 0.07 and v <= v_r:
            return k
        bound = v * alpha / (a / (distance * distance) + b)
        if bound == 0 or math.log(bound) <= log_ratio(HOST, n, k, m, r):
            return k


def jax_binomial(state, n, p):
    flipped = p > 0.5
    rare = jnp.where(flipped, 1 - p, p)
    none, all_, undefined = (n <= 0) | (p <= 0), p >= 1, jnp.isnan(p)
    decided = none | all_ | undefined
    rejecting = n * rare >= REJECTION_FROM
    a, b, c, v_r, r, alpha, m = hat(JAX, n, rare)
    log_failure = jnp.log1p(-rare)

    def rejection(i, numbers, successes, place):
        u, v = numbers[0] - 0.5, numbers[1]
        distance = 0.5 - jnp.abs(u)
        k = jnp.floor((2 * a[i] / distance + b[i]) * u + c[i])
        possible = (distance > 0) & (k >= 0) & (k <= n[i])
        bound = jnp.log(v * alpha[i] / (a[i] / (distance * distance) + b[i]))
        fits = (distance >= 0.07) & (v <= v_r[i]) | (bound <= log_ratio(JAX, n[i], k, m[i], r[i]))
        return np.int32(2), possible & fits, k, successes, place

    def inversion(i, numbers, successes, place):
        place = place + jnp.ceil(jnp.log(numbers[0]) / log_failure[i])
        passed = place > n[i]
        return np.int32(1), passed, successes, jnp.where(passed, 0.0, successes + 1), jnp.where(passed, 0.0, place)

    def attempt(i, numbers, carried):
        taken, done, drawn, *carried_on = lax.cond(rejecting[i], rejection, inversion, i, numbers, *carried)
        drawn = jnp.where(flipped[i], n[i] - drawn, drawn)
        known = jnp.where(none[i], 0.0, jnp.where(all_[i], n[i], jnp.nan))
        carried = tuple(jnp.where(decided[i], old, new) for old, new in zip(carried, carried_on, strict=True))
        taken = jnp.where(decided[i], 0, taken)
        return taken, decided[i] | done, jnp.where(decided[i], known, drawn), carried

    values, _, state = accepted(state, n.size, 2, attempt, (jnp.float64(0), jnp.float64(0)))
    return values, state
