"""Omniglot: characters of fifty alphabets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ._readers import not_found, open_image
from .utils import check_integrity, download_and_extract_archive, list_dir, list_files
from .vision import VisionDataset


class Omniglot(VisionDataset):
    """1,623 characters, each drawn by twenty people (Lake et al. 2015), in `root/omniglot-py`.

    `background=True` has the 30 alphabets to learn from, False the 20 others. Characters are numbered in alphabetical
    order of their folders (torchvision: in the file system's order).
    """

    folder = "omniglot-py"
    download_url_prefix = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python"
    zips_md5 = {
        "images_background": "68d2efa1b9178cc56df9314c21c6e718",
        "images_evaluation": "6b91aef0f799c5bb55b94e3f2daec811",
    }

    def __init__(
        self,
        root: str | Path,
        background: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable | None = None,
    ) -> None:
        super().__init__(os.path.join(root, self.folder), transform=transform, target_transform=target_transform)
        self.background = background
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self.root, corrupted=True)
        self.target_folder = os.path.join(self.root, self._get_target_folder())
        self._alphabets = list_dir(self.target_folder)
        self._characters = [
            os.path.join(alphabet, character)
            for alphabet in self._alphabets
            for character in list_dir(os.path.join(self.target_folder, alphabet))
        ]
        self._character_images = [
            [(image, number) for image in list_files(os.path.join(self.target_folder, character), ".png")]
            for number, character in enumerate(self._characters)
        ]
        self._flat_character_images = [pair for images in self._character_images for pair in images]
        self.loader = loader

    def __getitem__(self, index: int):
        name, character = self._flat_character_images[index]
        path = os.path.join(self.target_folder, self._characters[character], name)
        return self._transformed(open_image(path, "L") if self.loader is None else self.loader(path), character)

    def __len__(self) -> int:
        return len(self._flat_character_images)

    def _get_target_folder(self) -> str:
        return "images_background" if self.background else "images_evaluation"

    def _check_integrity(self) -> bool:
        name = self._get_target_folder()
        return check_integrity(os.path.join(self.root, f"{name}.zip"), self.zips_md5[name])

    def download(self) -> None:
        """Fetch and unpack the archive unless it is there."""
        if not self._check_integrity():
            name = self._get_target_folder()
            download_and_extract_archive(f"{self.download_url_prefix}/{name}.zip", self.root, md5=self.zips_md5[name])
