"""The input of the workloads: random batches, equal on every side."""

import numpy as np

SHAPES = {"mlp": (784,), "deep": (64,), "cnn": (1, 28, 28)}


def batches(workload, size, count=8, seed=0):
    """Pairs of float32 inputs and int64 labels."""
    rng = np.random.default_rng(seed)
    return [(rng.random((size, *SHAPES[workload]), np.float32), rng.integers(0, 10, size)) for _ in range(count)]
