"""Labeled Faces in the Wild: who is it, and are these two the same?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._readers import not_found, read_lines, reading
from ._samples import numbered
from .folder import default_loader
from .utils import check_integrity, verify_str_arg
from .vision import VisionDataset


class _LFW(VisionDataset):
    base_folder = "lfw-py"
    download_url_prefix = "http://vis-www.cs.umass.edu/lfw/"
    file_dict = {
        "original": ("lfw", "lfw.tgz", "a17d05bd522c52d84eca14327a23d494"),
        "funneled": ("lfw_funneled", "lfw-funneled.tgz", "1b42dfed7d15c9b2dd63d5e5840c86ad"),
        "deepfunneled": ("lfw-deepfunneled", "lfw-deepfunneled.tgz", "68331da3eb755a505a502b5aacb3c201"),
    }
    checksums = {
        "pairs.txt": "9f1ba174e4e1c508ff7cdf10ac338a7d",
        "pairsDevTest.txt": "5132f7440eb68cf58910c8a45a2ac10b",
        "pairsDevTrain.txt": "4f27cbf15b2da4a85c1907eb4181ad21",
        "people.txt": "450f0863dd89e85e73936a6d71a3474b",
        "peopleDevTest.txt": "e4bf5be0a43b5dcd9dc5ccfcb8fb19c5",
        "peopleDevTrain.txt": "54eaac34beb6d042ed3a7d883e247a21",
        "lfw-names.txt": "a6d0a479bd074669f656265a6e693f6d",
    }
    annot_file = {"10fold": "", "train": "DevTrain", "test": "DevTest"}
    names = "lfw-names.txt"

    def __init__(
        self,
        root: str | Path,
        split: str,
        image_set: str,
        view: str,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(os.path.join(root, self.base_folder), transform=transform, target_transform=target_transform)
        self.image_set = verify_str_arg(image_set.lower(), "image_set", self.file_dict.keys())
        folder, self.filename, self.md5 = self.file_dict[self.image_set]
        self.view = verify_str_arg(view.lower(), "view", ["people", "pairs"])
        self.split = verify_str_arg(split.lower(), "split", ["10fold", "train", "test"])
        self.labels_file = f"{self.view}{self.annot_file[self.split]}.txt"
        self.data: list[Any] = []
        self.targets: list[int] = []
        if download:
            self.download()
        if not self._check_integrity():
            raise not_found(self.root, corrupted=True)
        self.images_dir = os.path.join(self.root, folder)
        self._loader = loader
        path = os.path.join(self.root, self.labels_file)
        with reading(path):
            self._read(read_lines(path))

    def _read(self, lines: list[str]) -> None:
        raise NotImplementedError(f"{self.__class__.__name__} does not define _read")

    def _check_integrity(self) -> bool:
        lists = [self.labels_file, *([self.names] if self.view == "people" else [])]
        files = [(self.filename, self.md5), *((name, self.checksums[name]) for name in lists)]
        return all(check_integrity(os.path.join(self.root, name), md5) for name, md5 in files)

    def download(self) -> None:
        raise ValueError(
            "LFW dataset is no longer available for automatic download. "
            f"Put {self.filename}, unpacked too, and {self.labels_file} into {self.root} by hand."
        )

    def _get_path(self, identity: str, no: int | str) -> str:
        return os.path.join(self.images_dir, identity, f"{identity}_{int(no):04d}.jpg")

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Alignment: {self.image_set}\nSplit: {self.split}"


class LFWPeople(_LFW):
    """Faces of 5,749 people (Huang et al. 2007), in `root/lfw-py`; the target is the person's number.

    `split` is 10fold, train or test, `image_set` original, funneled or deepfunneled. It is no longer to be had at its
    address, so `download=True` raises a ValueError. Attributes: `data` (paths), `targets`, `class_to_idx`.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "10fold",
        image_set: str = "funneled",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, split, image_set, "people", transform, target_transform, download, loader)

    def _read(self, lines: list[str]) -> None:
        path = os.path.join(self.root, self.names)
        with reading(path):
            self.class_to_idx = numbered(line.split()[0] for line in read_lines(path))
        rest = iter(lines)
        for _ in range(int(next(rest)) if self.split == "10fold" else 1):
            for _ in range(int(next(rest))):
                identity, count = next(rest).split("\t")
                self.data += [self._get_path(identity, number) for number in range(1, int(count) + 1)]
                self.targets += [self.class_to_idx[identity]] * int(count)

    def __getitem__(self, index: int):
        return self._transformed(self._loader(self.data[index]), self.targets[index])

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}\nClasses (identities): {len(self.class_to_idx)}"


class LFWPairs(_LFW):
    """Pairs of faces (Huang et al. 2007), in `root/lfw-py`; a sample is two images and 1 if it is the same person.

    `split` is 10fold, train or test, `image_set` original, funneled or deepfunneled. It is no longer to be had at its
    address, so `download=True` raises a ValueError. Attributes: `data` (pairs of paths), `pair_names`, `targets`.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "10fold",
        image_set: str = "funneled",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, split, image_set, "pairs", transform, target_transform, download, loader)

    def _read(self, lines: list[str]) -> None:
        self.pair_names: list[tuple[str, str]] = []
        head, *rest = lines
        folds, pairs = map(int, head.split("\t")) if self.split == "10fold" else (1, int(head))
        # In each fold come pairs of one person (name, number, number), then of two (name, number, name, number).
        for row in (line.split("\t") for line in rest[: 2 * folds * pairs]):
            name, number, *other = row
            other_name, other_number = other if len(row) == 4 else (name, *other)
            self.pair_names.append((name, other_name))
            self.data.append((self._get_path(name, number), self._get_path(other_name, other_number)))
            self.targets.append(int(len(row) == 3))

    def __getitem__(self, index: int):
        first, second = map(self._loader, self.data[index])
        target = self.targets[index]
        if self.transform is not None:
            first, second = self.transform(first), self.transform(second)
        return first, second, target if self.target_transform is None else self.target_transform(target)
