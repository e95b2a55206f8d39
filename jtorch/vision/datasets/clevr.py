"""CLEVR as a task of counting: how many things does the scene show?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlparse

from ._readers import read_json, reading
from ._samples import Archived, FileSamples
from .folder import default_loader
from .utils import verify_str_arg


class CLEVRClassification(Archived, FileSamples):
    """Rendered scenes with the number of things in them (Johnson et al. 2017, arXiv:1612.06890), in `root/clevr`.

    `split` is train, val or test; in the test set the target is None.
    """

    _may_be_corrupted = True
    _URL = "https://dl.fbaipublicfiles.com/clevr/CLEVR_v1.0.zip"
    _MD5 = "b11922020e72d0cd9154779b2d3d07d2"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        self._split = verify_str_arg(split, "split", ("train", "val", "test"))
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader
        self._base_folder = Path(self.root) / "clevr"
        self._data_folder = self._base_folder / Path(urlparse(self._URL).path).stem
        self._provide(download)
        self._image_files = sorted((self._data_folder / "images" / self._split).glob("*"))
        self._labels = [None] * len(self._image_files) if self._split == "test" else self._counts()

    def _counts(self) -> list[int]:
        path = self._data_folder / "scenes" / f"CLEVR_{self._split}_scenes.json"
        with reading(path):
            counts = {scene["image_filename"]: len(scene["objects"]) for scene in read_json(path)["scenes"]}
            return [counts[file.name] for file in self._image_files]

    @property
    def _folder(self) -> Path:
        return self._base_folder

    def _check_exists(self) -> bool:
        return self._data_folder.is_dir()

    def extra_repr(self) -> str:
        return f"split={self._split}"
