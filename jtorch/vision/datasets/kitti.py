"""KITTI: streets from a car, with boxes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._readers import not_found, open_image, read_lines, reading
from .utils import download_and_extract_archive
from .vision import VisionDataset


class Kitti(VisionDataset):
    """Streets with the things in them (Geiger et al. 2012), in `root/Kitti/raw`, `training` or, without targets, `testing`.

    A target is a list of dicts: type, truncated, occluded, alpha, bbox, dimensions, location, rotation_y. Samples come
    in alphabetical order (torchvision: in the file system's).
    """

    data_url = "https://s3.eu-central-1.amazonaws.com/avg-kitti/"
    resources = ["data_object_image_2.zip", "data_object_label_2.zip"]
    image_dir_name = "image_2"
    labels_dir_name = "label_2"

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        transforms: Callable | None = None,
        download: bool = False,
    ):
        super().__init__(root, transforms, transform, target_transform)
        self.train = train
        self._location = "training" if train else "testing"
        if download:
            self.download()
        if not self._check_exists():
            raise not_found(self._raw_folder)
        images, labels = self._folders
        names = sorted(os.listdir(images))
        self.images = [os.path.join(images, name) for name in names]
        self.targets = [os.path.join(labels, f"{name.split('.')[0]}.txt") for name in names] if train else []

    @property
    def _raw_folder(self) -> str:
        return os.path.join(self.root, self.__class__.__name__, "raw")

    @property
    def _folders(self) -> list[str]:
        names = (self.image_dir_name, self.labels_dir_name)
        return [os.path.join(self._raw_folder, self._location, name) for name in names]

    def _check_exists(self) -> bool:
        return all(map(os.path.isdir, self._folders if self.train else self._folders[:1]))

    def download(self) -> None:
        """Fetch and unpack the archives unless the folders are there."""
        if not self._check_exists():
            for name in self.resources:
                download_and_extract_archive(f"{self.data_url}{name}", self._raw_folder, filename=name)

    def __getitem__(self, index: int):
        return self._transformed_together(
            open_image(self.images[index]), self._parse_target(index) if self.train else None
        )

    def _parse_target(self, index: int) -> list[dict[str, Any]]:
        path = self.targets[index]
        things = []
        with reading(path):
            for line in read_lines(path):
                kind, truncated, occluded, *rest = line.split(" ")
                numbers = list(map(float, rest))
                things.append(
                    {
                        "type": kind,
                        "truncated": float(truncated),
                        "occluded": int(occluded),
                        "alpha": numbers[0],
                        "bbox": numbers[1:5],
                        "dimensions": numbers[5:8],
                        "location": numbers[8:11],
                        "rotation_y": numbers[11],
                    }
                )
        return things

    def __len__(self) -> int:
        return len(self.images)
