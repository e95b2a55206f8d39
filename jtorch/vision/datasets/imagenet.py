"""ImageNet of the 2012 challenge: its archives, and what its development kit says of the classes."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import jtorch

from ._readers import damaged, read_lines, read_mat, reading
from .folder import ImageFolder
from .utils import check_integrity, extract_archive, verify_str_arg

ARCHIVE_META = {
    "train": ("ILSVRC2012_img_train.tar", "1d675b47d978889d74fa0da5fadfb00e"),
    "val": ("ILSVRC2012_img_val.tar", "29b22e2961454d5413ddabcf34fc5622"),
    "devkit": ("ILSVRC2012_devkit_t12.tar.gz", "fa75699e90414af021442c21a62c3abf"),
}
META_FILE = "meta.bin"


class ImageNet(ImageFolder):
    """Pictures of a thousand kinds of things (Russakovsky et al. 2015, arXiv:1409.0575); `split` is train or val.

    It cannot be downloaded: put `ILSVRC2012_devkit_t12.tar.gz` and `ILSVRC2012_img_train.tar` or
    `ILSVRC2012_img_val.tar` into `root`, they are unpacked once. Attributes: `classes` (tuples of names), `class_to_idx`
    (from each name), `wnids`, `wnid_to_idx`, `imgs`, `targets`.
    """

    def __init__(self, root: str | Path, split: str = "train", **kwargs) -> None:
        root = self.root = os.path.expanduser(root)
        self.split = verify_str_arg(split, "split", ("train", "val"))
        self.parse_archives()
        names = load_meta_file(root)[0]
        super().__init__(self.split_folder, **kwargs)
        self.root = root
        self.wnids, self.wnid_to_idx = self.classes, self.class_to_idx
        self.classes = [names[wnid] for wnid in self.wnids]
        self.class_to_idx = {name: number for number, synonyms in enumerate(self.classes) for name in synonyms}

    def parse_archives(self) -> None:
        """Unpack what is not unpacked yet."""
        if not check_integrity(os.path.join(self.root, META_FILE)):
            parse_devkit_archive(self.root)
        if not os.path.isdir(self.split_folder):
            (parse_train_archive if self.split == "train" else parse_val_archive)(self.root)

    @property
    def split_folder(self) -> str:
        return os.path.join(self.root, self.split)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


def load_meta_file(root: str | Path, file: str | None = None) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The names of each WordNet ID, and the ID of each picture of the validation set."""
    path = os.path.join(root, file or META_FILE)
    if not check_integrity(path):
        raise RuntimeError(
            f"The meta file {path} is not present in the root directory or is corrupted. "
            "This file is automatically created by the ImageNet dataset."
        )
    return jtorch.load(path, weights_only=True)


def _archive(root: str | Path, kind: str, file: str | None) -> str:
    name, md5 = ARCHIVE_META[kind]
    path = os.path.join(root, file or name)
    if not check_integrity(path, md5):
        raise RuntimeError(
            f"The archive {file or name} is not present in the root directory or is corrupted. "
            f"You need to download it externally and place it in {root}."
        )
    return path


def parse_devkit_archive(root: str | Path, file: str | None = None) -> None:
    """Write what the development kit says of the classes into `root/meta.bin`."""
    archive = _archive(root, "devkit", file)
    with tempfile.TemporaryDirectory() as folder:
        extract_archive(archive, folder)
        data = os.path.join(folder, "ILSVRC2012_devkit_t12", "data")
        synsets = read_mat(os.path.join(data, "meta.mat"), squeeze_me=True)
        truth = read_lines(os.path.join(data, "ILSVRC2012_validation_ground_truth.txt"))
    with reading(archive):
        # Inner nodes of WordNet's tree, those with children (the fifth field), are no classes.
        leaves = [tuple(synset)[:3] for synset in synsets["synsets"] if tuple(synset)[4] == 0]
        wnids = {int(number): str(wnid) for number, wnid, _ in leaves}
        names = {str(wnid): tuple(str(words).split(", ")) for _, wnid, words in leaves}
        of_pictures = [wnids[int(number)] for number in truth]
    jtorch.save((names, of_pictures), os.path.join(root, META_FILE))


def parse_train_archive(root: str | Path, file: str | None = None, folder: str = "train") -> None:
    """Unpack the training set, an archive of one archive per class, into `root/folder`."""
    target = os.path.join(root, folder)
    extract_archive(_archive(root, "train", file), target)
    for name in sorted(os.listdir(target)):
        archive = os.path.join(target, name)
        extract_archive(archive, os.path.splitext(archive)[0], remove_finished=True)


def parse_val_archive(
    root: str | Path, file: str | None = None, wnids: list[str] | None = None, folder: str = "val"
) -> None:
    """Unpack the validation set into `root/folder`, a folder per class; `wnids` says of which each picture is."""
    wnids = load_meta_file(root)[1] if wnids is None else wnids
    target = os.path.join(root, folder)
    archive = _archive(root, "val", file)
    extract_archive(archive, target)
    pictures = sorted(os.listdir(target))
    if len(pictures) != len(wnids):
        shutil.rmtree(target)
        raise damaged(archive, f"it holds {len(pictures)} pictures, the development kit knows {len(wnids)}")
    for wnid in set(wnids):
        os.mkdir(os.path.join(target, wnid))
    for wnid, picture in zip(wnids, pictures, strict=True):
        shutil.move(os.path.join(target, picture), os.path.join(target, wnid, picture))
