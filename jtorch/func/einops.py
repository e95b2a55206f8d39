"""functorch.einops: `rearrange` under its path."""

from jtorch.func.rearrange import rearrange

__all__ = ["rearrange"]
