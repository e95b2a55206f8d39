"""Write down the facts about torchvision's weights: `python -m compat_tests.vision.record_weights`.

Addresses, preprocessing, sizes and figures, not the prose of `meta["_docs"]`; and the names of ImageNet's classes.
"""

from __future__ import annotations

import json
from pathlib import Path

from .model_cases import packages
from .reference import load_torchvision

MODELS = Path(__file__).resolve().parents[2] / "jtorch" / "vision" / "models"


def named_categories(meta) -> dict[str, list[str]]:
    return {
        "voc": meta._VOC_CATEGORIES,
        "kinetics400": meta._KINETICS400_CATEGORIES,
        "coco": meta._COCO_CATEGORIES,
        "coco_person": meta._COCO_PERSON_CATEGORIES,
        "coco_person_keypoints": meta._COCO_PERSON_KEYPOINT_NAMES,
    }


def facts(weights, imagenet: list[str], named: dict[str, list[str]]) -> dict:
    """Names of classes are left out where they are ImageNet's, else said by the name of the list."""
    meta = {name: value for name, value in weights.meta.items() if name != "_docs"}
    if list(meta.get("categories") or ()) == imagenet:
        del meta["categories"]
    for key in ("categories", "keypoint_names"):
        if meta.get(key) is not None:
            meta[key] = next(name for name, values in named.items() if list(values) == list(meta[key]))
    preset = weights.transforms if isinstance(weights.transforms, type) else weights.transforms.func
    transforms = dict(getattr(weights.transforms, "keywords", {}))
    if "interpolation" in transforms:
        transforms["interpolation"] = transforms["interpolation"].name
    other = {} if preset.__name__ == "ImageClassification" else {"preset": preset.__name__}
    return {"url": weights.url, **other, "transforms": transforms, "meta": meta}


def main() -> None:
    _, torchvision = load_torchvision()
    models = torchvision.models
    imagenet, named = list(models._meta._IMAGENET_CATEGORIES), named_categories(models._meta)
    blocks = []
    for package in packages(models):
        for name in models.list_models(module=package):
            enum = models.get_model_weights(name)
            rows = [
                f"  {json.dumps(member)}: "
                + json.dumps(facts(weights, imagenet, named) if member == weights.name else weights.name)
                for member, weights in enum.__members__.items()
            ]
            blocks.append(f"{json.dumps(enum.__name__)}: {{\n" + ",\n".join(rows) + "\n}")
    (MODELS / "weights.json").write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")
    (MODELS / "imagenet_classes.txt").write_text("\n".join(imagenet) + "\n", encoding="utf-8")
    lists = [f"{json.dumps(name)}: {json.dumps(list(values))}" for name, values in named.items()]
    (MODELS / "categories.json").write_text("{\n" + ",\n".join(lists) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
