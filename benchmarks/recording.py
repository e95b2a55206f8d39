"""What an operation costs before any array is computed: recording it, walking back over it, and its share of a flush."""

import statistics

from .ratios import paired
from .sides import Side


def costs(rounds: int) -> dict:
    """Microseconds of CPU time per operation on tensors of 4 elements: jtorch records, torch computes."""
    results = {}
    with Side("jtorch") as jtorch, Side("torch") as torch:
        jtorch.operations()
        for name in torch.operations():
            results[name] = _compare(jtorch, torch, rounds, lambda side, name=name: side.operation(name, 200))
        results["backward, per node"] = _compare(jtorch, torch, rounds, lambda side: side.backward(200))
        results["flush"] = flush(jtorch)
    return results


def _compare(jtorch, torch, rounds, measure):
    taken = {side.name: [] for side in (jtorch, torch)}
    for i in range(rounds + 1):
        for side in (jtorch, torch):
            seconds = measure(side)
            if i:  # the first round builds tables
                taken[side.name].append(seconds)
    return {
        "microseconds": {side: 1e6 * statistics.median(times) for side, times in taken.items()},
        "best microseconds": {side: 1e6 * min(times) for side, times in taken.items()},
        "jtorch/torch": paired(taken["jtorch"], taken["torch"]),
    }


def flush(jtorch) -> dict:
    """Microseconds of a flush of a compiled program: fixed, and for each operation, input and result."""
    small = jtorch.flush(60, 4, 4)
    return {
        "fixed": 1e6 * jtorch.flush(4, 2, 2),
        "per operation": 1e6 * (jtorch.flush(460, 4, 4) - small) / 400,
        "per input": 1e6 * (jtorch.flush(460, 204, 4) - jtorch.flush(460, 4, 4)) / 200,
        "per result": 1e6 * (jtorch.flush(460, 204, 204) - jtorch.flush(460, 204, 4)) / 200,
    }
