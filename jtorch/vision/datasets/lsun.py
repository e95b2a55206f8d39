"""LSUN: scenes in LMDB databases, which the package lmdb reads."""

from __future__ import annotations

import io
import os
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PIL import Image

from .utils import iterable_to_str, verify_str_arg
from .vision import VisionDataset

_CATEGORIES = [
    "bedroom",
    "bridge",
    "church_outdoor",
    "classroom",
    "conference_room",
    "dining_room",
    "kitchen",
    "living_room",
    "restaurant",
    "tower",
]
_SPLITS = ["train", "val", "test"]


# A process may open a database once, so a copy of a data set shares it.
_opened: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()


def _open(path: str):
    try:
        import lmdb
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "No module named 'lmdb': LSUN's databases are read with it. You can install it with 'pip install lmdb'.",
            name="lmdb",
        ) from error
    environment = _opened.get(path)
    if environment is None:
        environment = lmdb.open(path, max_readers=1, readonly=True, lock=False, readahead=False, meminit=False)
        _opened[path] = environment
    return environment


class LSUNClass(VisionDataset):
    """The pictures of one database, without a target.

    torchvision leaves a pickled list of the keys in the working folder; here they are listed anew each time.
    """

    def __init__(
        self, root: str | Path, transform: Callable | None = None, target_transform: Callable | None = None
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.env = _open(os.fspath(self.root))
        with self.env.begin(write=False) as transaction:
            self.length = transaction.stat()["entries"]
            self.keys = list(transaction.cursor().iternext(keys=True, values=False))

    def __getstate__(self):
        """For the workers of a loader: each opens the database itself."""
        return {key: value for key, value in self.__dict__.items() if key != "env"}

    def __setstate__(self, state) -> None:
        self.__dict__ = {**state, "env": _open(os.fspath(state["root"]))}

    def __getitem__(self, index: int):
        key = self.keys[index]
        with self.env.begin(write=False) as transaction:
            content = transaction.get(key)
        try:
            image = Image.open(io.BytesIO(content)).convert("RGB")
        except OSError as error:
            raise OSError(f"{error} (while reading {key!r} of {self.root})") from error
        return self._transformed(image, None)

    def __len__(self) -> int:
        return self.length


class LSUN(VisionDataset):
    """Scenes of ten kinds (Yu et al. 2015, arXiv:1506.03365), in `root/bedroom_train_lmdb` and so on.

    `classes` is train, val or test, or a list like ["bedroom_train", "church_outdoor_train"]; the target is the place in
    that list.
    """

    def __init__(
        self,
        root: str | Path,
        classes: str | list[str] = "train",
        transform: Callable | None = None,
        target_transform: Callable | None = None,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes = self._verify_classes(classes)
        self.dbs = [LSUNClass(os.path.join(self.root, f"{name}_lmdb"), transform) for name in self.classes]
        self.indices = [sum(map(len, self.dbs[: count + 1])) for count in range(len(self.dbs))]
        self.length = self.indices[-1]

    def _verify_classes(self, classes: str | list[str]) -> list[str]:
        if isinstance(classes, str) and classes in _SPLITS:
            return [classes] if classes == "test" else [f"{category}_{classes}" for category in _CATEGORIES]
        if not isinstance(classes, Iterable):
            raise ValueError(f"Expected type str or Iterable for argument classes, but got type {type(classes)}.")
        for name in classes:
            message = f"Expected type str for elements in argument classes, but got type {type(name)}."
            if not isinstance(name, str):
                raise ValueError(message)
            category, _, split = name.rpartition("_")
            for value, what, valid in ((category, "LSUN class", _CATEGORIES), (split, "postfix", _SPLITS)):
                listed = iterable_to_str(valid)
                verify_str_arg(
                    value,
                    valid_values=valid,
                    custom_msg=f"Unknown value '{value}' for {what}. Valid values are {{{listed}}}.",
                )
        return list(classes)

    def __getitem__(self, index: int):
        if not -self.length <= index < self.length:
            raise IndexError(f"index {index} is out of range for {self.length} samples")
        index %= self.length
        target = next(number for number, end in enumerate(self.indices) if index < end)
        image, _ = self.dbs[target][index - (self.indices[target - 1] if target else 0)]
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return self.length

    def extra_repr(self) -> str:
        return f"Classes: {self.classes}"
