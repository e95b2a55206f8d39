"""Ways of using collectives: uneven inputs (`join`), and hooks of DistributedDataParallel (`ddp_comm_hooks`)."""

from jtorch.distributed.algorithms.join import Join, Joinable, JoinHook

__all__ = ["Join", "JoinHook", "Joinable"]
