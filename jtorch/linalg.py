"""Linear algebra: torch.linalg."""

from .methods import namespace

globals().update(namespace("linalg"))
