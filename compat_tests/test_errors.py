"""Bad input raises PyTorch's class of error, in PyTorch's words (help of jtorch's own may follow)."""

import pytest

from compat_tests import compare, corpus
from compat_tests.record import recorded

TABLE = corpus.FOLDER / "errors.py"


@pytest.mark.parametrize("snippet", [pytest.param(s, id=s.name) for s in corpus.read(TABLE)])
def test_error(mode, worker, snippet):
    expected = recorded(TABLE).get(snippet.name)
    if expected is None or expected["code"] != snippet.digest:
        pytest.fail("recorded before the snippet was changed: run python -m compat_tests.record errors")
    assert "error" in expected, "PyTorch raises nothing: this row belongs among the other snippets"
    (seen, *_) = observations = worker.observe(snippet.code)
    problems = compare.differences_of_all(expected, observations)
    message = expected["error"]["message"]
    if not problems and message.startswith("Error(s) in loading") and message not in seen["error"]["message"]:
        problems = [f"{seen['error']['message']}\nexpected {message}"]
    if problems:
        trace = seen.get("traceback", "")
        pytest.fail("\n".join([snippet.code.split("from torch import nn\n")[-1], *problems, trace]), pytrace=False)
