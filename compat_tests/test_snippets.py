"""Every snippet of compat_tests/snippets does what PyTorch was recorded to do with it."""

import pytest

from compat_tests import compare, corpus
from compat_tests.record import recorded

ROWS = [
    pytest.param(path, snippet, id=f"{path.stem}-{snippet.name}")
    for path in sorted(corpus.FOLDER.glob("*.py"))
    if path.stem != "errors"
    for snippet in corpus.read(path)
]


@pytest.mark.parametrize(("path", "snippet"), ROWS)
def test_snippet(mode, worker, path, snippet):
    expected = recorded(path).get(snippet.name)
    if expected is None or expected["code"] != snippet.digest:
        pytest.fail(f"recorded before the snippet was changed: run python -m compat_tests.record {path.stem}")
    seen = worker.observe(snippet.code)
    difference = compare.differences_of_all(expected, seen)
    if difference:
        trace = next((s["traceback"] for s in seen if "traceback" in s and "error" not in expected), "")
        pytest.fail("\n".join([snippet.code, *difference, trace]), pytrace=False)
