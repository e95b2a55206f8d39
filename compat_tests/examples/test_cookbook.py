"""The cookbook's training script prints PyTorch's numbers, and a run that was stopped goes on with the same ones.

`cookbook_*.txt` hold what PyTorch 2.13 prints, on one thread: `pytest -m reference` runs it again.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat_tests.compare import same_text

ROOT = Path(__file__).resolve().parents[2]
RUNS = {
    "mixup": "--epochs 2 --mixup 0.4 --label-smoothing 0.1 --schedule onecycle --optimizer adam --lr 0.01 --clip 1",
    "frozen": "--epochs 3 --freeze 1 --backbone-lr 0.1 --accumulate 4 --schedule warmup --average --workers 2",
}


def recorded(name) -> str:
    return Path(__file__).with_name(f"cookbook_{name}.txt").read_text(encoding="utf-8")


def output(launcher, folder, arguments: str) -> str:
    command = [
        sys.executable,
        *launcher,
        "examples/cookbook_training.py",
        "--checkpoint-dir",
        str(folder),
        *arguments.split(),
    ]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_numbers_are_those_of_torch(tmp_path):
    made = output(["-m", "jtorch"], tmp_path, RUNS["mixup"])
    assert same_text(recorded("mixup"), made), made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint.pth.tar", "model_best.pth.tar"]


def test_a_run_that_was_stopped_goes_on(tmp_path):
    first = output(["-m", "jtorch"], tmp_path, RUNS["frozen"].replace("--epochs 3", "--epochs 2"))
    rest = output(["-m", "jtorch"], tmp_path, RUNS["frozen"] + " --resume")
    lines = recorded("frozen").splitlines()
    assert same_text("\n".join(lines[:5]), "\n".join(first.splitlines()[:5])), first
    assert rest.splitlines()[1].startswith("=> loaded checkpoint (epoch 2) best: ")
    assert same_text("\n".join(lines[5:]), "\n".join(rest.splitlines()[2:])), rest


@pytest.mark.reference
@pytest.mark.parametrize("name", RUNS)
def test_recorded_numbers_are_those_of_torch(name, tmp_path):
    assert output([], tmp_path, RUNS[name]) == recorded(name)
