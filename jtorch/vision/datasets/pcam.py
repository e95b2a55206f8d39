"""PatchCamelyon: tissue with or without a tumour, in HDF5 files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ._readers import not_found, reading
from .utils import download_file_from_google_drive, extract_archive, verify_str_arg
from .vision import VisionDataset


def _h5py():
    try:
        import h5py
    except ImportError as error:
        raise RuntimeError(
            "h5py is not found. This dataset needs to have h5py installed: please run pip install h5py"
        ) from error
    return h5py


class PCAM(VisionDataset):
    """Patches of tissue, 96 x 96 pixels (Veeling et al. 2018, arXiv:1806.03962), in `root/pcam`.

    `split` is train, val or test; the target is 1 where the middle holds tumour. The package h5py reads the files.
    """

    _FILES = {
        "train": {
            "images": (
                "camelyonpatch_level_2_split_train_x.h5",
                "1Ka0XfEMiwgCYPdTI-vv6eUElOBnKFKQ2",
                "1571f514728f59376b705fc836ff4b63",
            ),
            "targets": (
                "camelyonpatch_level_2_split_train_y.h5",
                "1269yhu3pZDP8UYFQs-NYs3FPwuK-nGSG",
                "35c2d7259d906cfc8143347bb8e05be7",
            ),
        },
        "test": {
            "images": (
                "camelyonpatch_level_2_split_test_x.h5",
                "1qV65ZqZvWzuIVthK8eVDhIwrbnsJdbg_",
                "d8c2d60d490dbd479f8199bdfa0cf6ec",
            ),
            "targets": (
                "camelyonpatch_level_2_split_test_y.h5",
                "17BHrSrwWKjYsOgTMmoqrIjDy6Fa2o_gP",
                "60a7035772fbdb7f34eb86d4420cf66a",
            ),
        },
        "val": {
            "images": (
                "camelyonpatch_level_2_split_valid_x.h5",
                "1hgshYGWK8V-eGRy8LToWJJgDU_rXWVJ3",
                "d5b63470df7cfa627aeec8b9dc0c066e",
            ),
            "targets": (
                "camelyonpatch_level_2_split_valid_y.h5",
                "1bH8ZRbhSVAhScTS0p9-ZzGnX91cHT3uO",
                "2b85f58b927af9964a4c15b8f7e8f179",
            ),
        },
    }

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ):
        _h5py()
        self._split = verify_str_arg(split, "split", ("train", "test", "val"))
        super().__init__(root, transform=transform, target_transform=target_transform)
        self._base_folder = Path(self.root) / "pcam"
        if download:
            self._download()
        if not self._check_exists():
            raise not_found(self._base_folder)

    def _path(self, kind: str) -> Path:
        return self._base_folder / self._FILES[self._split][kind][0]

    def _read(self, kind: str, name: str, read: Callable):
        path = self._path(kind)
        with reading(path), _h5py().File(path) as file:
            return read(file[name])

    def __getitem__(self, idx: int):
        pixels = self._read("images", "x", lambda images: images[idx])
        target = self._read("targets", "y", lambda targets: targets[idx, 0, 0, 0])
        return self._transformed(Image.fromarray(pixels).convert("RGB"), int(target))

    def __len__(self) -> int:
        return self._read("images", "x", len)

    def _check_exists(self) -> bool:
        return self._path("images").exists() and self._path("targets").exists()

    def _download(self) -> None:
        if not self._check_exists():
            for name, file_id, md5 in self._FILES[self._split].values():
                download_file_from_google_drive(file_id, self._base_folder, f"{name}.gz", md5)
                extract_archive(self._base_folder / f"{name}.gz")
