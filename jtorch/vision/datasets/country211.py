"""Country211: photos by the country they were taken in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._samples import Archived
from .folder import ImageFolder, default_loader
from .utils import verify_str_arg


class Country211(Archived, ImageFolder):
    """Photos of 211 countries (Radford et al. 2021, arXiv:2103.00020), in `root/country211`.

    `split` is train, valid or test.
    """

    _URL = "https://openaipublic.azureedge.net/clip/data/country211.tgz"
    _MD5 = "84988d7644798601126c29e9877aab6a"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        self._split = verify_str_arg(split, "split", ("train", "valid", "test"))
        where = Path(root).expanduser()
        self.root = str(where)
        self._base_folder = where / "country211"
        self._provide(download)
        folder = str(self._base_folder / self._split)
        super().__init__(folder, transform=transform, target_transform=target_transform, loader=loader)
        self.root = str(where)

    def _check_exists(self) -> bool:
        return self._base_folder.is_dir()
