"""torch.signal: window functions."""

from jtorch.signal import windows

__all__ = ["windows"]
