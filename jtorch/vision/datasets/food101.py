"""Food-101: dishes, listed in JSON files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._readers import read_json, reading
from ._samples import Archived, FileSamples, numbered
from .folder import default_loader
from .utils import verify_str_arg


class Food101(Archived, FileSamples):
    """Pictures of 101 dishes (Bossard et al. 2014), in `root/food-101`; `split` is train or test.

    Attributes: `classes`, `class_to_idx`.
    """

    _URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"
    _MD5 = "85eeb15f3717b99a5da872d97d918f87"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split = verify_str_arg(split, "split", ("train", "test"))
        self._base_folder = Path(self.root) / "food-101"
        self._meta_folder = self._base_folder / "meta"
        self._images_folder = self._base_folder / "images"
        self._provide(download)

        path = self._meta_folder / f"{split}.json"
        listed = read_json(path)
        with reading(path):
            self.classes = sorted(listed)
            self.class_to_idx = numbered(self.classes)
            self._labels = [self.class_to_idx[dish] for dish, names in listed.items() for _ in names]
            self._image_files = [self._images_folder / f"{name}.jpg" for names in listed.values() for name in names]
        self.loader = loader

    def _check_exists(self) -> bool:
        return self._meta_folder.is_dir() and self._images_folder.is_dir()

    def extra_repr(self) -> str:
        return f"split={self._split}"
