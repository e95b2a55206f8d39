"""Whole programs as people write them, run by `python -m jtorch`, print what they print under PyTorch.

The programs are in `programs/`, each beside what it printed; `python -m compat_tests.programs` records that anew. Decimal numbers may differ by a
unit of their last place or by a thousandth: a training run multiplies what rounding does. Everything else is equal.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from compat_tests.compare import _NUMBER, _unit

FOLDER = Path(__file__).resolve().parent / "programs"
PROGRAMS = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("__"))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program(program, request, tmp_path):
    launcher = [] if request.config.getoption("--reference") else ["-m", "jtorch"]
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent.parent), "JAX_PLATFORMS": "cpu"}
    ran = subprocess.run(
        [sys.executable, *launcher, program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    expected, printed = program.with_suffix(".txt").read_text(encoding="utf-8").splitlines(), ran.stdout.splitlines()
    assert [_NUMBER.sub("#", line) for line in printed] == [_NUMBER.sub("#", line) for line in expected]
    assert [pair for pair in zip(printed, expected, strict=True) if not close(*pair)] == []


def close(printed: str, expected: str) -> bool:
    numbers = zip(_NUMBER.findall(printed), _NUMBER.findall(expected), strict=True)
    return all(abs(float(a) - float(b)) <= max(1.01 * _unit(b), 1e-3 * abs(float(b))) for a, b in numbers)
