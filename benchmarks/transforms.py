"""Augmenting pictures, and loading them from files, beside torch with torchvision."""

import statistics
import tempfile

from .ratios import paired
from .sides import Side
from .workloads.photos import write_photos

# What is compared: (ours, its workload, theirs, its workload). `program` is captured, the others are as they are.
PAIRS = (
    ("jtorch", "batch", "torch", "batch"),
    ("jtorch", "each", "torch", "each"),
    ("captured", "program", "torch", "each"),
    ("captured", "program", "torch", "batch"),
    ("captured", "program", "torch", "program"),
)


def augmentation(rounds: int, quick: bool) -> dict:
    """Milliseconds for a batch of 256 pictures of 224 x 224 (quick: 16), medians of rounds that the sides take turns in."""
    count = 16 if quick else 256
    results = {"pictures": count}
    with Side("jtorch") as jtorch, Side("captured") as captured, Side("torch") as torch:
        turns = [(jtorch, "batch"), (jtorch, "each"), (captured, "program")]
        turns += [(torch, "batch"), (torch, "each"), (torch, "program")]
        for side, workload in turns:
            side.prepare_pictures(workload, count)
            side.augment(workload, 2)
        taken = {(side.name, workload): [] for side, workload in turns}
        for i in range(rounds):
            for side, workload in turns[i % len(turns) :] + turns[: i % len(turns)]:
                taken[side.name, workload].append(side.augment(workload, 1))
    results["milliseconds"] = {f"{s} {w}": 1e3 * statistics.median(times) for (s, w), times in taken.items()}
    for ours, workload, theirs, other in PAIRS:
        results[f"{ours} {workload}/{theirs} {other}"] = paired(taken[ours, workload], taken[theirs, other])
    return results


def loading(rounds: int, quick: bool) -> dict:
    """Pictures a second from JPEG files through ImageFolder, PIL transforms and a DataLoader."""
    count = 64 if quick else 512
    results = {"pictures": count}
    with tempfile.TemporaryDirectory() as folder, Side("jtorch") as jtorch, Side("torch") as torch:
        write_photos(folder, count)
        for workers in (0, 2):
            taken = {side.name: [] for side in (jtorch, torch)}
            for side in (jtorch, torch):
                side.open_folder(folder, workers)
                side.load()  # starts the workers
            for i in range(rounds):
                for side in (jtorch, torch) if i % 2 else (torch, jtorch):
                    taken[side.name].append(side.load())
            results[f"{workers} workers"] = {
                "pictures a second": {name: count / statistics.median(times) for name, times in taken.items()},
                "jtorch/torch": paired(taken["jtorch"], taken["torch"]),
            }
    return results
