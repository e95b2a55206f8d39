"""Running code that says `import torch`: aliases for the import system, and the launcher behind `python -m jtorch`."""

from jtorch.compat.alias import install, installed, uninstall

__all__ = ["install", "installed", "uninstall"]
