"""Convolution whose kernel elements are moved by learned offsets (Dai et al. 2017, https://arxiv.org/abs/1703.06211)."""

import math

import jtorch
from jtorch import nn
from jtorch.dispatch import apply
from jtorch.ops import deformable as ops
from jtorch.tensor import Tensor

from ._utils import pair


def deform_conv2d(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = (1, 1),
    padding: int | tuple[int, int] = (0, 0),
    dilation: int | tuple[int, int] = (1, 1),
    mask: Tensor | None = None,
) -> Tensor:
    """`conv2d` that reads (N, C, H, W) at shifted places, bilinearly, zero outside.

    `offset` (N, 2 * groups * kernel elements, *output size) holds a shift (y, x) for each kernel element; its groups share
    the channels evenly. `mask` (N, groups * kernel elements, *output size) scales what is read.

    >>> import jtorch as torch
    >>> picture, still = torch.arange(9.0).reshape(1, 1, 3, 3), torch.zeros(1, 8, 2, 2)
    >>> deform_conv2d(picture, still, torch.ones(1, 1, 2, 2))
    tensor([[[[ 8., 12.],
              [20., 24.]]]])
    """
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    kernel = tuple(weight.shape[-2:])
    if input.ndim != 4 or offset.ndim != 4 or weight.ndim != 4:
        raise RuntimeError("deform_conv2d(): input, offset and weight should have 4 dimensions")
    pairs = 2 * kernel[0] * kernel[1]
    if offset.shape[1] < pairs:
        raise RuntimeError(
            "the shape of the offset tensor at dimension 1 is not valid. It should be a multiple of 2 * weight.size[2] * "
            f"weight.size[3].\nGot offset.shape[1]={offset.shape[1]}, while 2 * weight.size[2] * weight.size[3]={pairs}"
        )
    groups = offset.shape[1] // pairs
    if offset.shape[1] % pairs or input.shape[1] % groups:
        raise RuntimeError(
            f"offset.shape[1] is not valid: got: {offset.shape[1]} expected: a multiple of {pairs}, by a divisor of the "
            f"{input.shape[1]} channels"
        )
    if mask is not None and mask.shape[1] != groups * pairs // 2:
        raise RuntimeError(f"mask.shape[1] is not valid: got: {mask.shape[1]} expected: {groups * pairs // 2}")
    out = tuple(
        (extent + 2 * around - step * (size - 1) - 1) // apart + 1
        for extent, around, step, size, apart in zip(input.shape[2:], padding, dilation, kernel, stride, strict=True)
    )
    if tuple(offset.shape[2:]) != out:
        raise RuntimeError(f"offset output dims: ({offset.shape[2]}, {offset.shape[3]}) - computed output dims: {out}")
    return apply(ops.deform_conv2d, (input, weight, offset, mask, bias, stride, padding, dilation))[0]


class DeformConv2d(nn.Module):
    """`deform_conv2d` as a layer; offsets and masks are given with the input."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size)
        self.stride = pair(stride)
        self.padding = pair(padding)
        self.dilation = pair(dilation)
        self.groups = groups
        self.weight = nn.Parameter(jtorch.empty(out_channels, in_channels // groups, *self.kernel_size))
        if bias:
            self.bias = nn.Parameter(jtorch.empty(out_channels))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.weight[0].numel())
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor, offset: Tensor, mask: Tensor | None = None) -> Tensor:
        return deform_conv2d(input, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask)

    def __repr__(self) -> str:
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        for name, usual in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(self, name) != usual:
                shown += f", {name}={getattr(self, name)}"
        return f"{self.__class__.__name__}({shown}{', bias=False' if self.bias is None else ''})"
