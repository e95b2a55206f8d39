"""The blocks of Python on the pages run, each page as one program."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.mark.parametrize("page", ["jax-and-tools.md"])
def test_blocks_of_a_page_run(page, tmp_path):
    for extra in ("flatbuffers", "tensorboardX"):
        pytest.importorskip(extra)
    code = "\n".join(re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "net.svg").is_file() and (tmp_path / "net.pt").is_file()
