"""SVHN: house numbers, in MATLAB files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ._readers import not_found, read_mat, reading
from ._samples import ArraySamples
from .utils import check_integrity, download_url, verify_str_arg


class SVHN(ArraySamples):
    """Digits of house numbers (Netzer et al. 2011), 32 x 32 pixels; `split` is train, test or extra.

    The files store the digit 0 as 10; here its label is 0. Attributes: `data` (N, 3, 32, 32) uint8 array, `labels`.
    """

    _channels_first = True
    _labels_name = "labels"
    split_list = {
        "train": [
            "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
            "train_32x32.mat",
            "e26dedcc434d2e4c54c9b2d4a06d8373",
        ],
        "test": [
            "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
            "test_32x32.mat",
            "eb5a983be6a315427106f1b164d9cef3",
        ],
        "extra": [
            "http://ufldl.stanford.edu/housenumbers/extra_32x32.mat",
            "extra_32x32.mat",
            "a93ce644f1a588dc4d68dda5feec44a7",
        ],
    }

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", tuple(self.split_list))
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self.root, corrupted=True)
        path = os.path.join(self.root, self.filename)
        variables = read_mat(path)
        with reading(path):
            self.data = variables["X"].transpose(3, 2, 0, 1)
            labels = variables["y"].astype(np.int64).reshape(-1)
        self.labels = np.where(labels == 10, 0, labels)

    def _check_integrity(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.file_md5)

    def download(self) -> None:
        """Fetch the file of this split unless it is there."""
        download_url(self.url, self.root, self.filename, self.file_md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
