"""torch.onnx.export: files that onnx's checker accepts, and that onnxruntime computes as jtorch does. Needs the extra `onnx`."""

import importlib.util
import io

import numpy as np
import pytest

import jtorch
from jtorch import nn


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x):
        return (self.norm(self.conv(x)) + x).relu()


def test_dimensions_that_are_not_there():
    for options in (
        {"dynamic_axes": {"y": {0: "batch"}}, "input_names": ["x"]},
        {"dynamic_axes": {"x": {1: "n"}}, "input_names": ["x"]},
        {"dynamic_shapes": ({0: "not a name"},)},
        {"dynamic_shapes": {"image": {0: "n"}}},
        {"dynamic_shapes": ({0: "n"}, None)},
    ):
        with pytest.raises(ValueError, match=r"torch\.onnx\.export"):
            jtorch.onnx.export(nn.ReLU(), jtorch.ones(1), io.BytesIO(), **options)


@pytest.mark.skipif(importlib.util.find_spec("jax2onnx") is not None, reason="the extra `onnx` is installed")
def test_the_extra_is_named():
    with pytest.raises(ImportError, match=r"jtorch-jax\[onnx\]"):
        jtorch.onnx.export(nn.ReLU(), jtorch.ones(1), io.BytesIO())


MODULES = {
    "convolutions": lambda: (
        nn.Sequential(nn.Conv2d(3, 4, 7, 2, 3), nn.MaxPool2d(3, 2, 1), Residual(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(4, 10)),
        jtorch.randn(2, 3, 32, 32),
    ),
    "lstm": lambda: (nn.LSTM(3, 4, batch_first=True), jtorch.randn(2, 5, 3)),
    "transformer": lambda: (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), jtorch.randn(2, 5, 8)),
    "embedding": lambda: (nn.Sequential(nn.Embedding(10, 4), nn.Flatten(), nn.Linear(12, 2), nn.LogSoftmax(-1)), jtorch.tensor([[1, 2, 3]])),
    "doubles": lambda: (nn.Sequential(nn.Linear(3, 2), nn.Softmax(-1)).double(), jtorch.randn(2, 3, dtype=jtorch.float64)),
}  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_onnxruntime_agrees_at_every_batch_size(name, tmp_path):
    pytest.importorskip("jax2onnx")
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    module, x = MODULES[name]()
    path = tmp_path / "module.onnx"
    jtorch.onnx.export(module, x, path, input_names=["image"], dynamic_axes={"image": {0: "batch"}})
    assert module.training
    onnx.checker.check_model(onnx.load(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[0] == "batch"
    for inputs in (x, jtorch.cat([x, x * 2, x])):
        made = session.run(None, {"image": inputs.numpy()})
        expected = module.eval()(inputs)
        expected = expected[0] if isinstance(expected, tuple) else expected
        np.testing.assert_allclose(made[0], expected.detach(), rtol=1e-4, atol=1e-6)


class Pair(nn.Module):
    def forward(self, x, y, scale=2.0):
        return x.view(-1, 1) * scale + y


def test_dynamic_shapes():
    pytest.importorskip("jax2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    x, y = jtorch.ones(2), jtorch.ones(2, 3)
    for shapes in (({0: "n"}, {0: "n", 1: "m"}), {"x": ["n"], "y": ("n", "m")}):
        made = jtorch.onnx.export(Pair(), (x, y), dynamic_shapes=shapes, input_names=["x", "y"])
        session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
        assert [i.shape for i in session.get_inputs()] == [["n"], ["n", "m"]] and session.get_outputs()[0].shape == [
            "n",
            "m",
        ]
        (result,) = session.run(None, {"x": np.ones(4, np.float32), "y": np.ones((4, 5), np.float32)})
        np.testing.assert_array_equal(result, np.full((4, 5), 3.0))
    with pytest.raises(NotImplementedError, match=r"dimension 0 \('n'\) of tensor 0 cannot be left open"):
        jtorch.onnx.export(
            lambda x: x.sin() if len(x) > 12 else x.sin().cos(), x, input_names=["x"], dynamic_axes={"x": {0: "n"}}
        )
