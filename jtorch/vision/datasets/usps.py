"""USPS: digits of post codes, in LIBSVM's text format."""

from __future__ import annotations

import bz2
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ._readers import reading
from ._samples import ArraySamples
from .utils import download_url


class USPS(ArraySamples):
    """Handwritten digits of post codes (Hull 1994), 7,291 to train on and 2,007 to test, 16 x 16 pixels in grey.

    The files are `root/usps.bz2` and `root/usps.t.bz2`, their pixels in [-1, 1] and labels from 1; here they are in
    [0, 255] and from 0. Attributes: `data` (N, 16, 16) uint8 array, `targets`.
    """

    split_list = {
        "train": [
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.bz2",
            "usps.bz2",
            "ec16c51db3855ca6c91edd34d0e9b197",
        ],
        "test": [
            "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/usps.t.bz2",
            "usps.t.bz2",
            "8ea070ee2aca1ac39742fdd1ef5ed118",
        ],
    }

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        url, filename, md5 = self.split_list["train" if train else "test"]
        path = os.path.join(self.root, filename)
        if download and not os.path.exists(path):
            download_url(url, self.root, filename, md5=md5)
        with reading(path), bz2.open(path, "rt", encoding="ascii") as file:
            rows = [line.split() for line in file]
            values = np.array([[cell.partition(":")[2] for cell in row[1:]] for row in rows], dtype=np.float32)
            self.data = ((values.reshape(-1, 16, 16) + 1) / 2 * 255).astype(np.uint8)
            self.targets = [int(row[0]) - 1 for row in rows]
