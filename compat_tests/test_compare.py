"""The comparison itself: what counts as equal, what is told of a difference."""

import pytest

from compat_tests import compare, observe
from compat_tests.corpus import read
from compat_tests.worker import Worker

pytestmark = pytest.mark.filterwarnings("error")


def observation(**parts) -> dict:
    return {"stdout": "", "warnings": [], **parts}


def tensor(values, **parts) -> dict:
    shape = [len(values)]
    return {"kind": "tensor", "dtype": "torch.float32", "shape": shape, "stride": [1], "values": values, **parts}


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        ("tensor([0.1235])", "tensor([0.1235])", True),
        ("tensor([0.1235])", "tensor([0.1234])", True),
        ("tensor([0.1235])", "tensor([0.1233])", False),
        ("tensor([1.0000e+03])", "tensor([1.0001e+03])", True),
        ("tensor([1.0000e+03])", "tensor([1.0003e+03])", False),
        ("tensor([ 1., 2.])", "tensor([1., 2.])", False),
        ("tensor([1])", "tensor([2])", False),
        ("tensor(nan)", "tensor(nan)", True),
        ("lr: 0.1", "lr: 0.10", False),
    ],
)
def test_same_text(expected, actual, equal):
    assert compare.same_text(expected, actual) is equal


@pytest.mark.parametrize(
    ("expected", "actual", "told"),
    [
        (tensor([1.0]), tensor([1.0 + 1e-6]), None),
        (tensor([1.0]), tensor([1.1]), "1 of 1 values differ"),
        (tensor(["nan"]), tensor(["nan"]), None),
        (tensor([1.0]), tensor(["nan"]), "1 of 1 values differ"),
        (tensor([1.0]), tensor([1.0], dtype="torch.float64"), "dtype: torch.float64, expected torch.float32"),
        (tensor([1.0]), tensor([1.0], requires_grad=True), "requires_grad: True, expected None"),
        (tensor([1.0], grad_fn="A"), tensor([1.0], grad_fn="B"), "grad_fn: B, expected A"),
        (tensor([1.0, 2.0]), tensor([1.0, 2.0], stride=[2]), "stride: (2,), expected (1,)"),
        (tensor([1.0]), tensor([1.0], stride=[5]), None),
        ({"kind": "int", "value": 1}, {"kind": "bool", "value": True}, "True, expected 1"),
        ({"kind": "float", "value": 0.1}, {"kind": "float", "value": 0.10000001}, None),
    ],
)
def test_values(expected, actual, told):
    found = compare.differences(observation(value=expected), observation(value=actual))
    assert (found == []) if told is None else (told in found[0])


@pytest.mark.parametrize(
    ("expected", "actual", "equal"),
    [
        ("bad shape", "bad shape\nSomething of help.", True),
        ("bad shape\nmore", "add(): bad shape", True),
        ("bad shape", "other", False),
    ],
)
def test_errors(expected, actual, equal):
    def raised(message, kind="RuntimeError"):
        return observation(error={"type": kind, "message": message})

    assert (compare.differences(raised(expected), raised(actual)) == []) is equal
    assert compare.differences(raised(expected), raised(actual, "ValueError"))
    assert compare.differences(raised(expected), observation())
    assert compare.differences(observation(), raised(actual))


def test_snippets_of_a_file(tmp_path):
    file = tmp_path / "some.py"
    file.write_text('"""Doc."""\nimport torch\n\n# --- one\n1\n# --- two\n2\n')
    assert [(s.name, s.code) for s in read(file)] == [
        ("one", "import torch\n1\n"),
        ("two", "import torch\n2\n"),
    ]


@pytest.mark.reference
def test_worker_survives_a_hanging_and_a_dying_snippet():
    with Worker("torch") as worker:
        (hung,) = worker.observe("import time; time.sleep(60)", timeout=10)
        (died,) = worker.observe("import os; os._exit(3)")
        (fine,) = worker.observe("print(1)\n2")
    assert "no answer after 10 s" in hung["error"]["message"]
    assert "died, status 3" in died["error"]["message"]
    assert fine == {"stdout": "1\n", "warnings": [], "value": {"kind": "int", "value": 2}}


@pytest.mark.reference
def test_observation_of_a_snippet():
    with Worker("torch") as worker:
        (seen,) = worker.observe(
            "import warnings, torch\nx = torch.ones(1, 2, requires_grad=True)\nprint((x * 2).grad_fn)\n"
            "warnings.warn('careful')\nx.t() * 0.1"
        )
    assert seen["stdout"] == "<MulBackward0 object at 0x...>\n"
    assert seen["warnings"] == [["UserWarning", "careful"]]
    assert seen["value"] == {
        "kind": "tensor",
        "dtype": "torch.float32",
        "shape": [2, 1],
        "stride": [1, 2] if seen["value"]["stride"] == [1, 2] else [1, 1],
        "values": [0.1, 0.1],
        "requires_grad": True,
        "grad_fn": "MulBackward0",
    }


@pytest.mark.reference
@pytest.mark.jtorch_only
def test_compare_with_pytorch():
    equal = compare.compare("import torch\ntorch.ones(2) + 1", modes=["deferred", "eager"])
    assert equal.equal, equal.report()
    different = compare.compare("import torch\nint(torch.__name__ == 'torch') + 1", modes=["deferred"])
    assert different.report()


def test_describe_needs_no_numbers_json_lacks():
    assert observe._number(float("inf")) == "inf"
    assert observe._number(complex(1, float("nan"))) == [1.0, "nan"]
