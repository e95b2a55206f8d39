"""Describable Textures: patterns named by an adjective."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._readers import read_lines, reading
from ._samples import Archived, FileSamples, numbered
from .folder import default_loader
from .utils import verify_str_arg


class DTD(Archived, FileSamples):
    """Textures of 47 kinds (Cimpoi et al. 2014, arXiv:1311.3618), in `root/dtd/dtd`.

    `split` is train, val or test of the `partition` 1 to 10. Attributes: `classes`, `class_to_idx`.
    """

    _URL = "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"
    _MD5 = "fff73e5086ae6bdbea199a49dfb8a4c1"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        partition: int = 1,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        self._split = verify_str_arg(split, "split", ("train", "val", "test"))
        if not isinstance(partition, int) or not 1 <= partition <= 10:
            raise ValueError(
                f"Parameter 'partition' should be an integer with `1 <= partition <= 10`, but got {partition} instead"
            )
        self._partition = partition
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._base_folder = Path(self.root) / self.__class__.__name__.lower()
        self._data_folder = self._base_folder / "dtd"
        self._meta_folder = self._data_folder / "labels"
        self._images_folder = self._data_folder / "images"
        self._provide(download)

        path = self._meta_folder / f"{split}{partition}.txt"
        with reading(path):
            rows = [(kind, name) for kind, name in (line.split("/") for line in read_lines(path))]
        self._image_files = [self._images_folder / kind / name for kind, name in rows]
        self.classes = sorted({kind for kind, _ in rows})
        self.class_to_idx = numbered(self.classes)
        self._labels = [self.class_to_idx[kind] for kind, _ in rows]
        self.loader = loader

    @property
    def _folder(self) -> Path:
        return self._base_folder

    def _check_exists(self) -> bool:
        return self._data_folder.is_dir()

    def extra_repr(self) -> str:
        return f"split={self._split}, partition={self._partition}"
