"""torch.nn.parallel: models of several devices, as far as one device goes. `DistributedDataParallel` is not there: many processes are not."""

from .data_parallel import DataParallel, data_parallel
from .scatter_gather import gather, scatter

__all__ = ["DataParallel", "data_parallel", "gather", "scatter"]
