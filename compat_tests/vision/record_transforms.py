"""Run every row on real torchvision and write the results: `python -m compat_tests.vision.record_transforms`."""

from __future__ import annotations

import json

import numpy as np

from .reference import load_torchvision
from .transform_cases import CASES, RECORDED, Library, digest, run, sketch


def main() -> None:
    torch, torchvision = load_torchvision()
    library = Library(torch, torchvision.transforms)
    about, sketches = {}, []
    for case in CASES:
        for kind in case.kinds:
            for seed in case.seeds:
                mode, values, after = run(case, kind, seed, library)
                result = digest(values) if case.exact else len(sketches)
                about[f"{case.name} {kind} {seed}"] = [mode, after, values.shape, result]
                if not case.exact:
                    sketches.append(sketch(values))
    np.savez_compressed(RECORDED, about=json.dumps(about), sketches=np.array(sketches))
    print(f"{len(about)} results in {RECORDED}, {RECORDED.stat().st_size} bytes")


if __name__ == "__main__":
    main()
