"""The Mersenne Twister behind torch's CPU random numbers, as a value and pure functions of it.

The state of a generator is one `uint32[632]` array, so that it can be the input and the output of a compiled program:

    0..623     the twister's words
    624        position: words of this block already taken, 1..624; 0 just after seeding, when there is no block yet
    625, 626   whether a second normal number is kept in float32, and its bits (no CPU operation keeps one)
    627..629   whether a second normal number is kept in float64, and its bits (low, high): left by a `normal_` of fewer
               than 16 elements
    630, 631   the seed (low, high)

Words come from `host_words` (numpy's own generator) or `jax_words` (a loop over blocks); both give the same words and
states.

Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998); constants of MT19937.
"""

import math
import threading

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

WORDS = 624
SHIFT = 397
POSITION = 624
FLOAT_NORMAL = slice(625, 627)
DOUBLE_NORMAL = slice(627, 630)
SEED = slice(630, 632)
STATE_SIZE = 632

# torch.get_rng_state(): its C++ struct, padding included.
TORCH_STATE = np.dtype(
    {
        "names": [
            "seed",
            "left",
            "seeded",
            "next",
            "words",
            "double_normal",
            "has_double",
            "float_normal",
            "has_float",
        ],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", WORDS), "<f8", "<i4", "<f4", "?"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5048, 5052],
        "itemsize": 5056,
    }
)


def seed_state(seed: int) -> np.ndarray:
    """State of a generator after `manual_seed(seed)`.

    Only the low 32 bits reach the words, as in torch; all 64 are remembered for `initial_seed`. A negative seed stands
    for `2**64 + seed`. Outside of -2**63 .. 2**64 - 1: ValueError.
    """
    if not -(2**63) <= seed < 2**64:
        raise ValueError(
            f"Overflow when unpacking long long\nA seed is a 64-bit number (-2**63 to 2**64 - 1); found {seed}."
        )
    seed &= 2**64 - 1
    state = np.zeros(STATE_SIZE, np.uint32)
    # numpy's legacy seeding by one 32-bit number is the reference initialisation that torch uses too.
    state[:WORDS] = np.random.RandomState(seed & 0xFFFFFFFF).get_state(legacy=False)["state"]["key"]
    state[SEED] = seed & 0xFFFFFFFF, seed >> 32
    return state


def initial_seed(state: np.ndarray) -> int:
    """The seed a state was made from, 0 .. 2**64 - 1."""
    low, high = state[SEED]
    return int(high) << 32 | int(low)


def state_to_torch_bytes(state: np.ndarray) -> np.ndarray:
    """The `uint8[5056]` that `torch.get_rng_state()` returns for this state."""
    state = np.ascontiguousarray(state, np.uint32)
    position = int(state[POSITION])
    record = np.zeros((), TORCH_STATE)
    record["seed"] = initial_seed(state)
    record["left"] = 1 if position == 0 else WORDS + 1 - position
    record["seeded"] = 1
    record["next"] = position
    record["words"] = state[:WORDS]
    has_float, has_double = bool(state[625]), bool(state[627])
    record["has_float"] = has_float
    record["float_normal"] = state[626:627].view("<f4")[0] if has_float else 0
    record["has_double"] = has_double
    record["double_normal"] = state[628:630].copy().view("<f8")[0] if has_double else 0
    return np.frombuffer(record.tobytes(), np.uint8).copy()


def state_from_torch_bytes(data: np.ndarray) -> np.ndarray:
    """The state that `torch.set_rng_state(data)` would install.

    RuntimeError where torch raises: wrong size, or bytes that are no generator state. Unlike torch it also refuses a
    state whose counters contradict each other; torch never writes one.
    """
    data = np.ascontiguousarray(data)
    if data.size != TORCH_STATE.itemsize:
        raise RuntimeError(
            f"Expected a CPUGeneratorImplState of size {TORCH_STATE.itemsize} but found the input RNG state size to be "
            f"{data.size}\nPass what get_rng_state() of the same kind of device returned."
        )
    record = data.reshape(-1).view(np.uint8).view(TORCH_STATE)[0]
    left, position = int(record["left"]), int(record["next"]) & 0xFFFFFFFF
    if left == 1 and position != 0:
        position = WORDS
    consistent = left == 1 or left + position == WORDS + 1
    if record["seeded"] == 0 or not 0 < left <= WORDS or position > WORDS or not consistent:
        raise RuntimeError("Invalid mt19937 state\nPass what get_rng_state() of a CPU generator returned, unchanged.")
    state = np.zeros(STATE_SIZE, np.uint32)
    state[:WORDS] = record["words"]
    state[POSITION] = position
    if record["has_float"]:
        state[FLOAT_NORMAL] = 1, np.array(record["float_normal"], "<f4").view(np.uint32)
    if record["has_double"]:
        state[627] = 1
        state[628:630] = np.array([record["double_normal"]], "<f8").view(np.uint32)
    seed = int(record["seed"])
    state[SEED] = seed & 0xFFFFFFFF, seed >> 32
    return state


def temper(words):
    """What a generator hands out for words of its state; numpy and JAX."""
    words = words ^ (words >> np.uint32(11))
    words = words ^ ((words << np.uint32(7)) & np.uint32(0x9D2C5680))
    words = words ^ ((words << np.uint32(15)) & np.uint32(0xEFC60000))
    return words ^ (words >> np.uint32(18))


# ------------------------------------------------------------------------------------------------------------ numpy


class HostGenerator(threading.local):
    """numpy's generator, one per thread, whose state is set before each use."""

    def __init__(self):
        self.bits = np.random.MT19937(0)
        self.generator = np.random.Generator(self.bits)

    def draw(self, key: np.ndarray, position: int, count: int) -> tuple[np.ndarray, np.ndarray, int]:
        self.bits.state = {"bit_generator": "MT19937", "state": {"key": key, "pos": position}}
        words = self.generator.integers(0, 2**32, count, np.uint32)
        after = self.bits.state["state"]
        return words, after["key"], after["pos"]


host_generator = HostGenerator()


def host_words(state: np.ndarray, count: int, taken: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The next `count` words and the state after them, by numpy; `taken` as in `jax_words`."""
    if taken is not None and taken < count:
        words, state = host_words(state, int(taken))
        return np.concatenate([words, np.zeros(count - words.size, np.uint32)]), state
    state = np.array(state, np.uint32)
    position = int(state[POSITION])
    if count == 0:
        return np.zeros(0, np.uint32), state
    if position > 0 and position + count <= WORDS:  # inside the block: 60 µs less than numpy's generator
        state[POSITION] = position + count
        return temper(state[position : position + count]), state
    words, state[:WORDS], state[POSITION] = host_generator.draw(state[:WORDS], position or WORDS, count)
    return words, state


# -------------------------------------------------------------------------------------------------------------- JAX


def twist(words: jax.Array) -> jax.Array:
    """The next block of 624 words.

    Word k is made of old words k, k + 1 and of word k + 397 (mod 624), which from k = 227 on is a new one: hence three
    pieces, each of which needs only words that are ready.
    """

    def twisted(first, second):
        mixed = (first & np.uint32(0x80000000)) | (second & np.uint32(0x7FFFFFFF))
        return (mixed >> 1) ^ ((second & 1) * np.uint32(0x9908B0DF))

    near = WORDS - SHIFT
    own = twisted(words[:-1], words[1:])
    head = words[SHIFT:] ^ own[:near]
    middle = head ^ own[near : 2 * near]
    tail = middle[: WORDS - 1 - 2 * near] ^ own[2 * near :]
    last = middle[WORDS - 1 - 2 * near : WORDS - 2 * near] ^ twisted(words[-1:], head[:1])
    return jnp.concatenate([head, middle, tail, last])


def jax_words(state: jax.Array, count: int, taken: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
    """The next `count` words and the state after them, by JAX; `count` is static, the position may be anything.

    With `taken` (a run-time number, at most `count`) the state moves on by that many words only, and the words after
    them mean nothing: for distributions that use a number of words known at run time.
    """
    if count == 0:
        return jnp.zeros(0, jnp.uint32), state

    # Plain lax here: jnp's indexing and `//` look after negative numbers, which triples the time to compile.
    position = state[POSITION].astype(jnp.int32)
    start = lax.select(position == 0, np.int32(WORDS), position)
    end = start + (np.int32(count) if taken is None else taken.astype(jnp.int32))
    last = lax.div(end - 1, np.int32(WORDS))

    # Block i, counted from the present one, goes to where the first word to be drawn lies at index 624: the loop shifts
    # the blocks, since what reads words through a slice with a run-time start is not vectorised.
    def place(i, block, stream):
        at = (i + 1) * WORDS - start
        return lax.dynamic_update_slice(stream, temper(block), (at,), allow_negative_indices=False)

    def step(i, carry):
        block = twist(carry[0])
        return block, place(i, block, carry[1])

    block = state[:WORDS]
    stream = place(np.int32(0), block, jnp.zeros((2 + math.ceil(count / WORDS)) * WORDS, jnp.uint32))
    block, stream = lax.fori_loop(np.int32(1), last + 1, step, (block, stream))

    position_after = end - last * WORDS
    if taken is not None:  # no word taken: a generator that was just seeded stays so
        position_after = lax.select(taken == 0, position, position_after)
    state = lax.dynamic_update_slice(state, block, (0,))
    state = lax.dynamic_update_slice(state, position_after[None].astype(jnp.uint32), (POSITION,))
    return stream[WORDS : WORDS + count], state
