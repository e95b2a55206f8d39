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


def test_shapes_are_fixed():
    with pytest.raises(NotImplementedError, match="dynamic axes are not there"):
        jtorch.onnx.export(nn.ReLU(), jtorch.ones(1), io.BytesIO(), dynamic_axes={"x": {0: "batch"}})


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
def test_onnxruntime_agrees(name, tmp_path):
    pytest.importorskip("jax2onnx")
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    module, x = MODULES[name]()
    path = tmp_path / "module.onnx"
    jtorch.onnx.export(module, x, path, input_names=["image"])
    assert module.training
    onnx.checker.check_model(onnx.load(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    made = session.run(None, {"image": x.numpy()})
    expected = module.eval()(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    np.testing.assert_allclose(made[0], expected.detach(), rtol=1e-4, atol=1e-6)
