"""Options, fixtures and the list of known gaps for the tests that hold jtorch against PyTorch.

pytest compat_tests                          jtorch, no PyTorch needed; tests that need it are skipped without it
pytest compat_tests --modes eager,compiled   rows of snippets in other execution modes
pytest compat_tests --reference              the same rows and tests run by PyTorch itself: are they right about it?
"""

import importlib
import importlib.util
import json
import tomllib
from pathlib import Path

import pytest

from compat_tests.worker import MODES, Worker

FOLDER = Path(__file__).resolve().parent


def pytest_addoption(parser):
    group = parser.getgroup("compat_tests")
    group.addoption("--modes", default="deferred", help=f"execution modes of snippets, of {', '.join(MODES)}")
    group.addoption("--list-gaps", action="store_true", help="print failures as rows for gaps.toml")
    group.addoption("--damage", type=int, default=450, help="how many damaged checkpoints are loaded")
    group.addoption("--reference", action="store_true", help="run the rows by PyTorch instead of jtorch")


def pytest_configure(config):
    config.addinivalue_line("markers", "jtorch_only: about jtorch's engine; has no meaning under PyTorch")


def pytest_ignore_collect(collection_path):
    """Only test files: `--doctest-modules` is meant for jtorch/ and would import the snippets."""
    if collection_path.suffix == ".py" and not collection_path.name.startswith("test_"):
        return True
    return None


def gaps() -> list[dict]:
    with open(FOLDER / "gaps.toml", "rb") as file:
        return tomllib.load(file).get("gap", [])


def pytest_collection_modifyitems(config, items):
    """Turn known gaps into strict expected failures, and leave out what cannot run here."""
    reference = config.getoption("--reference")
    known = {} if reference else {gap["test"]: gap["reason"] for gap in gaps()}
    if not config.getoption("keyword") and not any("::" in argument for argument in config.args):
        collected = {row_of(item) for item in items}
        files = {row.partition("::")[0] for row in collected}
        if gone := [row for row in known if row.partition("::")[0] in files and row not in collected]:
            raise pytest.UsageError(f"gaps.toml names tests that do not exist: {', '.join(gone)}")
    has_torch = importlib.util.find_spec("torch") is not None
    for item in items:
        if item.get_closest_marker("reference") and not has_torch:
            item.add_marker(pytest.mark.skip(reason="PyTorch is not installed"))
        if item.get_closest_marker("jtorch_only") and reference:
            item.add_marker(pytest.mark.skip(reason="about jtorch's engine"))
        if reason := known.get(row_of(item)):
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


def pytest_terminal_summary(terminalreporter, config):
    if config.getoption("--list-gaps"):
        terminalreporter.section("rows for gaps.toml: say why")
        for report in terminalreporter.stats.get("failed", ()):
            line = str(report.longrepr).strip().splitlines()[-1]
            terminalreporter.line(f"[[gap]]\ntest = {json.dumps(report.gap_row)}\nreason = {json.dumps(line)}\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    report.gap_row = row_of(item)
    return report


def row_of(item) -> str:
    """A test's name in gaps.toml: file::name, without the execution mode."""
    file, _, name = item.nodeid.partition("::")
    file = file.rpartition("compat_tests/")[2]
    if "mode" in getattr(item, "fixturenames", ()):
        name = name.replace(f"{item.callspec.params['mode']}-", "", 1)
    return f"{file}::{name}"


def pytest_generate_tests(metafunc):
    if "mode" in metafunc.fixturenames:
        reference = metafunc.config.getoption("--reference")
        modes = ["pytorch"] if reference else metafunc.config.getoption("--modes").split(",")
        metafunc.parametrize("mode", modes, scope="session")


@pytest.fixture(scope="session")
def worker(mode):
    """A warm process that runs snippets in the mode, or by PyTorch."""
    process = Worker("torch") if mode == "pytorch" else Worker("jtorch", mode)
    with process:
        yield process


@pytest.fixture
def torch(request):
    """The library under test, reset to its defaults."""
    library = importlib.import_module("torch" if request.config.getoption("--reference") else "jtorch")
    library.manual_seed(0)
    yield library
    library.set_grad_enabled(True)
    library.set_default_dtype(library.float32)
    library.set_printoptions(profile="default")
