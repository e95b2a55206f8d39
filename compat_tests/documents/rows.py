"""Rows of code and what it must print or raise, and how one is checked."""

import textwrap
from dataclasses import dataclass

import pytest

from compat_tests import compare

PRELUDE = "import numpy as np\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn, optim\n"


@dataclass(frozen=True)
class Row:
    """`prints` is compared as text (a unit in the last printed place aside), `raises` is 'Class: part of the message',
    `warns` parts of the warnings wanted; no other warning may come. What a claim says without printing is asserted in
    the code. `today` is False for what only jtorch still accepts."""

    name: str
    where: str
    code: str
    prints: str = ""
    raises: str = ""
    warns: tuple[str, ...] = ()
    today: bool = True


def parametrize(rows: list[Row]):
    marks = {row.name: () if row.today else (pytest.mark.jtorch_only,) for row in rows}
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name, marks=marks[row.name]) for row in rows])


def check(worker, row: Row) -> None:
    for seen in worker.observe(PRELUDE + textwrap.dedent(row.code)):
        problems = []
        error = seen.get("error")
        kind, _, message = row.raises.partition(": ")
        if row.raises and error is None:
            problems.append(f"raised nothing, expected {row.raises}")
        elif row.raises and (error["type"] != kind or message not in error["message"]):
            problems.append(f"raised {error['type']}: {error['message']}\nexpected {row.raises}")
        elif error and not row.raises:
            problems.append(seen["traceback"] if "traceback" in seen else error["message"])
        expected = textwrap.dedent(row.prints).strip("\n")
        printed = seen["stdout"].strip("\n")
        if not problems and not compare.same_text(expected, printed):
            problems.append(f"printed\n{printed}\nexpected\n{expected}\n")
        texts = [f"{kind}: {text}" for kind, text in seen["warnings"]]
        problems += [f"no warning that says {part!r}" for part in row.warns if not any(part in t for t in texts)]
        problems += [f"warned: {text}" for text in texts if not any(part in text for part in row.warns)]
        if problems:
            code = textwrap.indent(textwrap.dedent(row.code).strip(), "    ")
            pytest.fail("\n".join([f"{row.name}, document {row.where}", code, *problems]), pytrace=False)
