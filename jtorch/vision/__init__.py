"""torchvision's API on jtorch; `python -m jtorch` lets `import torchvision` resolve here."""

from . import datasets, io, models, ops, transforms, utils
from ._switches import disable_beta_transforms_warning, get_video_backend, set_video_backend
from .datasets.folder import get_image_backend, set_image_backend
from .version import __version__

__all__ = [
    "__version__",
    "datasets",
    "disable_beta_transforms_warning",
    "get_image_backend",
    "get_video_backend",
    "io",
    "models",
    "ops",
    "set_image_backend",
    "set_video_backend",
    "transforms",
    "utils",
]
