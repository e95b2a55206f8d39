"""Random numbers of transforms, from torch's CPU generator in torchvision's order, so that a seed gives the same results."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import jtorch


def drawn_below(p: float) -> bool:
    """Whether a draw from 0..1 is smaller than `p`. numpy compares in the draw's own dtype, as torch does."""
    return bool(jtorch.rand(1).numpy()[0] < p)


def drawn_between(low: float, high: float) -> float:
    return jtorch.empty(1).uniform_(low, high).item()


def drawn_integer(low: int, high: int) -> int:
    return jtorch.randint(low, high, size=(1,)).item()


def log_ratio(ratio: Sequence[float]) -> tuple[float, float]:
    """In float32, as torchvision has it: the logarithms decide which window a seed gives."""
    low, high = (float(np.float32(math.log(np.float32(r)))) for r in ratio)
    return low, high


def drawn_aspect(log_low: float, log_high: float) -> float:
    return float(np.float32(math.exp(drawn_between(log_low, log_high))))


def drawn_window(height: int, width: int, scale, ratio) -> tuple[int, int, int, int]:
    """(top, left, height, width) of a window of random area and aspect, or of the middle if ten draws do not fit."""
    log_low, log_high = log_ratio(ratio)
    for _ in range(10):
        area = height * width * drawn_between(scale[0], scale[1])
        aspect = drawn_aspect(log_low, log_high)
        wide, tall = int(round(math.sqrt(area * aspect))), int(round(math.sqrt(area / aspect)))
        if 0 < wide <= width and 0 < tall <= height:
            return drawn_integer(0, height - tall + 1), drawn_integer(0, width - wide + 1), tall, wide

    tall, wide = height, width
    if width / height < min(ratio):
        tall = int(round(width / min(ratio)))
    elif width / height > max(ratio):
        wide = int(round(height * max(ratio)))
    return (height - tall) // 2, (width - wide) // 2, tall, wide
