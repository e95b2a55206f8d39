"""Samplers: the order in which a `DataLoader` reads a dataset.

Random orders draw from the same generators, in the same amounts and at the same moments as torch's samplers, so a seed
gives torch's order.
"""

import itertools
from collections.abc import Iterator, Sized
from typing import Generic, TypeVar

import jtorch

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

_T_co = TypeVar("_T_co", covariant=True)

# How many indices a sampler with replacement draws at a time: torch's number, and part of the order it gives.
_DRAWN_AT_ONCE = 32


class Sampler(Generic[_T_co]):
    """Base of all samplers: `__iter__` gives indices, or lists of indices; `__len__`, where there is one, how many.

    >>> import jtorch as torch
    >>> class ByLength(torch.utils.data.Sampler):
    ...     def __init__(self, texts):
    ...         self.texts = texts
    ...     def __len__(self):
    ...         return len(self.texts)
    ...     def __iter__(self):
    ...         return iter(sorted(range(len(self.texts)), key=lambda i: len(self.texts[i])))
    >>> list(ByLength(["ccc", "a", "bb"]))
    [1, 2, 0]
    """

    def __iter__(self) -> Iterator[_T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """Indices 0 to `len(data_source) - 1`, in order."""

    def __init__(self, data_source: Sized):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Indices in random order.

    Without replacement: permutations of the dataset, one after the other, until `num_samples` are given. With
    replacement: independent draws, made 32 at a time while iterating, so any `num_samples` costs no memory. Without a
    `generator`, each pass seeds one of its own with a number drawn from the default generator.

    >>> import jtorch as torch
    >>> torch.manual_seed(0)  # doctest: +ELLIPSIS
    <...Generator object at 0x...>
    >>> list(torch.utils.data.RandomSampler(range(5)))
    [1, 3, 4, 2, 0]
    """

    def __init__(self, data_source: Sized, replacement: bool = False, num_samples: int | None = None, generator=None):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(self.replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={self.replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self):
        # Asked each time: a dataset may grow between epochs.
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        size = len(self.data_source)
        generator = self.generator
        if generator is None:
            seed = jtorch.empty((), dtype=jtorch.int64).random_().item()
            generator = jtorch.Generator()
            generator.manual_seed(seed)
        if self.replacement:
            yield from self._draws(size, generator)
        else:
            yield from self._permutations(size, generator)

    def _draws(self, size, generator):
        # The last draw is made even when nothing is left to give: torch does, and the generator shows it.
        whole, rest = divmod(self.num_samples, _DRAWN_AT_ONCE)
        for count in itertools.chain(itertools.repeat(_DRAWN_AT_ONCE, whole), [rest]):
            yield from jtorch.randint(high=size, size=(count,), dtype=jtorch.int64, generator=generator).tolist()

    def _permutations(self, size, generator):
        whole, rest = divmod(self.num_samples, size)
        for count in itertools.chain(itertools.repeat(size, whole), [rest]):
            yield from jtorch.randperm(size, generator=generator).tolist()[:count]

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, each once."""

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for i in jtorch.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices drawn with probabilities in proportion to `weights`, which need not sum to one.

    >>> import jtorch as torch
    >>> sorted(torch.utils.data.WeightedRandomSampler([0.0, 1.0, 0.0, 2.0], 2, replacement=False))
    [1, 3]
    """

    def __init__(self, weights, num_samples: int, replacement: bool = True, generator=None):
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = jtorch.as_tensor(weights, dtype=jtorch.double)
        if len(self.weights.shape) != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        drawn = jtorch.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from drawn.tolist()

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of `sampler` (any iterable), in lists of `batch_size`; `drop_last` leaves out a shorter last list.

    >>> from jtorch.utils.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size: int, drop_last: bool):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self):
        # Works only where the sampler has a length, which not every iterable does.
        if self.drop_last:
            return len(self.sampler) // self.batch_size
        return (len(self.sampler) + self.batch_size - 1) // self.batch_size
