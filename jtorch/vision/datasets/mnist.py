"""MNIST and the data sets in its form: images and labels in IDX files."""

from __future__ import annotations

import gzip
import math
import os
import shutil
import string
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import numpy as np

import jtorch
from jtorch.tensor import Tensor

from ..utils import image_from_array
from ._readers import damaged
from .utils import check_integrity, download_and_extract_archive, extract_archive, verify_str_arg
from .vision import VisionDataset

# The third byte of an IDX file says what its values are, all of them big-endian.
_IDX_DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_sn3_pascalvincent_tensor(path: str | Path, strict: bool = True) -> Tensor:
    """The array in an IDX file, plain or gzip-compressed, in the dtype it has there.

    The format (LeCun's, also Pascal Vincent's SN3): two zero bytes, a type, the number of dimensions, their lengths as
    big-endian 32-bit integers, the values. `strict=False` ignores bytes after these. A damaged file raises a
    RuntimeError that names it.
    """
    content = _read(path)
    dtype = _IDX_DTYPES.get(content[2] if len(content) >= 4 and content[:2] == b"\0\0" else None)
    ndim = content[3] if dtype else 0
    if not 1 <= ndim <= 3 or len(content) < 4 * (ndim + 1):
        raise damaged(path, "it does not begin like an IDX file")
    shape = tuple(int(n) for n in np.frombuffer(content, ">u4", count=ndim, offset=4))
    needed = 4 * (ndim + 1) + math.prod(shape) * np.dtype(dtype).itemsize
    if len(content) < needed or (strict and len(content) > needed):
        raise damaged(path, f"it holds {len(content)} bytes, its header announces {needed}")
    values = np.frombuffer(content, dtype, count=math.prod(shape), offset=4 * (ndim + 1)).reshape(shape)
    return jtorch.from_numpy(values.astype(values.dtype.newbyteorder("=")))


def _read(path: str | Path) -> bytes:
    with open(path, "rb") as file:
        content = file.read()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged(path, f"it cannot be decompressed ({error})") from error


def read_image_file(path: str | Path) -> Tensor:
    """The images (N, H, W) of an IDX file, as uint8."""
    images = read_sn3_pascalvincent_tensor(path, strict=False)
    if images.dtype != jtorch.uint8:
        raise TypeError(f"x should be of dtype torch.uint8 instead of {images.dtype} ({path})")
    if images.ndimension() != 3:
        raise ValueError(f"x should have 3 dimension instead of {images.ndimension()} ({path})")
    return images


def read_label_file(path: str | Path) -> Tensor:
    """The labels (N,) of an IDX file, as int64."""
    labels = read_sn3_pascalvincent_tensor(path, strict=False)
    if labels.dtype != jtorch.uint8:
        raise TypeError(f"x should be of dtype torch.uint8 instead of {labels.dtype} ({path})")
    if labels.ndimension() != 1:
        raise ValueError(f"x should have 1 dimension instead of {labels.ndimension()} ({path})")
    return labels.long()


def _idx_file(path: str) -> str:
    """The file itself, or where there is only the compressed one, that."""
    return path if os.path.isfile(path) or not os.path.isfile(f"{path}.gz") else f"{path}.gz"


def _sample(values, index: int):
    """`values[index]`; of a tensor on the host without recording an operation, since this runs once per sample."""
    host = values._host_array() if isinstance(values, Tensor) else None
    return values[index] if host is None else host[index]


def _grey(pixels: Tensor | np.ndarray):
    return image_from_array(pixels.numpy() if isinstance(pixels, Tensor) else pixels, "L")


class MNIST(VisionDataset):
    """Handwritten digits (LeCun, Cortes, Burges), 60,000 to train on and 10,000 to test, 28 x 28 pixels in grey.

    A sample is a PIL image and an int. The files lie in `root/MNIST/raw` under their original names, plain or with
    `.gz`; `download=True` fetches what is missing. Attributes: `data` (N, 28, 28) uint8, `targets` (N,) int64,
    `classes`, `class_to_idx`, `train`, `raw_folder`, `processed_folder`.
    """

    mirrors = ["https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    ]
    training_file = "training.pt"
    test_file = "test.pt"
    classes = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.train = train
        if self._check_legacy_exist():
            self.data, self.targets = self._load_legacy_data()
            return
        if download:
            self.download()
        if not self._check_exists():
            raise RuntimeError(
                "Dataset not found. You can use download=True to download it, "
                f"or put its files into {self.raw_folder} by hand"
            )
        self.data, self.targets = self._load_data()

    def _check_legacy_exist(self) -> bool:
        """Whether the files that torchvision wrote before 0.9 are there."""
        return all(
            check_integrity(os.path.join(self.processed_folder, f)) for f in (self.training_file, self.test_file)
        )

    def _load_legacy_data(self):
        name = self.training_file if self.train else self.test_file
        return jtorch.load(os.path.join(self.processed_folder, name), weights_only=True)

    @property
    def images_file(self) -> str:
        return os.path.join(self.raw_folder, f"{'train' if self.train else 't10k'}-images-idx3-ubyte")

    @property
    def labels_file(self) -> str:
        return os.path.join(self.raw_folder, f"{'train' if self.train else 't10k'}-labels-idx1-ubyte")

    def _load_data(self) -> tuple[Tensor, Tensor]:
        images, labels = read_image_file(_idx_file(self.images_file)), read_label_file(_idx_file(self.labels_file))
        if len(images) != len(labels):
            raise damaged(
                _idx_file(self.labels_file), f"{len(labels)} labels for {len(images)} images in {self.images_file}"
            )
        return images, labels

    def __getitem__(self, index: int):
        image, target = _sample(self.data, index), int(_sample(self.targets, index))
        return self._transformed(_grey(image), target)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        return os.path.join(self.root, self.__class__.__name__, "raw")

    @property
    def processed_folder(self) -> str:
        return os.path.join(self.root, self.__class__.__name__, "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.classes)}

    def _check_exists(self) -> bool:
        plain = (os.path.join(self.raw_folder, os.path.splitext(name)[0]) for name, _ in self.resources)
        return all(check_integrity(_idx_file(path)) for path in plain)

    def download(self) -> None:
        """Fetch and unpack what is missing, from the first mirror that has it."""
        if self._check_exists():
            return
        for name, md5 in self.resources:
            failures = ""
            for mirror in self.mirrors:
                try:
                    download_and_extract_archive(f"{mirror}{name}", self.raw_folder, filename=name, md5=md5)
                    break
                except (RuntimeError, URLError) as error:
                    failures += f"Tried {mirror}, got:\n{error}\n"
            else:
                raise RuntimeError(
                    f"Error downloading {name}:\n{failures}"
                    f"To do without a download, put {', '.join(file for file, _ in self.resources)} "
                    f"into {self.raw_folder}"
                )

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"

    @property
    def train_labels(self):
        warnings.warn("train_labels has been renamed targets", stacklevel=2)
        return self.targets

    @property
    def test_labels(self):
        warnings.warn("test_labels has been renamed targets", stacklevel=2)
        return self.targets

    @property
    def train_data(self):
        warnings.warn("train_data has been renamed data", stacklevel=2)
        return self.data

    @property
    def test_data(self):
        warnings.warn("test_data has been renamed data", stacklevel=2)
        return self.data


class FashionMNIST(MNIST):
    """Articles of clothing in MNIST's form (Xiao et al. 2017, arXiv:1708.07747), in `root/FashionMNIST/raw`."""

    mirrors = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    ]
    classes = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


class KMNIST(MNIST):
    """Cursive Japanese characters in MNIST's form (Clanuwat et al. 2018, arXiv:1812.01718), in `root/KMNIST/raw`."""

    mirrors = ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"]
    resources = [
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    ]
    classes = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


# Letters whose upper and lower case look alike count as one class in the "bymerge" and "balanced" splits.
_EMNIST_MERGED = set("cijklmopsuvwxyz")
_EMNIST_ALL = set(string.digits + string.ascii_letters)


class EMNIST(MNIST):
    """Handwritten letters and digits (Cohen et al. 2017, arXiv:1702.05373), in `root/EMNIST/raw`.

    `split` is byclass, bymerge, balanced, letters, digits or mnist. The images are stored transposed.
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict = {
        "byclass": sorted(_EMNIST_ALL),
        "bymerge": sorted(_EMNIST_ALL - _EMNIST_MERGED),
        "balanced": sorted(_EMNIST_ALL - _EMNIST_MERGED),
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root: str | Path, split: str, **kwargs) -> None:
        self.split = verify_str_arg(split, "split", self.splits)
        self.training_file = f"training_{split}.pt"
        self.test_file = f"test_{split}.pt"
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]

    @property
    def _file_prefix(self) -> str:
        return f"emnist-{self.split}-{'train' if self.train else 'test'}"

    @property
    def images_file(self) -> str:
        return os.path.join(self.raw_folder, f"{self._file_prefix}-images-idx3-ubyte")

    @property
    def labels_file(self) -> str:
        return os.path.join(self.raw_folder, f"{self._file_prefix}-labels-idx1-ubyte")

    def _check_exists(self) -> bool:
        return all(check_integrity(_idx_file(path)) for path in (self.images_file, self.labels_file))

    def download(self) -> None:
        """Fetch and unpack the archive of all splits."""
        if self._check_exists():
            return
        download_and_extract_archive(self.url, self.raw_folder, md5=self.md5)
        unpacked = os.path.join(self.raw_folder, "gzip")
        for name in sorted(os.listdir(unpacked)):
            if name.endswith(".gz"):
                extract_archive(os.path.join(unpacked, name), self.raw_folder)
        shutil.rmtree(unpacked)


_QMNIST_URL = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


class QMNIST(MNIST):
    """MNIST's digits with what NIST recorded of each (Yadav, Bottou 2019, arXiv:1905.10498), in `root/QMNIST/raw`.

    `what` is train, test (60,000 images), test10k (those of MNIST), test50k (the others) or nist; by default train or
    test as `train` says. With `compat=False` a target is the int64 vector of the digit, its writer and so on.
    """

    subsets = {"train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist"}
    resources: dict[str, list[tuple[str, str]]] = {  # type: ignore[assignment]
        "train": [
            (f"{_QMNIST_URL}qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            (f"{_QMNIST_URL}qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ],
        "test": [
            (f"{_QMNIST_URL}qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            (f"{_QMNIST_URL}qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ],
        "nist": [
            (f"{_QMNIST_URL}xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            (f"{_QMNIST_URL}xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ],
    }

    def __init__(
        self, root: str | Path, what: str | None = None, compat: bool = True, train: bool = True, **kwargs
    ) -> None:
        self.what = verify_str_arg(what or ("train" if train else "test"), "what", tuple(self.subsets))
        self.compat = compat
        self.data_file = self.training_file = self.test_file = f"{self.what}.pt"
        super().__init__(root, train, **kwargs)

    def _file(self, number: int) -> str:
        url, _ = self.resources[self.subsets[self.what]][number]
        return os.path.join(self.raw_folder, os.path.splitext(os.path.basename(url))[0])

    @property
    def images_file(self) -> str:
        return self._file(0)

    @property
    def labels_file(self) -> str:
        return self._file(1)

    def _check_exists(self) -> bool:
        return all(check_integrity(_idx_file(path)) for path in (self.images_file, self.labels_file))

    def _load_data(self) -> tuple[Tensor, Tensor]:
        images = read_sn3_pascalvincent_tensor(_idx_file(self.images_file))
        if images.dtype != jtorch.uint8:
            raise TypeError(f"data should be of dtype torch.uint8 instead of {images.dtype} ({self.images_file})")
        if images.ndim != 3:
            raise ValueError(f"data should have 3 dimensions instead of {images.ndim} ({self.images_file})")
        targets = read_sn3_pascalvincent_tensor(_idx_file(self.labels_file)).long()
        if targets.ndim != 2:
            raise ValueError(f"targets should have 2 dimensions instead of {targets.ndim} ({self.labels_file})")
        rows = {"test10k": slice(10_000), "test50k": slice(10_000, None)}.get(self.what, slice(None))
        return images[rows], targets[rows]

    def download(self) -> None:
        """Fetch and unpack the files of the subset that is asked for."""
        if not self._check_exists():
            for url, md5 in self.resources[self.subsets[self.what]]:
                download_and_extract_archive(url, self.raw_folder, md5=md5)

    def __getitem__(self, index: int):
        target = int(_sample(self.targets, index)[0]) if self.compat else self.targets[index]
        return self._transformed(_grey(_sample(self.data, index)), target)

    def extra_repr(self) -> str:
        return f"Split: {self.what}"
