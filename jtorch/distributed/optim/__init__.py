"""torch.distributed.optim: optimizers whose state is spread over the processes."""

from jtorch.distributed.optim.zero_redundancy_optimizer import ZeroRedundancyOptimizer

__all__ = ["ZeroRedundancyOptimizer"]


def __getattr__(name):
    instead = (
        ": use an ordinary optimizer over DistributedDataParallel or fully_shard"
        if name in ("DistributedOptimizer", "PostLocalSGDOptimizer")
        else ""
    )
    raise AttributeError(f"module 'torch.distributed.optim' has no attribute {name!r}{instead}")
