"""Run every row of v2 on real torchvision and write the results: `python -m compat_tests.vision.record_samples`."""

from __future__ import annotations

import importlib
import json

import numpy as np

from .reference import load_torchvision
from .sample_cases import CASES, RECORDED, V2, run, sketched


def main() -> None:
    torch, _ = load_torchvision()
    library = V2(torch, *(importlib.import_module(f"torchvision.{name}") for name in ("transforms.v2", "tv_tensors")))
    about, sketches = {}, []
    for case in CASES:
        for kind in case.recorded:
            parts, after = run(case, kind, 0, library)
            rows = []
            for part in parts:
                rows.append(
                    [part.about, *([None, None] if part.values is None else [part.values.shape, len(sketches)])]
                )
                if part.values is not None:
                    sketches.append(sketched(part))
            about[f"{case.name} {kind}"] = [rows, after]
    np.savez_compressed(RECORDED, about=json.dumps(about), sketches=np.array(sketches))
    print(f"{len(about)} samples in {RECORDED}, {RECORDED.stat().st_size} bytes")


if __name__ == "__main__":
    main()
