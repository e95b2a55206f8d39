"""Training steps, and the first ones, of jtorch beside torch and flax."""

import statistics
import tempfile

import numpy as np

from .ratios import paired
from .sides import Side

# Workload, batch size, steps in a round (full, quick).
WORKLOADS = {
    "mlp": ("mlp", 64, 60, 20),
    "deep": ("deep", 64, 40, 15),
    "cnn-64": ("cnn", 64, 4, 2),
    "cnn-256": ("cnn", 256, 2, 1),
    "resnet": ("resnet", 32, 2, 1),
    "gpt": ("gpt", 16, 4, 2),
    "lstm": ("lstm", 20, 4, 2),
}
SAME = 3  # steps whose losses must agree: rounding makes the later ones of a large learning rate differ
WARM_UP = 8  # at least; small steps are only compiled after some dozens


def steps(chosen, rounds: int, quick: bool) -> dict:
    """Seconds per step, medians of rounds that the sides take turns in, and the memory of a process that has done nothing else."""
    results = {}
    for name in chosen:
        workload, size, count, few = WORKLOADS[name]
        count = few if quick else count
        with Side("jtorch") as jtorch, Side("captured") as captured, Side("torch") as torch, Side("flax") as flax:
            sides = (jtorch, captured, torch, flax)
            losses = {}
            for side in sides:
                side.prepare(workload, size)
                _, losses[side.name] = side.steps(max(WARM_UP, WORKLOADS[name][2]))
            for side in ("jtorch", "captured"):
                if not np.allclose(losses[side][:SAME], losses["torch"][:SAME], rtol=1e-3):
                    raise RuntimeError(f"{name}: the losses differ: {side} {losses[side]}, torch {losses['torch']}")
            before = jtorch.programs()["programs_compiled"]
            medians = {side.name: [] for side in sides}
            for i in range(rounds):
                for side in sides[i % 4 :] + sides[: i % 4]:
                    times, _ = side.steps(count)
                    medians[side.name].append(statistics.median(times))
            results[name] = {
                "milliseconds": {side: 1e3 * statistics.median(times) for side, times in medians.items()},
                "best milliseconds": {side: 1e3 * min(times) for side, times in medians.items()},
                "compiled while measuring": jtorch.programs()["programs_compiled"] - before,
                "peak MiB": {side.name: side.peak() for side in sides},
            }
            for ours, theirs in (("jtorch", "torch"), ("jtorch", "flax"), ("captured", "torch"), ("captured", "flax")):
                results[name][f"{ours}/{theirs}"] = paired(medians[ours], medians[theirs])
    return results


def first_steps(chosen, rounds: int, count: int = 4) -> dict:
    """Seconds until the first steps are done, in fresh processes: with nothing compiled before, and once more with what the first process left on disk."""
    results = {}
    for name in chosen:
        workload, size, *_ = WORKLOADS[name]
        taken = {}
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as cache:
                for label, side, place in (
                    ("jtorch", "jtorch", cache),
                    ("jtorch again", "jtorch", cache),
                    ("flax", "flax", None),
                    ("torch", "torch", None),
                ):
                    with Side(side, place) as process:
                        process.ready()
                        made = process.prepare(workload, size)
                        times, _ = process.steps(count)
                        taken.setdefault(label, []).append([made, *times])
        results[name] = {
            label: {
                "prepare": statistics.median(row[0] for row in rows),
                "steps": [statistics.median(column) for column in list(zip(*rows, strict=True))[1:]],
                "all": statistics.median(map(sum, rows)),
            }
            for label, rows in taken.items()
        }
        totals = {label: [sum(row) for row in rows] for label, rows in taken.items()}
        results[name]["jtorch/flax"] = paired(totals["jtorch"], totals["flax"])
        results[name]["again/first"] = paired(totals["jtorch again"], totals["jtorch"])
    return results
