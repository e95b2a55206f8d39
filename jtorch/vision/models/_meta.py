"""Names of the classes that weights tell apart."""

from pathlib import Path

# The classes of ImageNet-1K (Russakovsky et al. 2015) in the order of the models' outputs.
_IMAGENET_CATEGORIES = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8").splitlines()
