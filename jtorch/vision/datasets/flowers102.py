"""Oxford's 102 kinds of flowers, labels in MATLAB files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ._readers import read_mat, reading
from ._samples import Archived, FileSamples
from .folder import default_loader
from .utils import check_integrity, download_and_extract_archive, download_url, verify_str_arg


class Flowers102(Archived, FileSamples):
    """Flowers of 102 kinds (Nilsback, Zisserman 2008), in `root/flowers-102`; `split` is train, val or test.

    A label counts from 0; `classes[label]` is the flower's name.
    """

    _may_be_corrupted = True
    _download_url_prefix = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
    _file_dict = {
        "image": ("102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"),
        "label": ("imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"),
        "setid": ("setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"),
    }
    _splits_map = {"train": "trnid", "val": "valid", "test": "tstid"}
    classes = [
        "pink primrose",
        "hard-leaved pocket orchid",
        "canterbury bells",
        "sweet pea",
        "english marigold",
        "tiger lily",
        "moon orchid",
        "bird of paradise",
        "monkshood",
        "globe thistle",
        "snapdragon",
        "colt's foot",
        "king protea",
        "spear thistle",
        "yellow iris",
        "globe-flower",
        "purple coneflower",
        "peruvian lily",
        "balloon flower",
        "giant white arum lily",
        "fire lily",
        "pincushion flower",
        "fritillary",
        "red ginger",
        "grape hyacinth",
        "corn poppy",
        "prince of wales feathers",
        "stemless gentian",
        "artichoke",
        "sweet william",
        "carnation",
        "garden phlox",
        "love in the mist",
        "mexican aster",
        "alpine sea holly",
        "ruby-lipped cattleya",
        "cape flower",
        "great masterwort",
        "siam tulip",
        "lenten rose",
        "barbeton daisy",
        "daffodil",
        "sword lily",
        "poinsettia",
        "bolero deep blue",
        "wallflower",
        "marigold",
        "buttercup",
        "oxeye daisy",
        "common dandelion",
        "petunia",
        "wild pansy",
        "primula",
        "sunflower",
        "pelargonium",
        "bishop of llandaff",
        "gaura",
        "geranium",
        "orange dahlia",
        "pink-yellow dahlia?",
        "cautleya spicata",
        "japanese anemone",
        "black-eyed susan",
        "silverbush",
        "californian poppy",
        "osteospermum",
        "spring crocus",
        "bearded iris",
        "windflower",
        "tree poppy",
        "gazania",
        "azalea",
        "water lily",
        "rose",
        "thorn apple",
        "morning glory",
        "passion flower",
        "lotus",
        "toad lily",
        "anthurium",
        "frangipani",
        "clematis",
        "hibiscus",
        "columbine",
        "desert-rose",
        "tree mallow",
        "magnolia",
        "cyclamen",
        "watercress",
        "canna lily",
        "hippeastrum",
        "bee balm",
        "ball moss",
        "foxglove",
        "bougainvillea",
        "camellia",
        "mallow",
        "mexican petunia",
        "bromelia",
        "blanket flower",
        "trumpet creeper",
        "blackberry lily",
    ]

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
        self._base_folder = Path(self.root) / "flowers-102"
        self._images_folder = self._base_folder / "jpg"
        self._provide(download)

        sets, labels = (self._base_folder / self._file_dict[name][0] for name in ("setid", "label"))
        with reading(sets):
            numbers = read_mat(sets)[self._splits_map[self._split]].ravel().tolist()
        with reading(labels):
            of_pictures = read_mat(labels)["labels"].ravel()
            self._labels = [int(of_pictures[number - 1]) - 1 for number in numbers]
        self._image_files = [self._images_folder / f"image_{number:05d}.jpg" for number in numbers]
        self.loader = loader

    @property
    def _folder(self) -> Path:
        return self._base_folder

    def _check_integrity(self) -> bool:
        files = (self._file_dict[name] for name in ("label", "setid"))
        return self._images_folder.is_dir() and all(check_integrity(self._base_folder / f, md5) for f, md5 in files)

    _check_exists = _check_integrity

    def download(self) -> None:
        """Fetch the archive of pictures and the files of labels and splits unless they are there."""
        if not self._check_integrity():
            folder = str(self._base_folder)
            for name, (file, md5) in self._file_dict.items():
                fetch = download_and_extract_archive if name == "image" else download_url
                fetch(self._download_url_prefix + file, folder, md5=md5)

    def extra_repr(self) -> str:
        return f"split={self._split}"
