"""The type stubs: fresh, and what a type checker makes of a program with them."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from jtorch.compat import stubs
from jtorch.compat.stub_types import of_argument, of_return, shown_default

pytestmark = pytest.mark.jtorch_only

ROOT = Path(__file__).resolve().parent.parent

CONFIGURATION = """
[mypy]
python_version = 3.11
warn_unused_ignores = true
ignore_missing_imports = true
follow_imports = silent
[mypy-jax.*,numpy.*,PIL.*,optax.*,flax.*]
follow_imports = skip
"""


def test_stubs_are_fresh():
    """In a process of its own: modules that other tests have imported would count as names."""
    code = "from jtorch.compat import stubs; print([str(p) for p, text in stubs.stubs().items() if p.read_text(encoding='utf-8') != text])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]", f"stale: {shown}: run {stubs.COMMAND}"


def test_package_is_typed():
    assert (ROOT / "jtorch/py.typed").is_file()


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_a_program_is_checked_against_the_stubs(tmp_path):
    """`typed_program.py` says of each expression what it is, and where a mistake is to be found."""
    configuration = tmp_path / "mypy.ini"
    configuration.write_text(CONFIGURATION)
    program = ROOT / "compat_tests/typed_program.py"
    result = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", configuration, "--cache-dir", tmp_path / "cache", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "annotation", "default", "kind"),
    [
        ("input", ..., ..., "Tensor"),
        ("dim", ..., None, "_int | Sequence[_int] | None"),
        ("anything", ..., True, "_bool"),
        ("anything", ..., 1, "_int | _float"),
        ("anything", int, 1, "_int"),
        ("anything", "Tensor", ..., "Tensor"),
        ("anything", ..., None, "Any"),
        ("device", ..., None, "_Device | None"),
    ],
)
def test_type_of_a_parameter(name, annotation, default, kind):
    assert of_argument(name, annotation, default) == kind


def test_type_of_a_result():
    assert of_return("return_types.max", {"max": "_max"}) == "_max"
    assert of_return("tuple[Tensor, ...]", {}) == "tuple[Tensor, ...]"
    assert of_return("int", {}) == "_int"


def test_defaults_are_short():
    assert shown_default("mean") == "'mean'"
    assert shown_default(object()) == "..."
    assert shown_default(float("inf")) == "..."
