"""STL-10: pictures of 96 x 96 pixels in raw bytes, most of them without a label."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ._readers import not_found, read_lines, reading
from ._samples import ArraySamples
from .utils import check_integrity, download_and_extract_archive, verify_str_arg


class STL10(ArraySamples):
    """Pictures of ten kinds of things (Coates et al. 2011), 96 x 96 pixels, in `root/stl10_binary`.

    `split` is train, test, unlabeled or train+unlabeled; `folds` (0 to 9) takes one of the thousands of the training
    set that are used to compare. Where there is no label it is -1. Attributes: `data` (N, 3, 96, 96), `labels`, `classes`.
    """

    _channels_first = True
    _labels_name = "labels"
    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    class_names_file = "class_names.txt"
    folds_list_file = "fold_indices.txt"
    train_list = [
        ["train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"],
        ["train_y.bin", "5a34089d4802c674881badbb80307741"],
        ["unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"],
    ]
    test_list = [["test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"], ["test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"]]
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        folds: int | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", self.splits)
        if folds is not None and not isinstance(folds, int):
            raise ValueError(f"Expected type None or int for argument folds, but got type {type(folds)}.")
        if folds is not None and not 0 <= folds < 10:
            raise ValueError(f"Value for argument folds should be in the range [0, 10), but got {folds}.")
        self.folds = folds
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self._path(""), corrupted=True)

        parts = [self._part(name) for name in self.split.split("+")]
        self.data = np.concatenate([images for images, _ in parts]) if len(parts) > 1 else parts[0][0]
        self.labels = np.concatenate([labels for _, labels in parts]) if len(parts) > 1 else parts[0][1]
        if os.path.isfile(self._path(self.class_names_file)):
            self.classes = read_lines(self._path(self.class_names_file))

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.base_folder, name)

    def _part(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        path = self._path(f"{name}_X.bin")
        with reading(path):
            # Columns come before rows in the file.
            images = np.fromfile(path, np.uint8).reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)
        if name == "unlabeled":
            return images, np.full(len(images), -1)
        labels = np.fromfile(self._path(f"{name}_y.bin"), np.uint8) - 1
        if name == "train" and self.folds is not None:
            path = self._path(self.folds_list_file)
            with reading(path):
                chosen = np.array(read_lines(path)[self.folds].split(), dtype=np.int64)
                images, labels = images[chosen], labels[chosen]
        return images, labels

    def _check_integrity(self) -> bool:
        return all(check_integrity(self._path(name), md5) for name, md5 in self.train_list + self.test_list)

    def download(self) -> None:
        """Fetch and unpack the archive unless its files are there."""
        if not self._check_integrity():
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
