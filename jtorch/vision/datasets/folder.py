"""Data sets of one file per sample, in one folder per class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from ._readers import open_image
from .vision import VisionDataset

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Whether the name ends in one of `extensions` (lower case), in either case."""
    return filename.lower().endswith(extensions if isinstance(extensions, str) else tuple(extensions))


def is_image_file(filename: str) -> bool:
    """Whether the name ends like an image's."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: str | Path) -> tuple[list[str], dict[str, int]]:
    """The sub-folders of `directory` in alphabetical order, and the number of each."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(
    directory: str | Path,
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[tuple[str, int]]:
    """(path, class number) of every sample under `directory`, in alphabetical order, sub-folders and links followed.

    What counts as a sample is said by `extensions` or by `is_valid_file(path)`, not both.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")

    def is_sample(path: str) -> bool:
        return is_valid_file(path) if extensions is None else has_file_allowed_extension(path, extensions)

    samples = []
    empty = []
    for name in sorted(class_to_idx):
        # `sorted` walks the whole tree before it yields, so that folders come in order of their full path.
        walk = sorted(os.walk(os.path.join(directory, name), followlinks=True))
        paths = [os.path.join(folder, file) for folder, _, files in walk for file in sorted(files)]
        found = [(path, class_to_idx[name]) for path in paths if is_sample(path)]
        samples += found
        if not found:
            empty.append(name)
    if empty and not allow_empty:
        message = f"Found no valid file for the classes {', '.join(empty)}. "
        if extensions is not None:
            listed = extensions if isinstance(extensions, str) else ", ".join(extensions)
            message += f"Supported extensions are: {listed}"
        raise FileNotFoundError(message)
    return samples


class DatasetFolder(VisionDataset):
    """Samples `root/class/.../file`, read by `loader(path)`.

    Attributes: `classes` (names in order), `class_to_idx`, `samples` ((path, class number) pairs), `targets`.
    `allow_empty` admits class folders without a sample.
    """

    def __init__(
        self,
        root: str | Path,
        loader: Callable[[str], object],
        extensions: tuple[str, ...] | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        classes, class_to_idx = self.find_classes(self.root)
        self.loader = loader
        self.extensions = extensions
        self.classes = classes
        self.class_to_idx = class_to_idx
        self.samples = self.make_dataset(
            self.root,
            class_to_idx=class_to_idx,
            extensions=extensions,
            is_valid_file=is_valid_file,
            allow_empty=allow_empty,
        )
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(
        directory: str | Path,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[tuple[str, int]]:
        """The samples; override it to list them in another way."""
        if class_to_idx is None:
            # Listing them again by the module's `find_classes` would pass over an override of the method.
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(
            directory, class_to_idx, extensions=extensions, is_valid_file=is_valid_file, allow_empty=allow_empty
        )

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """The classes; override it to take some of the folders only, or another layout."""
        return find_classes(directory)

    def __getitem__(self, index: int):
        path, target = self.samples[index]
        sample = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return sample, target

    def __len__(self) -> int:
        return len(self.samples)


_image_backend = "PIL"


def set_image_backend(backend: str) -> None:
    """Choose what `default_loader` reads images with. There is "PIL"; torchvision's "accimage" is no longer kept up."""
    global _image_backend
    if backend not in ("PIL", "accimage"):
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL' and 'accimage'")
    if backend == "accimage":
        raise NotImplementedError("set_image_backend('accimage') is not supported: use 'PIL', or a loader of your own")
    _image_backend = backend


def get_image_backend() -> str:
    """What `default_loader` reads images with."""
    return _image_backend


def pil_loader(path: str | Path) -> Image.Image:
    """An image file as an RGB image. A damaged file raises an OSError that names it."""
    return open_image(path, "RGB")


def default_loader(path: str | Path) -> Image.Image:
    """An image file as an RGB image."""
    return pil_loader(path)


class ImageFolder(DatasetFolder):
    """Images `root/class/.../file.png`, read in RGB; `imgs` is another name for `samples`.

    >>> import os, tempfile
    >>> from PIL import Image
    >>> from jtorch.vision import datasets
    >>> root = tempfile.mkdtemp()
    >>> for animal in ("cat", "dog"):
    ...     os.mkdir(os.path.join(root, animal))
    ...     Image.new("RGB", (8, 6)).save(os.path.join(root, animal, "0.png"))
    >>> animals = datasets.ImageFolder(root)
    >>> animals.class_to_idx, animals.targets
    ({'cat': 0, 'dog': 1}, [0, 1])
    """

    def __init__(
        self,
        root: str | Path,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        loader: Callable[[str], object] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ):
        super().__init__(
            root,
            loader,
            IMG_EXTENSIONS if is_valid_file is None else None,
            transform=transform,
            target_transform=target_transform,
            is_valid_file=is_valid_file,
            allow_empty=allow_empty,
        )
        self.imgs = self.samples
