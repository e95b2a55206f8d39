"""`loss_parallel`: cross entropy of logits that are cut along the classes, without gathering them."""

import contextlib

from jtorch.distributed.tensor._dispatch import SETTINGS

__all__ = ["loss_parallel"]


@contextlib.contextmanager
def loss_parallel():
    """Inside, `cross_entropy` (and `log_softmax`) of a DTensor that is cut along the classes exchanges maxima and sums alone. The target is replicated."""
    SETTINGS.sharded_loss += 1
    try:
        yield
    finally:
        SETTINGS.sharded_loss -= 1
