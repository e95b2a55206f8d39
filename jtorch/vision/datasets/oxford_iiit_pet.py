"""Oxford-IIIT Pet: cats and dogs of 37 breeds, with their outlines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ._readers import open_image, read_lines, reading
from ._samples import Archived, numbered, one_or_all
from .utils import verify_str_arg


class OxfordIIITPet(Archived):
    """Cats and dogs of 37 breeds (Parkhi et al. 2012), in `root/oxford-iiit-pet`; `split` is trainval or test.

    `target_types` is one or several of category, binary-category (0 cat, 1 dog) and segmentation (a PIL image); several
    make a tuple, none makes None. Attributes: `classes`, `class_to_idx`, `bin_classes`, `bin_class_to_idx`.
    """

    _RESOURCES = (
        ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
        ("https://www.robots.ox.ac.uk/~vgg/data/pets/data/annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"),
    )
    _VALID_TARGET_TYPES = ("category", "binary-category", "segmentation")

    def __init__(
        self,
        root: str | Path,
        split: str = "trainval",
        target_types: Sequence[str] | str = "category",
        transforms: Callable | None = None,
        transform: Callable | None = None,
        target_transform: Callable | None = None,
        download: bool = False,
    ):
        self._split = verify_str_arg(split, "split", ("trainval", "test"))
        kinds = [target_types] if isinstance(target_types, str) else target_types
        self._target_types = [verify_str_arg(kind, "target_types", self._VALID_TARGET_TYPES) for kind in kinds]
        super().__init__(root, transforms=transforms, transform=transform, target_transform=target_transform)
        self._base_folder = Path(self.root) / "oxford-iiit-pet"
        self._images_folder = self._base_folder / "images"
        self._anns_folder = self._base_folder / "annotations"
        self._segs_folder = self._anns_folder / "trimaps"
        self._provide(download)

        path = self._anns_folder / f"{self._split}.txt"
        with reading(path):
            rows = [(name, int(breed) - 1, int(kind) - 1) for name, breed, kind, _ in map(str.split, read_lines(path))]
        self._labels = [breed for _, breed, _ in rows]
        self._bin_labels = [kind for _, _, kind in rows]
        breeds = {breed: name.rpartition("_")[0] for name, breed, _ in rows}
        self.bin_classes = ["Cat", "Dog"]
        self.classes = [" ".join(word.title() for word in breeds[breed].split("_")) for breed in sorted(breeds)]
        self.bin_class_to_idx = numbered(self.bin_classes)
        self.class_to_idx = numbered(self.classes)
        self._images = [self._images_folder / f"{name}.jpg" for name, _, _ in rows]
        self._segs = [self._segs_folder / f"{name}.png" for name, _, _ in rows]

    _archives = _RESOURCES

    @property
    def _folder(self) -> Path:
        return self._base_folder

    def _check_exists(self) -> bool:
        return self._images_folder.is_dir() and self._anns_folder.is_dir()

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, idx: int):
        image = open_image(self._images[idx], "RGB")
        read = {
            "category": lambda: self._labels[idx],
            "binary-category": lambda: self._bin_labels[idx],
            "segmentation": lambda: open_image(self._segs[idx]),
        }
        return self._transformed_together(image, one_or_all([read[kind]() for kind in self._target_types]))
