"""torch.utils.data: orders and random numbers for a seed, batches, worker processes and what goes wrong in them.

Orders and numbers are recorded from PyTorch; all but what is marked `jtorch_only` can be run by it (`--reference`).
"""

import collections
import gc
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

# Scripts find this checkout whether it is installed or not.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}

Point = collections.namedtuple("Point", "x y")


class Numbers:
    """0 to size - 1, each passed through a function."""

    def __init__(self, size, function=lambda i: i):
        self.size = size
        self.function = function

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return self.function(index)


def values(batches):
    """Plain Python values of everything in a batch."""
    if hasattr(batches, "tolist"):
        return batches.tolist()
    if isinstance(batches, dict):
        return {key: values(value) for key, value in batches.items()}
    if isinstance(batches, (list, tuple)) and not hasattr(batches, "_fields"):
        return type(batches)(values(value) for value in batches)
    if isinstance(batches, tuple):
        return type(batches)(*map(values, batches))
    return batches


def loader(torch, dataset, **options):
    return torch.utils.data.DataLoader(dataset, **options)


def generator(torch, seed):
    return torch.Generator().manual_seed(seed)


# Orders

ORDERS = {
    "random": (
        lambda data, torch: data.RandomSampler(range(10)),
        [6, 9, 0, 7, 3, 5, 4, 2, 1, 8],
    ),
    "random, more than there are": (
        lambda data, torch: data.RandomSampler(range(4), num_samples=10),
        [2, 3, 0, 1, 1, 0, 3, 2, 1, 0],
    ),
    "random with replacement": (
        lambda data, torch: data.RandomSampler(range(10), replacement=True, num_samples=40),
        [6, 0, 4, 3, 9, 5, 7, 8, 9, 1, 8, 5, 6, 9, 0, 0, 8, 3, 0, 0]
        + [1, 9, 0, 7, 8, 3, 9, 7, 2, 2, 2, 9, 4, 6, 8, 8, 8, 7, 3, 9],
    ),
    "random from a generator": (
        lambda data, torch: data.RandomSampler(range(10), generator=generator(torch, 7)),
        [5, 0, 3, 4, 1, 7, 9, 6, 8, 2],
    ),
    "subset": (
        lambda data, torch: data.SubsetRandomSampler([3, 1, 4, 1, 5, 9, 2, 6]),
        [5, 3, 6, 1, 4, 9, 1, 2],
    ),
    "weighted": (
        lambda data, torch: data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 8),
        [5, 4, 4, 5, 4, 4, 2, 3],
    ),
    "weighted without replacement": (
        lambda data, torch: data.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement=False),
        [1, 4, 0, 2, 3],
    ),
    "distributed": (
        lambda data, torch: [list(data.DistributedSampler(range(10), 3, rank)) for rank in range(3)],
        [[4, 5, 0, 2], [1, 3, 8, 4], [7, 9, 6, 1]],
    ),
    "distributed, in order, fewer samples than processes": (
        lambda data, torch: [list(data.DistributedSampler(range(2), 5, rank, shuffle=False)) for rank in range(5)],
        [[0], [1], [0], [1], [0]],
    ),
    "split by lengths": (
        lambda data, torch: [list(part) for part in data.random_split(range(10), [7, 3])],
        [[4, 1, 7, 5, 3, 9, 0], [8, 6, 2]],
    ),
    "split by fractions": (
        lambda data, torch: [
            list(part) for part in data.random_split(range(10), [0.5, 0.25, 0.25], generator=generator(torch, 42))
        ],
        [[2, 6, 1, 8, 4, 5], [0, 9], [3, 7]],
    ),
    "batches": (
        lambda data, torch: data.BatchSampler(data.SequentialSampler(range(5)), 2, drop_last=False),
        [[0, 1], [2, 3], [4]],
    ),
    "batches without the last": (
        lambda data, torch: data.BatchSampler(data.SequentialSampler(range(5)), 2, drop_last=True),
        [[0, 1], [2, 3]],
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_order(torch, name):
    make, expected = ORDERS[name]
    assert list(make(torch.utils.data, torch)) == expected


def test_distributed_order_of_an_epoch(torch):
    sampler = torch.utils.data.DistributedSampler(range(10), 3, 1, seed=5, drop_last=True)
    sampler.set_epoch(2)
    assert (list(sampler), len(sampler)) == ([0, 1, 6], 3)


def test_sampling_with_replacement_is_lazy(torch):
    sampler = torch.utils.data.RandomSampler(range(10), replacement=True, num_samples=int(1e10))
    indices = iter(sampler)
    assert len(sampler) == 10**10
    assert [next(indices) for _ in range(3)] == [6, 0, 4]


@pytest.mark.parametrize("num_workers", [0, 2])
def test_shuffled_epochs_between_other_draws(torch, num_workers):
    rows = torch.utils.data.TensorDataset(torch.arange(7))
    batches = loader(torch, rows, batch_size=3, shuffle=True, num_workers=num_workers)
    seen = [(x.tolist(), round(torch.rand(1).item(), 6)) for _ in range(2) for (x,) in batches]
    assert seen == [
        ([0, 4, 1], 0.307423),
        ([5, 2, 6], 0.634079),
        ([3], 0.490093),
        ([6, 0, 3], 0.401717),
        ([2, 5, 1], 0.022326),
        ([4], 0.168859),
    ]


def test_random_numbers_in_workers(torch):
    def draw(index):
        info = torch.utils.data.get_worker_info()
        return info.id, info.seed, random.random(), float(np.random.rand()), torch.rand(1).item()

    def drawn(**options):
        return [[part.item() for part in batch] for batch in loader(torch, Numbers(2, draw), num_workers=2, **options)]

    assert drawn() == [
        [0, 900450186894289455, 0.21315340548154382, 0.8371640508861415, 0.7821398973464966],
        [1, 900450186894289456, 0.7733861492043289, 0.6702704958690073, 0.6938178539276123],
    ]
    assert drawn(generator=generator(torch, 1)) == [
        [0, 7692698082559361259, 0.4495910966205341, 0.7809243576395145, 0.5113104581832886],
        [1, 7692698082559361260, 0.5858821825793612, 0.49401011740198875, 0.3022708296775818],
    ]


# Datasets


def test_datasets_combine(torch):
    data = torch.utils.data

    class Letters(data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return "abc"[index]

    both = Letters() + Letters()
    assert isinstance(both, data.ConcatDataset)
    assert (len(both), both[4], both[-6]) == (6, "b", "a")
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        both[-7]
    stacked = data.StackDataset(letter=Letters(), number=range(3))
    assert stacked.__getitems__([0, 2]) == [{"letter": "a", "number": 0}, {"letter": "c", "number": 2}]
    assert data.StackDataset(Letters(), range(3))[1] == ("b", 1)
    assert list(data.Subset(Letters(), [2, 0])) == ["c", "a"]
    with pytest.raises(NotImplementedError, match=r"Subclasses of Dataset should implement __getitem__\."):
        data.Dataset()[0]
    with pytest.raises(TypeError):
        len(data.Dataset())


def test_streams_chain(torch):
    class Count(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(range(2))

        def __len__(self):
            return 2

    chained = Count() + Count()
    assert (list(chained), len(chained)) == ([0, 1, 0, 1], 4)
    with pytest.raises(AssertionError, match="ConcatDataset does not support IterableDataset"):
        torch.utils.data.ConcatDataset([Count()])


def test_rows_of_tensors(torch):
    x, y = torch.arange(12.0).view(6, 2), torch.arange(6)
    rows = torch.utils.data.TensorDataset(x, y)
    part = torch.utils.data.Subset(rows, [5, -1, 0])
    assert values(next(iter(loader(torch, part, batch_size=3)))) == [
        [[10.0, 11.0], [10.0, 11.0], [0.0, 1.0]],
        [5, 5, 0],
    ]
    with pytest.raises(IndexError, match="index 6 is out of bounds for dimension 0 with size 6"):
        next(iter(loader(torch, rows, sampler=[6])))
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        torch.utils.data.TensorDataset(x, y[:5])


def test_rows_that_need_gradients_keep_their_history(torch):
    x = torch.ones(3, 2, requires_grad=True)
    (batch,) = next(iter(loader(torch, torch.utils.data.TensorDataset(x * 2), batch_size=2)))
    batch.sum().backward()
    assert x.grad.tolist() == [[2.0, 2.0], [2.0, 2.0], [0.0, 0.0]]


def test_rows_are_copies(torch):
    x = torch.zeros(4, 2)
    (batch,) = next(iter(loader(torch, torch.utils.data.TensorDataset(x), batch_size=4)))
    batch += 1
    assert x.sum().item() == 0


def test_a_split_warns_of_empty_parts(torch):
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        torch.utils.data.random_split(range(1), [0.5, 0.5])
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length of the input dataset!"):
        torch.utils.data.random_split(range(3), [1, 1])


# Batches

COLLATED = [
    ([1, 2], "tensor([1, 2])"),
    ([1.5, 2.0], "tensor([1.5000, 2.0000], dtype=torch.float64)"),
    ([True, False], "tensor([ True, False])"),
    ([1, 2.5], "tensor([1.0000, 2.5000])"),
    ([np.float32(1), np.float32(2)], "tensor([1., 2.])"),
    ([np.int16(1), np.int16(2)], "tensor([1, 2], dtype=torch.int16)"),
    ([np.bool_(True), np.bool_(False)], "tensor([ True, False])"),
    ([np.arange(2), np.arange(2)], "tensor([[0, 1],\n        [0, 1]])"),
    ([np.array(1.5), np.array(2.5)], "tensor([1.5000, 2.5000], dtype=torch.float64)"),
    (["a", "b"], "['a', 'b']"),
    ([b"a", b"b"], "[b'a', b'b']"),
    ([(1, "a"), (2, "b")], "[tensor([1, 2]), ('a', 'b')]"),
    ([[1, 2], [3, 4]], "[tensor([1, 3]), tensor([2, 4])]"),
    ([{"a": 1}, {"a": 2}], "{'a': tensor([1, 2])}"),
    ([Point(1, 2), Point(3, 4)], "Point(x=tensor([1, 3]), y=tensor([2, 4]))"),
    ([range(2), range(2)], "[tensor([0, 0]), tensor([1, 1])]"),
]


@pytest.mark.parametrize("batch, expected", COLLATED, ids=[expected[:30] for _, expected in COLLATED])
def test_collate(torch, batch, expected):
    assert repr(torch.utils.data.default_collate(batch)) == expected


def test_collate_keeps_the_class_of_a_mapping(torch):
    collated = torch.utils.data.default_collate([collections.OrderedDict(b=1, a=(2, 3))] * 2)
    assert type(collated) is collections.OrderedDict
    assert list(values(collated).items()) == [("b", [1, 1]), ("a", [[2, 2], [3, 3]])]


def test_collate_of_tensors(torch):
    collate = torch.utils.data.default_collate
    assert collate([torch.ones(2), torch.zeros(2)]).tolist() == [[1.0, 1.0], [0.0, 0.0]]
    assert collate([torch.tensor(1), torch.tensor(2)]).tolist() == [1, 2]
    assert collate([torch.arange(6).view(2, 3).t()] * 2).is_contiguous()
    assert collate([torch.ones(0, 3)] * 2).shape == (2, 0, 3)
    assert collate([torch.ones(2, dtype=torch.bfloat16)] * 3).dtype is torch.bfloat16
    x = torch.ones(2, requires_grad=True)
    assert collate([x, x]).grad_fn is not None


def test_collate_refuses(torch):
    collate = torch.utils.data.default_collate
    with pytest.raises(
        TypeError,
        match="default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class 'object'>",
    ):
        collate([object()])
    with pytest.raises(TypeError, match="found <U1"):
        collate([np.array(["a"])])
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        collate([[1], [1, 2]])
    with pytest.raises(
        RuntimeError, match=r"stack expects each tensor to be equal size, but got \[1\] at entry 0 and \[2\] at entry 1"
    ):
        collate([torch.ones(1), torch.ones(2)])


def test_a_class_can_be_taught_to_collate(torch):
    from importlib import import_module

    class Word(str):
        pass

    functions = import_module(f"{torch.__name__}.utils.data._utils.collate").default_collate_fn_map
    functions[Word] = lambda batch, *, collate_fn_map: "-".join(batch)
    try:
        assert torch.utils.data.default_collate([Word("a"), Word("b")]) == "a-b"
        assert list(loader(torch, Numbers(2, lambda i: Word("ab"[i])), batch_size=2, num_workers=1)) == ["a-b"]
    finally:
        del functions[Word]


def test_convert(torch):
    converted = torch.utils.data.default_convert({"a": np.arange(2), "b": (1, "c"), "c": np.float32(2), "d": ["e"]})
    assert repr(converted) == "{'a': tensor([0, 1]), 'b': [1, 'c'], 'c': tensor(2.), 'd': ['e']}"


@pytest.mark.parametrize("num_workers", [0, 2])
def test_batches(torch, num_workers):
    def sample(index):
        return {
            "n": index,
            "point": Point(float(index), [str(index)]),
            "image": np.full((2, 64, 64), index, np.float32),
        }

    first, last = loader(torch, Numbers(3, sample), batch_size=2, num_workers=num_workers)
    image = first.pop("image")
    assert repr(first) == (
        "{'n': tensor([0, 1]), 'point': Point(x=tensor([0., 1.], dtype=torch.float64), y=[('0', '1')])}"
    )
    assert isinstance(first["point"], Point)
    assert (image.shape, image.dtype, image.is_contiguous()) == ((2, 2, 64, 64), torch.float32, True)
    assert image.mean(dim=(1, 2, 3)).tolist() == [0.0, 1.0]
    assert bool((last["image"] == 2).all())


@pytest.mark.parametrize("num_workers", [0, 2])
def test_options(torch, num_workers):
    def lists(**options):
        return values(list(loader(torch, Numbers(5), num_workers=num_workers, **options)))

    assert lists(batch_size=2, drop_last=True) == [[0, 1], [2, 3]]
    assert lists(batch_size=None) == [0, 1, 2, 3, 4]
    assert lists(sampler=[4, 2], batch_size=2) == [[4, 2]]
    assert lists(batch_sampler=[[0, 1, 2], [4]]) == [[0, 1, 2], [4]]
    assert lists(batch_size=3, collate_fn=sum) == [3, 7]
    assert len(loader(torch, Numbers(5), batch_size=2)) == 3
    assert len(loader(torch, Numbers(5), batch_size=2, drop_last=True)) == 2


class Shared:
    """A stream that workers share."""

    @staticmethod
    def of(torch, size, **more):
        def numbers(self):
            info = torch.utils.data.get_worker_info()
            return iter(range(size) if info is None else range(info.id, size, info.num_workers))

        return type("Stream", (torch.utils.data.IterableDataset,), {"__iter__": numbers, **more})()


@pytest.mark.parametrize("num_workers", [0, 2])
def test_streams(torch, num_workers):
    stream = Shared.of(torch, 7)
    batches = loader(torch, stream, batch_size=2, num_workers=num_workers)
    expected = [[0, 1], [2, 3], [4, 5], [6]] if num_workers == 0 else [[0, 2], [1, 3], [4, 6], [5]]
    for _ in range(2):
        assert sorted(values(list(batches))) == sorted(expected)
    assert sorted(values(list(loader(torch, stream, batch_size=None, num_workers=num_workers)))) == list(range(7))


def test_a_stream_that_is_longer_than_it_says(torch):
    stream = Shared.of(torch, 3, __len__=lambda self: 2, __repr__=lambda self: "Stream")
    batches = loader(torch, stream)
    assert len(batches) == 2
    message = re.escape(
        "Length of IterableDataset Stream was reported to be 2(when accessing len(dataloader)), but 3 samples have been fetched. "
    )
    with pytest.warns(UserWarning, match=message):
        list(batches)


def test_persistent_workers(torch):
    def sample(index):
        return os.getpid(), index

    batches = loader(torch, Numbers(6, sample), shuffle=True, num_workers=2, persistent_workers=True)
    epochs = []
    for epoch in range(3):
        seen = []
        for process, index in batches:
            seen.append((process.item(), index.item()))
            if epoch == 1:
                break
        epochs.append(seen)
    assert {process for process, _ in epochs[0]} == {process for process, _ in epochs[2]}
    assert sorted(index for _, index in epochs[2]) == list(range(6))
    # The epoch that was left early has drawn its permutation.
    assert [[index for _, index in epoch] for epoch in epochs] == [[0, 4, 3, 5, 2, 1], [5], [2, 3, 1, 5, 4, 0]]


@pytest.mark.jtorch_only  # PyTorch loses the worker
def test_a_stream_that_fails_to_start_again(torch):
    def once(self):
        self.started = getattr(self, "started", 0) + 1
        if self.started == 2:
            raise ValueError("the stream is used up")
        return iter(range(2))

    stream = type("Stream", (torch.utils.data.IterableDataset,), {"__iter__": once})()
    batches = loader(torch, stream, num_workers=1, persistent_workers=True)
    assert values(list(batches)) == [[0], [1]]
    with pytest.raises(ValueError, match="the stream is used up"):
        list(batches)
    assert values(list(batches)) == [[0], [1]]  # by a new worker


def test_without_order_every_batch_comes_once(torch):
    batches = loader(torch, Numbers(20), batch_size=3, num_workers=2, in_order=False)
    assert sorted(sum(values(list(batches)), [])) == list(range(20))


def test_a_worker_is_set_up(torch):
    def set_up(worker_id):
        torch.utils.data.get_worker_info().dataset.function = lambda index: (index, worker_id)

    batches = loader(torch, Numbers(3), num_workers=2, worker_init_fn=set_up)
    assert values(list(batches)) == [[[0], [0]], [[1], [1]], [[2], [0]]]


def test_what_a_worker_knows_of_itself(torch):
    def describe(index):
        info = torch.utils.data.get_worker_info()
        return info.id, info.num_workers, len(info.dataset), torch.initial_seed() == info.seed

    assert torch.utils.data.get_worker_info() is None
    assert values(next(iter(loader(torch, Numbers(4, describe), num_workers=1)))) == [[0], [1], [4], [True]]


# What goes wrong

ARGUMENTS = [
    (dict(num_workers=-1), ValueError, "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing."),
    (dict(timeout=-1), ValueError, "timeout option should be non-negative"),
    (dict(prefetch_factor=2), ValueError, "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."),
    (dict(prefetch_factor=-2, num_workers=1), ValueError, "prefetch_factor option should be non-negative"),
    (dict(persistent_workers=True), ValueError, "persistent_workers option needs num_workers > 0"),
    (dict(sampler=[1], shuffle=True), ValueError, "sampler option is mutually exclusive with shuffle"),
    (dict(batch_sampler=[[1]], batch_size=2), ValueError, "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"),
    (dict(batch_size=None, drop_last=True), ValueError, "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"),
    (dict(batch_size=0), ValueError, "batch_size should be a positive integer value, but got batch_size=0"),
    (dict(batch_size=1.5), ValueError, "batch_size should be a positive integer value, but got batch_size=1.5"),
    (dict(drop_last=2), ValueError, "drop_last should be a boolean value, but got drop_last=2"),
    (dict(multiprocessing_context="fork"), ValueError, "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got num_workers=0"),
    (dict(multiprocessing_context="x", num_workers=1), ValueError, "multiprocessing_context option should specify a valid start method in ['fork', 'spawn', 'forkserver'], but got multiprocessing_context='x'"),
    (dict(multiprocessing_context=3, num_workers=1), TypeError, "multiprocessing_context option should be a valid context object or a string specifying the start method, but got multiprocessing_context=3"),
]  # fmt: skip


@pytest.mark.parametrize("options, error, message", ARGUMENTS, ids=[message[:50] for *_, message in ARGUMENTS])
def test_arguments(torch, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        loader(torch, Numbers(3), **options)


@pytest.mark.parametrize("options", [dict(shuffle=True), dict(sampler=[1]), dict(batch_sampler=[[1]])], ids=str)
def test_a_stream_has_its_own_order(torch, options):
    (name,) = options
    message = f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={options[name]}"
    with pytest.raises(ValueError, match=re.escape(message)):
        loader(torch, Shared.of(torch, 3), **options)


SAMPLERS = [
    (lambda data: data.RandomSampler([]), ValueError, "num_samples should be a positive integer value, but got num_samples=0"),
    (lambda data: data.RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean value, but got replacement=1"),
    (lambda data: data.WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence but given weights have shape (1, 1)"),
    (lambda data: data.WeightedRandomSampler([1.0], True), ValueError, "num_samples should be a positive integer value, but got num_samples=True"),
    (lambda data: data.DistributedSampler([1], 2, 2), ValueError, "Invalid rank 2, rank should be in the interval [0, 1]"),
]  # fmt: skip


@pytest.mark.parametrize("make, error, message", SAMPLERS, ids=[message[:50] for *_, message in SAMPLERS])
def test_arguments_of_samplers(torch, make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make(torch.utils.data)


def test_a_loader_keeps_its_order(torch):
    with pytest.raises(ValueError, match="batch_size attribute should not be set after DataLoader is initialized"):
        loader(torch, Numbers(3)).batch_size = 2


def test_more_workers_than_processors(torch):
    number = len(os.sched_getaffinity(0)) + 1
    with pytest.warns(
        UserWarning, match=f"This DataLoader will create {number} worker processes in total. Our suggested max"
    ):
        loader(torch, Numbers(3), num_workers=number)


@pytest.mark.skipif(os.path.exists("/dev/nvidia0"), reason="there is an accelerator")
def test_pinning_without_an_accelerator(torch):
    message = (
        "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used."
    )
    with pytest.warns(UserWarning, match=message):
        assert values(list(loader(torch, Numbers(2), pin_memory=True))) == [[0], [1]]


class NotBuilt(Exception):
    def __init__(self, one, two):
        pass


@pytest.mark.parametrize(
    "raised, expected",
    [(ValueError("bad sample"), ValueError), (KeyError("bad sample"), KeyError), (NotBuilt(1, 2), RuntimeError)],
    ids=["ValueError", "KeyError", "NotBuilt"],
)
def test_an_error_in_a_worker(torch, raised, expected):
    def sample(index):
        if index == 2:
            raise raised
        return index

    batches = iter(loader(torch, Numbers(4, sample), num_workers=2))
    assert values([next(batches), next(batches)]) == [[0], [1]]
    with pytest.raises(expected) as caught:
        next(batches)
    assert type(caught.value) is expected
    lines = str(caught.value).splitlines()
    assert lines[0] == f"Caught {type(raised).__name__} in DataLoader worker process 0."
    assert lines[1] == "Original Traceback (most recent call last):"
    assert any("in sample" in line for line in lines)
    assert values(next(batches)) == [3]


@pytest.mark.jtorch_only  # PyTorch waits for ever: the class cannot be pickled
def test_an_error_of_a_class_of_ones_own(torch):
    class Mine(Exception):
        pass

    def sample(index):
        raise Mine("of a function")

    with pytest.raises(Mine, match="of a function"):
        list(loader(torch, Numbers(1, sample), num_workers=1))


def test_an_error_when_a_worker_is_set_up(torch):
    def set_up(worker_id):
        raise RuntimeError("no database")

    with pytest.raises(RuntimeError, match="Caught RuntimeError in DataLoader worker process 0(.|\n)*no database"):
        list(loader(torch, Numbers(1), num_workers=1, worker_init_fn=set_up))


def test_a_batch_that_takes_too_long(torch):
    batches = loader(torch, Numbers(1, lambda index: time.sleep(2)), num_workers=1, timeout=0.2)
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.2 seconds"):
        list(batches)


@pytest.mark.jtorch_only
def test_a_worker_that_is_killed(torch):
    def sample(index):
        if index == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return index

    batches = iter(loader(torch, Numbers(6, sample), num_workers=2))
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly") as caught:
        list(batches)
    assert re.fullmatch(r"DataLoader worker \(pid \d+\) is killed by signal: Killed. ", str(caught.value.__cause__))
    assert not any(worker.process.is_alive() for worker in batches._workers)


@pytest.mark.jtorch_only
def test_a_worker_that_exits(torch):
    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly") as caught:
        list(loader(torch, Numbers(1, lambda index: sys.exit(7)), num_workers=1))
    assert "exited unexpectedly with exit code 7" in str(caught.value.__cause__)


@pytest.mark.jtorch_only
def test_a_dataset_that_cannot_be_pickled(torch):
    with pytest.raises(TypeError, match="cannot pickle 'generator' object") as caught:
        list(loader(torch, Numbers(1, (i for i in range(3))), num_workers=1))
    assert "worker_init_fn or at first use" in caught.value.__notes__[0]


@pytest.mark.jtorch_only
def test_a_batch_that_cannot_be_pickled(torch):
    batches = loader(torch, Numbers(1, lambda index: (i for i in range(3))), num_workers=1, collate_fn=list)
    with pytest.raises(TypeError, match="Caught TypeError in DataLoader worker process 0(.|\n)*cannot pickle"):
        list(batches)


# Workers


@pytest.mark.jtorch_only
def test_workers_end_with_the_iterator(torch):
    batches = iter(loader(torch, Numbers(100), num_workers=2))
    next(batches)
    workers = {worker.process for worker in batches._workers}
    assert len(workers.intersection(multiprocessing.active_children())) == 2
    del batches
    gc.collect()
    assert not workers.intersection(multiprocessing.active_children())


@pytest.mark.jtorch_only
def test_memory_of_batches_is_used_again(torch):
    def sample(index):
        return np.full(50_000, index)

    batches = iter(loader(torch, Numbers(60, sample), num_workers=1))
    total = sum(int(batch.sum()) for batch in batches)
    assert total == 50_000 * sum(range(60))
    (worker,) = batches._workers
    assert len(worker.reader.segments) <= 6


@pytest.mark.jtorch_only
def test_batches_that_are_kept_stay_what_they_are(torch):
    held = list(loader(torch, Numbers(150, lambda index: np.full(5_000, index)), num_workers=2))
    assert [int(batch[0, 0]) for batch in held] == list(range(150))
    assert all(int(batch.min()) == int(batch.max()) for batch in held)
    assert len(os.listdir("/proc/self/fd")) < 250


@pytest.mark.jtorch_only
def test_workers_see_no_accelerator_and_share_no_writes(torch):
    table = np.zeros(10_000)

    def sample(index):
        table[:] += 1
        return os.environ["JAX_PLATFORMS"], float(table[0])

    (platform, count), (_, again) = loader(torch, Numbers(2, sample), num_workers=1)
    assert (platform, count.item(), again.item(), table[0]) == (("cpu",), 1.0, 2.0, 0.0)


@pytest.mark.jtorch_only
def test_a_memory_mapped_file_travels_by_name(torch, tmp_path):
    mapped = np.memmap(tmp_path / "numbers", np.int64, "w+", shape=(100, 10))
    mapped[:] = np.arange(1000).reshape(100, 10)
    mapped.flush()
    part = mapped[20:]

    def sample(index):
        return part[index], type(part).__name__

    ((row, kind),) = loader(torch, Numbers(1, sample), num_workers=1)
    assert (row.tolist(), kind) == ([list(range(200, 210))], ("memmap",))


@pytest.mark.jtorch_only
def test_values_shared_through_multiprocessing(torch):
    counter = multiprocessing.get_context("spawn").Value("i", 0)
    guard = threading.Lock()

    def sample(index):
        with guard, counter.get_lock():
            counter.value += 1
        return index

    list(loader(torch, Numbers(10, sample), num_workers=2))
    assert counter.value == 10


SCRIPT = """
    import collections, random, signal, sys
    {imports}

    print("started as", __name__)
    Sample = collections.namedtuple("Sample", "image label")
    scale = 3

    class Squares(torch.utils.data.Dataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            import torch
            return Sample(torch.full((2,), float(scale * index)), index)

    for batch in torch.utils.data.DataLoader(Squares(), batch_size=2, num_workers=2, collate_fn=lambda batch: batch):
        print([type(sample) is Sample for sample in batch], [sample.image.tolist() for sample in batch])
"""


def run_script(folder, text, *options):
    path = folder / "script.py"
    path.write_text(textwrap.dedent(text))
    return subprocess.run(
        [sys.executable, *options, path],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder.parent,
        env=ENVIRONMENT,
    )


@pytest.mark.jtorch_only
@pytest.mark.parametrize("launched", [False, True])
def test_a_script_without_a_main_guard(tmp_path, launched):
    imports = "import torch" if launched else "import jtorch.compat; jtorch.compat.install(); import torch"
    done = run_script(tmp_path, SCRIPT.format(imports=imports), *(["-m", "jtorch"] if launched else []))
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "started as __main__",
        "[True, True] [[0.0, 0.0], [3.0, 3.0]]",
        "[True, True] [[6.0, 6.0], [9.0, 9.0]]",
    ]


@pytest.mark.jtorch_only
def test_interrupting_a_script(tmp_path):
    script = """
        import time
        import jtorch as torch

        class Slow(torch.utils.data.Dataset):
            def __len__(self):
                return 1000

            def __getitem__(self, index):
                time.sleep(0.05)
                return index

        for batch in torch.utils.data.DataLoader(Slow(), num_workers=2):
            print(batch.item(), flush=True)
    """
    (tmp_path / "slow.py").write_text(textwrap.dedent(script))
    process = subprocess.Popen(
        [sys.executable, tmp_path / "slow.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=ENVIRONMENT,
    )
    assert process.stdout.readline() == "0\n"
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C in a terminal: to the workers as well
    _, errors = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert errors.splitlines()[-1] == "KeyboardInterrupt"
