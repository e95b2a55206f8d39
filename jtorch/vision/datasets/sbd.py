"""The Semantic Boundaries Dataset: Pascal VOC's pictures with more outlines, in MATLAB files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ._readers import not_found, open_image, read_lines, read_mat, reading
from .utils import download_and_extract_archive, download_url, verify_str_arg
from .vision import VisionDataset


class SBDataset(VisionDataset):
    """11,355 pictures of VOC 2011 with outlines (Hariharan et al. 2011), in `root/img` and `root/cls`.

    `image_set` is train, val or train_noval (which leaves out VOC 2012's val). A target is with `mode="boundaries"` an
    array (20, H, W), with "segmentation" a PIL image.
    """

    url = "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz"
    md5 = "82b4d87ceb2ed10f6038a1cba92111cb"
    filename = "benchmark.tgz"
    voc_train_url = "https://www.cs.cornell.edu/~bharathh/train_noval.txt"
    voc_split_filename = "train_noval.txt"
    voc_split_md5 = "79bff800c5f0b1ec6b21080a3c066722"

    def __init__(
        self,
        root: str | Path,
        image_set: str = "train",
        mode: str = "boundaries",
        download: bool = False,
        transforms: Callable | None = None,
    ) -> None:
        super().__init__(root, transforms)
        self.image_set = verify_str_arg(image_set, "image_set", ("train", "val", "train_noval"))
        self.mode = verify_str_arg(mode, "mode", ("segmentation", "boundaries"))
        self.num_classes = 20
        if download:
            self._download()
        if not os.path.isdir(self.root):
            raise not_found(self.root, corrupted=True)
        names = read_lines(os.path.join(self.root, f"{image_set}.txt"))
        self.images = [os.path.join(self.root, "img", f"{name}.jpg") for name in names]
        self.masks = [os.path.join(self.root, "cls", f"{name}.mat") for name in names]

    def _download(self) -> None:
        download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)
        for name in ("cls", "img", "inst", "train.txt", "val.txt"):
            shutil.move(os.path.join(self.root, "benchmark_RELEASE", "dataset", name), os.path.join(self.root, name))
        if self.image_set == "train_noval":
            download_url(self.voc_train_url, self.root, self.voc_split_filename, self.voc_split_md5)

    def _get_target(self, path: str):
        with reading(path):
            truth = read_mat(path)["GTcls"][0]
            if self.mode == "segmentation":
                return Image.fromarray(truth["Segmentation"][0])
            # One sparse matrix for each class.
            return np.stack([truth["Boundaries"][0][number][0].toarray() for number in range(self.num_classes)])

    def __getitem__(self, index: int):
        return self._transformed_together(open_image(self.images[index], "RGB"), self._get_target(self.masks[index]))

    def __len__(self) -> int:
        return len(self.images)

    def extra_repr(self) -> str:
        return f"Image set: {self.image_set}\nMode: {self.mode}"
