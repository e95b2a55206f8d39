"""torch.distributed.checkpoint: checkpoints as folders, written by orbax: every device writes its own part, and any other arrangement of devices reads them."""

from jtorch.distributed.checkpoint.api import CheckpointException
from jtorch.distributed.checkpoint.default_planner import DefaultLoadPlanner, DefaultSavePlanner
from jtorch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from jtorch.distributed.checkpoint.folders import Metadata, TensorStorageMetadata, async_save, load, read_metadata, save
from jtorch.distributed.checkpoint.hf_storage import HuggingFaceStorageReader, HuggingFaceStorageWriter
from jtorch.distributed.checkpoint.stateful import Stateful
