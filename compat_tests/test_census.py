"""The census of torch's public names: what it says of single names, and that its page and its table of reasons are fresh."""

import gzip
import json
import pkgutil
from pathlib import Path

import pytest

import jtorch
from jtorch.compat import coverage, manifest, reasons, report
from jtorch.compat.__main__ import main
from jtorch.compat.census import ABSENT, NOT_AIMED_AT, PARTIAL, PRESENT, Finding, census, finding
from jtorch.compat.manifest import Entry, namespaces, parameters

pytestmark = pytest.mark.jtorch_only

ROOT = Path(__file__).resolve().parent.parent


def test_manifest_is_small_and_of_the_versions_we_compare_with():
    packed = (ROOT / "jtorch/compat/manifest.json.gz").read_bytes()
    assert len(packed) < 300_000
    assert manifest.versions() == {"torch": "2.13.0", "torchvision": "0.28.0"}
    assert json.loads(gzip.decompress(packed))["namespaces"]["torch"]["abs"] == [
        "function",
        "input, *, out=None -> Tensor",
    ]


@pytest.mark.parametrize(
    ("space", "name", "kind", "parameter"),
    [
        ("torch", "arange", "function", "requires_grad"),
        ("torch", "float32", "constant", None),
        ("torch.Tensor", "add_", "method", "alpha"),
        ("torch.nn", "Linear", "class", "bias"),
        ("torch.nn.functional", "max_pool2d", "function", "return_indices"),
        ("torch.linalg", "svd", "function", "full_matrices"),
        ("torch.optim.lr_scheduler", "OneCycleLR", "class", "pct_start"),
        ("torch.distributions", "Normal", "class", "scale"),
        ("torch.utils.data", "DataLoader", "class", "collate_fn"),
        ("torchvision.transforms", "RandomCrop", "class", "pad_if_needed"),
        ("torchvision.models", "resnet50", "function", "weights"),
    ],
)
def test_manifest_knows_names_and_parameters(space, name, kind, parameter):
    entry = namespaces()[space][name]
    assert entry.kind == kind
    assert parameter is None or any(overload.takes(parameter) for overload in entry.overloads)


def test_parameters():
    found = parameters("input, *size, dim=None, out, **options")
    assert found.names == ("input", "dim", "out")
    assert found.required == {"input", "out"}
    assert found.any_positional
    assert found.takes("anything")


@pytest.mark.parametrize(
    ("path", "entry", "status", "lacks"),
    [
        ("torch.abs", Entry("function", ("input, *, out=None",)), PRESENT, ()),
        ("torch.abs", Entry("function", ("input, *, colour=None",)), PARTIAL, ("colour=",)),
        (
            "torch.zeros",
            Entry("function", ("*size, anything=None",)),
            PRESENT,
            (),
        ),  # takes **kwargs: Python cannot tell
        ("torch.Tensor.add", Entry("method", ("other, *, alpha=1",)), PRESENT, ()),
        ("torch.nn.Linear", Entry("class", ("in_features, out_features",), {"forward": Entry("method")}), PRESENT, ()),
        (
            "torch.nn.Linear",
            Entry("class", ("nonsense",), {"paint": Entry("method")}),
            PARTIAL,
            ("nonsense=", ".paint"),
        ),
        ("torch.nonsense", Entry("function", ("x",)), ABSENT, ()),
        ("torch.quantize_nonsense", Entry("function"), NOT_AIMED_AT, ()),
        ("torch.nonsense.below", Entry("function"), ABSENT, ()),
    ],
)
def test_finding(path, entry, status, lacks):
    found = finding(path, entry)
    assert (found.status, found.lacks) == (status, lacks)


def test_every_name_is_counted_once():
    taken = census(["torch", "torch.nn"])
    assert {space: len(found) for space, found in taken.items()} == {
        space: len(namespaces()[space]) for space in ("torch", "torch.nn")
    }
    assert sum(coverage.count(taken["torch"]).values()) == len(taken["torch"])


def is_there(name: str) -> bool:
    try:
        pkgutil.resolve_name(f"jtorch{name.removeprefix('torch')}")
    except (ImportError, AttributeError, NotImplementedError):
        return False
    return True


def test_reasons_are_of_names_that_are_missing():
    """A row that explains nothing any more has to go."""
    missing = [f.path for found in census().values() for f in found if f.status in (ABSENT, NOT_AIMED_AT)]
    rows = (*reasons.rows("absent"), *reasons.rows("not_aimed_at"))
    # Modules that torch does not count as public are not in the census, and are imported all the same.
    outside = {name for row in rows for name in row.names if "*" not in name and not is_there(name)}
    paths = {*missing, *(path.rpartition(".")[0] for path in missing), *outside}
    for row in rows:
        assert any(map(row.covers, paths)), f"nothing that is missing fits {row.names}"
        there = [name for name in row.names if "*" not in name and name not in paths]
        assert not there, f"no longer missing: {there}"
    known = {f.path for found in census().values() for f in found}
    for row in reasons.rows("partial"):
        assert any(map(row.covers, known)), f"no name of torch's fits {row.names}"


def test_page_is_fresh():
    fresh = coverage.page() == (ROOT / "docs/coverage.md").read_text(encoding="utf-8")
    assert fresh, f"docs/coverage.md is stale: run {coverage.COMMAND}"


def test_page_names_reasons_and_what_lacks():
    lines = coverage._grouped([Finding("torch.x", "function", ABSENT, (), "a reason", "a way")], "absent: ", "torch")
    assert lines == ["- absent: `x`. A reason. A way."]
    assert coverage._what_lacks(Finding("torch.x", "function", PARTIAL, ("out=",), "why")) == "lacks `out=`; why"


def test_command(capsys):
    assert main(["census", "torch.amp"]) == 0
    assert "torch.amp" in capsys.readouterr().out
    assert main(["census", "torch.nonsense"]) == 2
    assert "no such namespace" in capsys.readouterr().err


def test_report(tmp_path, capsys):
    assert "docs/scoreboard.json" in report.results(tmp_path / "scoreboard.json")
    file = tmp_path / "scoreboard.json"
    file.write_text(
        json.dumps(
            {
                "machine": "a machine",
                "command": "a command",
                "table": {"linalg": [9, 10]},
                "aspects": {"values": [4, 4]},
                "versions": {"torch": "2.13.0"},
                "samples": {"linalg": "all"},
                "failures": [
                    {"group": "linalg", "name": "x", "aspects": ["value"], "counted": True, "reason": "a reason"}
                ],
            }
        )
    )
    text = report.results(file)
    assert "linalg" in text
    assert "90.0" in text
    assert "1 failures" in text
    assert "1  a reason" in text
    assert "samples: all" in text
    assert main(["report"]) == 0
    assert "torch.Tensor" in capsys.readouterr().out


def test_nothing_of_the_census_is_imported_with_jtorch():
    assert not hasattr(jtorch, "census")
