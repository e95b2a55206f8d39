"""Compare every transform with real torchvision: `python -m compat_tests.vision.compare_transforms`.

Each row of the tables is run on `--images` random pictures with `--seeds` seeds each, rows of v2 on whole samples; a line
says how many results are equal, and how far apart the others are. Then come the transforms of torchvision that no row
uses.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from fnmatch import fnmatch

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

    def __init__(self, name: str):
        self.name = name
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

    def __str__(self) -> str:
        line = f"{self.name:37} {self.runs:6} results, {self.equal:6} equal, "
        line += f"largest difference {self.largest:.3g}, outliers {self.share:.2%}"
        line += f", OTHER DRAWS {self.other_draws}" if self.other_draws else ""
        return line + (f", BAD {self.bad}" if self.bad else "")


def compare(case: Case, ours: Library, theirs: Library, images: int, seeds: int) -> Figures:
    figures = Figures(case.name)
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
    figures = Figures(f"v2 {case.name}")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="rows whose name matches this pattern, as 'v2 *'")
    arguments = parser.parse_args()
    torch, torchvision = load_torchvision()
    sides = (
        (jtorch, jtorch.vision.transforms, jtorch.vision.transforms.v2, tv_tensors),
        (torch, *(importlib.import_module(f"torchvision.{n}") for n in ("transforms", "transforms.v2", "tv_tensors"))),
    )
    ours, theirs = (Used(side[0], side[1], side[3]) for side in sides)
    ours_v2, theirs_v2 = (Used(side[0], side[2], side[3]) for side in sides)
    rows = [(case.name, compare, case, ours, theirs) for case in CASES]
    rows += [(f"v2 {case.name}", compare_samples, case, ours_v2, theirs_v2) for case in sample_cases.CASES]
    failed, begin, total, equal = [], time.time(), 0, 0
    for name, compares, case, left, right in rows:
        if fnmatch(name, arguments.only or "*"):
            figures = compares(case, left, right, arguments.images, arguments.seeds)
            print(figures, flush=True)
            failed += [name] if figures.bad or figures.other_draws else []
            total, equal = total + figures.runs, equal + figures.equal
    print(f"{total} results, {equal} equal bit for bit, {time.time() - begin:.0f} s")
    print(f"beyond tolerance: {', '.join(failed) or 'none'}")
    if not arguments.only:
        for side, used in ((sides[1][1], theirs), (sides[1][2], theirs_v2)):
            transforms = {n for n, value in vars(side).items() if isinstance(value, type) and n[0].isupper()}
            print(f"{side.__name__}, without a row: {', '.join(sorted(transforms - used.names)) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
