"""How training steps of a decoder grow with its batch, depth and length: steps a second of each side, and the memory that XLA plans for them.

`python -m benchmarks --only growth --largest 16 --out FILE.json` doubles each of the three until it is that many times as large as at first, the other two staying
as they are in `START`; `--plot FILE.png` draws it, both axes logarithmic.
"""

import contextlib
import statistics

from .ratios import paired
from .sides import Side

START = {"batch": 4, "depth": 1, "length": 64}
SIDES = ("torch", "jtorch", "captured", "flax")
SECONDS = 0.15  # of a side's turn, if a step is no longer than that


def measure(largest: int, rounds: int) -> dict:
    """For each dimension and size the milliseconds of a step, medians of rounds that the sides take turns in, and MiB of temporary memory."""
    results, start = {}, None  # all three begin with the same point
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(Side(name)) for name in SIDES]
        for dimension, first in START.items():
            factor = 1
            while factor <= largest:
                row = start if start and factor == 1 else _point(sides, {**START, dimension: first * factor}, rounds)
                start = start or row
                results.setdefault(dimension, {})[first * factor] = row
                factor *= 2
    return results


def _point(sides, sizes, rounds):
    counts, taken = {}, {side.name: [] for side in sides}
    for side in sides:
        counts[side.name] = side.prepare_decoder(sizes["batch"], sizes["depth"], sizes["length"], SECONDS)
    for turn in range(rounds):
        for side in sides[turn % 4 :] + sides[: turn % 4]:
            times, _ = side.steps(counts[side.name])
            taken[side.name].append(statistics.median(times))
    row = {"milliseconds": {name: 1e3 * statistics.median(times) for name, times in taken.items()}}
    row["steps a second"] = {name: 1e3 / time for name, time in row["milliseconds"].items()}
    row["planned MiB"] = {side.name: side.planned() for side in sides if side.name != "torch"}
    for ours, theirs in (("jtorch", "torch"), ("jtorch", "flax"), ("captured", "torch"), ("captured", "flax")):
        row[f"{ours}/{theirs}"] = paired(taken[ours], taken[theirs])
    return row


def rows(results):
    """Rows of the table of ratios."""
    for dimension, points in results.items():
        for size, row in points.items():
            for ours in ("jtorch", "captured"):
                for theirs in ("torch", "flax"):
                    times, planned = row["milliseconds"], row["planned MiB"]
                    shown = f"{times[ours]:.1f} / {times[theirs]:.1f} ms, {planned[ours]:.1f} MiB planned"
                    shown += f", {planned[theirs]:.1f} by flax" if theirs == "flax" else ""
                    yield f"{dimension} {size}, {ours}", theirs, row[f"{ours}/{theirs}"], shown


def plot(results, path):
    """Draw the results; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(results), figsize=(3.6 * len(results), 5.4), sharey="row", squeeze=False)
    for column, (dimension, points) in zip(axes.T, results.items(), strict=True):
        sizes = [int(size) for size in points]
        for axis, what in zip(column, ("steps a second", "planned MiB"), strict=True):
            for number, name in enumerate(SIDES):
                values = [row[what].get(name) for row in points.values()]
                if all(values):
                    axis.loglog(sizes, values, "o-", color=f"C{number}", label=name, markersize=3, linewidth=1)
            axis.set_xscale("log", base=2)
            axis.set_xticks(sizes, map(str, sizes))
            axis.set_xlabel(dimension)
            axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("steps a second")
    axes[1, 0].set_ylabel("MiB that XLA plans")
    axes[0, 0].legend(fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
