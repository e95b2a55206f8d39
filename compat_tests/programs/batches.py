"""Data of one's own: datasets, a sampler by length, padding, streams split among workers, generators, what errors say."""

import math
import random

import numpy as np
import torch
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    Sampler,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    get_worker_info,
    random_split,
)
from torch.utils.data.distributed import DistributedSampler


class Sentences(Dataset):
    def __init__(self, lengths):
        self.data = [torch.arange(1, n + 1) for n in lengths]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        if torch.is_tensor(idx):
            idx = idx.tolist()
        return {"ids": self.data[idx], "name": f"s{idx}", "w": 1.0 / len(self.data[idx])}


class BucketSampler(Sampler):
    def __init__(self, lengths, batch_size):
        self.lengths, self.batch_size = lengths, batch_size

    def __iter__(self):
        order = np.argsort(self.lengths, kind="stable")
        batches = [order[i : i + self.batch_size].tolist() for i in range(0, len(order), self.batch_size)]
        random.shuffle(batches)
        return iter(batches)

    def __len__(self):
        return math.ceil(len(self.lengths) / self.batch_size)


def pad(batch):
    ids = torch.zeros(len(batch), max(len(b["ids"]) for b in batch), dtype=torch.long)
    mask = torch.zeros_like(ids, dtype=torch.bool)
    for i, b in enumerate(batch):
        ids[i, : len(b["ids"])] = b["ids"]
        mask[i, : len(b["ids"])] = True
    return {"ids": ids, "mask": mask, "names": [b["name"] for b in batch], "w": torch.tensor([b["w"] for b in batch])}


class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(3, 11)) if info is None else iter(range(3 + info.id, 11, info.num_workers))


class Squares(Dataset):
    def __len__(self):
        return 10

    def __getitem__(self, i):
        return np.float32(i) ** 2, {"a": [i, i + 1], "b": (torch.tensor([i]), "t")}


def main():
    random.seed(0)
    torch.manual_seed(0)
    lengths = [3, 7, 2, 5, 4, 6, 1]
    for b in DataLoader(Sentences(lengths), batch_sampler=BucketSampler(lengths, 3), collate_fn=pad):
        print(b["ids"].tolist(), b["mask"].sum().item(), b["names"], b["w"])
    print(list(DataLoader(Stream(), batch_size=3)))
    print(sorted(int(x) for x in DataLoader(Stream(), num_workers=2, batch_size=None)))
    print(next(iter(DataLoader(Squares(), batch_size=4, num_workers=1))))
    both = ConcatDataset([Squares(), Subset(Squares(), [1, 3])])
    print(len(both), both[11][0], both.cumulative_sizes)
    for rank in range(2):
        sampler = DistributedSampler(Squares(), num_replicas=2, rank=rank, shuffle=True, seed=3)
        sampler.set_epoch(1)
        print(rank, list(sampler), len(sampler))
    g = torch.Generator().manual_seed(5)
    print([b[0].tolist() for b in DataLoader(TensorDataset(torch.arange(7)), batch_size=3, shuffle=True, generator=g)])
    print(list(RandomSampler(range(5), replacement=True, num_samples=8, generator=g)))
    print(list(WeightedRandomSampler([0.1, 0.9, 0.4], 8, generator=g)))
    a, b = random_split(range(10), [0.7, 0.3], generator=torch.Generator().manual_seed(0))
    print(list(a), list(b), torch.LongTensor(range(3)))
    try:
        next(iter(DataLoader([torch.ones(2), torch.ones(3)], batch_size=2)))
    except RuntimeError as error:
        print("RuntimeError:", error)
    try:
        DataLoader(Squares(), batch_size=2, sampler=RandomSampler(Squares()), shuffle=True)
    except ValueError as error:
        print("ValueError:", error)


if __name__ == "__main__":
    main()
