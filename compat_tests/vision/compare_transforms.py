"""Compare every transform with real torchvision: `python -m compat_tests.vision.compare_transforms`.

Each row of the tables is run on `--images` random pictures with `--seeds` seeds each; a line says how many results are
equal, and how far apart the others are. The last line names transforms of torchvision that no row is about.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np

import jtorch
import jtorch.vision.transforms

from .reference import load_torchvision
from .transform_cases import CASES, Case, Library, far_apart, run


def compare(case: Case, ours: Library, theirs: Library, images: int, seeds: int) -> tuple[str, bool]:
    """A line of figures, and whether all results are within the case's tolerance."""
    runs = equal = bad = draws = 0
    largest = share = 0.0
    for kind in case.kinds:
        for image in range(images):
            for seed in range(seeds if case.random else 1):
                mode, values, after = run(case, kind, seed, ours, image)
                expected_mode, expected, expected_after = run(case, kind, seed, theirs, image)
                runs += 1
                draws += after != expected_after
                if mode != expected_mode or values.shape != expected.shape:
                    bad += 1
                    continue
                equal += np.array_equal(values, expected)
                difference = np.abs(values.astype(float) - expected)
                largest = max(largest, float(difference.max(initial=0)))
                far = far_apart(values, expected, values.dtype, case).mean() if values.size else 0.0
                share = max(share, float(far))
                bad += not np.array_equal(values, expected) if case.exact else far > case.outliers
    line = f"{case.name:34} {runs:6} runs, {equal:6} equal, largest difference {largest:.3g}, outliers {share:.2%}"
    if draws:
        line += f", OTHER DRAWS {draws}"
    return line + (f", BAD {bad}" if bad else ""), not bad and not draws


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    arguments = parser.parse_args()
    torch, torchvision = load_torchvision()
    ours, theirs = Library(jtorch, jtorch.vision.transforms), Library(torch, torchvision.transforms)
    failed, begin = [], time.time()
    for case in CASES:
        if arguments.only in case.name:
            line, good = compare(case, ours, theirs, arguments.images, arguments.seeds)
            print(line, flush=True)
            failed += [] if good else [case.name]
    print(f"{time.time() - begin:.0f} s; beyond tolerance: {', '.join(failed) or 'none'}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
