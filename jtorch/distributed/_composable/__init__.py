"""torch.distributed._composable: where `fully_shard` was before torch 2.6, and still is."""

from jtorch.distributed._composable.fsdp import fully_shard

__all__ = ["fully_shard"]
