"""Source code to read: files, folders, notebooks and installed packages."""

import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A piece of code. `name` is what messages call it: a file, or a cell of a notebook."""

    name: str
    text: str


def find(target: str) -> Iterator[Path]:
    """The files that an argument of the command line names: a file, a folder (hidden ones inside left out), or a package.

    Raises:
        FileNotFoundError: it names nothing.
    """
    path = Path(target)
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _below(path)
    else:
        yield from _of_package(target)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".py", ".ipynb") and path.is_file():
            if not any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(folder).parts):
                yield path


def _of_package(name: str) -> Iterator[Path]:
    root, *rest = name.split(".")
    # Only the top is looked up: for what is below, Python would import the package.
    spec = importlib.util.find_spec(root) if name.replace(".", "").isidentifier() else None
    if spec is None:
        raise FileNotFoundError(f"no file, folder or installed package {name!r}")
    for place in spec.submodule_search_locations or ():
        path = Path(place, *rest)
        if path.is_dir():
            yield from _below(path)
            return
        if path.with_suffix(".py").is_file():
            yield path.with_suffix(".py")
            return
    if rest or spec.origin is None:
        raise FileNotFoundError(f"no file, folder or installed package {name!r}")
    yield Path(spec.origin)


def read(path: Path) -> list[Source]:
    """The code of a file; of a notebook one piece a cell.

    Raises:
        ValueError: a notebook that is not JSON, or text that is not what it says to be.
    """
    if path.suffix != ".ipynb":
        return [Source(str(path), _decoded(path.read_bytes()))]
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (KeyError, TypeError):
        raise ValueError("not a notebook of format 4: it has no cells") from None
    return [
        Source(f"{path}:cell {number}", python_of_cell("".join(cell["source"])))
        for number, cell in enumerate(cells, 1)
        if cell["cell_type"] == "code"
    ]


def _decoded(data: bytes) -> str:
    return importlib.util.decode_source(data)


def python_of_cell(text: str) -> str:
    """The Python of a notebook's cell: what IPython and the shell would read is blanked out, line by line.

    >>> python_of_cell("%matplotlib inline\\nimport torch\\n!nvidia-smi")
    'pass\\nimport torch\\npass'
    """
    if re.match(r"\s*%%(?!time|capture|prun)", text):
        return ""
    # `files = !ls` and `x?` are IPython's too.
    line_of_ipython = re.compile(r"^(\s*)(?:[%!?].*|[\w, ]+=\s*[%!].*|[\w.]+\?{1,2}\s*)$")
    return "\n".join(line_of_ipython.sub(r"\1pass", line) for line in text.split("\n"))
