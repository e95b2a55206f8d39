"""Write down the facts about torchvision's weights: `python -m compat_tests.vision.record_weights`.

Addresses, preprocessing, sizes and figures, not the prose of `meta["_docs"]`; and the names of ImageNet's classes.
"""

from __future__ import annotations

import json
from pathlib import Path

from .reference import load_torchvision

MODELS = Path(__file__).resolve().parents[2] / "jtorch" / "vision" / "models"


def facts(weights, categories: list[str]) -> dict:
    meta = {name: value for name, value in weights.meta.items() if name != "_docs"}
    own_categories = meta.pop("categories")
    if own_categories is None:
        meta["categories"] = None
    elif list(own_categories) != categories:
        raise ValueError(f"{weights}: other categories than ImageNet's have to be recorded first")
    transforms = dict(weights.transforms.keywords)
    if "interpolation" in transforms:
        transforms["interpolation"] = transforms["interpolation"].name
    return {"url": weights.url, "transforms": transforms, "meta": meta}


def main() -> None:
    _, torchvision = load_torchvision()
    models = torchvision.models
    categories = list(models._meta._IMAGENET_CATEGORIES)
    blocks = []
    for name in models.list_models(module=models):
        enum = models.get_model_weights(name)
        rows = [
            f"  {json.dumps(member)}: {json.dumps(facts(weights, categories) if member == weights.name else weights.name)}"
            for member, weights in enum.__members__.items()
        ]
        blocks.append(f"{json.dumps(enum.__name__)}: {{\n" + ",\n".join(rows) + "\n}")
    (MODELS / "weights.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")
    (MODELS / "imagenet_classes.txt").write_text("\n".join(categories) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
