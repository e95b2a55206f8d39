"""iNaturalist: animals, plants and fungi, by species or by what is above it in the tree of life."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ._readers import not_found, open_image
from ._samples import numbered, one_or_all
from .utils import download_and_extract_archive, verify_str_arg
from .vision import VisionDataset

CATEGORIES_2021 = ["kingdom", "phylum", "class", "order", "family", "genus"]

_SERVER = "https://ml-inat-competition-datasets.s3.amazonaws.com"
DATASET_URLS = {
    "2017": f"{_SERVER}/2017/train_val_images.tar.gz",
    "2018": f"{_SERVER}/2018/train_val2018.tar.gz",
    "2019": f"{_SERVER}/2019/train_val2019.tar.gz",
    "2021_train": f"{_SERVER}/2021/train.tar.gz",
    "2021_train_mini": f"{_SERVER}/2021/train_mini.tar.gz",
    "2021_valid": f"{_SERVER}/2021/val.tar.gz",
}
DATASET_MD5 = {
    "2017": "7c784ea5e424efaec655bd392f87301f",
    "2018": "b1c6952ce38f31868cc50ea72d066cc3",
    "2019": "c60a6e2962c9b8ccbd458d12c8582644",
    "2021_train": "e0526d53c7f7b2e3167b2b43bb2690ed",
    "2021_train_mini": "db6ed8330e634445efc8fec83ae81442",
    "2021_valid": "f6f6e0e242e3d4c9569ba56400938afc",
}


class INaturalist(VisionDataset):
    """Living things (Van Horn et al. 2018, arXiv:1707.06642), in `root/version`, a folder for each species.

    `version` is 2017, 2018, 2019, 2021_train, 2021_train_mini or 2021_valid. `target_type` is full (the species) or, of
    2021, kingdom, phylum, class, order, family or genus, before that super; a list of several makes a tuple. Pictures
    come in alphabetical order (torchvision: in the file system's). Attributes: `all_categories`, `categories_index`,
    `categories_map`, `index`.
    """

    def __init__(
        self,
        root: str | Path,
        version: str = "2021_train",
        target_type: list[str] | str = "full",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable | None = None,
    ) -> None:
        self.version = verify_str_arg(version, "version", DATASET_URLS.keys())
        super().__init__(os.path.join(root, version), transform=transform, target_transform=target_transform)
        os.makedirs(root, exist_ok=True)
        if download:
            self.download()
        if not self._check_exists():
            raise not_found(self.root, corrupted=True)
        new = version.startswith("2021")
        valid = ("full", *CATEGORIES_2021) if new else ("full", "super")
        kinds = target_type if isinstance(target_type, list) else [target_type]
        self.target_type = [verify_str_arg(kind, "target_type", valid) for kind in kinds]
        self.all_categories: list[str] = []
        self.categories_index: dict[str, dict[str, int]] = {}
        self.categories_map: list[dict[str, int]] = []
        if new:
            self._init_2021()
        else:
            self._init_pre2021()
        self.index = [
            (number, name)
            for number, folder in enumerate(self.all_categories)
            for name in sorted(os.listdir(os.path.join(self.root, folder)))
        ]
        self.loader = loader

    def _init_2021(self) -> None:
        """Folders `00042_Animalia_..._species`: the number, six names, the species."""
        self.all_categories = sorted(os.listdir(self.root))
        self.categories_index = {kind: {} for kind in CATEGORIES_2021}
        for number, folder in enumerate(self.all_categories):
            pieces = folder.split("_")
            if len(pieces) != 8:
                raise RuntimeError(f"Unexpected category name {folder}, wrong number of pieces")
            if pieces[0] != f"{number:05d}":
                raise RuntimeError(f"Unexpected category id {pieces[0]}, expecting {number:05d}")
            names = dict(zip(CATEGORIES_2021, pieces[1:7], strict=True))
            for kind, name in names.items():
                self.categories_index[kind].setdefault(name, len(self.categories_index[kind]))
            self.categories_map.append({kind: self.categories_index[kind][name] for kind, name in names.items()})

    def _init_pre2021(self) -> None:
        """Folders `Amphibians/153`, in 2017 `Amphibians/species`."""
        groups = sorted(os.listdir(self.root))
        self.categories_index = {"super": numbered(groups)}
        folders = [(group, name) for group in groups for name in sorted(os.listdir(os.path.join(self.root, group)))]
        found: dict[int, tuple[str, str]] = {}
        for position, (group, name) in enumerate(folders):
            if self.version != "2017" and not name.isdecimal():
                raise RuntimeError(f"Unexpected non-numeric dir name: {name}")
            number = position if self.version == "2017" else int(name)
            if number in found:
                raise RuntimeError(f"Duplicate category {name}")
            found[number] = (group, name)
        for number in range(max(found, default=-1) + 1):
            if number not in found:
                raise RuntimeError(f"Missing category {number}")
            group, name = found[number]
            self.categories_map.append({"super": self.categories_index["super"][group]})
            self.all_categories.append(os.path.join(group, name))

    def __getitem__(self, index: int):
        category, name = self.index[index]
        path = os.path.join(self.root, self.all_categories[category], name)
        image = open_image(path) if self.loader is None else self.loader(path)
        numbers = {"full": category, **self.categories_map[category]}
        return self._transformed(image, one_or_all([numbers[kind] for kind in self.target_type]))

    def __len__(self) -> int:
        return len(self.index)

    def category_name(self, category_type: str, category_id: int) -> str:
        """The name of number `category_id` among `category_type` (full, super, kingdom, ..., genus)."""
        if category_type == "full":
            return self.all_categories[category_id]
        if category_type not in self.categories_index:
            raise ValueError(f"Invalid category type '{category_type}'")
        names = {number: name for name, number in self.categories_index[category_type].items()}
        if category_id not in names:
            raise ValueError(f"Invalid category id {category_id} for {category_type}")
        return names[category_id]

    def _check_exists(self) -> bool:
        return os.path.exists(self.root) and len(os.listdir(self.root)) > 0

    def download(self) -> None:
        """Fetch and unpack the archive unless its folder is there."""
        if self._check_exists():
            return
        url, folder = DATASET_URLS[self.version], os.path.dirname(self.root)
        download_and_extract_archive(url, folder, filename=f"{self.version}.tgz", md5=DATASET_MD5[self.version])
        unpacked = os.path.join(folder, os.path.basename(url).removesuffix(".tar.gz"))
        if not os.path.exists(unpacked):
            raise RuntimeError(f"Unable to find downloaded files at {unpacked}")
        os.rename(unpacked, self.root)
