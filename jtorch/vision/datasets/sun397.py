"""SUN397: scenes, in folders of folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._readers import read_lines, reading
from ._samples import Archived, FileSamples, numbered
from .folder import default_loader


class SUN397(Archived, FileSamples):
    """Scenes of 397 kinds (Xiao et al. 2010), in `root/SUN397`; samples in alphabetical order (torchvision: the file system's).

    Attributes: `classes`, `class_to_idx`.
    """

    _DATASET_URL = "http://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz"
    _DATASET_MD5 = "8ca2778205c41d23104230ba66911c7a"

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._data_dir = Path(self.root) / "SUN397"
        self._provide(download)
        path = self._data_dir / "ClassName.txt"
        self.classes = [line[3:] for line in read_lines(path)]  # "/a/abbey"
        self.class_to_idx = numbered(self.classes)
        self._image_files = sorted(self._data_dir.rglob("sun_*.jpg"))
        with reading(path):
            names = ("/".join(file.relative_to(self._data_dir).parts[1:-1]) for file in self._image_files)
            self._labels = [self.class_to_idx[name] for name in names]
        self.loader = loader

    @property
    def _archives(self):
        return [(self._DATASET_URL, self._DATASET_MD5)]

    def _check_exists(self) -> bool:
        return self._data_dir.is_dir()
