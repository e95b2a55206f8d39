"""Rejection loops over a stream of random numbers: an element draws until a candidate is accepted, then the next one goes on.

How many numbers an element uses is known only at run time. In numpy a loop in Python takes them from a `Stream`; in JAX
`accepted` makes one attempt a step.
"""

import math

import jax.numpy as jnp
import numpy as np
from jax import lax

from jtorch.ops.draws import HOST, JAX, doubles
from jtorch.ops.mt19937 import DOUBLE_NORMAL


class Stream:
    """Numbers of a generator in numpy, one at a time, and the state after those that were taken."""

    def __init__(self, state: np.ndarray):
        self._state, self._used, self._numbers = state, 0, self._all(state)
        self._waiting = float(HOST.from_bits(state[DOUBLE_NORMAL][1:])) if state[DOUBLE_NORMAL.start] else None

    @staticmethod
    def _all(state):
        count = 1024
        while True:
            values, state = doubles(HOST, state, count)
            yield from values.tolist()
            count = 4096

    def uniform(self) -> float:
        """A number of [0, 1) with 53 bits."""
        self._used += 1
        return next(self._numbers)

    def normal(self) -> float:
        """A standard normal number; they are made in pairs, of which the second waits for the next call."""
        if self._waiting is not None:
            value, self._waiting = self._waiting, None
            return value
        angle = 2.0 * math.pi * self.uniform()
        radius = math.sqrt(-2.0 * math.log1p(-self.uniform()))
        self._waiting = radius * math.sin(angle)
        return radius * math.cos(angle)

    def after(self) -> np.ndarray:
        """The state of the generator now."""
        _, state = HOST.words(self._state, 2 * self._used)
        state[DOUBLE_NORMAL] = 0
        if self._waiting is not None:
            state[DOUBLE_NORMAL.start] = 1
            state[DOUBLE_NORMAL.start + 1 : DOUBLE_NORMAL.stop] = HOST.bits(self._waiting)
        return state


def accepted(state, size: int, reach: int, attempt, carried):
    """For each of `size` elements in turn the first value that is accepted (float64), what is carried in the end, and the state.

    `attempt(i, numbers, carried)` looks at the next `reach` numbers of [0, 1) on behalf of element i and gives how many it
    has taken, whether they made a value, the value, and what the next attempt is to know. Numbers are made a chunk at a
    time; an inner loop makes attempts until the chunk is used up.
    """
    if size == 0:
        return jnp.zeros(0), carried, state
    chunk = 256 + 4 * size

    def step(loop):
        numbers, used, i, values, carried = loop
        window = lax.dynamic_slice(numbers, (used,), (reach,), allow_negative_indices=False)
        taken, done, value, carried = attempt(i, window, carried)
        values = values.at[i].set(jnp.where(done, value, 0.0))
        return numbers, used + taken.astype(np.int32), i + done.astype(np.int32), values, carried

    def within_chunk(loop):
        _, used, i, _, _ = loop
        return (i < size) & (used <= chunk - reach)

    def fill(loop):
        state, i, values, carried = loop
        numbers, _ = doubles(JAX, state, chunk)
        _, used, i, values, carried = lax.while_loop(within_chunk, step, (numbers, np.int32(0), i, values, carried))
        _, state = JAX.words(state, 2 * chunk, 2 * used)
        return state, i, values, carried

    start = (state, np.int32(0), jnp.zeros(size), carried)
    state, _, values, carried = lax.while_loop(lambda loop: loop[1] < size, fill, start)
    return values, carried, state
