"""torch.distributed.tensor.experimental."""

import contextlib

from jtorch.distributed.tensor._dispatch import SETTINGS

__all__ = ["implicit_replication"]


@contextlib.contextmanager
def implicit_replication():
    """Inside, plain tensors count as replicated DTensors where they meet DTensors."""
    SETTINGS.replicating += 1
    try:
        yield
    finally:
        SETTINGS.replicating -= 1
