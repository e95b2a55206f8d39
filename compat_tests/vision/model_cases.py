"""Small members of each family of models, and what is observed of a model: for jtorch and for torchvision alike."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

RECORDED = Path(__file__).with_name("models_recorded.json")
# Members are built whole and compared live: their classifiers alone have more weights than all that is below.
LARGE = ("alexnet", "vgg11_bn")


@dataclass(frozen=True)
class Case:
    """`make(models)` builds the model; its pictures are `size` pixels wide."""

    name: str
    make: Callable[[Any], Any]
    size: int = 32


CASES = (
    Case("resnet", lambda m: m.ResNet(m.resnet.BasicBlock, [1, 1, 1, 1], num_classes=5, zero_init_residual=True)),
    Case(
        "resnext",
        lambda m: m.ResNet(
            m.resnet.Bottleneck,
            [1, 2, 1, 2],
            num_classes=5,
            groups=2,
            width_per_group=8,
            replace_stride_with_dilation=[False, True, True],
        ),
    ),
    Case("densenet", lambda m: m.DenseNet(4, (2, 2), 8, bn_size=2, drop_rate=0.3, num_classes=5)),
    Case("squeezenet", lambda m: m.squeezenet1_1(num_classes=5)),
    Case(
        "mobilenetv2",
        lambda m: m.MobileNetV2(5, 0.25, inverted_residual_setting=[[1, 16, 1, 1], [6, 24, 2, 2]]),
    ),
    Case(
        "mobilenetv3",
        lambda m: m.MobileNetV3(
            m.mobilenetv3._mobilenet_v3_conf("mobilenet_v3_small", 0.5, True, True)[0][1:5], 16, num_classes=5
        ),
    ),
)


@contextmanager
def undrawn(torch) -> Iterator[None]:
    """Layers as they come from `empty`: to draw a billion numbers takes longer than to compare their names."""
    places = [(torch.Tensor, "uniform_"), (torch.Tensor, "normal_"), (torch.nn.init, "trunc_normal_")]
    with ExitStack() as patches:
        for owner, name in places:
            patches.enter_context(mock.patch.object(owner, name, lambda tensor, *args, **kwargs: tensor))
        yield


def layout(model) -> list:
    """[digest of the names, shapes and dtypes of the state, digest of the repr, number of parameters]"""
    rows = [f"{name} {tuple(value.shape)} {value.dtype}" for name, value in model.state_dict().items()]
    return [digest("\n".join(rows)), digest(repr(model)), sum(parameter.numel() for parameter in model.parameters())]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def observe(torch, make: Callable[[], Any], size: int) -> dict[str, np.ndarray]:
    """Weights from a seed; outputs in training; outputs in evaluation, which show the statistics that training left."""
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = make()
    weights = [float(value.double().abs().sum()) for value in model.state_dict().values()]
    pictures = np.random.RandomState(0).randn(2, 3, size, size).astype(np.float32)
    seen = {"weights": np.array(weights)}
    for mode in ("train", "eval"):
        getattr(model, mode)()
        outputs = model(torch.from_numpy(pictures))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        seen[mode] = np.concatenate([output.detach().numpy() for output in outputs], axis=1)
    return seen
