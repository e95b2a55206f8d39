"""Layers that only move elements: sliding blocks, shuffles, one-hot rows."""

from jtorch.dispatch import apply
from jtorch.dtypes import int64
from jtorch.nn.functional.memory_format import following
from jtorch.ops import blocks as ops
from jtorch.overloads import takes

__all__ = ["channel_shuffle", "fold", "native_channel_shuffle", "one_hot", "pixel_shuffle", "pixel_unshuffle", "unfold"]


def _pair(value, name):
    if not isinstance(value, (tuple, list)):
        return (int(value), int(value))
    if len(value) not in (1, 2):
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(value)}")
    return tuple(map(int, value)) * (3 - len(value))


@takes("im2col", kernel_size="ints 2", dilation="ints 3", padding="ints 4", stride="ints 5")
def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Sliding blocks of (N, C, H, W) as columns: (N, C KH KW, blocks).

    >>> import jtorch as torch
    >>> torch.nn.functional.unfold(torch.arange(9.0).view(1, 1, 3, 3), 2)[0, 0]
    tensor([0., 1., 3., 4.])
    """
    names = ("kernel_size", "dilation", "padding", "stride")
    pairs = [_pair(v, name) for v, name in zip((kernel_size, dilation, padding, stride), names, strict=True)]
    return apply(ops.im2col, (input, *pairs))[0]


@takes("col2im", output_size="ints 2", kernel_size="ints 3", dilation="ints 4", padding="ints 5", stride="ints 6")
def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """The transpose of unfold: blocks are added into (N, C, H, W)."""
    names = ("output_size", "kernel_size", "dilation", "padding", "stride")
    values = (output_size, kernel_size, dilation, padding, stride)
    return apply(ops.col2im, (input, *(_pair(v, name) for v, name in zip(values, names, strict=True))))[0]


@takes("pixel_shuffle", upscale_factor="int 2")
def pixel_shuffle(input, upscale_factor):
    """(..., C r², H, W) to (..., C, H r, W r) (Shi et al. 2016)."""
    return apply(ops.pixel_shuffle, (input, int(upscale_factor)))[0]


@takes("pixel_unshuffle", downscale_factor="int 2")
def pixel_unshuffle(input, downscale_factor):
    """The inverse of pixel_shuffle."""
    return apply(ops.pixel_unshuffle, (input, int(downscale_factor)))[0]


def channel_shuffle(input, groups):
    """Channels of (N, C, ...) dealt out over groups."""
    return following(input, apply(ops.channel_shuffle, (input, int(groups)))[0])


def native_channel_shuffle(input, groups):
    """`channel_shuffle`."""
    return channel_shuffle(input, groups)


@takes("one_hot", num_classes="int 2")
def one_hot(input, num_classes=-1):
    """Class numbers as rows with a single one; -1 classes: one more than the largest number, which is looked up.

    >>> import jtorch as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if input.dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if input.numel() == 0 and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if num_classes == -1:
        num_classes = max(int(input.max()) + 1, 0)
    return apply(ops.one_hot, (input, max(num_classes, 0)))[0]
