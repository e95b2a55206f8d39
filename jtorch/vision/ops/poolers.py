"""Regions of a feature pyramid, each from the level that fits its size (https://arxiv.org/abs/1612.03144, eq. 1)."""

import math

import jtorch
from jtorch import nn
from jtorch.dispatch import apply
from jtorch.ops import regions as ops
from jtorch.tensor import Tensor

from ._utils import pair, regions
from .boxes import box_area
from .roi_align import roi_align


class LevelMapper:
    """The level of each box, counted from `k_min`: `canonical_level` for a square of `canonical_scale`, one more for its double."""

    def __init__(
        self, k_min: int, k_max: int, canonical_scale: int = 224, canonical_level: int = 4, eps: float = 1e-6
    ) -> None:
        self.k_min = k_min
        self.k_max = k_max
        self.s0 = canonical_scale
        self.lvl0 = canonical_level
        self.eps = eps

    def __call__(self, boxlists: list[Tensor]) -> Tensor:
        sides = box_area(jtorch.cat(list(boxlists))).sqrt()
        levels = jtorch.floor(self.lvl0 + jtorch.log2(sides / self.s0) + self.eps)
        return (levels.clamp(self.k_min, self.k_max) - self.k_min).to(jtorch.int64)


def _scale_of(feature: Tensor, height: int) -> float:
    """The power of two nearest to the ratio of heights."""
    return 2.0 ** round(math.log2(feature.shape[-2] / height))


class MultiScaleRoIAlign(nn.Module):
    """`roi_align` on several maps (N, C, H, W): boxes (L, 4) of each picture, in its own coordinates, to (K, C, *output_size).

    Scales and levels are found from the first pictures that come, and kept. All levels are read by one operation, so that
    shapes do not depend on which box is on which.

    >>> import jtorch as torch
    >>> pool = MultiScaleRoIAlign(["fine", "coarse"], 3, 2)
    >>> maps = {"fine": torch.rand(1, 5, 64, 64), "coarse": torch.rand(1, 5, 32, 32)}
    >>> pool(maps, [torch.tensor([[0.0, 0, 40, 40], [0, 0, 200, 240]])], [(256, 256)]).shape
    torch.Size([2, 5, 3, 3])
    """

    __annotations__ = {"scales": list[float] | None, "map_levels": LevelMapper | None}

    def __init__(
        self,
        featmap_names: list[str],
        output_size: int | tuple[int, ...] | list[int],
        sampling_ratio: int,
        *,
        canonical_scale: int = 224,
        canonical_level: int = 4,
    ) -> None:
        super().__init__()
        self.featmap_names = featmap_names
        self.sampling_ratio = sampling_ratio
        self.output_size = pair(output_size)
        self.scales = None
        self.map_levels = None
        self.canonical_scale = canonical_scale
        self.canonical_level = canonical_level

    def _set_up(self, maps: list[Tensor], image_shapes: list[tuple[int, int]]) -> None:
        if not image_shapes:
            raise ValueError("images list should not be empty")
        height = max(shape[0] for shape in image_shapes)
        self.scales = [_scale_of(x, height) for x in maps]
        first, last = (int(-math.log2(scale)) for scale in (self.scales[0], self.scales[-1]))
        self.map_levels = LevelMapper(first, last, self.canonical_scale, self.canonical_level)

    def forward(self, x: dict[str, Tensor], boxes: list[Tensor], image_shapes: list[tuple[int, int]]) -> Tensor:
        maps = [value for name, value in x.items() if name in self.featmap_names]
        if self.scales is None or self.map_levels is None:
            self._set_up(maps, image_shapes)
        if len(maps) == 1:
            return roi_align(maps[0], boxes, self.output_size, self.scales[0], self.sampling_ratio)
        rois, levels = regions(boxes), self.map_levels([of_one.detach() for of_one in boxes])
        if self.sampling_ratio > 0:
            arguments = (rois, levels, self.output_size, tuple(self.scales), self.sampling_ratio)
            return apply(ops.multiscale_roi_align, (maps, *arguments))[0]
        result = 0
        for level, (of_one, scale) in enumerate(zip(maps, self.scales, strict=True)):
            pooled = roi_align(of_one, rois, self.output_size, scale, self.sampling_ratio)
            result = result + jtorch.where((levels == level)[:, None, None, None], pooled, 0)
        return result

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(featmap_names={self.featmap_names}, output_size={self.output_size}, "
            f"sampling_ratio={self.sampling_ratio})"
        )
