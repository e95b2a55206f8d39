"""`DistributedSampler`: each process of a group reads its own share of a dataset."""

import math
from typing import TypeVar

import jtorch
from jtorch.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]

_T_co = TypeVar("_T_co", covariant=True)


class DistributedSampler(Sampler[_T_co]):
    """Every `num_replicas`-th index, starting at `rank`, of the dataset or of a permutation of it.

    All processes permute with the seed `seed + epoch`; call `set_epoch(epoch)` before each epoch, or every epoch has
    the same order. So that all shares are equally long, indices are repeated from the start, or with `drop_last` left
    out at the end. `num_replicas` and `rank` default to the process group's.

    >>> from jtorch.utils.data import DistributedSampler
    >>> [list(DistributedSampler(range(5), num_replicas=2, rank=rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ):
        if num_replicas is None:
            num_replicas = _process_groups().get_world_size()
        if rank is None:
            rank = _process_groups().get_rank()
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        share = len(dataset) / num_replicas
        self.num_samples = math.floor(share) if drop_last else math.ceil(share)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self):
        size = len(self.dataset)
        if self.shuffle:
            generator = jtorch.Generator()
            generator.manual_seed(self.seed + self.epoch)
            indices = jtorch.randperm(size, generator=generator).tolist()
        else:
            indices = list(range(size))
        if not self.drop_last and indices:
            indices *= math.ceil(self.total_size / size)
        indices = indices[: self.total_size]
        if len(indices) != self.total_size:
            raise AssertionError(
                f"Number of indices ({len(indices)}) does not match total_size ({self.total_size})\n"
                "The dataset became shorter after the sampler was made; make a new sampler."
            )
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self):
        return self.num_samples

    def set_epoch(self, epoch: int):
        """Choose the permutation of the coming epoch."""
        self.epoch = epoch


def _process_groups():
    groups = getattr(jtorch, "distributed", None)
    if groups is None or not groups.is_available():
        raise RuntimeError(
            "Requires distributed package to be available\nPass num_replicas and rank to DistributedSampler instead."
        )
    return groups
