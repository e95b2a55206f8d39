"""The scoreboard as a file: what it says of findings, and that `jtorch.compat report` reads it."""

import json

import pytest

from compat_tests.reference import publish, scoreboard
from jtorch.compat import report

pytestmark = pytest.mark.jtorch_only

GOOD = {"cases": 3, "failed": 0, "messages": []}
BAD = {"cases": 3, "failed": 1, "messages": ["differs"]}
FINDINGS = [
    {"part": "op_db", "name": "add", "dtype": "float32", "aspects": None, "samples": 2, "findings": {"value": BAD}},
    {
        "part": "op_db",
        "name": "add",
        "dtype": "float32",
        "aspects": None,
        "samples": None,
        "findings": {"value": GOOD, "out": BAD},
    },
    {
        "part": "op_db",
        "name": "renorm",
        "dtype": "complex64",
        "aspects": None,
        "samples": 3,
        "findings": {"gradient": BAD},
    },
    {"part": "op_db", "name": "abs", "dtype": "complex64", "aspects": None, "samples": 2, "findings": {"value": GOOD}},
    {"part": "op_db", "name": "abs", "dtype": "int64", "aspects": None, "samples": 2, "findings": {}},
    {"part": "optim_db", "name": "SGD", "dtype": "float32", "samples": 3, "findings": {"repr": GOOD}},
]


def test_published(tmp_path):
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for file, rows in ((first, FINDINGS[:1]), (second, FINDINGS[1:])):
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    made = publish.published(scoreboard.read(first, second), "a machine")
    assert made["table"] == {"op_db complex64": [1, 2], "op_db float32": [1, 1], "optim_db float32": [1, 1]}
    assert made["aspects"]["op_db: value"] == [2, 2]
    assert made["cases"]["op_db: out"] == [2, 3]
    assert made["samples"] == {
        "op_db complex64": "2 (1 entries), 3 (1 entries)",
        "op_db float32": "all",
        "optim_db float32": "3",
    }
    assert [(row["name"], row["aspects"], row["counted"]) for row in made["failures"]] == [
        ("renorm", ["gradient"], True),
        ("add", ["out"], False),
    ]
    assert made["failures"][0]["reason"].startswith("torch's gradient is NaN")
    assert made["failures"][1]["reason"] is None
    file = tmp_path / "scoreboard.json"
    file.write_text(json.dumps(made))
    text = report.results(file)
    assert "python -m compat_tests.reference --parts op_db --dtypes float32 --samples all" in text
    assert "without a reason" in text
