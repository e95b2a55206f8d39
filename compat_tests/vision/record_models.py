"""Write down what torchvision's models are and give: `python -m compat_tests.vision.record_models`."""

from __future__ import annotations

import json
import warnings

from .model_cases import CASES, RECORDED, layout, observe, undrawn
from .reference import load_torchvision


def main() -> None:
    torch, torchvision = load_torchvision()
    models = torchvision.models
    warnings.simplefilter("ignore", FutureWarning)
    layouts = {}
    with undrawn(torch):
        for name in models.list_models(module=models):
            layouts[name] = layout(models.get_model(name))
    outputs = {}
    for case in CASES:
        seen = observe(torch, lambda case=case: case.make(models), case.size)
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
    main()
