"""The counter-based generator of torch's CUDA devices, as JAX computes it: Philox4x32-10, and which number goes to which element.

Philox (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, section 3.3) makes four words of a counter
and a key. In torch the key is the seed; of the counter's 128 bits the lower half counts calls, the upper half is the number of the
thread. A kernel runs blocks of 256 threads, as many as there are elements or as the device holds at once; each makes four words a
call, and takes elements that lie as far apart as there are threads. So the numbers depend on the device for tensors of more elements
than it has threads (some 10^5).
"""

import math

import jax.numpy as jnp
import numpy as np

BLOCK = 256  # threads
_MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
_WEYL = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10


def seed_state(seed: int) -> np.ndarray:
    """The state at the start: int64[2], the seed and the words that every thread has been given."""
    return np.array([seed % 2**64, 0], np.uint64).view(np.int64)


def words(state, calls, threads):
    """Four uint32 arrays: the words of these calls after the state, for these threads (arrays of counts that broadcast)."""
    seed, spent = state[0].astype(np.uint64), state[1].astype(np.uint64)
    call = (spent >> np.uint64(2)) + calls.astype(np.uint64)
    threads = threads.astype(np.uint64)
    call, threads = jnp.broadcast_arrays(call, threads)
    a, b, c, d = *_halves(call), *_halves(threads)
    key0, key1 = _halves(seed)
    for _ in range(_ROUNDS):
        high0, low0 = _product(_MULTIPLIERS[0], a)
        high1, low1 = _product(_MULTIPLIERS[1], c)
        a, b, c, d = high1 ^ b ^ key0, low1, high0 ^ d ^ key1, low0
        key0, key1 = key0 + np.uint32(_WEYL[0]), key1 + np.uint32(_WEYL[1])
    return a, b, c, d


def _halves(numbers):
    return numbers.astype(np.uint32), (numbers >> np.uint64(32)).astype(np.uint32)


def _product(multiplier, numbers):
    """High and low word of a product."""
    low, high = _halves(numbers.astype(np.uint64) * np.uint64(multiplier))
    return high, low


def after(state, calls):
    """The state when every thread has made some calls more."""
    return jnp.stack([state[0], state[1] + 4 * calls])


def spread(state, count: int, most: int, make, each: int):
    """`count` numbers in the order of torch's elementwise kernels, and the state after them.

    `make` turns the four words of a call into `each` numbers (4, or 2 of 64 bits), whose elements are `threads` apart; `most` is how many
    threads the device holds.
    """
    threads, calls = _threads(count, most), _calls(count, most, each)
    made = make(*words(state, jnp.arange(calls)[:, None], jnp.arange(threads)))
    wanted = each if calls != 1 else math.ceil(count / threads)
    return jnp.stack(made[:wanted], axis=1).reshape(-1)[:count], after(state, calls)


def packed(state, count: int, most: int, make, each: int):
    """The same for kernels that give `each` elements next to one another to a thread: dropout, which counts its calls as if they were four."""
    threads = _threads(count, most)
    calls = math.ceil(count / (threads * each))
    made = make(*words(state, jnp.arange(calls)[:, None], jnp.arange(threads)))
    return jnp.stack(made[:each], axis=2).reshape(-1)[:count], after(state, _calls(count, most, 4))


def _threads(count, most):
    return BLOCK * max(1, min(math.ceil(count / BLOCK), most // BLOCK))


def _calls(count, most, each):
    return math.ceil(count / (_threads(count, most) * each))


# What curand makes of words


def uniform(a, b, c, d):
    """Four float32 numbers of (0, 1]: the middles of 2**32 intervals, rounded."""
    step = np.float32(2.0**-32)
    return [word.astype(np.float32) * step + step / 2 for word in (a, b, c, d)]


def uniform_wide(a, b, c, d):
    """Two float64 numbers of (0, 1], of 53 bits."""
    step = 2.0**-53
    return [_bits53(low, high).astype(np.float64) * step + step / 2 for low, high in ((a, b), (c, d))]


def _bits53(low, high):
    return low.astype(np.uint64) ^ (high.astype(np.uint64) << np.uint64(21))


def normal(a, b, c, d):
    """Four float32 numbers of the standard normal distribution (Box and Muller 1958), sines first."""
    step = np.float32(2.0**-32)
    turn = np.float32(2.0**-32 * 2 * math.pi)
    made = []
    for x, y in ((a, b), (c, d)):
        radius = jnp.sqrt(-2 * jnp.log(x.astype(np.float32) * step + step / 2))
        angle = y.astype(np.float32) * turn + turn / 2
        made += [radius * jnp.sin(angle), radius * jnp.cos(angle)]
    return made


def normal_wide(a, b, c, d):
    """Two float64 numbers of the standard normal distribution."""
    first, second = uniform_wide(a, b, c, d)
    radius = jnp.sqrt(-2 * jnp.log(first))
    return [radius * jnp.sin(2 * math.pi * second), radius * jnp.cos(2 * math.pi * second)]


def word(a, b, c, d):
    return [a, b, c, d]


def word_wide(a, b, c, d):
    """Two numbers of 64 bits, the first word high."""
    return [high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64) for high, low in ((a, b), (c, d))]
