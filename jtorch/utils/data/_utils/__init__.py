"""How batches are made: fetching, collating, worker processes and what travels between them."""

from jtorch.utils.data._utils import collate, fetch, pin_memory, worker
from jtorch.utils.data._utils.exceptions import ExceptionWrapper

__all__ = ["ExceptionWrapper", "collate", "fetch", "pin_memory", "worker"]
