"""What data sets have in common: archives to fetch, and samples that are rows of an array or files with a label."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ._readers import not_found
from .utils import download_and_extract_archive
from .vision import VisionDataset


class Archived(VisionDataset):
    """A data set that comes in archives, `_URL` with the checksum `_MD5`, or those that `_archives` lists.

    `_folder` is where they are unpacked, `_check_exists` says whether what was in them is there. A class whose way to
    fetch is public names it `download`.
    """

    _URL: str
    _MD5: str | None = None
    _may_be_corrupted = False

    @property
    def _archives(self) -> Iterable[tuple[str, str | None]]:
        return [(self._URL, self._MD5)]

    @property
    def _folder(self) -> str | Path:
        return self.root

    def _check_exists(self) -> bool:
        raise NotImplementedError(f"{self.__class__.__name__} does not define _check_exists")

    def _download(self) -> None:
        """Fetch and unpack the archives unless what they hold is there."""
        if not self._check_exists():
            for url, md5 in self._archives:
                download_and_extract_archive(url, os.fspath(self._folder), md5=md5)

    def _provide(self, download: bool) -> None:
        """Fetch the files if asked to; a RuntimeError where they are not there afterwards."""
        if download:
            getattr(self, "download", self._download)()
        if not self._check_exists():
            raise not_found(self._folder, corrupted=self._may_be_corrupted)


class FileSamples(VisionDataset):
    """Samples `loader(_image_files[i]), _labels[i]`."""

    loader: Callable[[Any], Any]
    _image_files: list
    _labels: list

    def __getitem__(self, index: int):
        return self._transformed(self.loader(self._image_files[index]), self._labels[index])

    def __len__(self) -> int:
        return len(self._image_files)


class PairSamples(VisionDataset):
    """Samples `loader(path), label` for each (path, label) in `_samples`."""

    loader: Callable[[Any], Any]
    _samples: list

    def __getitem__(self, index: int):
        path, label = self._samples[index]
        return self._transformed(self.loader(path), label)

    def __len__(self) -> int:
        return len(self._samples)


class ArraySamples(VisionDataset):
    """Samples of the rows of the array `data`, (N, H, W), (N, H, W, 3) or with `_channels_first` (N, 3, H, W)."""

    data: np.ndarray
    _channels_first = False
    _labels_name = "targets"

    def __getitem__(self, index: int):
        pixels = self.data[index]
        labels = getattr(self, self._labels_name)
        image = Image.fromarray(np.transpose(pixels, (1, 2, 0)) if self._channels_first else pixels)
        return self._transformed(image, None if labels is None else int(labels[index]))

    def __len__(self) -> int:
        return len(self.data)


def numbered(names: Iterable[str]) -> dict[str, int]:
    """The number of each name."""
    return {name: number for number, name in enumerate(names)}


def one_or_all(targets: list):
    """None for no target, the target itself if there is one, else a tuple of them."""
    return None if not targets else targets[0] if len(targets) == 1 else tuple(targets)
