"""torch.distributed.checkpoint.state_dict_saver: writing."""

from jtorch.distributed.checkpoint.folders import async_save, save

__all__ = ["async_save", "save"]
