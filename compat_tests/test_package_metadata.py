"""What a program under `python -m jtorch` learns of torch from `importlib.metadata`, and what the module calls itself."""

import subprocess
import sys

import pytest

import jtorch

PROGRAM = """
import importlib.metadata as metadata
import torch
print(torch.__name__, metadata.version("torch"), metadata.version("torchvision"), metadata.distribution("torch").metadata["Name"])
print("torch" in [d.metadata["Name"] for d in metadata.distributions()])
"""


@pytest.mark.jtorch_only
def test_versions_are_those_whose_behaviour_is_followed():
    result = subprocess.run(
        [sys.executable, "-m", "jtorch", "-c", PROGRAM], capture_output=True, text=True, timeout=120
    )
    assert result.stdout == f"torch {jtorch.__version__} 0.28.0 torch\nTrue\n", result.stderr
