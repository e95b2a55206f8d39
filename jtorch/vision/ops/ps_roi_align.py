"""`roi_align` where each bin reads channels of its own (Dai et al. 2016, https://arxiv.org/abs/1605.06409)."""

from jtorch import nn
from jtorch.dispatch import apply
from jtorch.ops import regions as ops
from jtorch.tensor import Tensor

from ._utils import check_channels, pair, regions


def ps_roi_align(
    input: Tensor,
    boxes: Tensor | list[Tensor],
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
) -> Tensor:
    """Regions of (N, C, H, W) as (K, C / bins, *output_size): channel c of bin b is channel c * bins + b of the input.

    `boxes` as for `roi_align`, always `aligned`.
    """
    size = pair(output_size)
    check_channels(input, size)
    return apply(ops.ps_roi_align, (input, regions(boxes), size, float(spatial_scale), sampling_ratio))[0]


class PSRoIAlign(nn.Module):
    """`ps_roi_align` as a layer."""

    def __init__(self, output_size: int | tuple[int, int], spatial_scale: float, sampling_ratio: int) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio

    def forward(self, input: Tensor, rois: Tensor | list[Tensor]) -> Tensor:
        return ps_roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio})"
        )
