"""Names of the classes that weights tell apart."""

import json
from functools import cache
from pathlib import Path

# The classes of ImageNet-1K (Russakovsky et al. 2015) in the order of the models' outputs.
_IMAGENET_CATEGORIES = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8").splitlines()


@cache
def categories() -> dict[str, list[str]]:
    """The classes of Pascal VOC, Kinetics-400 and COCO ("N/A" where COCO has a gap), and the points of COCO's persons."""
    return json.loads(Path(__file__).with_name("categories.json").read_text(encoding="utf-8"))
