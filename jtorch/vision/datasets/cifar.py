"""CIFAR-10 and CIFAR-100: pictures of 32 x 32 pixels in pickled batches."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ._readers import damaged, not_found, read_pickle, reading
from ._samples import ArraySamples, numbered
from .utils import check_integrity, download_and_extract_archive


class CIFAR10(ArraySamples):
    """Pictures of ten kinds of things (Krizhevsky 2009), 50,000 to train on and 10,000 to test, 32 x 32 pixels.

    A sample is a PIL image and an int. The batches lie in `root/cifar-10-batches-py`; their pickles are read without
    executing anything in them. Attributes: `data` (N, 32, 32, 3) uint8 array, `targets`, `classes`, `class_to_idx`.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list = [
        ["data_batch_1", "c99cafc152244af753f735de768cd75f"],
        ["data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"],
        ["data_batch_3", "54ebc095f3ab1f0389bbae665268c751"],
        ["data_batch_4", "634d18415352ddfa80567beed471001a"],
        ["data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"],
    ]
    test_list = [["test_batch", "40351d587109b95175f43aff81a1287e"]]
    meta = {"filename": "batches.meta", "key": "label_names", "md5": "5ff9c542aee3614f3951f8cda6e48888"}

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self._path(""), corrupted=True)
        batches = [self._read_batch(name) for name, _ in (self.train_list if train else self.test_list)]
        self.data = np.concatenate([images for images, _ in batches]).transpose(0, 2, 3, 1)
        self.targets = [label for _, labels in batches for label in labels]
        self._load_meta()

    def _path(self, name: str) -> str:
        return os.path.join(self.root, self.base_folder, name)

    def _read_batch(self, name: str) -> tuple[np.ndarray, list[int]]:
        path = self._path(name)
        batch = read_pickle(path)
        with reading(path):
            labels = batch["labels"] if "labels" in batch else batch["fine_labels"]
            images = np.asarray(batch["data"]).reshape(-1, 3, 32, 32)
        if len(images) != len(labels):
            raise damaged(path, f"{len(labels)} labels for {len(images)} images")
        return images, labels

    def _load_meta(self) -> None:
        path = self._path(self.meta["filename"])
        if not check_integrity(path, self.meta["md5"]):
            raise RuntimeError(
                f"Dataset metadata file not found or corrupted. You can use download=True to download it ({path})"
            )
        with reading(path):
            self.classes = read_pickle(path)[self.meta["key"]]
        self.class_to_idx = numbered(self.classes)

    def _check_integrity(self) -> bool:
        return all(check_integrity(self._path(name), md5) for name, md5 in self.train_list + self.test_list)

    def download(self) -> None:
        """Fetch and unpack the archive unless its batches are there."""
        if not self._check_integrity():
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.tgz_md5)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """Pictures of a hundred kinds of things, in CIFAR-10's form, in `root/cifar-100-python`."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = [["train", "16019d7e3df5f24257cddd939b257f8d"]]
    test_list = [["test", "f0ef6b0ae62326f3e7ffdfab6717acfc"]]
    meta = {"filename": "meta", "key": "fine_label_names", "md5": "7973b15100ade9c7d40fb424638fde48"}
