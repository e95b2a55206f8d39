"""torchvision's API on jtorch; `python -m jtorch` lets `import torchvision` resolve here."""

from . import datasets, io, models, ops, transforms, utils
from .datasets.folder import get_image_backend, set_image_backend
from .version import __version__

__all__ = [
    "__version__",
    "datasets",
    "get_image_backend",
    "io",
    "models",
    "ops",
    "set_image_backend",
    "transforms",
    "utils",
]
