"""Photo Tour: patches of sights, and which of them show the same point."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

import jtorch
from jtorch.tensor import Tensor

from ._readers import open_image, read_lines, reading
from .utils import download_url, extract_archive
from .vision import VisionDataset

_PATCH = 64


class PhotoTour(VisionDataset):
    """Patches of 64 x 64 pixels of notredame, yosemite or liberty, each also with "_harris" (Brown et al. 2011).

    With `train=True` a sample is a patch (uint8 tensor), otherwise two patches and 1 if they show the same point. The
    first use gathers what is in `root/name` into `root/name.pt`. Attributes: `data`, `labels`, `matches`, `mean`, `std`.
    """

    urls = {
        "notredame_harris": [
            "http://matthewalunbrown.com/patchdata/notredame_harris.zip",
            "notredame_harris.zip",
            "69f8c90f78e171349abdf0307afefe4d",
        ],
        "yosemite_harris": [
            "http://matthewalunbrown.com/patchdata/yosemite_harris.zip",
            "yosemite_harris.zip",
            "a73253d1c6fbd3ba2613c45065c00d46",
        ],
        "liberty_harris": [
            "http://matthewalunbrown.com/patchdata/liberty_harris.zip",
            "liberty_harris.zip",
            "c731fcfb3abb4091110d0ae8c7ba182c",
        ],
        "notredame": [
            "http://icvl.ee.ic.ac.uk/vbalnt/notredame.zip",
            "notredame.zip",
            "509eda8535847b8c0a90bbb210c83484",
        ],
        "yosemite": ["http://icvl.ee.ic.ac.uk/vbalnt/yosemite.zip", "yosemite.zip", "533b2e8eb7ede31be40abc317b2fd4f0"],
        "liberty": ["http://icvl.ee.ic.ac.uk/vbalnt/liberty.zip", "liberty.zip", "fdd9152f138ea5ef2091746689176414"],
    }
    means = {
        "notredame": 0.4854,
        "yosemite": 0.4844,
        "liberty": 0.4437,
        "notredame_harris": 0.4854,
        "yosemite_harris": 0.4844,
        "liberty_harris": 0.4437,
    }
    stds = {
        "notredame": 0.1864,
        "yosemite": 0.1818,
        "liberty": 0.2019,
        "notredame_harris": 0.1864,
        "yosemite_harris": 0.1818,
        "liberty_harris": 0.2019,
    }
    lens = {
        "notredame": 468159,
        "yosemite": 633587,
        "liberty": 450092,
        "liberty_harris": 379587,
        "yosemite_harris": 450912,
        "notredame_harris": 325295,
    }
    image_ext = "bmp"
    info_file = "info.txt"
    matches_files = "m50_100000_100000_0.txt"

    def __init__(
        self,
        root: str | Path,
        name: str,
        train: bool = True,
        transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform)
        self.name = name
        self.data_dir = os.path.join(self.root, name)
        self.data_down = os.path.join(self.root, f"{name}.zip")
        self.data_file = os.path.join(self.root, f"{name}.pt")
        self.train = train
        self.mean = self.means[name]
        self.std = self.stds[name]
        if download:
            self.download()
        if not os.path.exists(self.data_file):
            self.cache()
        self.data, self.labels, self.matches = jtorch.load(self.data_file, weights_only=True)

    def __getitem__(self, index: int):
        if self.train:
            return self._patch(index)
        first, second, _ = self.matches[index].tolist()
        return self._patch(first), self._patch(second), self.matches[index, 2]

    def _patch(self, index: int):
        patch = self.data[index]
        return patch if self.transform is None else self.transform(patch)

    def __len__(self) -> int:
        return len(self.data if self.train else self.matches)

    def download(self) -> None:
        """Fetch and unpack the archive unless its files, or what was gathered from them, are there."""
        if not os.path.exists(self.data_file) and not os.path.exists(self.data_dir):
            url, filename, md5 = self.urls[self.name]
            download_url(url, self.root, filename, md5)
            extract_archive(os.path.join(self.root, filename), self.data_dir, remove_finished=True)

    def cache(self) -> None:
        """Gather the files into one of tensors."""
        gathered = (
            read_image_file(self.data_dir, self.image_ext, self.lens[self.name]),
            read_info_file(self.data_dir, self.info_file),
            read_matches_files(self.data_dir, self.matches_files),
        )
        jtorch.save(gathered, self.data_file)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


def read_image_file(data_dir: str, image_ext: str, n: int) -> Tensor:
    """The first `n` patches (n, 64, 64) of the sheets in a folder, row by row."""
    sheets = []
    for name in sorted(name for name in os.listdir(data_dir) if name.endswith(image_ext)):
        path = os.path.join(data_dir, name)
        pixels = np.asarray(open_image(path, "L"))
        with reading(path):
            rows, columns = pixels.shape[0] // _PATCH, pixels.shape[1] // _PATCH
            sheet = pixels.reshape(rows, _PATCH, columns, _PATCH).swapaxes(1, 2)
        sheets.append(sheet.reshape(-1, _PATCH, _PATCH))
    return jtorch.from_numpy(np.concatenate(sheets)[:n])


def read_info_file(data_dir: str, info_file: str) -> Tensor:
    """The number of the point that each patch shows."""
    path = os.path.join(data_dir, info_file)
    with reading(path):
        return jtorch.tensor([int(line.split()[0]) for line in read_lines(path)])


def read_matches_files(data_dir: str, matches_file: str) -> Tensor:
    """(patch, patch, 1 if they show the same point) for each pair."""
    path = os.path.join(data_dir, matches_file)
    with reading(path):
        rows = [line.split() for line in read_lines(path)]
        return jtorch.tensor([[int(row[0]), int(row[3]), int(row[1] == row[4])] for row in rows])
