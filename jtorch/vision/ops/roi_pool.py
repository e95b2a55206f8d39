"""Regions of feature maps by maxima (Girshick 2015, https://arxiv.org/abs/1504.08083, section 2.1)."""

from jtorch import nn
from jtorch.dispatch import apply
from jtorch.ops import regions as ops
from jtorch.tensor import Tensor

from ._utils import pair, regions


def roi_pool(
    input: Tensor, boxes: Tensor | list[Tensor], output_size: int | tuple[int, int], spatial_scale: float = 1.0
) -> Tensor:
    """Regions of (N, C, H, W) as (K, C, *output_size): each bin is the maximum of its elements. `boxes` as for `roi_align`."""
    return apply(ops.roi_pool, (input, regions(boxes), pair(output_size), float(spatial_scale)))[0]


class RoIPool(nn.Module):
    """`roi_pool` as a layer."""

    def __init__(self, output_size: int | tuple[int, int], spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Tensor | list[Tensor]) -> Tensor:
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale})"
