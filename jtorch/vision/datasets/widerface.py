"""WIDER FACE: pictures with a box for each face."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import jtorch

from ._readers import damaged, open_image, read_lines, reading
from .utils import download_and_extract_archive, download_file_from_google_drive, extract_archive, verify_str_arg
from .vision import VisionDataset

# What the numbers after a box's four are.
_PROPERTIES = ("blur", "expression", "illumination", "occlusion", "pose", "invalid")


class WIDERFace(VisionDataset):
    """32,203 pictures with faces (Yang et al. 2016, arXiv:1511.06523), in `root/widerface`; `split` is train, val or test.

    A target is a dict of int64 tensors: bbox (N, 4) as x, y, width, height, and for each face blur, expression,
    illumination, occlusion, pose, invalid; None in the test set.
    """

    BASE_FOLDER = "widerface"
    FILE_LIST = [
        ("15hGDLhsx8bLgLcIRD5DhYt5iBxnjNF1M", "3fedf70df600953d25982bcd13d91ba2", "WIDER_train.zip"),
        ("1GUCogbp16PMGa39thoMMeWxp7Rp5oM8Q", "dfa7d7e790efa35df3788964cf0bbaea", "WIDER_val.zip"),
        ("1HIfDbVEWKmsYKJZm4lchTBDLW5N7dY5T", "e5d8f4248ed24c334bbd12f49c29dd40", "WIDER_test.zip"),
    ]
    ANNOTATIONS_FILE = (
        "http://shuoyang1213.me/WIDERFACE/support/bbx_annotation/wider_face_split.zip",
        "0e3767bcf0e326556d407bf5bff5d27c",
        "wider_face_split.zip",
    )

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(os.path.join(root, self.BASE_FOLDER), transform=transform, target_transform=target_transform)
        self.split = verify_str_arg(split, "split", ("train", "val", "test"))
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download and prepare it, "
                f"or put its folders into {self.root} by hand"
            )
        self.img_info: list[dict[str, Any]] = []
        if self.split == "test":
            self.parse_test_annotations_file()
        else:
            self.parse_train_val_annotations_file()

    def __getitem__(self, index: int):
        info = self.img_info[index]
        return self._transformed(open_image(info["img_path"]), info.get("annotations"))

    def __len__(self) -> int:
        return len(self.img_info)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"

    def _picture(self, name: str) -> str:
        return os.path.abspath(os.path.join(os.path.expanduser(self.root), f"WIDER_{self.split}", "images", name))

    def parse_train_val_annotations_file(self) -> None:
        """Read blocks of lines: a picture's name, the number of its faces, a face in each line (at least one line)."""
        path = os.path.join(self.root, "wider_face_split", f"wider_face_{self.split}_bbx_gt.txt")
        lines = read_lines(path)
        position = 0
        while position < len(lines):
            with reading(path):
                end = position + 2 + max(1, int(lines[position + 1]))
                faces = np.array([line.split(" ") for line in lines[position + 2 : end]], dtype=np.int64)
            if end > len(lines) or faces.shape[1] != 10:
                raise damaged(path, f"the faces of {lines[position]} are not complete")
            annotations = {"bbox": jtorch.from_numpy(faces[:, :4].copy())}
            for number, name in enumerate(_PROPERTIES, 4):
                annotations[name] = jtorch.from_numpy(faces[:, number].copy())
            self.img_info.append({"img_path": self._picture(lines[position]), "annotations": annotations})
            position = end

    def parse_test_annotations_file(self) -> None:
        """Read the list of pictures."""
        names = read_lines(os.path.join(self.root, "wider_face_split", "wider_face_test_filelist.txt"))
        self.img_info += [{"img_path": self._picture(name)} for name in names]

    def _check_integrity(self) -> bool:
        archives = [name for _, _, name in (*self.FILE_LIST, self.ANNOTATIONS_FILE)]
        return all(os.path.exists(os.path.join(self.root, os.path.splitext(name)[0])) for name in archives)

    def download(self) -> None:
        """Fetch the pictures from Google Drive, with gdown, and the boxes, unless their folders are there."""
        if self._check_integrity():
            return
        for file_id, md5, name in self.FILE_LIST:
            download_file_from_google_drive(file_id, self.root, name, md5)
            extract_archive(os.path.join(self.root, name))
        url, md5, _ = self.ANNOTATIONS_FILE
        download_and_extract_archive(url, self.root, md5=md5)
