"""Means of regions where each bin reads channels of its own (Dai et al. 2016, https://arxiv.org/abs/1605.06409, eq. 1)."""

from jtorch import nn
from jtorch.dispatch import apply
from jtorch.ops import regions as ops
from jtorch.tensor import Tensor

from ._utils import check_channels, pair, regions


def ps_roi_pool(
    input: Tensor, boxes: Tensor | list[Tensor], output_size: int | tuple[int, int], spatial_scale: float = 1.0
) -> Tensor:
    """Regions of (N, C, H, W) as (K, C / bins, *output_size): the mean of a bin's elements, in channels of its own.

    `boxes` as for `roi_align`. As in torchvision no bin reaches the last row or column.
    """
    size = pair(output_size)
    check_channels(input, size)
    return apply(ops.ps_roi_pool, (input, regions(boxes), size, float(spatial_scale)))[0]


class PSRoIPool(nn.Module):
    """`ps_roi_pool` as a layer."""

    def __init__(self, output_size: int | tuple[int, int], spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Tensor | list[Tensor]) -> Tensor:
        return ps_roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale})"
