"""The input of the workloads: random batches, equal on every side."""

import numpy as np

# Inputs of images and vectors; of texts, tokens in a sequence and words to choose from.
SHAPES = {"mlp": (784,), "deep": (64,), "cnn": (1, 28, 28), "resnet": (3, 32, 32)}
TEXTS = {"gpt": (64, 256), "lstm": (35, 1000)}


def batches(workload, size, count=8, seed=0):
    """Pairs of float32 inputs and int64 labels, or of int64 tokens and those that follow them."""
    if workload in TEXTS:
        return texts(size, *TEXTS[workload], count, seed)
    rng = np.random.default_rng(seed)
    return [(rng.random((size, *SHAPES[workload]), np.float32), rng.integers(0, 10, size)) for _ in range(count)]


def texts(size, length, words, count=8, seed=0):
    """Pairs of tokens and those that follow them."""
    rng = np.random.default_rng(seed)
    made = [rng.integers(0, words, (size, length + 1)) for _ in range(count)]
    return [(text[:, :-1].copy(), text[:, 1:].copy()) for text in made]
