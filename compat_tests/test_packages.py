"""Packages written for PyTorch that documents use, under the launcher: the same output as with torch. Each is compared where it is installed."""

import importlib.util
import os
import subprocess
import sys

import pytest

from compat_tests.compare import same_text

MODEL = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
"""

PROGRAMS = {
    "torchinfo": "from torchinfo import summary\nprint(summary(model, (1, 3, 16, 16), verbose=0))",
    "torchsummary": "from torchsummary import summary\nsummary(model, (3, 16, 16), device='cpu')",
    "thop": "from thop import profile\nprint(profile(model, inputs=(torch.randn(1, 3, 16, 16),), verbose=False))",
    "torchviz": (
        "import re\nfrom torchviz import make_dot\n"
        "print(re.sub('[0-9]{6,}', 'id', str(make_dot(model(torch.randn(1, 3, 16, 16)), params=dict(model.named_parameters())))))"
    ),
    "torchmetrics": """
from torchmetrics import MeanMetric, MetricCollection, R2Score
from torchmetrics.classification import *
scores, labels = torch.randn(20, 3).softmax(-1), torch.randint(3, (20,))
for metric in (MulticlassAccuracy(3), MulticlassF1Score(3), MulticlassConfusionMatrix(3), MulticlassAUROC(3), MulticlassROC(3, thresholds=5)):
    metric.update(scores[:10], labels[:10])
    metric.update(scores[10:], labels[10:])
    print(metric, metric.compute())
print(MetricCollection([MulticlassAccuracy(3), MulticlassJaccardIndex(3)])(scores, labels))
print(R2Score()(torch.rand(8), torch.rand(8)), MeanMetric()(torch.tensor([1., 2.])))
""",
}

# torchvision's Python part loads beside the CPU build of torch when its compiled registrations are stood in for.
BY_TORCH = """
import sys, types
for name in ("torchvision._meta_registrations", "torchvision._autograd_registrations"):
    sys.modules[name] = types.ModuleType(name)
"""


def output(launcher, code) -> str:
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, *launcher, "-c", code], env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.reference
@pytest.mark.parametrize("package", PROGRAMS)
def test_the_same_output(package):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    expected = output([], BY_TORCH + MODEL + PROGRAMS[package])
    made = output(["-m", "jtorch"], MODEL + PROGRAMS[package])
    assert same_text(expected, made), f"{expected}\n{made}"
