"""The table of random operations, and what all of them are made of: words as numbers, in numpy and in JAX.

Every distribution is written once, with a `Library` as its first parameter: the numpy or the JAX side.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from jtorch.ops.mt19937 import host_words, jax_words

REDUCED = (np.dtype(np.float16), np.dtype(jnp.bfloat16))


@dataclass(frozen=True)
class Library:
    """Array functions, the source of words, and what numpy and JAX spell differently."""

    np: Any
    words: Callable
    window: Callable  # (array, start, length): a slice whose start is known at run time
    scatter: Callable  # (array, indices, values): values put at unique indices; one past the end is dropped
    settle: Callable  # (step, array): step applied until the array no longer changes
    bits: Callable  # float64 number -> uint32[2]
    from_bits: Callable
    complex: Callable  # (..., 2) floats -> complex


@dataclass(frozen=True)
class Draw:
    """A random operation of torch as a pure function, for JAX and for numpy; `random.py` says how to call it."""

    name: str
    jax_fn: Callable
    host_fn: Callable


DRAWS: dict[str, Draw] = {}


def draw(fn: Callable) -> Callable:
    """Enter a distribution `fn(lib, state, ...)` in the table."""
    name = fn.__name__
    if name in DRAWS:
        raise ValueError(f"random operation {name!r} is registered twice")
    # Values beyond a narrow dtype become infinite without numpy's warning, as in torch.
    DRAWS[name] = Draw(name, functools.partial(fn, JAX), np.errstate(all="ignore")(functools.partial(fn, HOST)))
    return fn


# ------------------------------------------------------------------------------------------------ numpy and JAX


def host_scatter(array, indices, values):
    array = np.append(array, array[:1])
    array[indices] = values
    return array[:-1]


def host_settle(step, array):
    while not np.array_equal(after := step(array), array):
        array = after
    return array


def jax_settle(step, array):
    def changed(pair):
        return jnp.any(pair[0] != pair[1])

    return lax.while_loop(changed, lambda pair: (pair[1], step(pair[1])), (array, step(array)))[1]


HOST = Library(
    np=np,
    words=host_words,
    window=lambda array, start, length: array[int(start) : int(start) + length],
    scatter=host_scatter,
    settle=host_settle,
    bits=lambda number: np.asarray(number, np.float64).reshape(1).view(np.uint32),
    from_bits=lambda bits: bits.copy().view(np.float64)[0],
    complex=lambda parts: parts.view(np.result_type(parts.dtype, np.complex64))[..., 0],
)

JAX = Library(
    np=jnp,
    words=jax_words,
    window=lambda array, start, length: lax.dynamic_slice(array, (start,), (length,), allow_negative_indices=False),
    scatter=lambda array, indices, values: array.at[indices].set(values, mode="drop", unique_indices=True),
    settle=jax_settle,
    bits=lambda number: lax.bitcast_convert_type(number, jnp.uint32),
    from_bits=lambda bits: lax.bitcast_convert_type(bits, jnp.float64),
    complex=lambda parts: lax.complex(parts[..., 0], parts[..., 1]),
)


# Numbers that numpy works on at a time: intermediate results in float64 stay in the cache. A multiple of 16, the numbers
# that a normal distribution makes together.
BLOCK = 1 << 14


def blockwise(lib, step, values):
    """`step(values)` for a step that treats each 16 numbers by themselves; in numpy block by block."""
    if lib is JAX or values.size <= BLOCK:
        return step(values)
    first = step(values[:BLOCK])
    made = np.empty(values.size, first.dtype)
    made[:BLOCK] = first
    for start in range(BLOCK, values.size, BLOCK):
        made[start : start + BLOCK] = step(values[start : start + BLOCK])
    return made


# ---------------------------------------------------------------------------------------- words into plain numbers


def doubles(lib, state, count, taken=None):
    """`count` numbers of [0, 1) with 53 bits, two words each, the first one high; `taken`: how many are used."""
    words, state = lib.words(state, 2 * count, None if taken is None else 2 * taken)
    high, low = words[0::2] & np.uint32(0x1FFFFF), words[1::2]
    # Both products and the sum are exact, and 32-bit conversions are the fast ones.
    return high * np.float64(2.0**-21) + low * np.float64(2.0**-53), state


def floats(lib, state, count):
    """`count` float32 numbers of [0, 1) with 24 bits, one word each."""
    words, state = lib.words(state, count)

    def scaled(words):
        return (words & np.uint32(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24)

    return blockwise(lib, scaled, words), state


def units(lib, state, count, dtype):
    """Numbers of [0, 1) as torch draws them for a computation in `dtype`."""
    return doubles(lib, state, count) if dtype == np.float64 else floats(lib, state, count)


def wide_words(lib, state, count):
    """`count` 64-bit numbers, two words each, the first one high."""
    words, state = lib.words(state, 2 * count)
    return words[0::2].astype(np.uint64) << np.uint64(32) | words[1::2].astype(np.uint64), state


# ------------------------------------------------------------------------------------------- numbers and dtypes


def count_of(size) -> int:
    return math.prod(size)


def number(lib, value, dtype=np.float64):
    """An operand as a 0-dim array of `dtype`."""
    return lib.np.asarray(value).astype(dtype)


def cast(values, dtype):
    """C++'s conversion: to a 16-bit float it goes through float32, rounding twice."""
    if dtype in REDUCED:
        values = values.astype(np.float32)
    return values.astype(dtype)


def compute_dtype(dtype) -> np.dtype:
    """The dtype in which torch computes with a floating `dtype`."""
    return np.dtype(np.float32) if dtype in REDUCED else np.dtype(dtype)


def real_dtype(dtype) -> np.dtype:
    """The dtype of the parts of a complex `dtype`."""
    return np.dtype(np.float64 if dtype == np.complex128 else np.float32)


def fused_multiply_add(lib, x, factor, term):
    """x * factor + term rounded once, as torch's kernels do on every CPU with such an instruction."""
    if x.dtype == np.float32:
        wide = x.astype(np.float64) * factor.astype(np.float64) + term.astype(np.float64)
        return wide.astype(np.float32)
    if lib is JAX:  # XLA contracts the two operations itself
        return x * factor + term
    # Product and sum with their errors (Dekker 1971, Knuth): the exact value is total + (product_error + sum_error).
    product = x * factor
    x_high, factor_high = high_half(x), high_half(factor)
    x_low, factor_low = x - x_high, factor - factor_high
    product_error = x_low * factor_low - (product - x_high * factor_high - x_low * factor_high - x_high * factor_low)
    total = product + term
    shadow = total - product
    sum_error = (product - (total - shadow)) + (term - shadow)
    return total + (product_error + sum_error)


def high_half(x):
    """The upper 26 bits of a float64 (Veltkamp's splitting)."""
    split = x * 134217729.0
    return split - (split - x)
