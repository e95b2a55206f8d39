"""Caltech 101 and 256: pictures in one folder per class."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from ._readers import open_image, read_mat, reading
from ._samples import Archived, one_or_all
from .utils import download_and_extract_archive, extract_archive, verify_str_arg

# Folders of outlines whose name is not that of the pictures'.
_OUTLINES = {
    "Faces": "Faces_2",
    "Faces_easy": "Faces_3",
    "Motorbikes": "Motorbikes_16",
    "airplanes": "Airplanes_Side_2",
}


class _Caltech(Archived):
    _may_be_corrupted = True
    _pictures: str

    def __init__(self, root: str | Path, transform, target_transform, download: bool) -> None:
        folder = os.path.join(root, self.__class__.__name__.lower())
        super().__init__(folder, transform=transform, target_transform=target_transform)
        os.makedirs(self.root, exist_ok=True)
        self._provide(download)
        self.categories = sorted(name for name in os.listdir(self._path("")) if name != "BACKGROUND_Google")
        counts = [self._count(os.listdir(self._path(category))) for category in self.categories]
        self.index = [number for count in counts for number in range(1, count + 1)]
        self.y = [label for label, count in enumerate(counts) for _ in range(count)]

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self._pictures, name)

    def _count(self, names: list[str]) -> int:
        return len(names)

    def _check_exists(self) -> bool:
        return os.path.exists(self._path(""))

    def __len__(self) -> int:
        return len(self.index)


class Caltech101(_Caltech):
    """Pictures of 101 kinds of things (Fei-Fei et al. 2004), in `root/caltech101`.

    `target_type` is category, annotation (the outline, an array (2, N)) or a list of both, which makes a tuple.
    Attributes: `categories`, `annotation_categories`, `y` (labels), `index` (numbers within a class).
    """

    _pictures = "101_ObjectCategories"

    def __init__(
        self,
        root: str | Path,
        target_type: list[str] | str = "category",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        kinds = [target_type] if isinstance(target_type, str) else target_type
        self.target_type = [verify_str_arg(kind, "target_type", ("category", "annotation")) for kind in kinds]
        super().__init__(root, transform, target_transform, download)
        self.annotation_categories = [_OUTLINES.get(category, category) for category in self.categories]

    def __getitem__(self, index: int):
        label, number = self.y[index], self.index[index]
        image = open_image(self._path(os.path.join(self.categories[label], f"image_{number:04d}.jpg")))
        read = {"category": lambda: label, "annotation": lambda: self._outline(label, number)}
        return self._transformed(image, one_or_all([read[kind]() for kind in self.target_type]))

    def _outline(self, label: int, number: int):
        folder = self.annotation_categories[label]
        path = os.path.join(self.root, "Annotations", folder, f"annotation_{number:04d}.mat")
        with reading(path):
            return read_mat(path)["obj_contour"]

    def download(self) -> None:
        """Fetch and unpack the archive unless the pictures are there."""
        if self._check_exists():
            return
        url = "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip"
        download_and_extract_archive(url, self.root, md5="3138e1922a9193bfa496528edbbc45d0")
        inner = os.path.join(self.root, "caltech-101")
        for name in sorted(os.listdir(inner)):
            if name.endswith(".gz"):
                extract_archive(os.path.join(inner, name), self.root)
        shutil.rmtree(inner)
        os.remove(os.path.join(self.root, "caltech-101.zip"))

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}"


class Caltech256(_Caltech):
    """Pictures of 256 kinds of things and a class of clutter (Griffin et al. 2007), in `root/caltech256`.

    Attributes: `categories`, `y` (labels), `index` (numbers within a class).
    """

    _pictures = "256_ObjectCategories"
    _URL = "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar"
    _MD5 = "67b4f42ca05d46448c6bb8ecd2220f6d"

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform, target_transform, download)

    def _count(self, names: list[str]) -> int:
        return sum(name.endswith(".jpg") for name in names)

    def __getitem__(self, index: int):
        label, number = self.y[index], self.index[index]
        path = self._path(os.path.join(self.categories[label], f"{label + 1:03d}_{number:04d}.jpg"))
        return self._transformed(open_image(path), label)

    def download(self) -> None:
        """Fetch and unpack the archive unless the pictures are there."""
        self._download()
