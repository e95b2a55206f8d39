"""Dropout of whole blocks of neighbours (Ghiasi et al. 2018, https://arxiv.org/abs/1810.12890)."""

import math

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor


def drop_block2d(
    input: Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6, training: bool = True
) -> Tensor:
    """Squares of (N, C, H, W) zeroed so that about a part `p` of it is; the rest is scaled to keep the mean.

    Raises ValueError for `p` outside 0..1, an even `block_size`, another number of dimensions.

    >>> import jtorch as torch
    >>> drop_block2d(torch.ones(1, 1, 2, 2), p=0.5, block_size=1, training=False).sum()
    tensor(4.)
    """
    return _drop_block(input, 2, p, block_size, inplace, eps, training)


def drop_block3d(
    input: Tensor, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6, training: bool = True
) -> Tensor:
    """`drop_block2d` of cubes of (N, C, D, H, W)."""
    return _drop_block(input, 3, p, block_size, inplace, eps, training)


def _drop_block(
    input: Tensor, dimensions: int, p: float, block_size: int, inplace: bool, eps: float, training: bool
) -> Tensor:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if input.ndim != dimensions + 2:
        raise ValueError(f"input should be {dimensions + 2} dimensional. Got {input.ndim} dimensions.")
    if not training or p == 0.0:
        return input
    extents = input.shape[2:]
    block_size = min(block_size, *extents)
    if block_size % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block_size} which is even.")
    # Eq. 1: centres are drawn where a block fits, at the rate that drops a part p.
    centres = [extent - block_size + 1 for extent in extents]
    rate = p * math.prod(extents) / (block_size**dimensions * math.prod(centres))
    noise = jtorch.empty((*input.shape[:2], *centres), dtype=input.dtype, device=input.device).bernoulli_(rate)
    noise = F.pad(noise, [block_size // 2] * (2 * dimensions), value=0)
    pool = F.max_pool2d if dimensions == 2 else F.max_pool3d
    kept = 1 - pool(noise, block_size, stride=1, padding=block_size // 2)
    scale = kept.numel() / (eps + kept.sum())
    if inplace:
        return input.mul_(kept).mul_(scale)
    return input * kept * scale


class DropBlock2d(nn.Module):
    """`drop_block2d` as a layer: does nothing in evaluation."""

    def __init__(self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-6) -> None:
        super().__init__()
        self.p = p
        self.block_size = block_size
        self.inplace = inplace
        self.eps = eps

    def forward(self, input: Tensor) -> Tensor:
        return drop_block2d(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p}, block_size={self.block_size}, inplace={self.inplace})"


class DropBlock3d(DropBlock2d):
    """`drop_block3d` as a layer."""

    def forward(self, input: Tensor) -> Tensor:
        return drop_block3d(input, self.p, self.block_size, self.inplace, self.eps, self.training)
