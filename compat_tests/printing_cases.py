"""Random tensors and print options, the same for every library and run: what `test_printing.py` prints.

python -m compat_tests.printing_cases      records what PyTorch prints, into data/printing.json
"""

import json
import math
import random
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).resolve().parent / "data" / "printing.json"
DTYPES = [
    "float16",
    "float32",
    "float32",
    "float64",
    "bfloat16",
    "int8",
    "int16",
    "int32",
    "int64",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "complex64",
    "complex128",
]
OPTIONS = {
    "precision": [0, 1, 2, 6, 8],
    "threshold": [0, 5, 10, 100, math.inf],
    "edgeitems": [0, 1, 2, 5],
    "linewidth": [20, 40, 60, 120, 1000],
    "profile": ["default", "short", "full"],
    "sci_mode": [True, False],
}
SCALES = {
    "normal": [1.0],
    "whole": [1.0, 10.0, 1e3, 1e7, 1e9],
    "wide": [1.0],
    "small": [1e-3, 1e-5, 1e-10, 1e-30],
    "large": [1e5, 1e8, 1e20, 1e300],
    "zeros": [0.0],
    "halves": [1.0],
}


def case(seed: int) -> dict:
    """One tensor and the options to print it under, as plain data."""
    choose = random.Random(seed)
    rank = choose.choice([0, 1, 1, 2, 2, 3, 4])
    kind = choose.random()
    if kind < 0.75:
        shape = [choose.choice([1, 2, 3, 4, 7]) for _ in range(rank)]
    elif kind < 0.83:
        shape = [choose.choice([0, 1, 3]) for _ in range(rank)]
    elif kind < 0.93:
        shape = [choose.choice([1, 5, 6, 7, 8, 40, 130]) for _ in range(min(rank, 3))]
    else:
        shape = [choose.choice([999, 1000, 1001, 5000])]
    options = {}
    if choose.random() < 0.4:
        options = {name: choose.choice(values) for name, values in OPTIONS.items() if choose.random() < 0.35}
    numbers = choose.choice(list(SCALES))
    return {
        "seed": seed,
        "shape": shape,
        "dtype": choose.choice(DTYPES),
        "numbers": numbers,
        "scale": choose.choice(SCALES[numbers]),
        "special": choose.random() < 0.4,
        "transposed": rank > 1 and choose.random() < 0.2,
        "history": choose.choice(["", "", "", "leaf", "result", "parameter", "subclass"]),
        "options": options,
        "default": choose.choice(["float32", "float32", "float32", "float64", "float16"]),
    }


def _numbers(case, draw, choose) -> np.ndarray:
    made = draw.standard_normal(case["shape"]) * case["scale"]
    if case["numbers"] == "whole":
        made = np.round(made)
    if case["numbers"] == "wide":
        made = made * 10.0 ** draw.randint(-8, 9, case["shape"])
    if case["numbers"] == "halves":
        made = np.round(made * 4) / 2
    made = np.array(made)
    if case["special"] and made.size:
        for value in choose.sample([math.nan, math.inf, -math.inf, 0.0, -0.0], choose.randint(1, 3)):
            made.reshape(-1)[choose.randrange(made.size)] = value
    return made


def tensor(torch, case):
    """The tensor of a case."""
    draw, choose = np.random.RandomState(case["seed"]), random.Random(case["seed"])
    dtype = getattr(torch, case["dtype"])
    if dtype.is_complex:
        made = np.empty(case["shape"], np.complex128)
        made.real, made.imag = _numbers(case, draw, choose), _numbers(case, draw, choose)
    elif dtype.is_floating_point:
        made = _numbers(case, draw, choose)
    elif case["dtype"] == "bool":
        made = draw.random_sample(case["shape"]) < 0.5
    else:
        limit = choose.choice([2, 10, 100, 10**4, 2**31 - 1])
        made = draw.randint(0 if case["dtype"].startswith("u") else -limit, limit, case["shape"], np.int64)
    with np.errstate(all="ignore"):
        made = torch.from_numpy(np.asarray(made)).to(dtype)
    if case["transposed"]:
        made = made.transpose(0, -1)
    if dtype.is_floating_point or dtype.is_complex:
        made = _with_history(torch, made, case["history"])
    return made


def _with_history(torch, made, history):
    if history == "leaf":
        made.requires_grad_()
    elif history == "result":
        made = made.requires_grad_() * 1
    elif history == "parameter":
        made = torch.nn.Parameter(made)
    elif history == "subclass":
        made = made.as_subclass(type("Marked", (torch.Tensor,), {}))
    return made


def printed(torch, case) -> str:
    """What the library prints."""
    torch.set_default_dtype(getattr(torch, case["default"]))
    torch.set_printoptions(**case["options"])
    try:
        return repr(tensor(torch, case))
    finally:
        torch.set_printoptions(profile="default")
        torch.set_default_dtype(torch.float32)


def record() -> None:
    import torch

    rows = []
    for seed in range(400):
        text = printed(torch, case(seed))
        if len(text) < 900 and len(rows) < 90:
            rows.append([seed, text])
    RECORDED.write_text("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    record()
