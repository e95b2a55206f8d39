"""apex.parallel: names of `torch.nn.parallel` and `torch.nn.SyncBatchNorm`."""

from jtorch.nn import SyncBatchNorm
from jtorch.nn.parallel.distributed import DistributedDataParallel as _DistributedDataParallel

__all__ = ["DistributedDataParallel", "SyncBatchNorm", "convert_syncbn_model"]


class DistributedDataParallel(_DistributedDataParallel):
    """torch's, with apex's arguments, which say how messages are cut and are not needed here."""

    def __init__(self, module, message_size: int = 10000000, delay_allreduce: bool = False, **options):
        super().__init__(module, find_unused_parameters=True)


def convert_syncbn_model(module, process_group=None, channel_last: bool = False):
    """Replace batch norms by synchronized ones."""
    return SyncBatchNorm.convert_sync_batchnorm(module, process_group)
