"""Write down what PyTorch does with every snippet, for tests that run without it.

    python -m compat_tests.record            # all files of compat_tests/snippets
    python -m compat_tests.record views dtypes

Needs the PyTorch that `recorded/VERSION` will name. One JSON line per snippet, so that a change shows as a line.
"""

import argparse
import functools
import json
import sys
from pathlib import Path

from compat_tests import corpus
from compat_tests.worker import Worker

RECORDED = corpus.FOLDER / "recorded"


def record(path: Path, worker: Worker) -> list[str]:
    """The lines for one file of snippets; raises for a snippet whose two runs differ."""
    lines = []
    for snippet in corpus.read(path):
        (seen,), (again,) = worker.observe(snippet.code), worker.observe(snippet.code)
        if seen != again:
            raise ValueError(f"{path.name}, {snippet.name}: two runs differ\n{seen}\n{again}")
        if seen.get("error", {}).get("type") in ("NameError", "SyntaxError"):
            raise ValueError(f"{path.name}, {snippet.name}: {seen['error']['message']}: the snippet itself is wrong")
        seen.pop("traceback", None)
        line = {"name": snippet.name, "code": snippet.digest, **{k: v for k, v in seen.items() if v not in ("", [])}}
        lines.append(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    return lines


@functools.cache
def recorded(path: Path) -> dict[str, dict]:
    """Recorded observations of one file of snippets, by name."""
    with open(RECORDED / f"{path.stem}.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    return {line["name"]: {"stdout": "", "warnings": [], **line} for line in lines}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m compat_tests.record", description=__doc__.partition("\n")[0])
    parser.add_argument("files", nargs="*", help="names of snippet files; all by default")
    parser.add_argument("--errors", action="store_true", help="print the snippets that raise")
    options = parser.parse_args()
    paths = [corpus.FOLDER / f"{name}.py" for name in options.files] or sorted(corpus.FOLDER.glob("*.py"))
    RECORDED.mkdir(exist_ok=True)
    with Worker("torch") as worker:
        (version,) = worker.observe("import torch\nprint(torch.__version__)")
        (RECORDED / "VERSION").write_text(f"torch {version['stdout']}")
        for path in paths:
            lines = record(path, worker)
            (RECORDED / f"{path.stem}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
            print(f"{path.stem}: {len(lines)} snippets")
            for line in map(json.loads, lines):
                if options.errors and "error" in line:
                    print(f"    {line['name']}: {line['error']['type']}: {line['error']['message'].splitlines()[0]}")
                for kind, text in line.get("warnings", ()) if options.errors else ():
                    print(f"    {line['name']}: {kind}: {text.splitlines()[0]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
