"""Poisson random numbers: torch's rejection loops, which use as many words as they happen to need.

Rates below 10: multiply uniform numbers until the product falls to exp(-rate) (Knuth). Others: transformed rejection
(W. Hoermann, "The transformed rejection method for generating Poisson random variables", 1993, algorithm PTRS).
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from jtorch.ops.draws import HOST, JAX, cast, doubles, draw
from jtorch.ops.registry import Array

REJECTION_FROM = 10.0


@draw
def poisson(lib, state: Array, rate: Array):
    """`torch.poisson(rate)`, in the dtype and shape of `rate`; an element draws when the one before it is done."""
    rates = rate.astype(np.float64).reshape(-1)
    values, state = (host_poisson if lib is HOST else jax_poisson)(state, rates)
    return cast(values, rate.dtype).reshape(rate.shape), state


def hat(lib, rate):
    """The constants a, b, log(1/alpha) and v_r of the rejection's hat."""
    b = 0.931 + 2.53 * lib.np.sqrt(rate)
    a = -0.059 + 0.02483 * b
    return a, b, lib.np.log(1.1239 + 1.1328 / (b - 3.4)), 0.9277 - 3.6224 / (b - 2)


# ------------------------------------------------------------------------------------------------------------ numpy


def host_poisson(state, rates):
    def uniforms():
        values, after = doubles(HOST, state, 1024)
        while True:
            yield from values.tolist()
            values, after = doubles(HOST, after, 4096)

    stream, used = uniforms(), 0

    def uniform():
        nonlocal used
        used += 1
        return next(stream)

    values = [host_sample(rate, uniform) for rate in rates.tolist()]
    _, state = HOST.words(state, 2 * used)
    return np.array(values, np.int64), state


def host_sample(rate, uniform) -> int:
    if rate == 0:
        return 0
    if rate < REJECTION_FROM:
        count, product, limit = 0, uniform(), math.exp(-rate)
        while product > limit:
            count, product = count + 1, product * uniform()
        return count
    a, b, log_inverse_alpha, v_r = map(float, hat(HOST, rate))
    while True:
        u, v = uniform() - 0.5, uniform()
        distance = 0.5 - abs(u)
        if distance == 0:
            continue
        count = math.floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= v_r:
            return count
        if count < 0 or (distance < 0.013 and v > distance):
            continue
        log_v = math.log(v) if v > 0 else -math.inf
        log_ratio = log_v + log_inverse_alpha - math.log(a / (distance * distance) + b)
        if log_ratio <= -rate + count * math.log(rate) - math.lgamma(count + 1):
            return count


# -------------------------------------------------------------------------------------------------------------- JAX


def jax_poisson(state, rates):
    """Numbers are drawn a chunk at a time; an inner loop takes one or two of them a step until the chunk is used up."""
    rates, size = jnp.asarray(rates), rates.size
    if size == 0:
        return jnp.zeros(0, jnp.int64), state
    chunk = 256 + 4 * size
    a, b, log_inverse_alpha, v_r = hat(JAX, rates)
    log_rate, limit = jnp.log(rates), jnp.exp(-rates)

    def attempt(i, u, v):
        u = u - 0.5
        distance = 0.5 - jnp.abs(u)
        count = jnp.floor((2 * a[i] / distance + b[i]) * u + rates[i] + 0.43)
        inside = (distance >= 0.07) & (v <= v_r[i])
        outside = (count < 0) | ((distance < 0.013) & (v > distance))
        log_ratio = jnp.log(v) + log_inverse_alpha[i] - jnp.log(a[i] / (distance * distance) + b[i])
        fits = log_ratio <= -rates[i] + count * log_rate[i] - lax.lgamma(count + 1)
        return (distance > 0) & (inside | (~outside & fits)), count.astype(jnp.int64)

    def step(carry):
        uniforms, used, i, count, product, values = carry
        u, v = uniforms[used], uniforms[used + 1]
        rejecting = rates[i] >= REJECTION_FROM
        accepted, sample = attempt(i, u, v)
        product = product * u
        ended = (product <= limit[i]) | (rates[i] == 0)
        done = jnp.where(rejecting, accepted, ended)
        sample = jnp.where(rejecting, sample, count)
        values = values.at[i].set(jnp.where(done, sample, 0))
        used = used + jnp.where(rejecting, 2, jnp.where(rates[i] == 0, 0, 1)).astype(np.int32)
        count = jnp.where(done, 0, count + 1)
        return uniforms, used, i + done.astype(np.int32), count, jnp.where(done, 1.0, product), values

    def fill(carry):
        state, i, count, product, values = carry
        uniforms, _ = doubles(JAX, state, chunk)
        carry = (uniforms, np.int32(0), i, count, product, values)
        _, used, i, count, product, values = lax.while_loop(
            lambda carry: (carry[2] < size) & (carry[1] < chunk - 1), step, carry
        )
        _, state = JAX.words(state, 2 * chunk, 2 * used)
        return state, i, count, product, values

    start = (state, np.int32(0), np.int64(0), np.float64(1.0), jnp.zeros(size, jnp.int64))
    state, _, _, _, values = lax.while_loop(lambda carry: carry[1] < size, fill, start)
    return values, state
