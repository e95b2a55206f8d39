"""EuroSAT: land seen from a satellite."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ._samples import Archived
from .folder import ImageFolder, default_loader


class EuroSAT(Archived, ImageFolder):
    """Land of ten kinds seen by Sentinel-2 (Helber et al. 2019, arXiv:1709.00029), in RGB, in `root/eurosat/2750`."""

    _URL = (
        "https://huggingface.co/datasets/torchgeo/eurosat/resolve/c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip"
    )
    _MD5 = "c8fa014336c82ac7804f0398fcb19387"

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        self.root = os.path.expanduser(root)
        self._base_folder = os.path.join(self.root, "eurosat")
        self._data_folder = os.path.join(self._base_folder, "2750")
        self._provide(download)
        super().__init__(self._data_folder, transform=transform, target_transform=target_transform, loader=loader)
        self.root = os.path.expanduser(root)

    @property
    def _folder(self) -> str:
        return self._base_folder

    def _check_exists(self) -> bool:
        return os.path.exists(self._data_folder)

    def download(self) -> None:
        """Fetch and unpack the archive unless the pictures are there."""
        self._download()
