"""Reading the samples of one batch from a dataset, in the main process or in a worker."""

import numpy as np

import jtorch
from jtorch.interop import own_numpy
from jtorch.tensor import Tensor
from jtorch.utils.data._utils.collate import collate_tensor_fn, default_collate, default_collate_fn_map
from jtorch.utils.data._utils.shared_memory import batch_array
from jtorch.utils.data.dataset import Subset, TensorDataset

__all__ = ["_DatasetKind", "_IterableDatasetFetcher", "_MapDatasetFetcher"]


class _DatasetKind:
    """The two kinds of datasets: indexed and iterated."""

    Map = 0
    Iterable = 1

    @staticmethod
    def create_fetcher(kind, dataset, auto_collation, collate_fn, drop_last):
        """The object whose `fetch(index)` gives the batch (or without `auto_collation` the sample) of an index."""
        fetcher = _MapDatasetFetcher if kind == _DatasetKind.Map else _IterableDatasetFetcher
        return fetcher(dataset, auto_collation, collate_fn, drop_last)


class _BaseDatasetFetcher:
    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last

    def fetch(self, possibly_batched_index):
        raise NotImplementedError


class _IterableDatasetFetcher(_BaseDatasetFetcher):
    """Takes as many samples from the stream as the index has entries; the entries mean nothing."""

    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        super().__init__(dataset, auto_collation, collate_fn, drop_last)
        self.dataset_iter = iter(dataset)
        self.ended = False

    def fetch(self, possibly_batched_index):
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.dataset_iter))
        samples = []
        for _ in possibly_batched_index:
            try:
                samples.append(next(self.dataset_iter))
            except StopIteration:
                self.ended = True
                break
        if not samples or (self.drop_last and len(samples) < len(possibly_batched_index)):
            raise StopIteration
        return self.collate_fn(samples)


class _MapDatasetFetcher(_BaseDatasetFetcher):
    """Looks every index up in the dataset."""

    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        super().__init__(dataset, auto_collation, collate_fn, drop_last)
        self.gathers_rows = auto_collation and collate_fn is default_collate

    def fetch(self, possibly_batched_index):
        if not self.auto_collation:
            return self.collate_fn(self.dataset[possibly_batched_index])
        if self.gathers_rows:
            batch = _gather_rows(self.dataset, possibly_batched_index)
            if batch is not None:
                return batch
        if getattr(self.dataset, "__getitems__", None):
            samples = self.dataset.__getitems__(possibly_batched_index)
        else:
            samples = [self.dataset[index] for index in possibly_batched_index]
        return self.collate_fn(samples)


def _gather_rows(dataset, indices):
    """The batch of a `TensorDataset` (or of `Subset`s of one), each tensor gathered in one step; None for others.

    Equal to collating the samples one by one, which would cut every tensor into rows only to stack them again.
    Anything unusual (subclasses, gradients, indices that are out of range or no ints) is left to that longer way.
    """
    if default_collate_fn_map.get(Tensor) is not collate_tensor_fn:
        return None
    while type(dataset) is Subset:
        if not _are_ints(indices):
            return None
        try:
            indices = [dataset.indices[index] for index in indices]
        except IndexError:
            return None
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset or not indices or not _are_ints(indices):
        return None
    if any(type(tensor) is not Tensor or tensor.requires_grad for tensor in dataset.tensors):
        return None
    size = len(dataset)
    rows = np.array(indices, dtype=np.int64)
    rows[rows < 0] += size
    if rows.min() < 0 or rows.max() >= size:
        return None
    return [_rows(tensor, rows) for tensor in dataset.tensors]


def _are_ints(indices):
    return isinstance(indices, (list, tuple)) and all(type(index) is int for index in indices)


def _rows(tensor, rows):
    if tensor.device.type != "cpu":
        return jtorch.index_select(tensor, 0, own_numpy(rows).to(tensor.device))
    array = tensor._host_array()
    if array is None:
        array = tensor._read().numpy()
    out = batch_array((len(rows), *array.shape[1:]), array.dtype)
    # The rows are known to be in range, and only without that check does numpy write straight into `out`.
    return own_numpy(np.take(array, rows, axis=0, out=out, mode="clip"))
