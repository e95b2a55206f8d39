"""Every entry of the inventory has a row here, a test elsewhere, or a reason in gaps.toml why not."""

import re
import tomllib
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def numbers(prefix: str, *ranges: range, width: int = 2) -> list[str]:
    return [f"{prefix}-{n:0{width}}" for numbers in ranges for n in numbers]


ENTRIES = [
    *numbers("REF", range(1, 25), range(30, 39), range(40, 47), range(50, 58), range(60, 73), range(80, 83), range(90, 94)),
    *numbers("FMT", range(1, 23)),
    *numbers("BEH", range(1, 15), range(20, 35), range(40, 64), range(70, 79), range(80, 108), range(110, 121)),
    *numbers("PAT", range(1, 24)),
    *numbers("ERR", range(1, 15)),
    *(f"D{n}" for n in range(1, 25)),
]  # fmt: skip


def test_every_entry_is_somewhere():
    text = "".join(
        path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("test_*.py")) if path != Path(__file__)
    )
    text = re.sub(r"def test_(\w+?)_(\d+)", lambda m: f"{m[1].upper()}-{m[2]} ", text)
    tested = set(re.findall(r"\b(?:(?:REF|FMT|BEH|PAT|ERR)-\d+|D\d+)\b", text))
    with open(FOLDER.parent / "gaps.toml", "rb") as file:
        elsewhere = tomllib.load(file)["elsewhere"]
    listed = {name for row in elsewhere for name in row["entries"]}
    assert set(ENTRIES) - tested - listed == set()
    assert listed - set(ENTRIES) == set()
    assert listed & tested == set(), "listed in gaps.toml, yet there is a row"
