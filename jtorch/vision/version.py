"""The torchvision release whose behaviour this package follows."""

__version__ = "0.28.0"
