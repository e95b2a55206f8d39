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


def found() -> tuple[set[str], set[str], set[str]]:
    """Entries with a test here, entries listed as tested elsewhere or not at all, and known gaps among the tests here."""
    paths = [path for path in sorted(FOLDER.glob("test_*.py")) if path != Path(__file__)]
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    names = re.findall(r"def test_(\w+)", text)
    text += " ".join(
        f"{kind.upper()}-{n} " for name in names for kind, n in re.findall(r"(ref|fmt|beh|pat|err)_(\d+)", name)
    )
    text += " ".join(f"D{n} " for name in names for n in re.findall(r"(?:^|_)d(\d+)", name))
    tested = set(re.findall(r"\b(?:(?:REF|FMT|BEH|PAT|ERR)-\d+|D\d+)\b", text))
    with open(FOLDER.parent / "gaps.toml", "rb") as file:
        listed = tomllib.load(file)
    elsewhere = {name for row in listed["elsewhere"] for name in row["entries"]}
    return tested, elsewhere, {row["test"] for row in listed["gap"] if row["test"].startswith("documents/")}


def counts() -> str:
    tested, elsewhere, gaps = found()
    entries = set(ENTRIES)
    return (
        f"{len(entries)} entries: {len(entries & tested)} with a test here, {len(entries & elsewhere)} elsewhere, "
        f"{len(gaps)} known gaps, {len(entries - tested - elsewhere)} without any"
    )


def test_every_entry_is_somewhere():
    print(counts())
    tested, elsewhere, _ = found()
    assert set(ENTRIES) - tested - elsewhere == set()
    assert elsewhere - set(ENTRIES) == set()
    assert elsewhere & tested == set(), "listed in gaps.toml, yet there is a row"


if __name__ == "__main__":  # python -m compat_tests.documents.test_coverage
    print(counts())
