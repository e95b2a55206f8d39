"""Gamma and Dirichlet random numbers, in torch's order of the random stream.

G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000): d (1 + c x)**3 of a normal
number x, accepted by a squeeze or by the exact bound. A concentration a below 1 draws with a + 1 and multiplies by
U ** (1 / a).
"""

import math

import jax.numpy as jnp
import numpy as np

from jtorch.ops.draws import HOST, JAX, cast, draw
from jtorch.ops.mt19937 import DOUBLE_NORMAL
from jtorch.ops.registry import Array
from jtorch.ops.rejection import Stream, accepted

# torch writes these as float32 constants, whatever the dtype.
THIRD = np.float32(1.0) / np.float32(3.0)
SQUEEZE = float(np.float32(0.0331))


@draw
def standard_gamma(lib, state: Array, concentration: Array):
    """`torch._standard_gamma`: rate 1, in the dtype and shape of `concentration`; no number is below the dtype's smallest."""
    values, state = gammas(lib, state, concentration)
    return lib.np.maximum(cast(values, concentration.dtype), np.finfo(concentration.dtype).tiny), state


@draw
def dirichlet(lib, state: Array, concentration: Array):
    """`torch._sample_dirichlet`: gamma numbers in float64 over their sum along the last dimension, kept inside (0, 1)."""
    dtype = concentration.dtype
    values, state = gammas(lib, state, concentration.astype(np.float64))
    values = lib.np.maximum(values, np.finfo(np.float64).tiny)
    shares = cast(values / values.sum(-1 if values.ndim else None, keepdims=True), dtype)
    return lib.np.clip(shares, np.finfo(dtype).tiny, np.nextafter(dtype.type(1), dtype.type(0))), state


def gammas(lib, state, concentration):
    """Gamma numbers in float64; what depends on the concentration alone is computed in its dtype, as torch does."""
    dtype, flat = concentration.dtype, concentration.reshape(-1)
    boosted = flat < 1
    exponent = (1 / lib.np.where(boosted, flat, 1)).astype(np.float64)
    d = (lib.np.where(boosted, flat + 1, flat).astype(dtype) - THIRD.astype(dtype)).astype(np.float64)
    c = 1 / lib.np.sqrt(9 * d)
    made = (host_gammas if lib is HOST else jax_gammas)(state, flat, boosted, exponent, d, c)
    return made[0].reshape(concentration.shape), made[1]


def host_gammas(state, concentration, boosted, exponent, d, c):
    stream = Stream(state)
    rows = zip(concentration.tolist(), boosted.tolist(), exponent.tolist(), d.tolist(), c.tolist(), strict=True)
    values = [host_sample(stream, *row) for row in rows]
    return np.array(values, np.float64), stream.after()


def host_sample(stream, concentration, boosted, exponent, d, c) -> float:
    if concentration == 0:
        return 0.0
    if math.isnan(c):  # torch never finds a number
        return math.nan
    scale = (1 - stream.uniform()) ** exponent if boosted else 1.0
    while True:
        x = stream.normal()
        y = 1 + c * x
        if y <= 0:
            continue
        v, u, square = y * y * y, 1 - stream.uniform(), x * x
        if u < 1 - SQUEEZE * square * square or math.log(u) < 0.5 * square + d * (1 - v + math.log(v)):
            return scale * d * v


def jax_gammas(state, concentration, boosted, exponent, d, c):
    undrawn = (concentration == 0) | jnp.isnan(c)

    def attempt(i, u, carried):
        scale_drawn, scale, waiting, second = carried
        boosts = boosted[i] & ~scale_drawn
        scale = jnp.where(boosts, (1 - u[0]) ** exponent[i], scale)
        at = boosts.astype(np.int32)
        angle, radius = 2.0 * math.pi * u[at], jnp.sqrt(-2.0 * jnp.log1p(-u[at + 1]))
        x = jnp.where(waiting, second, radius * jnp.cos(angle))
        at = at + jnp.where(waiting, 0, 2)
        y = 1 + c[i] * x
        v, unit, square = y * y * y, 1 - u[at], x * x
        inside = unit < 1 - SQUEEZE * square * square
        below = jnp.log(unit) < 0.5 * square + d[i] * (1 - v + jnp.log(v))
        skip = undrawn[i]
        done = skip | ((y > 0) & (inside | below))
        value = jnp.where(skip, jnp.where(concentration[i] == 0, 0.0, jnp.nan), scale * d[i] * v)
        taken = jnp.where(skip, 0, at + (y > 0))
        second = jnp.where(skip | waiting, second, radius * jnp.sin(angle))
        waiting = jnp.where(skip, waiting, ~waiting)
        return taken, done, value, (~done, jnp.where(done, 1.0, scale), waiting, second)

    kept = state[DOUBLE_NORMAL]
    start = (jnp.asarray(False), jnp.float64(1), kept[0] == 1, JAX.from_bits(kept[1:]))
    values, (_, _, waiting, second), state = accepted(state, concentration.size, 4, attempt, start)
    bits = jnp.where(waiting, JAX.bits(second), np.uint32(0))
    return values, jnp.concatenate(
        [state[: DOUBLE_NORMAL.start], waiting.astype(np.uint32)[None], bits, state[DOUBLE_NORMAL.stop :]]
    )
