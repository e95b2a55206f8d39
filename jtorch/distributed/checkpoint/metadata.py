"""torch.distributed.checkpoint.metadata: what a checkpoint holds."""

from jtorch.distributed.checkpoint.folders import Metadata, TensorStorageMetadata

__all__ = ["Metadata", "TensorStorageMetadata"]
