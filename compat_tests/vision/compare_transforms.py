"""Compare every transform with real torchvision: `python -m compat_tests.vision.compare_transforms`.

Each row of the tables is run on `--images` random pictures with `--seeds` seeds each, rows of v2 on whole samples; a line
says how many results are equal, and how far apart the others are. Then come the transforms of torchvision that no row
uses. All rows on all kinds of samples take hours: `--kinds one` takes a row's first PIL image, first uint8 and first float
tensor only, and `--out FILE` keeps the figures of each row as it is done and goes on from there the next time.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import warnings
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import numpy as np

import jtorch
import jtorch.vision.transforms.v2
from jtorch.vision import tv_tensors

from . import sample_cases
from .reference import load_torchvision
from .sample_cases import V2
from .transform_cases import CASES, Case, Library, far_apart, run


class Figures:
    """How the results of one row compare."""

    def __init__(self):
        self.runs = self.equal = self.bad = self.other_draws = 0
        self.largest = self.share = 0.0

    def add(self, values: np.ndarray, expected: np.ndarray, far: np.ndarray, outliers: float) -> None:
        self.runs += 1
        self.equal += np.array_equal(values, expected, equal_nan=values.dtype.kind == "f")
        difference = np.nan_to_num(np.abs(values.astype(float) - expected))
        self.largest = max(self.largest, float(difference.max(initial=0)))
        share = float(far.mean()) if far.size else 0.0
        self.share = max(self.share, share)
        self.bad += share > outliers

    def as_row(self) -> dict:
        row = {"results": self.runs, "equal": self.equal, "largest": float(f"{self.largest:.3g}")}
        row |= {"outliers": float(f"{self.share:.2g}"), "other draws": self.other_draws, "bad": self.bad}
        return row


def line(name: str, row: dict) -> str:
    text = f"{name:37} {row['results']:6} results, {row['equal']:6} equal, "
    text += f"largest difference {row['largest']:.3g}, outliers {row['outliers']:.2%}"
    text += f", OTHER DRAWS {row['other draws']}" if row["other draws"] else ""
    return text + (f", BAD {row['bad']}" if row["bad"] else "")


def one_of_each(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The first kind that is a PIL image, the first of uint8 and the first of floats."""
    first: dict[str, str] = {}
    for kind in kinds:
        picture = kind.partition("+")[0].removeprefix("plain_").removeprefix("video_")
        first.setdefault(picture if picture in ("uint8", "float32") else "PIL", kind)
    return tuple(first.values())


def compare(case: Case, ours: Library, theirs: Library, images: int, seeds: int) -> Figures:
    figures = Figures()
    for kind in case.kinds:
        for image in range(images):
            for seed in range(seeds if case.random else 1):
                mode, values, after = run(case, kind, seed, ours, image)
                expected_mode, expected, expected_after = run(case, kind, seed, theirs, image)
                figures.other_draws += after != expected_after
                if mode != expected_mode or values.shape != expected.shape:
                    figures.bad += 1
                    continue
                far = values != expected if case.exact else far_apart(values, expected, values.dtype, case)
                figures.add(values, expected, far, case.outliers)
    return figures


def compare_samples(case: sample_cases.Case, ours: V2, theirs: V2, images: int, seeds: int) -> Figures:
    figures = Figures()
    for kind in case.kinds:
        for image in range(images):
            for seed in range(seeds if case.random else 1):
                parts, after = sample_cases.run(case, kind, seed, ours, image)
                expected_parts, expected_after = sample_cases.run(case, kind, seed, theirs, image)
                figures.other_draws += after != expected_after
                for part, expected in zip(parts, expected_parts, strict=True):
                    if part.about.replace("jtorch", "torch") != expected.about:
                        figures.bad += 1
                    elif part.values is not None and part.values.shape != expected.values.shape:
                        figures.bad += 1
                    elif part.values is not None:
                        far = sample_cases.far(part, expected, case)
                        figures.add(part.values, expected.values, far, case.outliers)
    return figures


class Used(V2):
    """A library that notes which transforms rows ask it for."""

    def __init__(self, *parts):
        super().__init__(*parts)
        self.names = set()

    def __getattr__(self, name: str):
        self.names.add(name)
        return super().__getattr__(name)


def without_a_row(transforms, used: Used) -> list[str]:
    """The classes of torchvision's module that no row asks for."""
    about = {"Transform", "InterpolationMode", "AutoAugmentPolicy"}  # what transforms are made of
    names = {name for name, value in vars(transforms).items() if isinstance(value, type) and name[0].isupper()}
    return sorted(names - used.names - about)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--kinds", choices=["all", "one"], default="all", help="one: of PIL images, uint8 and floats")
    parser.add_argument("--only", default="*", help="rows whose name matches this pattern, as 'v2 *'")
    parser.add_argument("--out", type=Path, help="JSON file of the figures; rows that are in it are not run again")
    arguments = parser.parse_args()
    torch, torchvision = load_torchvision()
    sides = (
        (jtorch, jtorch.vision.transforms, jtorch.vision.transforms.v2, tv_tensors),
        (torch, *(importlib.import_module(f"torchvision.{n}") for n in ("transforms", "transforms.v2", "tv_tensors"))),
    )
    (ours, ours_v2), (theirs, theirs_v2) = ((Used(s[0], s[1], s[3]), Used(s[0], s[2], s[3])) for s in sides)
    rows = [(case.name, compare, case, ours, theirs) for case in CASES]
    rows += [(f"v2 {case.name}", compare_samples, case, ours_v2, theirs_v2) for case in sample_cases.CASES]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # v2.ToTensor is deprecated
        for _, _, case, _, right in rows:
            case.build(right)

    missing = {
        "transforms": without_a_row(sides[1][1], theirs),
        "transforms.v2": without_a_row(sides[1][2], theirs_v2),
    }
    about = {"torch": torch.__version__, "torchvision": torchvision.__version__, "without a row": missing}
    about |= {name: getattr(arguments, name) for name in ("images", "seeds", "kinds")}
    done: dict[str, dict] = {}
    if arguments.out and arguments.out.exists():
        kept = json.loads(arguments.out.read_text())
        done = kept.pop("rows")
        if kept != about:
            parser.error(f"{arguments.out} has figures of another run: {kept}")
    begin = time.time()
    chosen = [row for row in rows if fnmatch(row[0], arguments.only)]
    for name, compares, case, left, right in chosen:
        if name not in done:
            if arguments.kinds == "one":
                case = replace(case, kinds=one_of_each(case.kinds))
            done[name] = compares(case, left, right, arguments.images, arguments.seeds).as_row()
            print(line(name, done[name]), flush=True)
            if arguments.out:
                ordered = {row[0]: done[row[0]] for row in rows if row[0] in done}
                arguments.out.write_text(json.dumps({**about, "rows": ordered}, indent=1) + "\n")
    figures = {row[0]: done[row[0]] for row in chosen}
    results, equal = (sum(row[key] for row in figures.values()) for key in ("results", "equal"))
    print(f"{len(figures)} rows, {results} results, {equal} equal bit for bit, {time.time() - begin:.0f} s")
    failed = [name for name, row in figures.items() if row["bad"] or row["other draws"]]
    print(f"beyond tolerance: {', '.join(failed) or 'none'}")
    for name, names in missing.items():
        print(f"torchvision.{name}, without a row: {', '.join(names) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
