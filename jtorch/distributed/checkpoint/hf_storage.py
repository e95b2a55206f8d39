"""Folders of safetensors files as model hubs keep them: `model-00001-of-00002.safetensors`, ..., and an index that says which tensor is where.

One process writes and reads whole tensors. Format: https://huggingface.co/docs/safetensors.
"""

import json
import os

import jtorch
from jtorch.distributed.checkpoint.folders import Metadata, TensorStorageMetadata
from jtorch.serialization import safetensors

__all__ = ["HuggingFaceStorageReader", "HuggingFaceStorageWriter"]

_INDEX = "model.safetensors.index.json"


class HuggingFaceStorageWriter:
    """For `save(state, storage_writer=...)`. `fqn_to_index_mapping` says the number of the file for each tensor, from 1; without it there is one file.

    >>> import tempfile, jtorch as torch
    >>> from jtorch.distributed import checkpoint as dcp
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = dcp.save({"x": torch.ones(2)}, storage_writer=HuggingFaceStorageWriter(folder))
    ...     sorted(os.listdir(folder))
    ['model-00001-of-00001.safetensors', 'model.safetensors.index.json']
    """

    def __init__(
        self, path: str, fqn_to_index_mapping=None, thread_count: int = 1, save_distributed: bool = False,
        enable_consolidation: bool = False, thread_count_consolidation: int = 1,
    ):  # fmt: skip
        if save_distributed or enable_consolidation:
            raise NotImplementedError(
                "HuggingFaceStorageWriter: save_distributed and enable_consolidation are not there; save whole tensors (DTensor.full_tensor) from one process"
            )
        self.path, self.files = os.fspath(path), fqn_to_index_mapping

    def write(self, values: dict) -> Metadata:
        """Write tensors by their names."""
        for name, value in values.items():
            if not isinstance(value, jtorch.Tensor) or value._dispatcher is not None:
                raise NotImplementedError(
                    f"HuggingFaceStorageWriter: {name} is a {type(value).__name__}; safetensors files hold whole tensors"
                )
        numbers = {name: 1 if self.files is None else self.files[name] for name in values}
        last = max(numbers.values(), default=1)
        os.makedirs(self.path, exist_ok=True)
        where = {name: f"model-{number:05d}-of-{last:05d}.safetensors" for name, number in numbers.items()}
        for file in sorted(set(where.values())):
            part = {name: values[name].detach().contiguous() for name in values if where[name] == file}
            safetensors.save_file(part, os.path.join(self.path, file), metadata={"format": "pt"})
        size = sum(value.numel() * value.element_size() for value in values.values())
        with open(os.path.join(self.path, _INDEX), "w") as index:
            json.dump({"metadata": {"total_size": size}, "weight_map": where}, index, indent=2)
        return _metadata(values)


class HuggingFaceStorageReader:
    """For `load(state, storage_reader=...)`: the tensors of all safetensors files in a folder."""

    def __init__(self, path: str, thread_count: int = 1):
        self.path = os.fspath(path)

    def read(self) -> dict:
        """The tensors by their names."""
        files = sorted(name for name in os.listdir(self.path) if name.endswith(".safetensors"))
        return {k: v for file in files for k, v in safetensors.load_file(os.path.join(self.path, file)).items()}

    def read_metadata(self) -> Metadata:
        """What the folder holds."""
        return _metadata(self.read())


def _metadata(values: dict) -> Metadata:
    return Metadata({name: TensorStorageMetadata(value.dtype, value.shape) for name, value in values.items()})
