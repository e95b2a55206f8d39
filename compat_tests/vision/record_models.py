"""Write down what torchvision's models are and give: `python -m compat_tests.vision.record_models [CASE or MODEL ...]`."""

from __future__ import annotations

import json
import sys
import warnings

from .model_cases import CASES, RECORDED, layout, observe, packages, undrawn, untrained
from .reference import load_torchvision


def main(chosen: list[str]) -> None:
    """All, or only the chosen cases and models: the rest stays as it is written."""
    torch, torchvision = load_torchvision()
    models = torchvision.models
    warnings.simplefilter("ignore", FutureWarning)
    known = json.loads(RECORDED.read_text()) if chosen else {"layouts": {}, "outputs": {}}
    layouts, outputs = known["layouts"], known["outputs"]
    with undrawn(torch):
        for package in packages(models):
            for name in models.list_models(module=package):
                if not chosen or name in chosen:
                    layouts[name] = layout(untrained(models, name))
    for case in CASES:
        if chosen and case.name not in chosen:
            continue
        seen = observe(torch, case, models)
        outputs[case.name] = {
            "weights": [float(f"{value:.8g}") for value in seen["weights"]],
            **{mode: [[float(f"{value:.7g}") for value in row] for row in seen[mode]] for mode in ("train", "eval")},
        }
    rows = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in layouts.items()]
    cases = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in outputs.items()]
    RECORDED.write_text(
        '{"layouts": {\n' + ",\n".join(rows) + '\n},\n"outputs": {\n' + ",\n".join(cases) + "\n}}\n", encoding="utf-8"
    )
    print(f"{len(rows)} models, {len(cases)} cases, {RECORDED.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
