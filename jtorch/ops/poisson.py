"""Poisson random numbers: torch's rejection loops, which use as many words as they happen to need.

Rates below 10: multiply uniform numbers until the product falls to exp(-rate) (Knuth). Others: transformed rejection
(W. Hoermann, "The transformed rejection method for generating Poisson random variables", 1993, algorithm PTRS).
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from jtorch.ops.draws import HOST, JAX, cast, draw
from jtorch.ops.registry import Array
from jtorch.ops.rejection import Stream, accepted

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
    stream = Stream(state)
    values = [host_sample(rate, stream.uniform) for rate in rates.tolist()]
    return np.array(values, np.int64), stream.after()


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
    rates = jnp.asarray(rates)
    a, b, log_inverse_alpha, v_r = hat(JAX, rates)
    log_rate, limit = jnp.log(rates), jnp.exp(-rates)

    def rejection(i, numbers, events, product):
        u, v = numbers[0] - 0.5, numbers[1]
        distance = 0.5 - jnp.abs(u)
        count = jnp.floor((2 * a[i] / distance + b[i]) * u + rates[i] + 0.43)
        inside = (distance >= 0.07) & (v <= v_r[i])
        outside = (count < 0) | ((distance < 0.013) & (v > distance))
        log_ratio = jnp.log(v) + log_inverse_alpha[i] - jnp.log(a[i] / (distance * distance) + b[i])
        fits = log_ratio <= -rates[i] + count * log_rate[i] - lax.lgamma(count + 1)
        return np.int32(2), (distance > 0) & (inside | (~outside & fits)), count, (events, product)

    def multiplication(i, numbers, events, product):
        none, product = rates[i] == 0, product * numbers[0]
        done = none | (product <= limit[i])
        carried = jnp.where(done, 0.0, events + 1), jnp.where(done, 1.0, product)
        return jnp.where(none, np.int32(0), np.int32(1)), done, events, carried

    def attempt(i, numbers, carried):
        return lax.cond(rates[i] >= REJECTION_FROM, rejection, multiplication, i, numbers, *carried)

    values, _, state = accepted(state, rates.size, 2, attempt, (jnp.float64(0), jnp.float64(1)))
    return values, state
