"""Convolutions."""

import warnings

from jtorch.dispatch import apply
from jtorch.ops import convolution as ops
from jtorch.overloads import takes

__all__ = ["conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def tuple_of(value, n: int, name: str) -> tuple[int, ...]:
    """One int for every spatial dimension."""
    if isinstance(value, (tuple, list)):
        if len(value) == 1:
            return tuple(value) * n
        if len(value) != n:
            raise RuntimeError(
                f"expected {name} to be a single integer value or a list of {n} values to match the convolution dimensions, but got {name}={list(value)}"
            )
        return tuple(int(v) for v in value)
    return (int(value),) * n


def _conv(input, weight, bias, stride, padding, dilation, groups, n):
    stride, dilation = tuple_of(stride, n, "stride"), tuple_of(dilation, n, "dilation")
    if padding == "same":
        shape = list(input.shape if input.dim() != n + 1 else (1, *input.shape))
        if len(shape) != weight.dim():
            raise RuntimeError(
                f"Expected {weight.dim()}-dimensional input for {weight.dim()}-dimensional weight{list(weight.shape)}, but got "
                f"{len(shape)}-dimensional input of size {shape} instead"
            )
        if any(s != 1 for s in stride):
            raise RuntimeError("padding='same' is not supported for strided convolutions")
        total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        if any(t % 2 for t in total):
            warnings.warn(
                "Using padding='same' with even kernel lengths and odd dilation may require a zero-padded copy of the input be created",
                UserWarning,
                stacklevel=4,
            )
        edges = tuple((t // 2, t - t // 2) for t in total)
    elif padding == "valid":
        edges = ((0, 0),) * n
    elif isinstance(padding, str):
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    else:
        edges = tuple((p, p) for p in tuple_of(padding, n, "padding"))
    return apply(ops.convolution, (input, weight, bias, stride, edges, dilation, groups))[0]


@takes("conv1d", stride="ints", dilation="ints", groups="int")
def conv1d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation of (N, C, L) or (C, L) with (O, C / groups, K)."""
    return _conv(input, weight, bias, stride, padding, dilation, groups, 1)


@takes("conv2d", stride="ints", dilation="ints", groups="int")
def conv2d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation of (N, C, H, W) or (C, H, W) with (O, C / groups, KH, KW)."""
    return _conv(input, weight, bias, stride, padding, dilation, groups, 2)


@takes("conv3d", stride="ints", dilation="ints", groups="int")
def conv3d(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Cross-correlation of (N, C, D, H, W) or (C, D, H, W) with (O, C / groups, KD, KH, KW)."""
    return _conv(input, weight, bias, stride, padding, dilation, groups, 3)


def _conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, n):
    args = [
        tuple_of(v, n, name)
        for v, name in (
            (stride, "stride"),
            (padding, "padding"),
            (output_padding, "output_padding"),
            (dilation, "dilation"),
        )
    ]
    return apply(ops.convolution_transpose, (input, weight, bias, *args, groups))[0]


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of conv1d; weight is (C, O / groups, K)."""
    return _conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, 1)


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of conv2d; weight is (C, O / groups, KH, KW)."""
    return _conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, 2)


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    """The transpose of conv3d; weight is (C, O / groups, KD, KH, KW)."""
    return _conv_transpose(input, weight, bias, stride, padding, output_padding, groups, dilation, 3)


def conv_tbc(input, weight, bias, pad: int = 0):
    """Cross-correlation over time of (time, batch, channels) with (width, channels, channels out), `pad` zeros at either end.

    >>> import jtorch as torch
    >>> torch.nn.functional.conv_tbc(torch.ones(3, 1, 2), torch.ones(2, 2, 1), torch.ones(1)).flatten()
    tensor([5., 5.])
    """
    if input.dim() != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.dim() != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias.dim() != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.size(2) != weight.size(1):
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if weight.size(2) != bias.size(0):
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    return conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, 1, pad).permute(2, 0, 1).contiguous()
