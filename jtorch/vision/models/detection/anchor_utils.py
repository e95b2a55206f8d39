"""Boxes that detectors start from: at each place of a map, of several sizes and shapes."""

import math

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from .image_list import ImageList


class AnchorGenerator(nn.Module):
    """Anchors of `sizes[i]` by `aspect_ratios[i]` (height over width) at each place of map i (Ren et al. 2015, section 3.1.1)."""

    __annotations__ = {"cell_anchors": list[Tensor]}

    def __init__(self, sizes=((128, 256, 512),), aspect_ratios=((0.5, 1.0, 2.0),)) -> None:
        super().__init__()
        if not isinstance(sizes[0], (list, tuple)):
            sizes = tuple((size,) for size in sizes)
        if not isinstance(aspect_ratios[0], (list, tuple)):
            aspect_ratios = (aspect_ratios,) * len(sizes)
        self.sizes = sizes
        self.aspect_ratios = aspect_ratios
        self.cell_anchors = [self.generate_anchors(*row) for row in zip(sizes, aspect_ratios, strict=False)]

    def generate_anchors(self, scales, aspect_ratios, dtype=jtorch.float32, device="cpu") -> Tensor:
        """Whole-numbered boxes around zero, of one area per scale."""
        scales = jtorch.as_tensor(scales, dtype=dtype, device=device)
        tall = jtorch.as_tensor(aspect_ratios, dtype=dtype, device=device).sqrt()
        widths, heights = ((ratio[:, None] * scales[None, :]).reshape(-1) for ratio in (1 / tall, tall))
        return (jtorch.stack([-widths, -heights, widths, heights], 1) / 2).round()

    def set_cell_anchors(self, dtype, device) -> None:
        self.cell_anchors = [anchors.to(dtype=dtype, device=device) for anchors in self.cell_anchors]

    def num_anchors_per_location(self) -> list[int]:
        return [len(sizes) * len(ratios) for sizes, ratios in zip(self.sizes, self.aspect_ratios, strict=False)]

    def grid_anchors(self, grid_sizes: list, strides: list) -> list[Tensor]:
        if not len(grid_sizes) == len(strides) == len(self.cell_anchors):
            raise AssertionError(
                "Anchors should be Tuple[Tuple[int]] because each feature map could potentially have different sizes and "
                "aspect ratios. There needs to be a match between the number of feature maps passed and the number of "
                "sizes / aspect ratios specified."
            )
        anchors = []
        for (height, width), (down, along), cell in zip(grid_sizes, strides, self.cell_anchors, strict=True):
            y = jtorch.arange(height, dtype=jtorch.int32, device=cell.device) * down
            x = jtorch.arange(width, dtype=jtorch.int32, device=cell.device) * along
            y, x = (part.reshape(-1) for part in jtorch.meshgrid(y, x, indexing="ij"))
            places = jtorch.stack((x, y, x, y), 1)
            anchors.append((places[:, None] + cell[None]).reshape(-1, 4))
        return anchors

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        """For each picture the anchors of all maps (all, 4)."""
        grids = [tuple(x.shape[-2:]) for x in feature_maps]
        height, width = image_list.tensors.shape[-2:]
        self.set_cell_anchors(feature_maps[0].dtype, feature_maps[0].device)
        anchors = jtorch.cat(self.grid_anchors(grids, [(height // down, width // along) for down, along in grids]))
        return [anchors for _ in image_list.image_sizes]


class DefaultBoxGenerator(nn.Module):
    """Boxes of SSD at each place of map i: two squares, and for each ratio of `aspect_ratios[i]` a wide and a tall box.

    `scales` are the sides of the squares in parts of the picture, one more than there are maps; by default evenly
    from `min_ratio` to `max_ratio` and then 1 (Liu et al. 2016, eq. 4). `steps` are the distances of places in pixels, by
    default the picture's size over the map's. With `clip` no box is larger than the picture.
    """

    def __init__(
        self,
        aspect_ratios: list[list[int]],
        min_ratio: float = 0.15,
        max_ratio: float = 0.9,
        scales: list[float] | None = None,
        steps: list[int] | None = None,
        clip: bool = True,
    ) -> None:
        super().__init__()
        if steps is not None and len(aspect_ratios) != len(steps):
            raise ValueError("aspect_ratios and steps should have the same length")
        self.aspect_ratios = aspect_ratios
        self.steps = steps
        self.clip = clip
        count = len(aspect_ratios)
        if scales is None:
            scales = [min_ratio + (max_ratio - min_ratio) * k / max(count - 1.0, 1.0) for k in range(count)]
            scales.append(1.0 if count > 1 else max_ratio)
        self.scales = scales
        self._wh_pairs = self._generate_wh_pairs(count)

    def _generate_wh_pairs(self, num_outputs: int, dtype=jtorch.float32, device="cpu") -> list[Tensor]:
        """Widths and heights (boxes, 2) for each map."""
        pairs = []
        for scale, following, ratios in zip(self.scales, self.scales[1:], self.aspect_ratios, strict=False):
            between = math.sqrt(scale * following)
            sizes = [[scale, scale], [between, between]]
            for ratio in ratios:
                wide, tall = scale * math.sqrt(ratio), scale / math.sqrt(ratio)
                sizes += [[wide, tall], [tall, wide]]
            pairs.append(jtorch.as_tensor(sizes, dtype=dtype, device=device))
        return pairs

    def num_anchors_per_location(self) -> list[int]:
        return [2 + 2 * len(ratios) for ratios in self.aspect_ratios]

    def _grid_default_boxes(self, grid_sizes: list, image_size, dtype=jtorch.float32) -> Tensor:
        """Centres and sizes (all, 4), in parts of the picture."""
        boxes = []
        for k, (grid, pairs) in enumerate(zip(grid_sizes, self._wh_pairs, strict=False)):
            steps = grid if self.steps is None else [extent / self.steps[k] for extent in image_size]
            y, x = (
                ((jtorch.arange(count) + 0.5) / extent).to(dtype) for count, extent in zip(grid, steps, strict=True)
            )
            y, x = (part.reshape(-1) for part in jtorch.meshgrid(y, x, indexing="ij"))
            centers = jtorch.stack((x, y), 1)[:, None].expand(-1, len(pairs), -1)
            sizes = (pairs.clamp(0, 1) if self.clip else pairs)[None].expand(len(centers), -1, -1)
            boxes.append(jtorch.cat((centers, sizes), 2).reshape(-1, 4))
        return jtorch.cat(boxes)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(aspect_ratios={self.aspect_ratios}, clip={self.clip}, scales={self.scales}, "
            f"steps={self.steps})"
        )

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        """For each picture the corners of all boxes (all, 4), in pixels."""
        height, width = image_list.tensors.shape[-2:]
        grids = [tuple(x.shape[-2:]) for x in feature_maps]
        boxes = self._grid_default_boxes(grids, (height, width), dtype=feature_maps[0].dtype)
        boxes = boxes.to(feature_maps[0].device)
        extent = jtorch.tensor([width, height], device=boxes.device)
        center, half = boxes[:, :2], 0.5 * boxes[:, 2:]
        corners = jtorch.cat(((center - half) * extent, (center + half) * extent), 1)
        return [corners for _ in image_list.image_sizes]
