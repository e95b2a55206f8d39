"""Flickr8k and Flickr30k: photos with five captions each."""

from __future__ import annotations

import glob
import os
from collections import defaultdict
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

from ._readers import read_lines, reading
from .folder import default_loader
from .vision import VisionDataset


class Flickr8kParser(HTMLParser):
    """Gathers `annotations`, {path of a photo in `root`: its captions}, from the page that lists them in a table."""

    def __init__(self, root: str | Path) -> None:
        super().__init__()
        self.root = root
        self.annotations: dict[str, list[str]] = {}
        self.in_table = False
        self.current_tag: str | None = None
        self.current_img: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.current_tag = tag
        self.in_table = self.in_table or tag == "table"

    def handle_endtag(self, tag: str) -> None:
        self.current_tag = None
        self.in_table = self.in_table and tag != "table"

    def handle_data(self, data: str) -> None:
        if not self.in_table:
            return
        if data == "Image Not Found":
            self.current_img = None
        elif self.current_tag == "a":  # the address of the photo's page: .../owner/number/
            number = data.split("/")[-2]
            found = glob.glob(os.path.join(glob.escape(os.fspath(self.root)), f"{number}_*.jpg"))
            if not found:
                raise FileNotFoundError(f"The photo {number}_*.jpg is not in {self.root}")
            self.current_img = found[0]
            self.annotations[self.current_img] = []
        elif self.current_tag == "li" and self.current_img:
            self.annotations[self.current_img].append(data.strip())


class Flickr8k(VisionDataset):
    """Photos in `root` with the captions of the page `ann_file` (Hodosh et al. 2013); the target is a list of captions.

    Attributes: `annotations`, `ids`.
    """

    def __init__(
        self,
        root: str | Path,
        ann_file: str,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.ann_file = os.path.expanduser(ann_file)
        with reading(self.ann_file):
            self.annotations = self._read()
        self.ids = sorted(self.annotations)
        self.loader = loader

    def _read(self) -> dict[str, list[str]]:
        parser = Flickr8kParser(self.root)
        with open(self.ann_file, encoding="utf-8") as file:
            parser.feed(file.read())
        return parser.annotations

    def __getitem__(self, index: int):
        path = self.ids[index]
        return self._transformed(self.loader(path), self.annotations[path])

    def __len__(self) -> int:
        return len(self.ids)


class Flickr30k(VisionDataset):
    """Photos in `root` with the captions of the file `ann_file` (Young et al. 2014); the target is a list of captions.

    A line of the file is a photo's name, "#", a digit, a tab and a caption. Attributes: `annotations`, `ids`.
    """

    def __init__(
        self,
        root: str | Path,
        ann_file: str,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.ann_file = os.path.expanduser(ann_file)
        self.annotations: dict[str, list[str]] = defaultdict(list)
        with reading(self.ann_file):
            for line in read_lines(self.ann_file):
                name, caption = line.split("\t")
                self.annotations[name[:-2]].append(caption)
        self.ids = sorted(self.annotations)
        self.loader = loader

    def __getitem__(self, index: int):
        name = self.ids[index]
        return self._transformed(self.loader(os.path.join(self.root, name)), self.annotations[name])

    def __len__(self) -> int:
        return len(self.ids)
