"""A data set of noise, to try a training loop before its data are there."""

from __future__ import annotations

from collections.abc import Callable

import jtorch

from ..transforms import functional as F
from .vision import VisionDataset


class FakeData(VisionDataset):
    """`size` random PIL images with random targets; sample i is the same every time, and the same as torchvision's.

    `random_offset` is added to the index to seed a sample. The generator's state is left as it was.

    >>> from jtorch.vision import datasets
    >>> image, target = datasets.FakeData(size=100, image_size=(3, 24, 32))[0]
    >>> image.size
    (32, 24)
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int):
        if index >= len(self):
            raise IndexError(f"{self.__class__.__name__} index out of range")
        state = jtorch.get_rng_state()
        jtorch.manual_seed(index + self.random_offset)
        values = jtorch.randn(*self.image_size)
        target = jtorch.randint(0, self.num_classes, size=(1,), dtype=jtorch.long)[0]
        jtorch.set_rng_state(state)

        image = F.to_pil_image(values)
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target.item()

    def __len__(self) -> int:
        return self.size
