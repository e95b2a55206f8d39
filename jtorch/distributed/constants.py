"""torch.distributed.constants: how long a group waits."""

from jtorch.distributed.process_group import default_pg_timeout

default_pg_nccl_timeout = None  # as in a torch without NCCL

__all__ = ["default_pg_nccl_timeout", "default_pg_timeout"]
