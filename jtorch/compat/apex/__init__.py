"""apex, as far as its `amp` and `parallel` go, under `python -m jtorch`: torch has both itself by now."""

from jtorch.compat.apex import amp, parallel

__all__ = ["amp", "parallel"]
