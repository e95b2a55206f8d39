"""torch.nn.parallel: modules on several devices of one process (`DataParallel`), and of several processes (`DistributedDataParallel`)."""

from .data_parallel import DataParallel, data_parallel
from .parallel_apply import parallel_apply
from .replicate import replicate
from .scatter_gather import gather, scatter

__all__ = [
    "DataParallel",
    "DistributedDataParallel",
    "data_parallel",
    "gather",
    "parallel_apply",
    "replicate",
    "scatter",
]


def __getattr__(name):
    if name == "DistributedDataParallel":  # loaded when asked for, with torch.distributed
        from .distributed import DistributedDataParallel

        return DistributedDataParallel
    raise AttributeError(f"module 'torch.nn.parallel' has no attribute {name!r}")
