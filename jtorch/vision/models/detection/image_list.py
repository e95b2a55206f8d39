"""A batch of pictures that differ in size."""

from dataclasses import dataclass

from jtorch.tensor import Tensor


@dataclass(eq=False)
class ImageList:
    """Pictures padded to one size (N, C, H, W), and the size (height, width) that each had."""

    tensors: Tensor
    image_sizes: list[tuple[int, int]]

    def to(self, device) -> "ImageList":
        return ImageList(self.tensors.to(device), self.image_sizes)
