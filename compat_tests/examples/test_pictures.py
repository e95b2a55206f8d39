"""The examples that end in pictures, in a short form: they print PyTorch's numbers and write their pictures.

`pictures_*.txt` hold what PyTorch 2.13 with torchvision 0.28 prints, on one thread: `pytest -m reference` runs them again.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compat_tests.compare import same_text

ROOT = Path(__file__).resolve().parents[2]
# (arguments that leave little to compute; the pictures that are written)
RUNS = {
    "augmentation_gallery": ("--draws 2 --rows 3", ["pictures.png", "samples.png"]),
    "feature_extraction": ("--steps 4 --pictures 100 --neighbours 4", ["neighbours.png"]),
    "feature_maps": ("--epochs 1 --limit 300", ["feature_maps.png"]),
    "fine_tuning": ("--pretraining-steps 4 --epochs 1 --pictures 5 --test-pictures 100", ["fine_tuning.png"]),
    "unet_nuclei": ("--steps 10 --batch-size 2 --size 32 --width 4 --depth 2", ["nuclei.png"]),
}

# torchvision's Python part loads beside the CPU build of torch when its compiled registrations are stood in for.
RUN_BY_TORCH = """
import os, runpy, sys, types
for name in ("torchvision._meta_registrations", "torchvision._autograd_registrations"):
    sys.modules[name] = types.ModuleType(name)
import torch
torch.set_num_threads(1)
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def recorded(name) -> str:
    return Path(__file__).with_name(f"pictures_{name}.txt").read_text(encoding="utf-8")


def output(launcher, name, folder) -> str:
    arguments = ["--out", str(folder), *RUNS[name][0].split()]
    if name == "unet_nuclei":
        arguments += ["--device", "cpu"]
    done = subprocess.run(
        [sys.executable, *launcher, f"examples/{name}.py", *arguments],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("name", RUNS)
def test_the_numbers_are_those_of_torch(name, tmp_path):
    made = output(["-m", "jtorch"], name, tmp_path)
    assert same_text(recorded(name), made), made
    for picture in RUNS[name][1]:
        pixels = np.array(Image.open(tmp_path / picture).convert("L"))
        assert min(pixels.shape) > 200
        assert len(np.unique(pixels)) > 50


@pytest.mark.reference
@pytest.mark.parametrize("name", RUNS)
def test_recorded_numbers_are_those_of_torch(name, tmp_path):
    assert same_text(recorded(name), output(["-c", RUN_BY_TORCH], name, tmp_path))
