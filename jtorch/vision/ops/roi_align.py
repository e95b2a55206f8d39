"""Regions of feature maps by bilinear samples (He et al. 2017, https://arxiv.org/abs/1703.06870, section 3)."""

from jtorch import nn
from jtorch.dispatch import apply
from jtorch.ops import regions as ops
from jtorch.tensor import Tensor

from ._utils import pair, regions


def roi_align(
    input: Tensor,
    boxes: Tensor | list[Tensor],
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """Regions of (N, C, H, W) as (K, C, *output_size): each bin is the mean of bilinear samples.

    `boxes` are rows (K, 5) of (index in the batch, x1, y1, x2, y2), or a list of (L, 4) for each picture; `spatial_scale`
    takes their coordinates to those of `input`. Each bin has `sampling_ratio` by `sampling_ratio` samples, or, where that is not
    positive, as many as the region has elements per bin. `aligned` shifts by the half element between corners and centres.

    Differs from torchvision: without a `sampling_ratio` at most H by W samples are taken.

    >>> import jtorch as torch
    >>> picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> roi_align(picture, [torch.tensor([[0.0, 0.0, 2.0, 2.0]])], 2, sampling_ratio=1)
    tensor([[[[2.5000, 3.5000],
              [6.5000, 7.5000]]]])
    """
    rois = regions(boxes)
    return apply(ops.roi_align, (input, rois, pair(output_size), float(spatial_scale), sampling_ratio, aligned))[0]


class RoIAlign(nn.Module):
    """`roi_align` as a layer."""

    def __init__(
        self, output_size: int | tuple[int, int], spatial_scale: float, sampling_ratio: int, aligned: bool = False
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Tensor | list[Tensor]) -> Tensor:
        return roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(output_size={self.output_size}, spatial_scale={self.spatial_scale}, "
            f"sampling_ratio={self.sampling_ratio}, aligned={self.aligned})"
        )
