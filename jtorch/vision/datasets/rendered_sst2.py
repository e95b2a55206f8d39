"""Rendered SST-2: sentences as pictures, to classify by their mood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._samples import Archived, PairSamples, numbered
from .folder import default_loader, make_dataset
from .utils import verify_str_arg


class RenderedSST2(Archived, PairSamples):
    """Sentences of film reviews as pictures (Radford et al. 2021, arXiv:2103.00020), in `root/rendered-sst2`.

    `split` is train, val or test; the target is 1 for a positive sentence. Attributes: `classes`, `class_to_idx`.
    """

    _URL = "https://openaipublic.azureedge.net/clip/data/rendered-sst2.tgz"
    _MD5 = "2384d08e9dcfa4bd55b324e610496ee5"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
        loader: Callable = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._split = verify_str_arg(split, "split", ("train", "val", "test"))
        self._split_to_folder = {"train": "train", "val": "valid", "test": "test"}
        self._base_folder = Path(self.root) / "rendered-sst2"
        self.classes = ["negative", "positive"]
        self.class_to_idx = numbered(self.classes)
        self._provide(download)
        self._samples = make_dataset(str(self._images), extensions=("png",))
        self.loader = loader

    @property
    def _images(self) -> Path:
        return self._base_folder / self._split_to_folder[self._split]

    def _check_exists(self) -> bool:
        return all((self._images / name).is_dir() for name in self.classes)

    def extra_repr(self) -> str:
        return f"split={self._split}"
