"""Samples of torch's op_db with torch's results, kept in a file: the scoreboard's shortest form, which needs no torch.

A case is a function by its name, its arguments, and what torch made of them: results, gradients for given cotangents, or the class of the
error. `python -m compat_tests.reference.record` writes the file, `test_goldens.py` replays it.
"""

import base64
import functools
import gzip
import json
from pathlib import Path

import ml_dtypes
import numpy as np

FILE = Path(__file__).with_name("goldens.json.gz")


@functools.cache
def load() -> dict:
    """Cases by the entry's name."""
    with gzip.open(FILE, "rt") as file:
        return json.load(file)


def resolve(torch, path: str):
    """The function of a name such as `torch.linalg.norm`."""
    found = torch
    for name in path.split(".")[1:]:
        found = getattr(found, name)
    return found


def array_of(record) -> np.ndarray:
    """The values of a recorded tensor, in its shape."""
    name = record["dtype"]
    dtype = np.dtype(getattr(ml_dtypes, name) if name == "bfloat16" else name)
    return np.frombuffer(base64.b64decode(record["data"]), dtype).reshape(record["shape"])


def decode(torch, value, leaves):
    """A recorded argument; tensors that want a gradient are also put in `leaves`."""
    if isinstance(value, list):
        return [decode(torch, item, leaves) for item in value]
    if not isinstance(value, dict):
        return value
    (kind, content), *_ = value.items()
    if kind == "tensor":
        return _tensor(torch, content, leaves)
    if kind == "tuple":
        return tuple(decode(torch, item, leaves) for item in content)
    if kind == "dict":
        return {key: decode(torch, item, leaves) for key, item in content}
    if kind == "slice":
        return slice(*(decode(torch, item, leaves) for item in content))
    if kind == "complex":
        return complex(*content)
    if kind == "float":
        return float(content)
    if kind == "ellipsis":
        return ...
    if kind == "name":  # dtypes, layouts, memory formats
        return resolve(torch, content)
    if kind == "device":
        return torch.device(content)
    raise ValueError(f"unknown kind of value {kind!r} in the goldens")


def _tensor(torch, record, leaves):
    values = array_of(record)
    if record["dtype"] == "bfloat16":
        made = torch.tensor(values.astype(np.float32)).to(torch.bfloat16)
    else:
        made = torch.tensor(values)
    if "strides" in record:
        laid = torch.empty_strided(tuple(record["shape"]), tuple(record["strides"]), dtype=made.dtype)
        made = laid.copy_(made)
    if record.get("grad"):
        made = made.detach().requires_grad_()
        leaves.append(made)
    return made


# Relative and absolute, as torch.testing.assert_close has them.
TOLERANCES = {"bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "complex64": (1.3e-6, 1e-5)}


def difference(got, expected, slack, rtol=0.0, atol=0.0) -> str | None:
    """What differs between results and recorded ones. `slack` has by leaf how much more another rounding may differ."""
    got, expected = flat(got), flat(expected)
    if len(got) != len(expected):
        return f"{len(got)} results where torch has {len(expected)}"
    for position, (g, e, more) in enumerate(zip(got, expected, slack, strict=True)):
        found = _leaf_difference(g, e, rtol, atol, more)
        if found:
            return f"result {position}: {found}" if len(expected) > 1 else found
    return None


def flat(value) -> list:
    """The leaves of nested results, recorded or not."""
    if isinstance(value, dict) and "tuple" in value:
        value = value["tuple"]
    elif isinstance(value, dict) and "dict" in value:
        value = [item for _, item in value["dict"]]
    elif isinstance(value, dict) and not value.keys() & {"tensor", "float", "complex", "name", "device"}:
        value = list(value.values())
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in flat(item)]
    return [value]


def _leaf_difference(got, expected, rtol, atol, slack):
    if isinstance(expected, dict) and "tensor" in expected:
        return _tensor_difference(got, expected["tensor"], rtol, atol, slack)
    if isinstance(expected, dict) and expected.keys() & {"float", "complex"}:
        expected = float(expected["float"]) if "float" in expected else complex(*expected["complex"])
    if isinstance(expected, (float, complex)) and isinstance(got, (float, complex)):
        close = np.isclose(got, expected, 1.3e-6, 1e-5, equal_nan=True)
        return None if close else f"{got!r} where torch has {expected!r}"
    if isinstance(expected, dict) and "name" in expected:
        got, expected = str(got), expected["name"]
    return None if got == expected else f"{got!r} where torch has {expected!r}"


def _tensor_difference(got, record, rtol, atol, slack):
    if got is None:
        return None if not array_of(record).any() else "None where torch has a tensor"
    name = str(got.dtype).removeprefix("torch.")
    if name != record["dtype"]:
        return f"dtype {name} where torch has {record['dtype']}"
    if list(got.shape) != record["shape"]:
        return f"shape {list(got.shape)} where torch has {record['shape']}"
    if "strides" in record and got.numel() > 1:
        pairs = zip(got.shape, got.stride(), record["strides"], strict=True)
        if any(size > 1 and ours != theirs for size, ours, theirs in pairs):
            return f"strides {list(got.stride())} where torch has {record['strides']}"
    expected = array_of(record)
    values = got.detach().float() if name == "bfloat16" else got.detach()
    values = values.resolve_conj().numpy()
    if name == "bfloat16":
        expected = expected.astype(np.float32)
    if expected.dtype.kind in "biu":
        equal = values == expected
    else:
        default = TOLERANCES.get(name, (1e-7, 1e-7))
        with np.errstate(invalid="ignore"):
            equal = np.isclose(values, expected, max(rtol, default[0]), max(atol, default[1]) + slack, equal_nan=True)
    if equal.all():
        return None
    worst = tuple(int(i) for i in np.argwhere(~np.atleast_1d(equal))[0])
    return (
        f"{int((~equal).sum())} of {equal.size} elements differ, the first at {worst}: "
        f"{np.atleast_1d(values)[worst]} where torch has {np.atleast_1d(expected)[worst]}"
    )
