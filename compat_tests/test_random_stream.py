"""The random stream: the same seed gives PyTorch's numbers, whatever is drawn in whatever order, by numpy and by JAX."""

import functools
import warnings

import jax
import numpy as np
import pytest

import jtorch
from compat_tests.random_stream import CASES, DTYPES, SEED, drawn_by_torch, recorded, summary
from jtorch import dispatch
from jtorch.engine.value import aval_of
from jtorch.ops import random_checks, shuffle
from jtorch.ops.draws import BLOCK, DRAWS, HOST, JAX
from jtorch.ops.mt19937 import (
    POSITION,
    host_words,
    initial_seed,
    jax_words,
    seed_state,
    state_from_torch_bytes,
    state_to_torch_bytes,
)
from jtorch.ops.random import memory_order

# Made with logarithms, cosines, powers, a quotient.
ROUNDED = ("normal", "log_normal", "exponential", "cauchy", "rrelu_noise", "standard_gamma", "dirichlet")
TOLERANCE = {
    "float32": 1e-6,
    "complex64": 1e-6,
    "float64": 1e-13,
    "complex128": 1e-13,
    "float16": 1e-3,
    "bfloat16": 8e-3,
}


def draw_host(case, state):
    return DRAWS[case.draw].host_fn(state, *case.operands, **case.statics)


def draw_jax(case, state):
    fn = functools.partial(DRAWS[case.draw].jax_fn, **case.statics)
    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, jax.jit(fn)(state, *map(np.asarray, case.operands)))


def assert_same_numbers(case, values, expected):
    assert (values.shape, values.dtype) == (expected.shape, expected.dtype), case.label
    if case.draw in ROUNDED:
        tolerance = TOLERANCE[expected.dtype.name]
        values, expected = values.astype(np.complex128), expected.astype(np.complex128)
        assert np.all(np.abs(values - expected) <= tolerance * np.maximum(1, np.abs(expected))), case.label
    else:
        assert np.ascontiguousarray(values).tobytes() == np.ascontiguousarray(expected).tobytes(), case.label


def assert_same_state(case, state, expected):
    seen, expected = summary(state), dict(expected)
    assert seen.pop("normal") == pytest.approx(expected.pop("normal"), abs=1e-13), case.label
    assert seen == expected, case.label


# --------------------------------------------------------------------------------------------------- distributions


def test_sequence_in_numpy():
    state = seed_state(SEED)
    for case, values, after in recorded():
        drawn, state = draw_host(case, state)
        assert_same_numbers(case, drawn, values)
        assert_same_state(case, state, after)


def test_sequence_in_jax():
    """The same sequence, each kind of draw compiled in turn; the rest by numpy, from the same state."""
    state = seed_state(SEED)
    for case, values, after in recorded():
        drawn, state = draw_jax(case, state) if case.in_jax else draw_host(case, state)
        assert_same_numbers(case, drawn, values)
        assert_same_state(case, state, after)


def test_every_draw_is_tried_in_both():
    assert {case.draw for case in CASES} == set(DRAWS)
    assert {case.draw for case in CASES if case.in_jax} == set(DRAWS) - {"random_full_range"}


def test_a_draw_inside_a_differentiated_program():
    noise = functools.partial(DRAWS["dropout_noise"].jax_fn, size=(64,), dtype=DTYPES["float32"])

    def loss(x, state):
        scale, state = noise(state, np.float64(0.5))
        return (x * scale).sum(), state

    with jax.enable_x64(True):
        gradient, state = jax.jit(jax.grad(loss, has_aux=True))(np.ones(64, np.float32), seed_state(3))
    expected, after = DRAWS["dropout_noise"].host_fn(seed_state(3), 0.5, size=(64,), dtype=DTYPES["float32"])
    np.testing.assert_array_equal(gradient, expected)
    np.testing.assert_array_equal(state, after)


def test_second_normal_number_waits_for_the_next_call():
    draw = functools.partial(DRAWS["normal"].host_fn, dtype=DTYPES["float64"])
    state = seed_state(1)
    whole, _ = draw(state, 0.0, 1.0, size=(12,))
    parts = []
    for count in (1, 1, 3, 2, 0, 4, 1):
        values, state = draw(state, 0.0, 1.0, size=(count,))
        parts.append(values)
    np.testing.assert_array_equal(np.concatenate(parts), whole)


# ------------------------------------------------------------------------------------------------------- generator


def test_first_words_are_those_of_the_published_generator():
    words, _ = host_words(seed_state(5489), 2)
    assert words.tolist() == [3499211612, 581869302]


@pytest.mark.parametrize("count", [1, 623, 624, 625, 3000])
def test_words_from_any_position(count):
    draw = jax.jit(jax_words, static_argnums=1)
    for position in (0, 1, 300, 623, 624):
        state = seed_state(7) if position == 0 else host_words(seed_state(7), position)[1]
        assert state[POSITION] == position
        expected, after = host_words(state, count)
        words, state = draw(state, count)
        np.testing.assert_array_equal(words, expected)
        np.testing.assert_array_equal(state, after)


def test_words_of_which_a_number_known_at_run_time_is_taken():
    draw = jax.jit(jax_words, static_argnums=1)
    for position in (0, 10, 624):
        for taken in (0, 1, 600, 1000):
            state = seed_state(7) if position == 0 else host_words(seed_state(7), position)[1]
            expected, after = host_words(state, 1000, taken)
            words, state = draw(state, 1000, np.int32(taken))
            np.testing.assert_array_equal(words[:taken], expected[:taken])
            np.testing.assert_array_equal(state, after)


def test_state_as_bytes():
    state = seed_state(2**40 + 5)
    for count in (0, 5, 700):
        _, state = host_words(state, count)
        data = state_to_torch_bytes(state)
        assert (data.shape, data.dtype) == ((5056,), np.uint8)
        np.testing.assert_array_equal(state_from_torch_bytes(data), state)
    _, state = DRAWS["normal"].host_fn(state, 0.0, 1.0, size=(3,), dtype=DTYPES["float32"])
    np.testing.assert_array_equal(state_from_torch_bytes(state_to_torch_bytes(state)), state)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (10, "Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 10"),
        (5056, "Invalid mt19937 state"),
    ],
)
def test_bytes_that_are_no_state(size, message):
    with pytest.raises(RuntimeError, match=f"^{message}"):
        state_from_torch_bytes(np.zeros(size, np.uint8))


def test_seeds():
    assert initial_seed(seed_state(-1)) == 2**64 - 1
    assert initial_seed(seed_state(2**63 + 1)) == 2**63 + 1
    np.testing.assert_array_equal(seed_state(2**32 + 9)[:624], seed_state(9)[:624])
    for seed in (2**64, -(2**63) - 1):
        with pytest.raises(ValueError, match="^Overflow when unpacking long long"):
            seed_state(seed)


# ----------------------------------------------------------------------------------------- permutations and order


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 200])
def test_shuffles_are_the_loops_they_stand_for(n):
    random = np.random.RandomState(n)
    for lib in (HOST, JAX):
        with jax.enable_x64(True):
            targets = np.array([random.randint(i, n) for i in range(n)], np.int64)
            places = list(range(n))
            for i, target in enumerate(targets):
                places[i], places[target] = places[target], places[i]
            assert np.asarray(shuffle.swapped_forward(lib, lib.np.asarray(targets))).tolist() == places

            sources = np.array([random.randint(0, i + 1) for i in range(n)], np.int64)
            places = [0] * n
            for i, source in enumerate(sources):
                places[i] = i
                places[i] = places[source]
                places[source] = i
            assert np.asarray(shuffle.shuffled_inside_out(lib, lib.np.asarray(sources))).tolist() == places


@pytest.mark.parametrize(("name", "arguments"), [("uniform", (-1.0, 2.0)), ("normal", (1.0, 0.5))])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_draws_are_those_of_their_pieces(name, arguments, dtype):
    """numpy works on blocks of BLOCK numbers; the last one may be short."""
    count, piece = 2 * BLOCK + 16 * 3, 16 * 50
    host_fn = functools.partial(DRAWS[name].host_fn, dtype=np.dtype(dtype))
    whole, after = host_fn(seed_state(SEED), *arguments, size=(count,))
    state, pieces = seed_state(SEED), []
    for start in range(0, count, piece):
        values, state = host_fn(state, *arguments, size=(min(piece, count - start),))
        pieces.append(values)
    np.testing.assert_array_equal(whole, np.concatenate(pieces))
    np.testing.assert_array_equal(after, state)


@pytest.mark.parametrize("dtype", [jtorch.float32, jtorch.float64, jtorch.bfloat16, jtorch.complex64], ids=str)
def test_fills_are_traced_when_a_program_wants_them(dtype):
    """What is said of their results beforehand is what tracing finds."""
    for shape in ((3, 5000), (3, 7)):
        for fill in ("normal_", "uniform_") if dtype.is_floating_point else ("normal_",):
            getattr(jtorch.empty(shape, dtype=dtype), fill)()
    fills = [
        prim for prim in dispatch._prims.values() if getattr(prim, "name", None) in ("random.normal", "random.uniform")
    ]
    assert fills
    for prim in fills:
        assert prim.out_avals == tuple(map(aval_of, prim.jaxpr.out_avals))


def test_memory_order():
    assert memory_order((2, 3, 4), (12, 4, 1)) == (0, 1, 2)
    assert memory_order((4, 3), (1, 4)) == (1, 0)
    assert memory_order((2, 3, 4, 5), (60, 1, 15, 3)) == (0, 2, 3, 1)
    assert memory_order((), ()) == ()


# ---------------------------------------------------------------------------------------------------------- errors

REFUSED = [
    (
        "uniform",
        (2.0, 1.0, "float32"),
        "RuntimeError",
        "uniform_ expects to return a [from, to) range, but found from=2 > to=1",
    ),
    ("uniform", (0.0, 1e39, "float32"), "RuntimeError", "to is out of bounds for float"),
    ("uniform", (0.0, 1e6, "float16"), "RuntimeError", "to is out of bounds for c10::Half"),
    ("uniform", (0.0, 1.0, "int64"), "NotImplementedError", "\"check_uniform_bounds\" not implemented for 'Long'"),
    (
        "uniform",
        (-3e38, 3e38, "float32"),
        "RuntimeError",
        "uniform_ expects to-from <= std::numeric_limits<Float>::max(), but found to=3e+38 and from=-3e+38 which result in "
        "to-from to exceed the limit",
    ),
    ("normal", (-1.0, "float32"), "RuntimeError", "normal expects std >= 0.0, but found std -1"),
    ("normal", (1.0, "int64"), "NotImplementedError", "\"normal_kernel_cpu\" not implemented for 'Long'"),
    ("log_normal", (0.0, "float32"), "RuntimeError", "log_normal_ expects std > 0.0, but found std=0"),
    ("exponential", (0.0, "float32"), "RuntimeError", "exponential_ expects lambda > 0.0, but found lambda=0"),
    (
        "exponential",
        (1.0, "int64"),
        "RuntimeError",
        "Exponential distribution is a continuous probability distribution. dtype must be a floating point but you specified "
        "Long",
    ),
    (
        "cauchy",
        (1.0, "int64"),
        "RuntimeError",
        "Cauchy distribution is a continuous probability distribution. dtype must be a floating point but you specified "
        "long int",
    ),
    ("cauchy", (0.0, "float32"), "RuntimeError", "cauchy_ expects sigma > 0.0, but found sigma=0"),
    ("geometric", (1.0, "float32"), "RuntimeError", "geometric_ expects p to be in (0, 1), but got p=1"),
    ("geometric", (0.5, "bool"), "NotImplementedError", "\"geometric_cpu\" not implemented for 'Bool'"),
    ("bernoulli", (1.5, "float32"), "RuntimeError", "bernoulli_ expects p to be in [0, 1], but got p=1.5"),
    ("random", ("uint16",), "NotImplementedError", "\"random_kernel_cpu\" not implemented for 'UInt16'"),
    (
        "random_range",
        (5, 3, "int64"),
        "RuntimeError",
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=3",
    ),
    ("random_range", (0, 300, "uint8"), "RuntimeError", "to - 1 is out of bounds for unsigned char"),
    ("random_range", (-1, 3, "uint8"), "RuntimeError", "from is out of bounds for unsigned char"),
    ("random_range", (0, 70000, "float16"), "RuntimeError", "to - 1 is out of bounds for c10::Half"),
    (
        "random_range",
        (0, 5, "complex64"),
        "RuntimeError",
        "check_random_bounds handles only integral, floating-point and boolean types",
    ),
    (
        "random_range",
        (-(2**63), None, "int32"),
        "RuntimeError",
        "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16",
    ),
    ("randperm", (300, "uint8"), "RuntimeError", "value cannot be converted to type uint8_t without overflow"),
    ("randperm", (3000, "float16"), "RuntimeError", "n cannot be greater than 2049 for Half type."),
    ("randperm", (2**24 + 5, "float32"), "RuntimeError", "n cannot be greater than 2^24+1 for Float type."),
    ("randperm", (5, "bool"), "NotImplementedError", "\"randperm\" not implemented for 'Bool'"),
    (
        "multinomial",
        ((2,), 3, False, "float32"),
        "RuntimeError",
        "cannot sample n_sample > prob_dist.size(-1) samples without replacement",
    ),
    ("multinomial", ((2,), 0, False, "float32"), "RuntimeError", "cannot sample n_sample <= 0 samples"),
    ("multinomial", ((2, 2, 2), 1, False, "float32"), "RuntimeError", "prob_dist must be 1 or 2 dim"),
    (
        "multinomial",
        ((2,), 1, False, "int64"),
        "RuntimeError",
        "multinomial only supports floating-point dtypes for input, got: Long",
    ),
    ("poisson", ("int64",), "NotImplementedError", "\"poisson_cpu\" not implemented for 'Long'"),
    ("standard_gamma", ("float16",), "NotImplementedError", "\"gamma_cpu\" not implemented for 'Half'"),
    ("dirichlet", ("int64",), "NotImplementedError", "\"dirichlet\" not implemented for 'Long'"),
    (
        "binomial",
        ("float32", "int64"),
        "ValueError",
        "binomial only supports floating-point dtypes for prob, got: Long",
    ),
    ("binomial", ("float16", "float16"), "NotImplementedError", "\"binomial_cpu\" not implemented for 'Half'"),
    ("binomial", ("float32", "float64"), "RuntimeError", "Found dtype Double but expected Float"),
]


@pytest.mark.parametrize(("check", "arguments", "error", "message"), REFUSED)
def test_refused(check, arguments, error, message):
    arguments = [DTYPES.get(a, a) if isinstance(a, str) else a for a in arguments]
    with pytest.raises(Exception) as raised:
        getattr(random_checks, check)(*arguments)
    assert (type(raised.value).__name__, str(raised.value).partition("\n")[0]) == (error, message)


def test_integers_beyond_the_mantissa_warn():
    with pytest.warns(
        UserWarning, match=r"to - 1 is out of bounds \[-\(2\^11\), 2\^11\]. Due to precision limitations"
    ):
        assert random_checks.random_range(0, 5000, DTYPES["float16"]) == (0, 4996, False)


@pytest.mark.parametrize(
    ("check", "values", "message"),
    [
        ("bernoulli_tensor", {"p": [0.5, 1.5]}, "Expected p_in >= 0 && p_in <= 1 to be true, but got false."),
        ("bernoulli_tensor", {"p": [0.5, np.nan]}, "Expected p_in >= 0 && p_in <= 1 to be true, but got false."),
        ("bernoulli_tensor", {"p": [0.0, 1.0]}, None),
        ("normal_std", {"std": [1.0, -1.0]}, "normal expects all elements of std >= 0.0"),
        (
            "multinomial",
            {"p": [1.0, -1.0], "num_samples": 1, "replacement": False},
            "probability tensor contains either `inf`, `nan` or element < 0",
        ),
        (
            "multinomial",
            {"p": [1.0, np.inf], "num_samples": 1, "replacement": False},
            "probability tensor contains either `inf`, `nan` or element < 0",
        ),
        (
            "multinomial",
            {"p": [[0.0, 1.0], [0.0, 0.0]], "num_samples": 1, "replacement": False},
            "invalid multinomial distribution (sum of probabilities <= 0)",
        ),
        ("multinomial", {"p": [[0.0, 1.0]], "num_samples": 1, "replacement": False}, None),
        ("poisson", {"rate": [-1.0]}, "invalid Poisson rate, expected rate to be non-negative"),
    ],
)
def test_refused_values(check, values, message):
    values = {name: np.array(value) for name, value in values.items()}
    for lib in (np, jax.numpy):
        bad, error, text = random_checks.VALUE_CHECKS[check](lib, **values)
        assert bool(bad) == (message is not None)
        if message is not None:
            text = text() if callable(text) else text
            assert error is RuntimeError and text.startswith(message)


# ------------------------------------------------------------------------------------------------ PyTorch, alive


@pytest.mark.reference
@pytest.mark.parametrize("seed", [0, 42, -1, 2**63 + 12345])
def test_sequence_beside_pytorch(seed):
    torch = pytest.importorskip("torch")
    state = seed_state(seed)
    for case, values, data in drawn_by_torch(torch, seed):
        drawn, state = draw_host(case, state)
        assert_same_numbers(case, drawn, values)
        assert_same_state(case, state, summary(state_from_torch_bytes(data)))
        if not state[627]:
            np.testing.assert_array_equal(state_to_torch_bytes(state), data)
    torch.set_rng_state(torch.from_numpy(state_to_torch_bytes(state)))
    expected, _ = DRAWS["rand"].host_fn(state, size=(9,), dtype=DTYPES["float32"])
    np.testing.assert_array_equal(torch.rand(9).numpy(), expected)


@pytest.mark.reference
@pytest.mark.parametrize("threads", [1, 4])
def test_large_draws_beside_pytorch(threads):
    """Threads do not change PyTorch's stream, and `bernoulli_` and dropout take its words on Intel CPUs as well."""
    torch = pytest.importorskip("torch")
    size, float32 = (300_001,), DTYPES["float32"]
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.manual_seed(5)
    state = seed_state(5)
    for name, operands, drawn in (
        ("rand", (), lambda: torch.rand(size)),
        ("bernoulli", (0.4,), lambda: torch.empty(size).bernoulli_(0.4)),
        ("dropout_noise", (0.4,), lambda: torch.nn.functional.dropout(torch.ones(size), 0.4)),
        ("uniform", (-0.1, 0.3), lambda: torch.empty(size).uniform_(-0.1, 0.3)),
    ):
        values, state = DRAWS[name].host_fn(state, *operands, size=size, dtype=float32)
        np.testing.assert_array_equal(values, drawn().numpy(), name)
    values, state = DRAWS["normal"].host_fn(state, 0.0, 1.0, size=size, dtype=float32)
    np.testing.assert_allclose(values, torch.randn(size).numpy(), rtol=1e-6, atol=1e-6)
    values, state = DRAWS["randperm"].host_fn(state, n=size[0], dtype=DTYPES["int64"])
    np.testing.assert_array_equal(values, torch.randperm(size[0]).numpy())
    np.testing.assert_array_equal(state_to_torch_bytes(state), torch.get_rng_state().numpy())
    torch.set_num_threads(before)


@pytest.mark.reference
def test_memory_order_beside_pytorch():
    torch = pytest.importorskip("torch")
    random = np.random.RandomState(0)
    for _ in range(300):
        size = tuple(random.choice([1, 2, 3, 4], random.randint(1, 5)))
        base = torch.empty([int(n) * random.randint(1, 3) for n in size])
        steps = tuple(slice(None, None, int(random.randint(1, 3))) for _ in size)
        view = base[steps].permute([int(d) for d in random.permutation(len(size))])
        torch.manual_seed(1)
        view.uniform_()
        order = memory_order(tuple(view.shape), view.stride())
        flat, _ = DRAWS["rand"].host_fn(
            seed_state(1), size=tuple(view.shape[d] for d in order), dtype=DTYPES["float32"]
        )
        np.testing.assert_array_equal(view.numpy(), flat.transpose(np.argsort(order)))


@pytest.mark.reference
def test_integer_ranges_beside_pytorch():
    """Bounds around every dtype's limits: the same numbers, warnings and errors."""
    torch = pytest.importorskip("torch")
    edges = [
        0,
        1,
        3,
        128,
        256,
        257,
        2047,
        2051,
        5000,
        32768,
        65504,
        65519,
        65520,
        2**24 + 3,
        2**28,
        2**32,
        2**53 + 1,
        2**62,
    ]
    edges = sorted({*edges, *(-edge for edge in edges), -(2**63)})

    def outcome(draw):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                values = draw().tobytes()
            except (RuntimeError, NotImplementedError) as error:
                values = type(error).__name__, str(error).partition("\n")[0]
        return values, [str(warning.message).partition(" (Triggered")[0] for warning in caught]

    def ours(low, high, dtype):
        bounds = random_checks.random_range(low, high, dtype)
        if bounds is None:
            return DRAWS["random_full_range"].host_fn(seed_state(0), size=(3,), dtype=dtype)[0]
        base, span, wide = bounds
        fn = DRAWS["random_from_to"].host_fn
        return fn(seed_state(0), np.int64(base), np.int64(span), size=(3,), dtype=dtype, wide=wide)[0]

    def theirs(low, high, name):
        torch.manual_seed(0)
        made = torch.empty(3, dtype=getattr(torch, name)).random_(low, high)
        return made.view(torch.int16).numpy() if name == "bfloat16" else made.numpy()

    for name, dtype in DTYPES.items():
        for low in edges:
            for high in (*edges, None):
                case = (name, low, high)
                assert outcome(lambda: ours(low, high, dtype)) == outcome(lambda: theirs(low, high, name)), case  # noqa: B023
