"""The real handwritten digits that lie in data/, as tensors."""

import gzip
import pathlib

import numpy as np
import torch

DATA = pathlib.Path(__file__).resolve().parent / "data"


def load_digits(train):
    """(images (N, 1, 28, 28) of floats (of the default dtype) in 0..1, digits (N,)); 4,000 to train on, 1,000 to test with, all ten kinds alike."""
    part = "train" if train else "t10k"
    images = _read(f"{part}-images-idx3-ubyte.gz", header=16).reshape(-1, 1, 28, 28)
    labels = _read(f"{part}-labels-idx1-ubyte.gz", header=8)
    return torch.from_numpy(images).to(torch.get_default_dtype()) / 255, torch.from_numpy(labels).long()


def _read(name, header):
    with gzip.open(DATA / name) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header).copy()
