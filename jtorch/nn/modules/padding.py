"""Layers that extend the last dimensions of their input.

The padding is one number for all sides, or a tuple (left, right, top, bottom, front, back) as far as needed; negative
numbers take away.
"""

from jtorch.nn import functional as F
from jtorch.nn.modules.module import Module
from jtorch.nn.modules.utils import _ntuple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]


class _PadNd(Module):
    """`_dims` is the number of dimensions that are padded, `_mode` the mode of `F.pad`."""

    __constants__ = ["padding"]

    def __init__(self, padding):
        super().__init__()
        self.padding = _ntuple(2 * self._dims)(padding)

    def forward(self, input):
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self):
        return f"{self.padding}"


class _CircularPadNd(_PadNd):
    _mode = "circular"

    def _check_input_dim(self, input):
        unbatched = self._dims + 1
        if input.dim() not in (unbatched, unbatched + 1):
            raise ValueError(f"expected {unbatched}D or {unbatched + 1}D input (got {input.dim()}D input)")

    def forward(self, input):
        self._check_input_dim(input)
        return super().forward(input)


class CircularPad1d(_CircularPadNd):
    """Continues from the opposite side, one dimension."""

    _dims = 1


class CircularPad2d(_CircularPadNd):
    """Continues from the opposite side, two dimensions."""

    _dims = 2


class CircularPad3d(_CircularPadNd):
    """Continues from the opposite side, three dimensions."""

    _dims = 3


class _ConstantPadNd(_PadNd):
    __constants__ = ["padding", "value"]

    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Pads one dimension with `value`."""

    _dims = 1


class ConstantPad2d(_ConstantPadNd):
    """Pads two dimensions with `value`.

    >>> import jtorch as torch
    >>> torch.nn.ConstantPad2d((1, 0, 0, 1), 7.0)(torch.zeros(1, 1, 2))
    tensor([[[7., 0., 0.],
             [7., 7., 7.]]])
    """

    _dims = 2


class ConstantPad3d(_ConstantPadNd):
    """Pads three dimensions with `value`."""

    _dims = 3


class _ReflectionPadNd(_PadNd):
    _mode = "reflect"


class ReflectionPad1d(_ReflectionPadNd):
    """Mirrors at the edge, which is not repeated, one dimension."""

    _dims = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Mirrors at the edge, which is not repeated, two dimensions."""

    _dims = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Mirrors at the edge, which is not repeated, three dimensions."""

    _dims = 3


class _ReplicationPadNd(_PadNd):
    _mode = "replicate"


class ReplicationPad1d(_ReplicationPadNd):
    """Repeats the edge, one dimension."""

    _dims = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Repeats the edge, two dimensions."""

    _dims = 2


class ReplicationPad3d(_ReplicationPadNd):
    """Repeats the edge, three dimensions."""

    _dims = 3


class _ZeroPad(_ConstantPadNd):
    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        return f"{self.padding}"


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Pads one dimension with zeros."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Pads two dimensions with zeros."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Pads three dimensions with zeros."""
