"""What torch's CUDA kernels make of their generator's words: the table of `random.py` once more, for draws on an accelerator.

An entry has the name and parameters of its counterpart in `draws.DRAWS` (`feature_noise` has none: on the CPU it is `dropout_noise`), and besides `most`, the number of threads that the device holds.
`state` is that of `philox.py`. The elementwise ones give torch's numbers for such a device (bit for bit where they are made of words
by products and comparisons; logarithms and sines are not CUDA's fast ones). Permutations, `multinomial` and what is drawn by
rejection are of the same distribution, and other numbers than torch's.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from . import philox
from .draws import JAX, REDUCED, cast, compute_dtype, count_of, number, real_dtype
from .random import largest, running_sum
from .registry import Array, DType, Number, Size

CUDA_DRAWS: dict[str, Callable] = {}


def draw(fn: Callable) -> Callable:
    """Enter a distribution `fn(state, ...)` in the table."""
    CUDA_DRAWS[fn.__name__] = fn
    return fn


def _spread(state, size, most, wide: bool, narrow_made, wide_made):
    """Numbers of a size: two of a call's words each if `wide`."""
    make, each = (wide_made, 2) if wide else (narrow_made, 4)
    values, state = philox.spread(state, count_of(size), most, make, each)
    return values.reshape(size), state


def _units(state, size, most, dtype):
    """Numbers of (0, 1] as a kernel of `dtype` gets them: float64, or else float32."""
    return _spread(state, size, most, dtype == np.float64, philox.uniform, philox.uniform_wide)


def _normals(state, size, most, dtype):
    return _spread(state, size, most, dtype == np.float64, philox.normal, philox.normal_wide)


def _words(state, size, most, wide):
    return _spread(state, size, most, wide, philox.word, philox.word_wide)


# Uniform numbers and integers


@draw
def rand(state: Array, *, size: Size, dtype: DType, most: int):
    """`torch.rand`: numbers of [0, 1)."""
    return uniform(state, np.float64(0), np.float64(1), size=size, dtype=dtype, most=most)


@draw
def uniform(state: Array, low: Number, high: Number, *, size: Size, dtype: DType, most: int):
    """`uniform_(low, high)`: u * (high - low) + low; what rounds up to `high` becomes `low`."""
    if dtype.kind == "c":
        parts, state = uniform(state, low, high, size=(*size, 2), dtype=real_dtype(dtype), most=most)
        return JAX.complex(parts), state
    values, state = _units(state, size, most, dtype)
    lowest, highest = cast(number(JAX, low), dtype), cast(number(JAX, high), dtype)
    span = (highest - lowest).astype(values.dtype)
    values = cast(values * span + lowest.astype(values.dtype), dtype)
    return jnp.where(values == highest, lowest, values), state


@draw
def random_from_to(state: Array, base: Number, span: Number, *, size: Size, dtype: DType, wide: bool, most: int):
    """`randint` and `random_(from, to)`: base + word % span, with 64-bit words if `wide`."""
    values, state = _words(state, size, most, wide)
    values = (values % number(JAX, span, values.dtype)).astype(np.int64)
    return cast(values + number(JAX, base, np.int64), dtype), state


@draw
def random_full_range(state: Array, *, size: Size, dtype: DType, most: int):
    """`random_(-2**63, None)`: all 64 bits as a signed number."""
    values, state = _words(state, size, most, True)
    return cast(values.astype(np.int64), dtype), state


@draw
def random(state: Array, *, size: Size, dtype: DType, most: int):
    """`random_()`: 0 to the largest integer, or to 2**mantissa for a floating dtype."""
    if dtype.kind == "f" or dtype in REDUCED:
        limit = 2 ** (jnp.finfo(dtype).nmant + 1) + 1
    else:
        limit = 2 if dtype == np.bool_ else int(np.iinfo(dtype).max) + 1
    values, state = _words(state, size, most, dtype in (np.float64, np.int64))
    return cast(values % values.dtype.type(limit), dtype), state


# Continuous distributions


@draw
def normal(state: Array, mean: Number, std: Number, *, size: Size, dtype: DType, contiguous: bool = True, most: int):
    """`normal_(mean, std)` and, with 0 and 1, `randn`. Complex: parts of std / sqrt(2)."""
    if dtype.kind == "c":
        std = number(JAX, std) / math.sqrt(2)
        parts, state = normal(state, mean, std, size=(*size, 2), dtype=real_dtype(dtype), most=most)
        return JAX.complex(parts), state
    values, state = _normals(state, size, most, dtype)
    return cast(values * number(JAX, std, values.dtype) + number(JAX, mean, values.dtype), dtype), state


@draw
def log_normal(state: Array, mean: Number, std: Number, *, size: Size, dtype: DType, most: int):
    """`log_normal_(mean, std)`: exp of normal numbers."""
    values, state = _normals(state, size, most, dtype)
    return cast(jnp.exp(values * number(JAX, std, values.dtype) + number(JAX, mean, values.dtype)), dtype), state


@draw
def exponential(state: Array, rate: Number, *, size: Size, dtype: DType, most: int):
    """`exponential_(rate)`: -log(u) / rate, never 0."""
    values, state = _units(state, size, most, dtype)
    half = np.finfo(values.dtype).eps / values.dtype.type(2)
    logs = jnp.where(values >= 1 - half, -half, jnp.log(values))
    return cast(-1 / number(JAX, rate, values.dtype) * logs, dtype), state


@draw
def cauchy(state: Array, median: Number, sigma: Number, *, size: Size, dtype: DType, most: int):
    """`cauchy_(median, sigma)`: median + sigma * tan(pi (u - 1/2)), u away from both ends."""
    values, state = _units(state, size, most, dtype)
    eps = np.finfo(values.dtype).eps
    tangent = jnp.tan(values.dtype.type(math.pi) * (jnp.clip(values, eps, 1 - eps) - values.dtype.type(0.5)))
    return cast(number(JAX, median, values.dtype) + number(JAX, sigma, values.dtype) * tangent, dtype), state


@draw
def geometric(state: Array, p: Number, *, size: Size, dtype: DType, most: int):
    """`geometric_(p)`: ceil(log u / log(1 - p))."""
    values, state = _units(state, size, most, dtype)
    return cast(jnp.ceil(jnp.log(values) / jnp.log1p(-number(JAX, p, values.dtype))), dtype), state


# 0 or 1


@draw
def bernoulli(state: Array, p: Number, *, size: Size, dtype: DType, most: int):
    """`bernoulli_(p)` with a number: u < p."""
    values, state = _units(state, size, most, dtype)
    return (values < number(JAX, p, values.dtype)).astype(dtype), state


@draw
def bernoulli_tensor(state: Array, p: Array, *, size: Size, dtype: DType, most: int):
    """`bernoulli(p)` and `bernoulli_(p)` with a tensor that broadcasts to `size`: u <= p, four neighbours to a thread."""
    count = count_of(size)
    made = philox.uniform(*philox.words(state, jnp.zeros((), np.int64), jnp.arange(math.ceil(count / 4))))
    values = jnp.stack(made, axis=1).reshape(-1)[:count].reshape(size)
    real = np.float64 if dtype == np.float64 else np.float32
    return (values.astype(real) <= p.astype(real)).astype(dtype), philox.after(state, 3)


@draw
def dropout_noise(state: Array, p: Number, *, size: Size, dtype: DType, most: int):
    """What dropout multiplies its input by: 0 with probability `p`, else 1 / (1 - p); four neighbours to a thread where their number allows."""
    count = count_of(size)
    real = compute_dtype(dtype)
    kept = number(JAX, 1.0 - number(JAX, p), real)
    each = next(k for k in ((2, 1) if dtype == np.float64 else (4, 2, 1)) if count % k == 0)
    if each == 1:
        values, state = philox.spread(state, count, most, philox.uniform, 4)
    else:
        values, state = philox.packed(state, count, most, philox.uniform, each)
    return jnp.where(values.reshape(size) < kept, cast(1 / kept, dtype), jnp.zeros((), dtype)), state


@draw
def feature_noise(state: Array, p: Number, *, size: Size, dtype: DType, most: int):
    """The same for whole channels, which torch makes of `bernoulli_` and a division."""
    kept = 1.0 - number(JAX, p)
    values, state = bernoulli(state, kept, size=size, dtype=np.dtype(bool), most=most)
    scale = cast(1 / number(JAX, kept, compute_dtype(dtype)), dtype)
    return jnp.where(values, scale, jnp.zeros((), dtype)), state


@draw
def rrelu_noise(state: Array, input: Array, lower: Number, upper: Number, *, most: int):
    """Slopes of `rrelu` in training: numbers of (lower, upper] for inputs <= 0, else 1."""
    values, state = _units(state, input.shape, most, input.dtype)
    lower, upper = number(JAX, lower, values.dtype), number(JAX, upper, values.dtype)
    slopes = cast(values * (upper - lower) + lower, input.dtype)
    return jnp.where(input <= 0, slopes, jnp.ones((), input.dtype)), state


# Choices, and what is drawn by rejection


@draw
def multinomial(state: Array, p: Array, *, num_samples: int, replacement: bool, most: int):
    """`torch.multinomial`: the largest of p / q where q is exponential, or places of uniform numbers in the running sum."""
    real = compute_dtype(p.dtype)
    if num_samples == 1 or not replacement:
        q, state = exponential(state, np.float64(1), size=p.shape, dtype=p.dtype, most=most)
        return largest(JAX, cast(p.astype(real) / q.astype(real), p.dtype), num_samples), state
    rows = p.reshape(-1, p.shape[-1]).astype(real)
    edges = running_sum(JAX, rows)
    edges = (edges / edges[:, -1:])[:, :-1]
    values, state = _units(state, (rows.shape[0], num_samples), most, np.dtype(real))
    chosen = jax.vmap(jnp.searchsorted)(edges, values).astype(np.int64)
    return chosen.reshape(*p.shape[:-1], num_samples), state


@draw
def randperm(state: Array, *, n: int, dtype: DType, most: int):
    """The order of random 64-bit numbers."""
    keys, state = philox.spread(state, n, most, philox.word_wide, 2)
    return lax.sort((keys, jnp.arange(n)), num_keys=1)[1].astype(dtype), state


def _key(state):
    """A key for `jax.random`, whose numbers come from another counter-based generator."""
    a, b, _, _ = philox.words(state, jnp.zeros((), np.int64), jnp.zeros((), np.int64))
    return jax.random.wrap_key_data(jnp.stack([a, b]), impl="threefry2x32"), philox.after(state, 1)


@draw
def poisson(state: Array, rate: Array, *, most: int):
    key, state = _key(state)
    return cast(jax.random.poisson(key, rate.astype(compute_dtype(rate.dtype)), dtype=np.int64), rate.dtype), state


@draw
def binomial(state: Array, count: Array, prob: Array, *, most: int):
    key, state = _key(state)
    real = compute_dtype(count.dtype)
    return cast(jax.random.binomial(key, count.astype(real), prob.astype(real), dtype=real), count.dtype), state


@draw
def standard_gamma(state: Array, concentration: Array, *, most: int):
    key, state = _key(state)
    made = jax.random.gamma(key, concentration.astype(compute_dtype(concentration.dtype)))
    return jnp.maximum(cast(made, concentration.dtype), jnp.finfo(concentration.dtype).tiny), state


@draw
def dirichlet(state: Array, concentration: Array, *, most: int):
    key, state = _key(state)
    made = jax.random.dirichlet(key, concentration.astype(compute_dtype(concentration.dtype)))
    return cast(made, concentration.dtype), state
