"""Stanford Cars: models of cars, labels in MATLAB files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._readers import not_found, read_mat, reading
from ._samples import PairSamples, numbered
from .folder import default_loader
from .utils import verify_str_arg


class StanfordCars(PairSamples):
    """Cars of 196 models (Krause et al. 2013), in `root/stanford_cars`; `split` is train or test.

    It is no longer to be had at its address, so `download=True` raises a ValueError. Attributes: `classes`,
    `class_to_idx`.
    """

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
        self._base_folder = Path(self.root) / "stanford_cars"
        devkit = self._base_folder / "devkit"
        train = self._split == "train"
        self._annotations_mat_path = (
            devkit / "cars_train_annos.mat" if train else self._base_folder / "cars_test_annos_withlabels.mat"
        )
        self._images_base_path = self._base_folder / f"cars_{self._split}"
        if download:
            self.download()
        if not (devkit.is_dir() and self._annotations_mat_path.exists() and self._images_base_path.is_dir()):
            raise not_found(self._base_folder, download=False)

        with reading(self._annotations_mat_path):
            rows = read_mat(self._annotations_mat_path)["annotations"].ravel()
            self._samples = [
                (str(self._images_base_path / str(row["fname"].item())), int(row["class"].item()) - 1) for row in rows
            ]
        with reading(devkit / "cars_meta.mat"):
            self.classes = [str(name.item()) for name in read_mat(devkit / "cars_meta.mat")["class_names"].ravel()]
        self.class_to_idx = numbered(self.classes)
        self.loader = loader

    def download(self) -> None:
        raise ValueError("The original URL is broken so the StanfordCars dataset cannot be downloaded anymore.")
