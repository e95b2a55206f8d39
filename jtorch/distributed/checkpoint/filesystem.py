"""Where a checkpoint lies, as an object: `FileSystemWriter(folder)` and `FileSystemReader(folder)` in the place of `checkpoint_id=folder`."""

import os

__all__ = ["FileSystemReader", "FileSystemWriter"]


class FileSystemReader:
    """For `load(state, storage_reader=...)`: a folder.

    >>> import tempfile, jtorch as torch
    >>> from jtorch.distributed import checkpoint as dcp
    >>> folder, state = tempfile.mkdtemp(), {"x": torch.zeros(2)}
    >>> _ = dcp.save({"x": torch.ones(2)}, storage_writer=FileSystemWriter(folder))
    >>> dcp.load(state, storage_reader=FileSystemReader(folder))
    >>> state["x"], FileSystemReader(folder).read_metadata().state_dict_metadata["x"].size
    (tensor([1., 1.]), torch.Size([2]))
    """

    def __init__(self, path):
        self.path = os.fspath(path)

    @property
    def checkpoint_id(self) -> str:
        return self.path

    def read_metadata(self):
        """What the folder holds."""
        from jtorch.distributed.checkpoint.folders import read_metadata

        return read_metadata(self.path)


class FileSystemWriter:
    """For `save(state, storage_writer=...)`: a folder. How many files and threads are used, and that files are synced, is orbax's affair."""

    def __init__(
        self, path, single_file_per_rank: bool = True, sync_files: bool = True, thread_count: int = 1, per_thread_copy_ahead: int = 10_000_000,
        cache_staged_state_dict: bool = False, overwrite: bool = True,
    ):  # fmt: skip
        self.path, self.overwrite = os.fspath(path), overwrite

    @property
    def checkpoint_id(self) -> str:
        return self.path
