"""Boxes that detectors start from: at each place of a map, of several sizes and shapes."""

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
