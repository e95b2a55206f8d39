"""Moving MNIST: short films of two digits, in one array."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

import jtorch

from ._readers import not_found, reading
from .utils import download_url, verify_str_arg
from .vision import VisionDataset


class MovingMNIST(VisionDataset):
    """10,000 films of two moving digits (Srivastava et al. 2015), in `root/MovingMNIST/mnist_test_seq.npy`.

    A sample is a uint8 tensor (T, 1, 64, 64). `split` "train" has the first `split_ratio` of the 20 frames, "test"
    those after, None all.
    """

    _URL = "http://www.cs.toronto.edu/~nitish/unsupervised_video/mnist_test_seq.npy"

    def __init__(
        self,
        root: str | Path,
        split: str | None = None,
        split_ratio: int = 10,
        download: bool = False,
        transform: Callable | None = None,
    ) -> None:
        super().__init__(root, transform=transform)
        self._base_folder = os.path.join(self.root, self.__class__.__name__)
        self._filename = os.path.basename(self._URL)
        self.split = split if split is None else verify_str_arg(split, "split", ("train", "test"))
        if not isinstance(split_ratio, int):
            raise TypeError(f"`split_ratio` should be an integer, but got {type(split_ratio)}")
        if not 1 <= split_ratio <= 19:
            raise ValueError(f"`split_ratio` should be `1 <= split_ratio <= 19`, but got {split_ratio} instead.")
        self.split_ratio = split_ratio
        if download:
            self.download()
        if not self._check_exists():
            raise not_found(self._base_folder)

        path = os.path.join(self._base_folder, self._filename)
        frames = {None: slice(None), "train": slice(split_ratio), "test": slice(split_ratio, None)}[self.split]
        with reading(path):
            films = np.load(path)[frames].swapaxes(0, 1)[:, :, None]
        self.data = jtorch.from_numpy(np.ascontiguousarray(films))

    def __getitem__(self, idx: int):
        film = self.data[idx]
        return film if self.transform is None else self.transform(film)

    def __len__(self) -> int:
        return len(self.data)

    def _check_exists(self) -> bool:
        return os.path.exists(os.path.join(self._base_folder, self._filename))

    def download(self) -> None:
        """Fetch the file unless it is there."""
        if not self._check_exists():
            download_url(self._URL, self._base_folder, self._filename, md5="be083ec986bfe91a449d63653c411eb2")
