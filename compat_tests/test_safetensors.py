"""Files of safetensors, by jtorch's functions, torch.load, and the library itself under the launcher. Needs the extra `safetensors`."""

import subprocess
import sys

import pytest

import jtorch
from jtorch import nn
from jtorch.serialization import safetensors

pytest.importorskip("safetensors")


def state():
    return {
        "a": jtorch.arange(6.0).view(2, 3), "b": jtorch.ones(3, dtype=jtorch.bfloat16), "h": jtorch.ones(2, dtype=jtorch.float16),
        "i": jtorch.arange(3), "z": jtorch.tensor(True), "e": jtorch.zeros(0, 3), "c": jtorch.ones(1, dtype=jtorch.complex64),
    }  # fmt: skip


def test_every_dtype_comes_back(tmp_path):
    safetensors.save_file(state(), tmp_path / "x.safetensors", metadata={"made": "here"})
    for made in (
        safetensors.load_file(tmp_path / "x.safetensors"),
        jtorch.load(tmp_path / "x.safetensors"),
        safetensors.load(safetensors.save(state())),
    ):
        assert sorted(made) == sorted(state())
        for name, tensor in state().items():
            assert (
                made[name].dtype is tensor.dtype
                and made[name].shape == tensor.shape
                and jtorch.equal(made[name], tensor)
            )
        made["a"].add_(1)


@pytest.mark.parametrize(
    "tensors, error, message",
    [
        ([1], ValueError, "Expected a dict of"),
        ({"x": 1}, ValueError, "Key `x` is invalid, expected torch.Tensor"),
        ({"x": jtorch.ones(2, 3).t()}, ValueError, "You are trying to save a non contiguous tensor: `x`"),
        ({"x": jtorch.ones(2).to_sparse()}, ValueError, "You are trying to save a sparse tensor: `x`"),
    ],
)
def test_what_cannot_be_saved(tensors, error, message):
    with pytest.raises(error, match=message):
        safetensors.save(tensors)


def test_tensors_that_share_memory_are_refused():
    x = jtorch.ones(2, 3)
    with pytest.raises(RuntimeError, match="Some tensors share memory"):
        safetensors.save({"x": x, "row": x[0]})


def test_a_module_with_tied_weights(tmp_path):
    def tied():
        module = nn.ModuleDict({"first": nn.Linear(3, 3), "second": nn.Linear(3, 3)})
        module["second"].weight = module["first"].weight
        return module

    module, other = tied(), tied()
    safetensors.save_model(module, tmp_path / "m.safetensors")
    assert sorted(safetensors.load_file(tmp_path / "m.safetensors")) == ["first.bias", "first.weight", "second.bias"]
    assert safetensors.load_model(other, tmp_path / "m.safetensors") == (set(), [])
    jtorch.testing.assert_close(other.state_dict(), module.state_dict())
    with pytest.raises(RuntimeError, match="Unexpected key"):
        safetensors.load_model(nn.Linear(3, 3), tmp_path / "m.safetensors")


PROGRAM = """
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
save_file({"a": torch.arange(6.).view(2, 3), "b": torch.ones(2, dtype=torch.bfloat16)}, "x.safetensors", metadata={"k": "v"})
print(load_file("x.safetensors")["b"])
with safe_open("x.safetensors", framework="pt", device="cpu") as f:
    print(f.keys(), f.metadata(), f.get_slice("a")[:, 1:2].tolist(), f.get_tensor("b").dtype, type(f.get_tensor("a")))
"""


def test_the_library_under_the_launcher(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "jtorch", "-c", PROGRAM], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.stdout == (
        "tensor([1., 1.], dtype=torch.bfloat16)\n['a', 'b'] {'k': 'v'} [[1.0], [4.0]] torch.bfloat16 <class 'torch.Tensor'>\n"
    ), done.stderr


@pytest.mark.reference
def test_both_libraries_read_each_other(tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    safetensors.save_file({"b": jtorch.ones(3, dtype=jtorch.bfloat16)}, tmp_path / "ours.safetensors")
    assert load_file(tmp_path / "ours.safetensors")["b"].tolist() == [1, 1, 1]
    save_file({"b": torch.full((2,), 3, dtype=torch.bfloat16)}, tmp_path / "theirs.safetensors")
    assert safetensors.load_file(tmp_path / "theirs.safetensors")["b"].tolist() == [3, 3]
