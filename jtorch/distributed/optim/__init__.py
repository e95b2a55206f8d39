"""torch.distributed.optim: optimizers whose state is spread over the processes."""

from jtorch.distributed.optim.zero_redundancy_optimizer import ZeroRedundancyOptimizer

__all__ = ["ZeroRedundancyOptimizer"]


def __getattr__(name):
    if name in ("DistributedOptimizer", "PostLocalSGDOptimizer"):
        raise NotImplementedError(
            f"torch.distributed.optim.{name} is not there: use an ordinary optimizer over DistributedDataParallel or fully_shard"
        )
    raise AttributeError(f"module 'torch.distributed.optim' has no attribute {name!r}")
