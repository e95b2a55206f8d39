"""SEMEION: handwritten digits in one text file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ._readers import not_found, reading
from ._samples import ArraySamples
from .utils import check_integrity, download_url


class SEMEION(ArraySamples):
    """1,593 handwritten digits in black and white, 16 x 16 pixels, in `root/semeion.data`.

    Attributes: `data` (N, 16, 16) uint8 array of 0 and 255, `labels`.
    """

    _labels_name = "labels"
    url = "http://archive.ics.uci.edu/ml/machine-learning-databases/semeion/semeion.data"
    filename = "semeion.data"
    md5_checksum = "cb545d371d2ce14ec121470795a77432"

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = True,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self.root, corrupted=True)
        path = os.path.join(self.root, self.filename)
        with reading(path):
            table = np.loadtxt(path, ndmin=2)
            self.data = (table[:, :256] * 255).astype(np.uint8).reshape(-1, 16, 16)
            self.labels = np.nonzero(table[:, 256:])[1]

    def _check_integrity(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.md5_checksum)

    def download(self) -> None:
        """Fetch the file unless it is there."""
        download_url(self.url, self.root, self.filename, self.md5_checksum)
