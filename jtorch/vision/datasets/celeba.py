"""CelebA: faces of celebrities, with attributes, boxes and landmarks."""

from __future__ import annotations

import os
import re
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import numpy as np

import jtorch

from ._readers import not_found, open_image, reading
from ._samples import one_or_all
from .utils import check_integrity, download_file_from_google_drive, extract_archive, verify_str_arg
from .vision import VisionDataset

CSV = namedtuple("CSV", ["header", "index", "data"])


class CelebA(VisionDataset):
    """202,599 faces (Liu et al. 2015, arXiv:1411.7766), cut out and aligned, in `root/celeba`.

    `split` is train, valid, test or all. `target_type` is one or several of attr (40 numbers 0 or 1), identity, bbox
    (x, y, width, height in the uncut picture) and landmarks (10 coordinates), as int64 tensors; several make a tuple,
    none makes None. Attributes: `filename`, `attr`, `attr_names`, `identity`, `bbox`, `landmarks_align`.
    """

    base_folder = "celeba"
    file_list = [
        ("0B7EVK8r0v71pZjFTYXZWM3FlRnM", "00d2c5bc6d35e252742224ab0c1e8fcb", "img_align_celeba.zip"),
        ("0B7EVK8r0v71pblRyaVFSWGxPY0U", "75e246fa4810816ffd6ee81facbd244c", "list_attr_celeba.txt"),
        ("1_ee_0u7vcNLOfNLegJRHmolfH5ICW-XS", "32bd1bd63d3c78cd57e08160ec5ed1e2", "identity_CelebA.txt"),
        ("0B7EVK8r0v71pbThiMVRxWXZ4dU0", "00566efa6fedff7a56946cd1c10f1c16", "list_bbox_celeba.txt"),
        ("0B7EVK8r0v71pd0FJY3Blby1HUTQ", "cc24ecafdb5b50baae59b03474781f8c", "list_landmarks_align_celeba.txt"),
        ("0B7EVK8r0v71pY0NSMzRuSXJEVkk", "d32c9cbf5e040fd4025c592c306e6668", "list_eval_partition.txt"),
    ]

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        target_type: list[str] | str = "attr",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = split
        self.target_type = target_type if isinstance(target_type, list) else [target_type]
        if not self.target_type and self.target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self._path(""), corrupted=True)
        parts = ("train", "valid", "test", "all")
        part = parts.index(verify_str_arg(split.lower() if isinstance(split, str) else split, "split", parts))

        partition = self._load_csv("list_eval_partition.txt")
        chosen = np.ones(len(partition.index), bool) if part == 3 else partition.data[:, 0] == part
        self.filename = [name for name, wanted in zip(partition.index, chosen, strict=True) if wanted]

        def rows(filename: str, header: int | None = 1):
            table = self._load_csv(filename, header)
            with reading(self._path(filename)):
                return table.header, jtorch.from_numpy(table.data[chosen])

        _, self.identity = rows("identity_CelebA.txt", None)
        _, self.bbox = rows("list_bbox_celeba.txt")
        _, self.landmarks_align = rows("list_landmarks_align_celeba.txt")
        self.attr_names, attributes = rows("list_attr_celeba.txt")
        self.attr = (attributes + 1) // 2  # -1 and 1 in the file

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.base_folder, name)

    def _load_csv(self, filename: str, header: int | None = None) -> CSV:
        """A table of integers after a name, separated by blanks, below the line `header` that names the columns."""
        path = self._path(filename)
        with reading(path), open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
            # As torchvision has it: the list of attributes ends in a blank, so that the last of the names is empty.
            names = [] if header is None else re.split(" +", lines[header].lstrip())
        with reading(path):
            cells = [line.split() for line in (lines if header is None else lines[header + 1 :])]
            return CSV(names, [row[0] for row in cells], np.array([row[1:] for row in cells], dtype=np.int64))

    def _check_integrity(self) -> bool:
        lists = [(name, md5) for _, md5, name in self.file_list if not name.endswith(".zip")]
        return all(check_integrity(self._path(name), md5) for name, md5 in lists) and os.path.isdir(
            self._path("img_align_celeba")
        )

    def download(self) -> None:
        """Fetch the files from Google Drive, with gdown, unless they are there."""
        if not self._check_integrity():
            for file_id, md5, name in self.file_list:
                download_file_from_google_drive(file_id, self._path(""), name, md5)
            extract_archive(self._path("img_align_celeba.zip"))

    def __getitem__(self, index: int):
        image = open_image(self._path(os.path.join("img_align_celeba", self.filename[index])))
        targets = [self._target(kind, index) for kind in self.target_type]
        if targets:
            return self._transformed(image, one_or_all(targets))
        return (image if self.transform is None else self.transform(image)), None

    def _target(self, kind: str, index: int):
        if kind == "identity":
            return self.identity[index, 0]
        tables = {"attr": self.attr, "bbox": self.bbox, "landmarks": self.landmarks_align}
        if kind not in tables:
            raise ValueError(f'Target type "{kind}" is not recognized.')
        return tables[kind][index]

    def __len__(self) -> int:
        return len(self.attr)

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
