"""Random numbers of CUDA devices: torch's, on whatever stands in for one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from compat_tests.test_namespaces import run
from jtorch.ops import philox
from jtorch.ops.cuda_draws import CUDA_DRAWS
from jtorch.ops.draws import DRAWS

H100 = 132 * 2048

# What torch prints on any CUDA device: torch.manual_seed(seed), then torch.rand(5) or torch.randn(5) with device="cuda".
PRINTED = {
    ("rand", 0): [0.3990, 0.5167, 0.0249, 0.9401, 0.9459],
    ("randn", 0): [-0.9247, -0.4253, -2.6438, 0.1452, -0.1209],
    ("rand", 42): [0.6130, 0.0101, 0.3984, 0.0403, 0.1563],
    ("randn", 42): [0.1940, 2.1614, -0.1721, 0.8491, -1.9244],
}


def draw(name, seed, *operands, most=H100, **statics):
    with jax.enable_x64(True):
        values, state = CUDA_DRAWS[name](jnp.asarray(philox.seed_state(seed)), *operands, most=most, **statics)
    return np.asarray(values), np.asarray(state)


@pytest.mark.parametrize(("name", "seed"), PRINTED)
def test_numbers_that_torch_prints(name, seed):
    if name == "rand":
        values, state = draw("rand", seed, size=(5,), dtype=np.dtype(np.float32))
    else:
        values, state = draw("normal", seed, 0.0, 1.0, size=(5,), dtype=np.dtype(np.float32))
    assert np.round(values, 4).tolist() == pytest.approx(PRINTED[name, seed], abs=1e-6)
    assert state.tolist() == [seed, 4]


def rounds_by_hand(seed, call, thread):
    """Philox4x32-10 in Python's integers."""
    counter = [call & 0xFFFFFFFF, call >> 32, thread & 0xFFFFFFFF, thread >> 32]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0],
            second & 0xFFFFFFFF,
            (first >> 32) ^ counter[3] ^ key[1],
            first & 0xFFFFFFFF,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def kernel_by_hand(seed, spent, count, most):
    """The words that torch's elementwise kernel gives its elements, thread by thread."""
    threads = 256 * min(-(-count // 256), most // 256)
    given = np.zeros(count, np.uint32)
    for thread in range(threads):
        for call, start in enumerate(range(thread, count + 4 * threads, 4 * threads)):
            for i, word in enumerate(rounds_by_hand(seed, spent // 4 + call, thread)):
                if start + i * threads < count:
                    given[start + i * threads] = word
    return given


@pytest.mark.parametrize("count", [1, 255, 700, 3000])
def test_which_word_goes_to_which_element(count):
    seed, most = 2**63 + 12345678901, 512
    with jax.enable_x64(True):
        state = jnp.asarray(philox.seed_state(seed)).at[1].set(8)
        words, after = philox.spread(state, count, most, philox.word, 4)
    np.testing.assert_array_equal(np.asarray(words), kernel_by_hand(seed, 8, count, most))
    assert int(after[1]) == 8 + 4 * -(-count // (4 * 256 * min(-(-count // 256), 2)))


def test_neighbours_of_dropout():
    noise, state = draw("dropout_noise", 7, 0.25, size=(1000,), dtype=np.dtype(np.float32), most=512)
    words = [rounds_by_hand(7, call, thread) for call in range(1) for thread in range(250)]
    units = (np.array(words, np.uint32).reshape(-1).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-32)
    np.testing.assert_array_equal(noise, np.where(units < 0.75, np.float32(1 / 0.75), 0))
    assert state[1] == 4


def test_the_tables_have_the_same_entries():
    assert {*CUDA_DRAWS} == {*DRAWS, "feature_noise"}


MOMENTS = {
    "uniform": ((2.0, 4.0), 3.0, 2 / 12**0.5),
    "normal": ((1.0, 2.0), 1.0, 2.0),
    "exponential": ((2.0,), 0.5, 0.5),
    "geometric": ((0.25,), 4.0, 12**0.5),
    "bernoulli": ((0.3,), 0.3, 0.21**0.5),
    "log_normal": ((0.0, 0.5), np.exp(0.125), (np.exp(0.5) - np.exp(0.25)) ** 0.5),
    "feature_noise": ((0.5,), 1.0, 1.0),
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, jnp.bfloat16])
def test_moments(name, dtype):
    given, mean, deviation = MOMENTS[name]
    values, _ = draw(name, 1, *given, size=(200, 200), dtype=np.dtype(dtype))
    assert values.dtype == dtype
    values = values.astype(np.float64)
    assert abs(values.mean() - mean) < 5 * deviation / 200
    assert values.std() == pytest.approx(deviation, rel=0.05)


PROGRAM = """
    import jtorch as torch
    from jtorch import nn

    cuda = torch.device("cuda")
    with torch.random.fork_rng():
        torch.manual_seed(6)
        torch.rand(1, device=cuda)
    print(torch.cuda.initial_seed() == torch.initial_seed())
    torch.manual_seed(5)
    first = torch.rand(1000, device=cuda)
    state = torch.cuda.get_rng_state()
    second = torch.randn(3, 4, device=cuda)
    torch.cuda.set_rng_state(state)
    print(torch.equal(second, torch.randn(3, 4, device=cuda)), state.dtype, list(state.shape), torch.cuda.initial_seed())
    generator = torch.Generator(cuda).manual_seed(5)
    print(torch.equal(first, torch.rand(1000, device=cuda, generator=generator)), generator.get_offset())
    generator.set_offset(0)
    print(torch.equal(first, torch.rand(1000, device=cuda, generator=generator)))
    try:
        generator.set_state(torch.get_rng_state())
    except RuntimeError as error:
        print(error)
    print(sorted(torch.randperm(50, device=cuda).tolist()) == list(range(50)), torch.randint(3, 5, (4,), device=cuda).device)
    weights = torch.tensor([0.0, 1.0, 1.0], device=cuda)
    print(sorted(torch.multinomial(weights, 2).tolist()), 0 in torch.multinomial(weights, 100, replacement=True).tolist())
    print(round(torch.poisson(torch.full((4000,), 3.0, device=cuda)).mean().item()))
    print(round(torch.distributions.Beta(torch.ones(4000, device=cuda), 1.0).sample().mean().item(), 1))

    def losses(made):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1)).to(cuda)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)

        def step(x):
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            return loss

        step = made(step)
        return [round(step(torch.ones(8, 4, device=cuda)).item(), 4) for _ in range(6)]

    print(losses(lambda step: step) == losses(torch.capture) == losses(torch.compile))
"""


@pytest.mark.jtorch_only
def test_draws_stay_on_the_device():
    assert run(PROGRAM, JTORCH_CUDA="cpu", XLA_FLAGS="--xla_force_host_platform_device_count=2").splitlines() == [
        "True",
        "True torch.uint8 [16] 5",
        "True 4",
        "True",
        "RNG state is wrong size: 5056 bytes, where the state of a cuda generator has 16",
        "True cuda:0",
        "[1, 2] False",
        "3",
        "0.5",
        "True",
    ]
