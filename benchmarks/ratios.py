"""Ratios of times taken side by side, with their confidence."""

import numpy as np


def paired(ours, theirs, resamples=2000, level=0.95) -> dict:
    """The ratio of two series measured in alternation, one entry per round.

    `ratio` is the median over rounds of the ratio within a round, `low` and `high` bound it by the bootstrap (Efron, 1979) over rounds. `best` compares the
    fastest rounds: on a machine that others use too it is what remains when they pause.
    """
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    quotients = ours / theirs
    rng = np.random.default_rng(0)
    medians = np.median(quotients[rng.integers(0, len(quotients), (resamples, len(quotients)))], axis=1)
    edge = (1 - level) / 2
    low, high = np.quantile(medians, (edge, 1 - edge))
    return {
        "ratio": float(np.median(quotients)),
        "low": float(low),
        "high": float(high),
        "best": float(ours.min() / theirs.min()),
    }
