"""What torch makes of its generator's words: random numbers as pure functions of the generator's state.

Calling convention, the same for every entry of `DRAWS`:

    result, state = draw.jax_fn(state, *operands, **statics)       # under `jax.jit` or not, in a 64-bit scope
    result, state = draw.host_fn(state, *operands, **statics)      # numpy arrays in and out

- `state` is the `uint32[632]` of `mt19937.py`; the state returned is the generator's afterwards. There is no other.
- operands are positional: arrays, and numbers (`Number`) as 0-dim float64 or int64 arrays, known at run time only.
- statics are keyword-only and shape the program: `size` (tuple of ints), `dtype` (numpy dtype), and the like.
- values are not checked here; see `random_checks.py`.

The words are consumed in torch's order, so a mixture of calls stays in step with torch under the same seed. Results are
equal to torch's bit for bit where they are made of words by integer arithmetic, products and comparisons, and agree to
rounding where logarithms or cosines come in. A result is in row-major order; torch fills a tensor in memory order, so
for one that is not contiguous fill `size` permuted by `memory_order` and permute back.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jtorch.ops import binomial, gamma, poisson, shuffle  # noqa: F401  they enter their distributions in DRAWS
from jtorch.ops.draws import (
    DRAWS,
    HOST,
    REDUCED,
    Draw,
    blockwise,
    cast,
    compute_dtype,
    count_of,
    doubles,
    draw,
    fused_multiply_add,
    number,
    real_dtype,
    units,
    wide_words,
)
from jtorch.ops.mt19937 import DOUBLE_NORMAL
from jtorch.ops.registry import Array, DType, Number, Size

__all__ = ["DRAWS", "Draw", "memory_order"]


def memory_order(size: tuple[int, ...], stride: tuple[int, ...]) -> tuple[int, ...]:
    """The dimensions of a tensor, outermost first, in the order in which torch's random kernels walk it.

    A fill of a tensor that is not contiguous goes by memory: `fill.reshape([size[d] for d in order])`, permuted back.
    """
    order = list(range(len(size)))[::-1]  # innermost first while sorting
    for start in range(1, len(order)):
        at = start
        for below in range(start - 1, -1, -1):
            inner, outer = order[below], order[at]
            if 0 in (stride[inner], stride[outer]):
                continue
            if stride[inner] < stride[outer]:
                break
            if stride[inner] > stride[outer] or size[inner] > size[outer]:
                order[below], order[at] = outer, inner
                at = below
    return tuple(order[::-1])


# ------------------------------------------------------------------------------------------------------- uniform


@draw
def rand(lib, state: Array, *, size: Size, dtype: DType):
    """`torch.rand`: numbers of [0, 1); 24 bits of a word (float64: 53 bits of two); in 16 bits, 0 if it rounds to 1."""
    if dtype.kind == "c":
        parts, state = rand(lib, state, size=(*size, 2), dtype=real_dtype(dtype))
        return lib.complex(parts), state
    values, state = units(lib, state, count_of(size), compute_dtype(dtype))
    if dtype in REDUCED:
        values = values.astype(dtype)
        values = lib.np.where(values == 1, np.zeros((), dtype), values)
    return values.reshape(size), state


@draw
def uniform(lib, state: Array, low: Number, high: Number, *, size: Size, dtype: DType):
    """`uniform_(low, high)`: x * (high - low) + low, rounded once; a value that rounds up to `high` becomes `low`."""
    if dtype.kind == "c":
        parts, state = uniform(lib, state, low, high, size=(*size, 2), dtype=real_dtype(dtype))
        return lib.complex(parts), state
    values, state = units(lib, state, count_of(size), compute_dtype(dtype))
    from_, to = number(lib, low, values.dtype), number(lib, high, values.dtype)
    lowest, highest = cast(number(lib, low), dtype), cast(number(lib, high), dtype)

    def between(values):
        values = fused_multiply_add(lib, values, to - from_, from_).astype(dtype)
        return lib.np.where(values == highest, lowest, values)

    return blockwise(lib, between, values).reshape(size), state


# ------------------------------------------------------------------------------------------------------- integers


@draw
def random_from_to(lib, state: Array, base: Number, span: Number, *, size: Size, dtype: DType, wide: bool):
    """`randint` and `random_(from, to)`: base + word % span, with 64-bit words if `wide`.

    `base`, `span` and `wide` are what `random_checks.random_range` makes of the bounds; `span` is an unsigned 64-bit
    number in an int64.
    """
    count = count_of(size)
    if wide:
        words, state = wide_words(lib, state, count)
        values = (words % number(lib, span, np.uint64)).astype(np.int64)
    else:
        words, state = lib.words(state, count)
        values = (words % number(lib, span, np.uint32)).astype(np.int64)
    return cast(values + number(lib, base, np.int64), dtype).reshape(size), state


@draw
def random_full_range(lib, state: Array, *, size: Size, dtype: DType):
    """`random_(-2**63, None)`: all 64 bits as a signed number."""
    words, state = wide_words(lib, state, count_of(size))
    return cast(words.astype(np.int64), dtype).reshape(size), state


@draw
def random(lib, state: Array, *, size: Size, dtype: DType):
    """`random_()`: 0 to the largest integer, or to 2**mantissa for a floating dtype."""
    count = count_of(size)
    if dtype.kind == "f" or dtype in REDUCED:
        limit = 2 ** (jnp.finfo(dtype).nmant + 1) + 1
    elif dtype == np.bool_:
        limit = 2
    else:
        limit = int(np.iinfo(dtype).max) + 1
    if dtype in (np.float64, np.int64):
        words, state = wide_words(lib, state, count)
        words = words % np.uint64(limit)
    else:
        words, state = lib.words(state, count)
        words = words % np.uint32(limit)
    return cast(words, dtype).reshape(size), state


# --------------------------------------------------------------------------------------------------------- normal


def cosine_and_sine(lib, angle):
    """Cosine and sine of angles from 0 to 2 pi."""
    if lib is HOST or angle.dtype != np.float32:
        return lib.np.cos(angle), lib.np.sin(angle)
    # XLA's own take several times as long on a CPU. Taylor series around the nearest multiple of pi/2, which is taken
    # off in float64: in float32 XLA would contract it with the product that made the angle and lose its rounding.
    quadrant = jnp.round(angle * np.float32(2 / math.pi))
    x = (angle.astype(np.float64) - quadrant.astype(np.float64) * (math.pi / 2)).astype(np.float32)
    square = x * x
    cosine = polynomial(square, [1 / math.factorial(k) * (-1) ** (k // 2) for k in (0, 2, 4, 6, 8, 10)])
    sine = x * polynomial(square, [1 / math.factorial(k) * (-1) ** (k // 2) for k in (1, 3, 5, 7, 9)])
    quadrant = quadrant.astype(np.int32)
    swap = quadrant % 2 == 1
    cosine, sine = jnp.where(swap, sine, cosine), jnp.where(swap, cosine, sine)
    return jnp.where((quadrant + 1) & 2 == 0, cosine, -cosine), jnp.where(quadrant & 2 == 0, sine, -sine)


def polynomial(x, coefficients):
    """Sum of coefficients[k] * x**k (Horner)."""
    total = np.float32(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total = total * x + np.float32(coefficient)
    return total


def box_muller_blocks(lib, units, mean, std):
    """Each 16 numbers of [0, 1) into 16 normal ones: 8 radii, 8 angles; cosines first, then sines."""
    dtype = units.dtype
    units = units.reshape(-1, 2, 8)
    radius = lib.np.sqrt(dtype.type(-2) * lib.np.log(1 - units[:, :1]))
    cosine, sine = cosine_and_sine(lib, dtype.type(2 * math.pi) * units[:, 1:])
    # A choice, not a concatenation: XLA vectorises what follows a choice.
    first = np.array([True, False]).reshape(1, 2, 1)
    return (lib.np.where(first, cosine, sine) * radius * std + mean).reshape(-1)


def normal_blocks(lib, state, count, mean, std, dtype):
    """At least 16 normal numbers: whole blocks, then the last 16 places drawn anew if a part of a block is left.

    In float32 and float64 that part takes its words nevertheless, in the 16-bit dtypes it does not.
    """
    real = compute_dtype(dtype)
    whole = count // 16 * 16
    part = count - whole
    spent = count if dtype == real else whole
    values, state = units(lib, state, spent + (16 if part else 0), real)
    mean, std = number(lib, mean, real), number(lib, std, real)
    blocks = blockwise(lib, lambda units: box_muller_blocks(lib, units, mean, std), values[:whole])
    if part:
        blocks = lib.np.concatenate([blocks[: count - 16], box_muller_blocks(lib, values[spent:], mean, std)])
    return blocks, state


def normal_pairs(lib, state, count):
    """Standard normal numbers in float64, made in pairs; the second of a pair waits in the state for the next call."""
    waiting, bits = state[DOUBLE_NORMAL][0], state[DOUBLE_NORMAL][1:]
    waiting = waiting.astype(np.int32)
    odd = count % 2
    pairs = (count + odd) // 2  # one fewer if the count is odd and a number is waiting
    values, state = doubles(lib, state, 2 * pairs, 2 * (pairs - odd * waiting))
    radius = lib.np.sqrt(-2.0 * lib.np.log1p(-values[1::2]))
    angle = 2.0 * math.pi * values[0::2]
    made = lib.np.stack([radius * lib.np.cos(angle), radius * lib.np.sin(angle)], axis=1).reshape(-1)
    # Stream: the waiting number, then the new ones, then a place to read when nothing is left over.
    stream = lib.np.concatenate([lib.from_bits(bits).reshape(1), made, np.zeros(1)])
    start = 1 - waiting
    left = lib.np.bitwise_xor(waiting, np.int32(odd))
    left_over = lib.window(stream, start + count, 1)[0]
    kept = lib.np.where(left == 1, lib.bits(left_over), np.zeros(2, np.uint32))
    kept = lib.np.concatenate([left.reshape(1).astype(np.uint32), kept])
    state = lib.np.concatenate([state[: DOUBLE_NORMAL.start], kept, state[DOUBLE_NORMAL.stop :]])
    return lib.window(stream, start, count), state


@draw
def normal(lib, state: Array, mean: Number, std: Number, *, size: Size, dtype: DType, contiguous: bool = True):
    """`normal_(mean, std)` and, with 0 and 1, `randn`.

    16 or more numbers of a contiguous tensor are made in blocks in the tensor's dtype; fewer, or a tensor that is not
    contiguous, one by one in float64. Complex: parts of std / sqrt(2).
    """
    if dtype.kind == "c":
        std = number(lib, std) / math.sqrt(2)
        parts, state = normal(lib, state, mean, std, size=(*size, 2), dtype=real_dtype(dtype), contiguous=contiguous)
        return lib.complex(parts), state
    count = count_of(size)
    if count == 0:
        return lib.np.zeros(size, dtype), state
    if count >= 16 and contiguous:
        values, state = normal_blocks(lib, state, count, mean, std, dtype)
    else:
        values, state = normal_pairs(lib, state, count)
        values = values * number(lib, std) + number(lib, mean)
    return cast(values, dtype).reshape(size), state


@draw
def log_normal(lib, state: Array, mean: Number, std: Number, *, size: Size, dtype: DType):
    """`log_normal_(mean, std)`: exp of normal numbers made one by one in float64, whatever their number."""
    if count_of(size) == 0:
        return lib.np.zeros(size, dtype), state
    values, state = normal_pairs(lib, state, count_of(size))
    values = lib.np.exp(values * number(lib, std) + number(lib, mean))
    return cast(values, dtype).reshape(size), state


# ---------------------------------------------------------------------------------------- other continuous ones


@draw
def exponential(lib, state: Array, rate: Number, *, size: Size, dtype: DType):
    """`exponential_(rate)`: -log(1 - u) / rate in float64."""
    values, state = doubles(lib, state, count_of(size))
    return cast(-1.0 / number(lib, rate) * lib.np.log1p(-values), dtype).reshape(size), state


@draw
def cauchy(lib, state: Array, median: Number, sigma: Number, *, size: Size, dtype: DType):
    """`cauchy_(median, sigma)`: median + sigma * tan(pi (u - 1/2)) in float64."""
    values, state = doubles(lib, state, count_of(size))
    values = number(lib, median) + number(lib, sigma) * lib.np.tan(math.pi * (values - 0.5))
    return cast(values, dtype).reshape(size), state


@draw
def geometric(lib, state: Array, p: Number, *, size: Size, dtype: DType):
    """`geometric_(p)`: ceil(log u / log(1 - p)) in float64."""
    values, state = doubles(lib, state, count_of(size))
    values = lib.np.ceil(lib.np.log(values) / lib.np.log1p(-number(lib, p)))
    return cast(values, dtype).reshape(size), state


# ------------------------------------------------------------------------------------------------------ bernoulli


@draw
def bernoulli(lib, state: Array, p: Number, *, size: Size, dtype: DType):
    """`bernoulli_(p)` with a number: u < p with 53 bits, whatever the dtype."""
    values, state = doubles(lib, state, count_of(size))
    return (values < number(lib, p)).astype(dtype).reshape(size), state


@draw
def bernoulli_tensor(lib, state: Array, p: Array, *, size: Size, dtype: DType):
    """`bernoulli(p)` and `bernoulli_(p)` with a tensor that broadcasts to `size`: 24 bits, or 53 if `p` is float64."""
    real = compute_dtype(p.dtype)
    values, state = units(lib, state, count_of(size), real)
    return (values.reshape(size) < p.astype(real)).astype(dtype), state


@draw
def dropout_noise(lib, state: Array, p: Number, *, size: Size, dtype: DType):
    """What dropout multiplies its input by: 0 with probability `p`, else 1 / (1 - p); for p 0 or 1 torch draws none."""
    kept, state = bernoulli(lib, state, 1.0 - number(lib, p), size=size, dtype=np.dtype(bool))
    real = compute_dtype(dtype)
    scale = cast(np.ones((), real) / number(lib, 1.0 - number(lib, p), real), dtype)
    return lib.np.where(kept, scale, np.zeros((), dtype)), state


@draw
def rrelu_noise(lib, state: Array, input: Array, lower: Number, upper: Number):
    """Slopes of `rrelu` in training: numbers of [lower, upper) for inputs <= 0, else 1, for which nothing is drawn."""
    negative = (input <= 0).reshape(-1)
    turn = lib.np.cumsum(negative, dtype=np.int32)
    count = count_of(input.shape)
    if count == 0:
        return lib.np.ones(input.shape, input.dtype), state
    values, state = doubles(lib, state, count, turn[-1])
    lower, upper = number(lib, lower), number(lib, upper)
    values = fused_multiply_add(lib, values, upper - lower, lower)
    slopes = cast(values[lib.np.maximum(turn - 1, 0)], input.dtype)
    return lib.np.where(negative, slopes, np.ones((), input.dtype)).reshape(input.shape), state


# -------------------------------------------------------------------------------------------------------- choices


def running_sum(lib, values):
    """Sums along the last axis, one term after the other: JAX's cumsum adds in another order and rounds otherwise."""
    if lib is HOST:
        return np.add.accumulate(values, axis=-1)

    def add(total, column):
        total = total + column
        return total, total

    _, sums = lax.scan(add, jnp.zeros(values.shape[:-1], values.dtype), jnp.moveaxis(values, -1, 0))
    return jnp.moveaxis(sums, 0, -1)


def largest(lib, values, count):
    """Indices of the `count` largest along the last axis, largest first."""
    if count == 1:
        return lib.np.argmax(values, axis=-1, keepdims=True).astype(np.int64)
    if lib is HOST:
        return np.argsort(-values, axis=-1, kind="stable")[..., :count]
    return lax.top_k(values, count)[1].astype(np.int64)


def places(lib, edges, values):
    """For each row, the number of edges below each value."""
    if lib is HOST:
        rows = [np.searchsorted(row, points) for row, points in zip(edges, values, strict=True)]
        return np.array(rows, np.int64).reshape(values.shape)
    return jax.vmap(jnp.searchsorted)(edges, values).astype(np.int64)


@draw
def multinomial(lib, state: Array, p: Array, *, num_samples: int, replacement: bool):
    """`torch.multinomial`: int64 indices in one or two dimensions, as `p` has.

    Without replacement, and for one sample: the largest of p / q where q is exponential. With it: places of uniform
    numbers in the running sum of the weights. Where quotients are equal (16-bit dtypes, weights of 0) the lower index
    comes first; torch's order is that of an unstable sort.
    """
    real = compute_dtype(p.dtype)
    if num_samples == 1 or not replacement:
        q, state = exponential(lib, state, 1.0, size=p.shape, dtype=p.dtype)
        return largest(lib, cast(p.astype(real) / q.astype(real), p.dtype), num_samples), state
    rows = p.reshape(-1, p.shape[-1]).astype(real)
    edges = running_sum(lib, rows)
    edges = (edges / edges[:, -1:])[:, :-1].astype(np.float64)
    values, state = doubles(lib, state, rows.shape[0] * num_samples)
    chosen = places(lib, edges, values.reshape(-1, num_samples))
    return chosen.reshape(*p.shape[:-1], num_samples), state
