"""FER2013: facial expressions, in CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ..utils import image_from_array
from ._readers import reading
from .utils import check_integrity, verify_str_arg
from .vision import VisionDataset

_PAGE = "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-recognition-challenge"


class FER2013(VisionDataset):
    """Faces with one of seven expressions, 48 x 48 pixels in grey (Goodfellow et al. 2013, arXiv:1307.0414).

    `root/fer2013` holds fer2013.csv, else icml_face_data.csv, else train.csv and test.csv; of the last the targets are
    None. `split` is train or test.
    """

    _RESOURCES = {
        "train": ("train.csv", "3f0dfb3d3fd99c811a1299cb947e3131"),
        "test": ("test.csv", "b02c2298636a634e8c2faabbf3ea9a23"),
        "fer": ("fer2013.csv", "f8428a1edbd21e88f42c73edd2a14f95"),
        "icml": ("icml_face_data.csv", "b114b9e04e6949e5fe8b6a98b3892b1d"),
    }

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
    ) -> None:
        self._split = verify_str_arg(split, "split", ("train", "test"))
        super().__init__(root, transform=transform, target_transform=target_transform)
        folder = Path(self.root) / "fer2013"
        both = [kind for kind in ("fer", "icml") if (folder / self._RESOURCES[kind][0]).exists()]
        name, md5 = self._RESOURCES[both[0] if both else self._split]
        if not check_integrity(folder / name, md5=md5):
            raise RuntimeError(f"{name} not found in {folder} or corrupted. You can download it from {_PAGE}")
        wanted = ("Training",) if self._split == "train" else ("PublicTest", "PrivateTest")
        with reading(folder / name), open(folder / name, encoding="utf-8", newline="") as file:
            # One of the files has a blank before the names of its columns.
            rows = ({key.strip(): cell for key, cell in row.items()} for row in csv.DictReader(file))
            self._samples = [
                (
                    np.array(row["pixels"].split(), dtype=np.uint8).reshape(48, 48),
                    int(row["emotion"]) if both or self._split == "train" else None,
                )
                for row in rows
                if not both or row["Usage"] in wanted
            ]

    def __getitem__(self, idx: int):
        pixels, target = self._samples[idx]
        return self._transformed(image_from_array(pixels, "L"), target)

    def __len__(self) -> int:
        return len(self._samples)

    def extra_repr(self) -> str:
        return f"split={self._split}"
