"""torch.distributed.fsdp: parameters cut over the processes."""

from jtorch.distributed.fsdp import fully_sharded_data_parallel
from jtorch.distributed.fsdp._fully_shard import (
    FSDPModule,
    UnshardHandle,
    fully_shard,
    register_fsdp_forward_method,
)
from jtorch.distributed.fsdp._policies import CPUOffloadPolicy, MixedPrecisionPolicy, OffloadPolicy
from jtorch.distributed.fsdp.fully_sharded_data_parallel import *  # noqa: F403

__all__ = [
    *fully_sharded_data_parallel.__all__, "CPUOffloadPolicy", "FSDPModule", "MixedPrecisionPolicy", "OffloadPolicy", "UnshardHandle", "fully_shard",
    "register_fsdp_forward_method",
]  # fmt: skip
