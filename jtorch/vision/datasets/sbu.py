"""SBU: a million photos with the captions that their owners gave them."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

from ._readers import not_found, read_lines
from .folder import default_loader
from .utils import check_integrity, download_and_extract_archive, download_url
from .vision import VisionDataset


class SBU(VisionDataset):
    """Photos with a caption each (Ordonez et al. 2011), those of the list that are in `root/dataset`.

    `download=True` fetches the list and then every photo; one that is no longer there is left out, with a warning at the
    end. Attributes: `photos`, `captions`.
    """

    url = "https://www.cs.rice.edu/~vo9/sbucaptions/SBUCaptionedPhotoDataset.tar.gz"
    filename = "SBUCaptionedPhotoDataset.tar.gz"
    md5_checksum = "9aec147b3488753cf758b4d493422285"

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = True,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self.root, corrupted=True)
        lists = (read_lines(self._path(f"SBU_captioned_photo_dataset_{kind}.txt")) for kind in ("urls", "captions"))
        named = [(os.path.basename(url), caption) for url, caption in zip(*lists, strict=False)]
        there = [(photo, caption) for photo, caption in named if os.path.exists(self._path(photo))]
        self.photos = [photo for photo, _ in there]
        self.captions = [caption for _, caption in there]

    def _path(self, name: str) -> str:
        return os.path.join(self.root, "dataset", name)

    def __getitem__(self, index: int):
        return self._transformed(self.loader(self._path(self.photos[index])), self.captions[index])

    def __len__(self) -> int:
        return len(self.photos)

    def _check_integrity(self) -> bool:
        return check_integrity(os.path.join(self.root, self.filename), self.md5_checksum)

    def download(self) -> None:
        """Fetch the list, and each photo that is still to be had, unless the list is there."""
        if self._check_integrity():
            return
        download_and_extract_archive(self.url, self.root, self.root, self.filename, self.md5_checksum)
        urls = read_lines(self._path("SBU_captioned_photo_dataset_urls.txt"))
        gone = 0
        for url in urls:
            try:
                download_url(url, self._path(""))
            except OSError:  # people take photos off the network
                gone += 1
        if gone:
            warnings.warn(f"{gone} of {len(urls)} photos could not be downloaded and are left out", stacklevel=3)
