"""The operations of the workloads one by one, captured, beside torch eager."""

import statistics

from .ratios import paired
from .sides import Side
from .training import WORKLOADS

PASSES = ("forward", "forward and backward")


def costs(rounds: int, quick: bool) -> dict:
    """Milliseconds of a call, medians of rounds that the sides take turns in."""
    results = {}
    with Side("captured") as captured, Side("torch") as torch:
        for name in torch.kernels():
            for side in (captured, torch):
                side.prepare_kernel(name)
            for i, title in enumerate(PASSES):
                taken = {side.name: [] for side in (captured, torch)}
                for turn in range(rounds + 1):
                    for side in (captured, torch) if turn % 2 else (torch, captured):
                        seconds = side.kernel(i, 2 if quick else 6)
                        if turn:
                            taken[side.name].append(seconds)
                results[f"{name}, {title}"] = {
                    "milliseconds": {side: 1e3 * statistics.median(times) for side, times in taken.items()},
                    "captured/torch": paired(taken["captured"], taken["torch"]),
                }
    return results


def inference(rounds: int, quick: bool) -> dict:
    """The forward passes of the workloads without gradients, in evaluation mode."""
    results = {}
    for name, (workload, size, count, few) in WORKLOADS.items():
        with Side("jtorch") as jtorch, Side("captured") as captured, Side("torch") as torch, Side("flax") as flax:
            sides = (jtorch, captured, torch, flax)
            for side in sides:
                side.prepare_inference(workload, size)
                side.steps(max(8, count))
            medians = {side.name: [] for side in sides}
            for i in range(rounds):
                for side in sides[i % 4 :] + sides[: i % 4]:
                    medians[side.name].append(statistics.median(side.steps(few if quick else count)[0]))
            results[name] = {"milliseconds": {side: 1e3 * statistics.median(times) for side, times in medians.items()}}
            for ours, theirs in (("jtorch", "torch"), ("jtorch", "flax"), ("captured", "torch"), ("captured", "flax")):
                results[name][f"{ours}/{theirs}"] = paired(medians[ours], medians[theirs])
    return results
