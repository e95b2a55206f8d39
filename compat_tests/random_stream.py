"""A sequence of random operations, drawn one after the other from one generator, and what PyTorch draws.

    python -m compat_tests.random_stream        # writes random_stream.npz; needs PyTorch

Each case names a draw of jtorch (`jtorch.ops.random.DRAWS`) with its operands, and the same in PyTorch. The order matters: a
case that takes one word too many, or leaves the wrong second normal number behind, shifts every case after it.
"""

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np

RECORDED = Path(__file__).with_suffix(".npz")
SEED = 20240229

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = {
    name: np.dtype(name)
    for name in "float32 float64 float16 complex64 complex128 uint8 int8 int16 int32 int64 uint16 uint32 uint64 bool".split()
} | {"bfloat16": BFLOAT16}
FLOATS = ("float32", "float64", "float16", "bfloat16")


@dataclass
class Case:
    draw: str
    operands: tuple
    statics: dict
    torch: Callable  # (torch) -> tensor
    in_jax: bool = False  # also drawn by the JAX side (a compilation each) when the sequence is run
    label: str = field(default="")


CASES: list[Case] = []


def case(draw, torch, *operands, in_jax=False, **statics):
    label = f"{len(CASES)}-{draw}" + "".join(f"-{value}" for value in statics.values())
    CASES.append(Case(draw, operands, statics, torch, in_jax, label))


def weights(shape, dtype, largest=1.0):
    """Fixed numbers of [0, largest), the same here and in PyTorch."""
    return (np.random.RandomState(5).rand(*shape) * largest).astype(DTYPES[dtype])


def tensor(torch, array):
    """A PyTorch tensor of the array's dtype."""
    if array.dtype == BFLOAT16:
        return torch.from_numpy(array.astype(np.float32)).bfloat16()
    return torch.from_numpy(array)


def array(tensor):
    """The numpy array of a PyTorch tensor."""
    if str(tensor.dtype) == "torch.bfloat16":
        return tensor.float().numpy().astype(BFLOAT16)
    return tensor.numpy()


def filled(name, size, method, *arguments):
    """`empty(size, dtype).method(*arguments)` in PyTorch."""
    return lambda torch: getattr(torch.empty(size, dtype=getattr(torch, name)), method)(*arguments)


def integers(name, low, high, size=(9,), in_jax=False):
    span = high - low
    signed = np.int64(span - 2**64 if span >= 2**63 else span)
    case(
        "random_from_to",
        filled(name, size, "random_", low, high),
        np.int64(low),
        signed,
        size=size,
        dtype=DTYPES[name],
        wide=span >= 2**28,
        in_jax=in_jax,
    )


for name, dtype in DTYPES.items():
    if name in FLOATS or dtype.kind == "c":
        case(
            "rand",
            lambda t, n=name: t.rand(3, 5, dtype=getattr(t, n)),
            size=(3, 5),
            dtype=dtype,
            in_jax=name == "float32",
        )
        case(
            "uniform",
            filled(name, 33, "uniform_", -0.05, 0.07),
            -0.05,
            0.07,
            size=(33,),
            dtype=dtype,
            in_jax=name in ("float32", "float64", "bfloat16"),
        )
        for count in (1, 4, 3, 16, 17, 40, 0, 5):
            case(
                "normal",
                filled(name, count, "normal_", 0.5, 2.0),
                0.5,
                2.0,
                size=(count,),
                dtype=dtype,
                in_jax=(name, count) in (("float32", 3), ("float32", 40), ("bfloat16", 17), ("complex64", 5)),
            )
    if dtype.kind != "c" and name not in ("uint16", "uint32", "uint64"):
        case("bernoulli", filled(name, (2, 9), "bernoulli_", 0.3), 0.3, size=(2, 9), dtype=dtype, in_jax=name == "bool")
        case("random", filled(name, 7, "random_"), size=(7,), dtype=dtype, in_jax=name in ("int64", "float32"))
    if name in FLOATS:
        size, statics = (11,), {"size": (11,), "dtype": dtype}
        case("log_normal", filled(name, size, "log_normal_", 0.2, 0.5), 0.2, 0.5, in_jax=name == "float32", **statics)
        case("exponential", filled(name, size, "exponential_", 1.7), 1.7, in_jax=name == "float32", **statics)
        case("cauchy", filled(name, size, "cauchy_", 0.3, 2.0), 0.3, 2.0, in_jax=name == "float32", **statics)
        case("geometric", filled(name, size, "geometric_", 0.3), 0.3, in_jax=name == "float32", **statics)
        for p_name in FLOATS:
            p = weights((9,), p_name)
            case(
                "bernoulli_tensor",
                lambda t, n=name, p=p: t.empty(4, 9, dtype=getattr(t, n)).bernoulli_(tensor(t, p)),
                p,
                size=(4, 9),
                dtype=dtype,
                in_jax=name == p_name,
            )
        case(
            "dropout_noise",
            lambda t, n=name: t.nn.functional.dropout(t.ones(4, 9, dtype=getattr(t, n)), 0.3),
            0.3,
            size=(4, 9),
            dtype=dtype,
            in_jax=name in ("float32", "bfloat16"),
        )
        for shape, count in (((20,), 1), ((3, 20), 1), ((20,), 6), ((3, 20), 6)):
            for replacement in (False, True):
                p = weights(shape, name)
                if name in FLOATS[:2] or count == 1 or replacement:  # without equal quotients
                    case(
                        "multinomial",
                        lambda t, p=p, count=count, replacement=replacement: t.multinomial(
                            tensor(t, p), count, replacement
                        ),
                        p,
                        num_samples=count,
                        replacement=replacement,
                        in_jax=name == "float32" and count == 6,
                    )
        rate = weights((40,), name, largest=25.0)
        rate[7] = 0
        case("poisson", lambda t, rate=rate: t.poisson(tensor(t, rate)), rate, in_jax=name == "float32")

case("geometric", filled("int32", 9, "geometric_", 0.2), 0.2, size=(9,), dtype=DTYPES["int32"])
case(
    "normal",
    lambda t: t.empty(6, 7).t().normal_(1.0, 2.0).t().contiguous(),
    1.0,
    2.0,
    size=(6, 7),
    dtype=DTYPES["float32"],
    contiguous=False,
)
for name in ("float32", "float64"):
    x = weights((30,), name) - 0.5
    case(
        "rrelu_noise",
        lambda t, x=x: t.nn.functional.rrelu(tensor(t, x), 0.1, 0.4, training=True) / tensor(t, x),
        x,
        0.1,
        0.4,
        in_jax=name == "float64",
    )
for name, dtype in DTYPES.items():
    if dtype.kind != "c":
        integers(name, 0, 2, in_jax=name == "int64")
        if dtype.kind == "i":
            integers(name, -100, 28)
        if dtype.itemsize == 8 or name == "uint32":
            integers(name, 3, 2**28 + 3)
integers("int64", 0, 2**28 - 1)
integers("int64", 0, 2**31 + 5, in_jax=True)
integers("int64", -(2**63), 2**63 - 1, in_jax=True)
for name in ("int64", "float32", "float64", "bfloat16"):
    case("random_full_range", filled(name, 5, "random_", -(2**63), None), size=(5,), dtype=DTYPES[name])
for name, n in (
    ("int64", 0),
    ("int64", 1),
    ("int64", 2),
    ("float16", 30),
    ("uint8", 256),
    ("int32", 700),
    ("int64", 1500),
):
    case(
        "randperm", lambda t, n=n, d=name: t.randperm(n, dtype=getattr(t, d)), n=n, dtype=DTYPES[name], in_jax=n == 1500
    )
case("rand", lambda t: t.rand(3), size=(3,), dtype=DTYPES["float32"])
for name in ("float32", "float64"):
    concentration = weights((4, 9), name, largest=3.0) ** 3
    concentration[1, 2] = 0
    for draw, of_torch in (("standard_gamma", "_standard_gamma"), ("dirichlet", "_sample_dirichlet")):
        case(
            draw,
            lambda t, name=of_torch, c=concentration: getattr(t, name)(tensor(t, c)),
            concentration,
            in_jax=name == "float32",
        )
    count, prob = np.floor(weights((60,), name, largest=90.0)), weights((60,), name, largest=1.2)[::-1].copy()
    prob[:3] = 0, 1, np.nan
    case(
        "binomial",
        lambda t, n=count, p=prob: t.binomial(tensor(t, n), tensor(t, p)),
        count,
        prob,
        in_jax=name == "float32",
    )
    case("normal", filled(name, 3, "normal_"), 0.0, 1.0, size=(3,), dtype=DTYPES[name])  # which one was left waiting


def summary(state) -> dict:
    """What identifies a state of a generator across machines: the second normal number is compared to rounding."""
    from jtorch.ops import mt19937

    waiting = state[mt19937.DOUBLE_NORMAL]
    return {
        "position": int(state[mt19937.POSITION]),
        "words": zlib.crc32(np.ascontiguousarray(state[: mt19937.WORDS]).tobytes()),
        "waiting": bool(waiting[0]),
        "normal": float(waiting[1:].copy().view(np.float64)[0]) if waiting[0] else 0.0,
    }


def drawn_by_torch(torch, seed):
    """For each case the array that PyTorch draws and the bytes of its state afterwards."""
    torch.manual_seed(seed)
    for entry in CASES:
        yield entry, array(entry.torch(torch)), torch.get_rng_state().numpy()


def main():
    import torch

    from jtorch.ops.mt19937 import state_from_torch_bytes

    arrays, states = {}, []
    for number, (_, values, data) in enumerate(drawn_by_torch(torch, SEED)):
        # A file of arrays knows numpy's own dtypes only.
        name, values = (
            (f"{number}-bfloat16", values.view(np.uint16)) if values.dtype == BFLOAT16 else (f"{number}", values)
        )
        arrays[name] = values
        states.append(summary(state_from_torch_bytes(data)))
    np.savez_compressed(RECORDED, torch=torch.__version__, states=json.dumps(states), **arrays)
    print(f"{len(CASES)} cases, {RECORDED.stat().st_size} bytes")


def recorded():
    """For each case the array that PyTorch drew and a summary of its state afterwards."""
    with np.load(RECORDED) as file:
        for number, (entry, state) in enumerate(zip(CASES, json.loads(str(file["states"])), strict=True)):
            narrow = f"{number}-bfloat16"
            yield entry, file[narrow].view(BFLOAT16) if narrow in file else file[f"{number}"], state


if __name__ == "__main__":
    main()
