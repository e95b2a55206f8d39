"""Run every row on real torchvision and write the results: `python -m compat_tests.vision.record_transforms`."""

from __future__ import annotations

import json

import numpy as np

from .reference import load_torchvision
from .transform_cases import CASES, RECORDED, Library, digest, run


def main() -> None:
    torch, torchvision = load_torchvision()
    library = Library(torch, torchvision.transforms)
    about, values_of = {}, {}
    for case in CASES:
        for kind in case.kinds:
            for seed in case.seeds:
                mode, values, after = run(case, kind, seed, library)
                key = f"{case.name} {kind} {seed}"
                about[key] = [mode, after, digest(values)]
                if not case.exact:
                    values_of[key] = values
    np.savez_compressed(RECORDED, about=json.dumps(about), **values_of)
    print(f"{len(about)} results in {RECORDED}, {RECORDED.stat().st_size} bytes")


if __name__ == "__main__":
    main()
