"""Pascal VOC: pictures with the boxes or the outlines of twenty kinds of things."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ._readers import damaged, not_found, open_image, read_lines
from .utils import download_and_extract_archive, verify_str_arg
from .vision import VisionDataset

_SERVER = "https://thor.robots.ox.ac.uk/pascal/VOC"
_VOC2011 = os.path.join("TrainVal", "VOCdevkit", "VOC2011")

# Year: the archive's address below the server, the name to keep it under, its MD5, the folder inside.
_ARCHIVES = {
    "2012": ("voc2012/VOCtrainval_11-May-2012.tar", "VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd"),
    "2011": ("voc2011/VOCtrainval_25-May-2011.tar", "VOCtrainval_25-May-2011.tar", "6c3384ef61512963050cb5d687e5bf1e"),
    "2010": ("voc2010/VOCtrainval_03-May-2010.tar", "VOCtrainval_03-May-2010.tar", "da459979d0c395079b5c75ee67908abb"),
    "2009": ("voc2009/VOCtrainval_11-May-2009.tar", "VOCtrainval_11-May-2009.tar", "a3e00b113cfcfebf17e343f59da3caa1"),
    "2008": ("voc2008/VOCtrainval_14-Jul-2008.tar", "VOCtrainval_11-May-2012.tar", "2629fa636546599198acfcfbfcf1904a"),
    "2007": ("voc2007/VOCtrainval_06-Nov-2007.tar", "VOCtrainval_06-Nov-2007.tar", "c52e279531787c972589f7e41ab4ae64"),
    "2007-test": ("voc2007/VOCtest_06-Nov-2007.tar", "VOCtest_06-Nov-2007.tar", "b6e924de25625d8de591ea690078ad9f"),
}
DATASET_YEAR_DICT = {
    year: {
        "url": f"{_SERVER}/{address}",
        "filename": filename,
        "md5": md5,
        "base_dir": _VOC2011 if year == "2011" else os.path.join("VOCdevkit", f"VOC{year[:4]}"),
    }
    for year, (address, filename, md5) in _ARCHIVES.items()
}


class _VOCBase(VisionDataset):
    _SPLITS_DIR: str
    _TARGET_DIR: str
    _TARGET_FILE_EXT: str

    def __init__(
        self,
        root: str | Path,
        year: str = "2012",
        image_set: str = "train",
        download: bool = False,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        transforms: Callable | None = None,
    ):
        super().__init__(root, transforms, transform, target_transform)
        self.year = verify_str_arg(year, "year", [str(valid) for valid in range(2007, 2013)])
        sets = ["train", "trainval", "val", *(["test"] if year == "2007" else [])]
        self.image_set = verify_str_arg(image_set, "image_set", sets)
        archive = DATASET_YEAR_DICT["2007-test" if (year, image_set) == ("2007", "test") else year]
        self.url, self.filename, self.md5 = archive["url"], archive["filename"], archive["md5"]
        folder = os.path.join(self.root, archive["base_dir"])
        if download:
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)
        if not os.path.isdir(folder):
            raise not_found(folder, corrupted=True)
        names = read_lines(os.path.join(folder, "ImageSets", self._SPLITS_DIR, f"{image_set}.txt"))
        self.images = [os.path.join(folder, "JPEGImages", f"{name}.jpg") for name in names]
        self.targets = [os.path.join(folder, self._TARGET_DIR, name + self._TARGET_FILE_EXT) for name in names]

    def __len__(self) -> int:
        return len(self.images)


class VOCSegmentation(_VOCBase):
    """Pictures with a mask of the class of each pixel (Everingham et al. 2010), in `root/VOCdevkit/VOC{year}`.

    `year` is 2007 to 2012, `image_set` train, val or trainval, and of 2007 test. A sample is two PIL images.
    """

    _SPLITS_DIR = "Segmentation"
    _TARGET_DIR = "SegmentationClass"
    _TARGET_FILE_EXT = ".png"

    @property
    def masks(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int):
        return self._transformed_together(open_image(self.images[index], "RGB"), open_image(self.masks[index]))


class VOCDetection(_VOCBase):
    """Pictures with the boxes of the things in them (Everingham et al. 2010), in `root/VOCdevkit/VOC{year}`.

    `year` is 2007 to 2012, `image_set` train, val or trainval, and of 2007 test. A target is the annotation's XML as
    nested dicts of text.
    """

    _SPLITS_DIR = "Main"
    _TARGET_DIR = "Annotations"
    _TARGET_FILE_EXT = ".xml"

    @property
    def annotations(self) -> list[str]:
        return self.targets

    def __getitem__(self, index: int):
        path = self.annotations[index]
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            raise damaged(path, error) from error
        return self._transformed_together(open_image(self.images[index], "RGB"), self.parse_voc_xml(root))

    @staticmethod
    def parse_voc_xml(node: ElementTree.Element) -> dict[str, Any]:
        """A node as {tag: text}, or {tag: its children}; a tag that occurs several times has a list, `object` always."""
        if len(node) == 0:
            return {node.tag: node.text.strip()} if node.text else {}
        found: dict[str, list] = {}
        for child in node:
            for tag, value in VOCDetection.parse_voc_xml(child).items():
                found.setdefault(tag, []).append(value)
        fields = {tag: values[0] if len(values) == 1 else values for tag, values in found.items()}
        if node.tag == "annotation":
            fields["object"] = found.get("object", [])
        return {node.tag: fields}
