"""torch.distributed._tensor: where torch.distributed.tensor was before torch 2.5, and still is."""

from jtorch.distributed.tensor import *  # noqa: F403
from jtorch.distributed.tensor import __all__  # noqa: F401
