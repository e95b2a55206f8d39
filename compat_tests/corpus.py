"""Files of snippets: parts of one Python file, set apart by lines `# --- name`.

What stands before the first such line (imports, a class) is put in front of every snippet of the file.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "snippets"
_DOCSTRING = re.compile(r'^\s*""".*?"""\s*', re.DOTALL)
_SEPARATOR = re.compile(r"^# ---[ \t]*(.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Snippet:
    name: str
    code: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.code.encode()).hexdigest()[:12]


def read(path: Path) -> list[Snippet]:
    """The snippets of a file, in order. Names must differ; a part with no name gets its number."""
    parts = _SEPARATOR.split(Path(path).read_text(encoding="utf-8"))
    prelude, named = parts[0], list(zip(parts[1::2], parts[2::2], strict=True))
    if not named:
        return [Snippet(Path(path).stem, prelude)]
    prelude = _DOCSTRING.sub("", prelude).strip()
    snippets = []
    for number, (name, code) in enumerate(named, 1):
        snippets.append(Snippet(name or str(number), f"{prelude}\n{code.strip()}\n".lstrip()))
    names = [s.name for s in snippets]
    repeated = sorted({n for n in names if names.count(n) > 1})
    if repeated:
        raise ValueError(f"{path}: snippet names used twice: {', '.join(repeated)}")
    return snippets
