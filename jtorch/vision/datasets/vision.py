"""The base class of image data sets: where the files lie and what is done to each sample."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from jtorch.utils.data import Dataset


class VisionDataset(Dataset):
    """A data set of (image, target) pairs; subclasses define `__getitem__` and `__len__`.

    `transform` takes the image, `target_transform` the target, and `transforms` (instead of these two) both at once.
    """

    _repr_indent = 4

    def __init__(
        self,
        root: str | Path | None = None,
        transforms: Callable | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
    ) -> None:
        self.root = os.path.expanduser(root) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.transform = transform
        self.target_transform = target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def __getitem__(self, index: int):
        raise NotImplementedError(f"{self.__class__.__name__} does not define __getitem__")

    def __len__(self) -> int:
        raise NotImplementedError(f"{self.__class__.__name__} does not define __len__")

    def _transformed(self, image, target):
        """The pair after `transform` and `target_transform`, as these are now: users may set them anew."""
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return image, target

    def _transformed_together(self, image, target):
        """The pair after `transforms`."""
        return (image, target) if self.transforms is None else self.transforms(image, target)

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            lines.append(f"Root location: {self.root}")
        lines += self.extra_repr().splitlines()
        if self.transforms is not None:
            lines.append(repr(self.transforms))
        return "\n".join([f"Dataset {self.__class__.__name__}", *(" " * self._repr_indent + line for line in lines)])

    def extra_repr(self) -> str:
        """Further lines of the repr."""
        return ""


class StandardTransform:
    """A transform of the image and one of the target as one of both."""

    def __init__(self, transform: Callable | None = None, target_transform: Callable | None = None) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input, target):
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        lines = [self.__class__.__name__]
        for head, transform in (("Transform: ", self.transform), ("Target transform: ", self.target_transform)):
            if transform is not None:
                first, *rest = repr(transform).splitlines()
                lines += [head + first, *(" " * len(head) + line for line in rest)]
        return "\n".join(lines)
