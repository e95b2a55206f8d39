"""FGVC Aircraft: aeroplanes by variant, family or manufacturer."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ._readers import read_lines, reading
from ._samples import Archived, FileSamples, numbered
from .folder import default_loader
from .utils import verify_str_arg

_LISTS = {"variant": "variants.txt", "family": "families.txt", "manufacturer": "manufacturers.txt"}


class FGVCAircraft(Archived, FileSamples):
    """10,000 aeroplanes (Maji et al. 2013, arXiv:1306.5151), in `root/fgvc-aircraft-2013b`.

    `split` is train, val, trainval or test; `annotation_level` variant (100 classes), family (70) or manufacturer (30).
    Attributes: `classes`, `class_to_idx`.
    """

    _URL = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz"

    def __init__(
        self,
        root: str | Path,
        split: str = "trainval",
        annotation_level: str = "variant",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split = verify_str_arg(split, "split", ("train", "val", "trainval", "test"))
        self._annotation_level = verify_str_arg(annotation_level, "annotation_level", tuple(_LISTS))
        self._data_path = os.path.join(self.root, "fgvc-aircraft-2013b")
        self._provide(download)

        data = os.path.join(self._data_path, "data")
        self.classes = read_lines(os.path.join(data, _LISTS[annotation_level]))
        self.class_to_idx = numbered(self.classes)
        path = os.path.join(data, f"images_{annotation_level}_{split}.txt")
        with reading(path):
            rows = [line.split(" ", 1) for line in read_lines(path)]
            self._image_files = [os.path.join(data, "images", f"{name}.jpg") for name, _ in rows]
            self._labels = [self.class_to_idx[label] for _, label in rows]
        self.loader = loader

    def _check_exists(self) -> bool:
        return os.path.isdir(self._data_path)
