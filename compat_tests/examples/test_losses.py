"""The example's losses step by step, dropout and shuffles included, are PyTorch's.

`losses_seed0.txt` holds the losses of the first 50 steps of

    python examples/fashion_mnist.py --epochs 1 --limit 3264 --seed 0 --log-losses FILE

run by PyTorch 2.13 on one thread: nothing but the seed is shared. (With several threads torch adds up its convolutions in another
order, and a maximum of two nearly equal numbers may then fall differently.)
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORDED = Path(__file__).with_name("losses_seed0.txt")
ARGUMENTS = ["examples/fashion_mnist.py", "--epochs", "1", "--limit", "3264", "--seed", "0", "--device", "cpu"]

# torchvision's Python part loads beside the CPU build of torch when its compiled registrations are stood in for.
RUN_BY_TORCH = """
import runpy, sys, types
for name in ("torchvision._meta_registrations", "torchvision._autograd_registrations"):
    sys.modules[name] = types.ModuleType(name)
import torch
torch.set_num_threads(1)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def losses(command, tmp_path):
    log = tmp_path / "losses.txt"
    subprocess.run(
        [sys.executable, *command, *ARGUMENTS, "--out", tmp_path, "--log-losses", log],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        timeout=600,
        check=True,
    )
    return np.loadtxt(log)[:50]


def test_first_50_losses_are_those_of_torch(tmp_path):
    np.testing.assert_allclose(losses(["-m", "jtorch"], tmp_path), np.loadtxt(RECORDED), rtol=1e-4)


@pytest.mark.reference
def test_recorded_losses_are_those_of_torch(tmp_path):
    np.testing.assert_allclose(losses(["-c", RUN_BY_TORCH], tmp_path), np.loadtxt(RECORDED), rtol=1e-4)
