"""How exactly float32 is multiplied: fully, or with fewer bits where the device is faster that way.

The choice is made when an operation is first seen with its shapes; changing it makes the operations anew.
"""

from collections.abc import Callable
from typing import ClassVar

import jax


class Precision:
    """The settings. `changed` holds functions to call when one changes (caches that depend on it)."""

    matmul = "highest"
    convolution_tf32 = True
    changed: ClassVar[list[Callable[[], None]]] = []


# The devices decide what a word means: on an NVIDIA GPU "high" and "medium" are TF32, on a TPU three passes of bfloat16 and one. CPUs always compute fully.
_WORDS = {"highest": jax.lax.Precision.HIGHEST, "high": jax.lax.Precision.HIGH, "medium": jax.lax.Precision.DEFAULT}


def of_matmul() -> jax.lax.Precision:
    """What a matrix product is to ask of XLA."""
    return _WORDS[Precision.matmul]


def of_convolution() -> jax.lax.Precision:
    """What a convolution is to ask of XLA."""
    return _WORDS["high" if Precision.convolution_tf32 else "highest"]


def set_matmul(word: str) -> None:
    if word != Precision.matmul:
        Precision.matmul = word
        for callback in Precision.changed:
            callback()


def set_convolution_tf32(allowed: bool) -> None:
    if allowed != Precision.convolution_tf32:
        Precision.convolution_tf32 = allowed
        for callback in Precision.changed:
            callback()
