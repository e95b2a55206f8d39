"""Padding at the ends of the last dimensions."""

from jtorch.dispatch import apply
from jtorch.nn.functional.memory_format import following
from jtorch.ops import padding as ops
from jtorch.promotion import check_range

__all__ = ["pad"]

_SUPPORTED = """
Supported combinations for non-constant padding:
  - 2D or 3D input: padding size = 2 (pads last dimension)
  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)
  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"""


def pad(input, pad, mode="constant", value=None):
    """Pad the last dimensions: `pad` is (left, right) of the last, then of the one before, and so on.

    Modes: constant (any dimension, negative crops), reflect, replicate, circular (the last one to three of a batch).

    >>> import jtorch as torch
    >>> torch.nn.functional.pad(torch.ones(2), (1, 0))
    tensor([0., 1., 1.])
    """
    widths = _widths(pad)
    if value is not None and not isinstance(value, (int, float)) and not hasattr(value, "item"):
        raise TypeError(f"pad(): argument 'value' (position 4) must be float, not {type(value).__name__}")
    if mode not in ("constant", "reflect", "replicate", "circular"):
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if len(widths) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(widths) // 2 > input.dim():
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got padding length "
            f"{len(widths)} and input of dimension {input.dim()}"
        )
    if mode == "constant":
        if isinstance(value, (int, float)):
            check_range(float(value), input.dtype)
        return following(input, apply(ops.constant_pad, (input, widths, 0.0 if value is None else value))[0])
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    n = len(widths) // 2
    if n > 3 or input.dim() not in (n + 1, n + 2):
        raise NotImplementedError(
            f"Padding size {len(widths)} is not supported for {input.dim()}D input tensor.{_SUPPORTED}"
        )
    op = {"reflect": ops.reflection_pad, "replicate": ops.replication_pad, "circular": ops.circular_pad}[mode]
    return apply(op, (input, widths))[0]


def _widths(pad):
    if not isinstance(pad, (tuple, list)):
        raise TypeError(f"pad(): argument 'pad' (position 2) must be tuple of ints, not {type(pad).__name__}")
    for i, width in enumerate(pad):
        if isinstance(width, float):
            raise TypeError(
                f"pad(): argument 'pad' failed to unpack the object at pos {i + 1} with error \"type must be tuple of ints,but "
                f'got {type(width).__name__}"'
            )
    return tuple(int(p) for p in pad)
