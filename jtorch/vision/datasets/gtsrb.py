"""GTSRB: German traffic signs."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from ._readers import reading
from ._samples import Archived, PairSamples
from .folder import default_loader, make_dataset
from .utils import verify_str_arg

_SERVER = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"


class GTSRB(Archived, PairSamples):
    """Traffic signs of 43 kinds (Stallkamp et al. 2012), in `root/gtsrb/GTSRB`; `split` is train or test."""

    loader = staticmethod(default_loader)

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split = verify_str_arg(split, "split", ("train", "test"))
        self._base_folder = Path(self.root) / "gtsrb"
        train = self._split == "train"
        self._target_folder = self._base_folder / "GTSRB" / ("Training" if train else "Final_Test/Images")
        self._provide(download)
        self._samples = make_dataset(str(self._target_folder), extensions=(".ppm",)) if train else self._listed()

    def _listed(self) -> list[tuple[str, int]]:
        path = self._base_folder / "GT-final_test.csv"
        with reading(path), open(path, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file, delimiter=";", skipinitialspace=True)
            return [(str(self._target_folder / row["Filename"]), int(row["ClassId"])) for row in rows]

    @property
    def _archives(self):
        if self._split == "train":
            return [(f"{_SERVER}GTSRB-Training_fixed.zip", "513f3c79a4c5141765e10e952eaa2478")]
        return [
            (f"{_SERVER}GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185"),
            (f"{_SERVER}GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5"),
        ]

    @property
    def _folder(self) -> Path:
        return self._base_folder

    def _check_exists(self) -> bool:
        return self._target_folder.is_dir()

    def download(self) -> None:
        """Fetch and unpack the archives of this split unless its pictures are there."""
        self._download()
