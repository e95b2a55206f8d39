"""COCO: pictures with boxes and outlines, or with captions. The package pycocotools reads the annotations."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._readers import open_image, reading
from .vision import VisionDataset


class CocoDetection(VisionDataset):
    """Pictures in `root` with the things in them (Lin et al. 2014, arXiv:1405.0312) as the file `annFile` lists them.

    A target is a list of dicts (bbox as x, y, width, height; category_id; segmentation; ...). Attributes: `coco`
    (pycocotools' object), `ids`.
    """

    def __init__(
        self,
        root: str | Path,
        annFile: str,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        transforms: Callable | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        try:
            from pycocotools.coco import COCO
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                f"No module named 'pycocotools': {self.__class__.__name__} reads its annotations with it. "
                "You can install it with 'pip install pycocotools'.",
                name="pycocotools",
            ) from error
        with reading(annFile):
            self.coco = COCO(annFile)
        self.ids = sorted(self.coco.imgs)

    def _load_image(self, id: int):
        return open_image(os.path.join(self.root, self.coco.loadImgs(id)[0]["file_name"]), "RGB")

    def _load_target(self, id: int) -> list[Any]:
        return self.coco.loadAnns(self.coco.getAnnIds(id))

    def __getitem__(self, index: int):
        if not isinstance(index, int):
            raise ValueError(f"Index must be of type integer, got {type(index)} instead.")
        id = self.ids[index]
        return self._transformed_together(self._load_image(id), self._load_target(id))

    def __len__(self) -> int:
        return len(self.ids)


class CocoCaptions(CocoDetection):
    """Pictures in `root` with a list of captions each, as the file `annFile` lists them."""

    def _load_target(self, id: int) -> list[str]:
        return [annotation["caption"] for annotation in super()._load_target(id)]
