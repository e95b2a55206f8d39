"""torch.distributed.checkpoint.state_dict_loader: reading."""

from jtorch.distributed.checkpoint.folders import load

__all__ = ["load"]
