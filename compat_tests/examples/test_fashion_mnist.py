"""examples/fashion_mnist.py on a few digits: what it prints and writes, and that a resumed run is the uninterrupted one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jtorch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "examples" / "fashion_mnist.py"


def run(*arguments, check: bool = True) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "jtorch", SCRIPT, "--limit", "256", "--device", "cpu", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        timeout=300,
        check=check,
    )


@pytest.fixture(scope="module")
def two_epochs(tmp_path_factory):
    out = tmp_path_factory.mktemp("two")
    printed = run("--epochs", 2, "--out", out, "--log-losses", out / "losses.txt").stdout
    return out, printed


def test_lines(two_epochs):
    _, printed = two_epochs
    lines = printed.splitlines()
    for epoch in (1, 2):
        training, validation = lines[2 * epoch - 2 : 2 * epoch]
        assert re.fullmatch(rf"Epoch: {epoch} \tTraining Loss: \d\.\d{{6}}", training)
        assert re.fullmatch(rf"Epoch: {epoch} \tValidation Loss: \d\.\d{{6}}, Accuracy: 0\.\d{{6}}", validation)
    assert lines[4].startswith("Accuracy 0.")


def test_losses_fall(two_epochs):
    out, _ = two_epochs
    losses = [float(line) for line in (out / "losses.txt").read_text().split()]
    assert len(losses) == 2 * (256 // 64)
    assert losses[0] == pytest.approx(np.log(10), rel=0.05)
    assert losses[-1] < losses[0]


def test_pictures(two_epochs):
    out, _ = two_epochs
    samples = np.array(Image.open(out / "samples.png"))
    assert samples.shape == (4 * 30 + 2, 16 * 30 + 2, 3)
    red = (samples == (230, 26, 26)).all(axis=2)
    assert red[: 3 * 30 + 2].sum() == 0
    assert red[3 * 30 + 2 :].any(), "no mistake is framed"
    assert len(np.unique(np.array(Image.open(out / "curves.png").convert("L")))) > 10


def test_resumed_run_equals_the_uninterrupted_one(two_epochs, tmp_path):
    out, printed = two_epochs
    run("--epochs", 1, "--out", tmp_path)
    resumed = run("--epochs", 2, "--out", tmp_path, "--resume").stdout
    assert resumed.splitlines()[:2] == printed.splitlines()[2:4]
    whole, pieces = (jtorch.load(folder / "checkpoint.pth") for folder in (out, tmp_path))
    assert whole["epoch"] == pieces["epoch"] == 2
    assert whole["history"] == pieces["history"]
    assert jtorch.equal(whole["random"]["cpu"], pieces["random"]["cpu"])
    for name, values in whole["model"].items():
        assert jtorch.equal(values, pieces["model"][name]), name
    for index, state in whole["optimizer"]["state"].items():
        for name, values in state.items():
            assert jtorch.equal(values, pieces["optimizer"]["state"][index][name]), (index, name)


def test_what_is_not_there_is_named(tmp_path):
    for arguments, text in (
        (["--resume", "--out", tmp_path], f"There is no checkpoint at {tmp_path / 'checkpoint.pth'} to resume from."),
        (["--data", tmp_path / "nothing"], "There are no such images: "),
    ):
        ended = run(*arguments, check=False)
        assert ended.returncode == 1
        assert ended.stderr.startswith(text)
