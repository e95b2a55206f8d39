"""Special functions: torch.special."""

from .methods import namespace

globals().update(namespace("special"))
