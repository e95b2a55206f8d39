"""Stereo pairs: two pictures taken side by side, and how far each pixel of the left one moves to the left in the right one."""

from __future__ import annotations

import os
import random
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ._readers import damaged, open_image, read_json, reading
from .utils import _read_pfm, download_and_extract_archive, verify_str_arg
from .vision import VisionDataset

__all__: list[str] = []

Disparity = tuple[np.ndarray | None, np.ndarray | None]


class StereoMatchingDataset(ABC, VisionDataset):
    """Samples (left picture, right picture, disparity), and where the files say which of it is valid also that mask.

    Pictures are RGB images of PIL's, a disparity is a positive array (1, H, W) in pixels, a mask a bool array (H, W); what is
    not published is None. `transforms` takes three pairs, of pictures, disparities and masks, each for left and right, and
    returns them: a mask that it makes for the left becomes part of the sample.
    """

    transforms: Callable[..., Any] | None
    _has_built_in_disparity_mask = False

    def __init__(self, root: str | Path, transforms: Callable | None = None) -> None:
        super().__init__(root)
        self.transforms = transforms
        self._images: list[tuple[str, str | None]] = []
        self._disparities: list[tuple[str | None, str | None]] = []

    def _read_img(self, file_path: str | Path) -> Image.Image:
        return open_image(file_path, "RGB")

    def _scan_pairs(
        self, paths_left_pattern: str | Path, paths_right_pattern: str | Path | None = None
    ) -> list[tuple[str, str | None]]:
        """The files of two patterns side by side, in alphabetical order; None on the right without a second pattern."""
        left = _sorted(paths_left_pattern)
        if paths_right_pattern is None:
            return [(path, None) for path in left]
        right = _sorted(paths_right_pattern)
        if len(left) != len(right):
            raise ValueError(
                f"Found {len(left)} left files but {len(right)} right files using:\n "
                f"left pattern: {paths_left_pattern}\nright pattern: {paths_right_pattern}\n"
            )
        return list(zip(left, right, strict=True))

    @abstractmethod
    def _read_disparity(self, file_path: str) -> Disparity:
        """The disparity in a file, and what of it is valid."""

    def _read(self, file_path: str | None) -> Disparity:
        return (None, None) if file_path is None else self._read_disparity(file_path)

    def __getitem__(self, index: int):
        pictures = tuple(self._read_img(path) for path in self._images[index])
        disparities, masks = zip(*(self._read(path) for path in self._disparities[index]), strict=True)
        if self.transforms is not None:
            pictures, disparities, masks = self.transforms(pictures, disparities, masks)
        sample = (pictures[0], pictures[1], disparities[0])
        return (*sample, masks[0]) if self._has_built_in_disparity_mask or masks[0] is not None else sample

    def __len__(self) -> int:
        return len(self._images)


def _sorted(pattern: str | Path) -> list[str]:
    paths = sorted(glob(str(pattern)))
    if not paths:
        raise FileNotFoundError(f"Could not find any files matching the patterns: {pattern}")
    return paths


def _read_pfm_file(file_path: str) -> np.ndarray:
    """The disparity in a PFM file, whose sign is not the same everywhere."""
    return np.abs(_read_pfm(file_path, slice_channels=1))


def _read_levels(file_path: str) -> np.ndarray:
    """The levels of a picture of one channel: (1, H, W)."""
    levels = np.asarray(open_image(file_path))
    if levels.ndim != 2:
        raise damaged(file_path, "it has several channels, a disparity has one")
    return levels[None]


class CarlaStereo(StereoMatchingDataset):
    """Streets of a simulator, of the authors of CREStereo (Li et al. 2022), in `root/carla-highres/trainingF`."""

    def __init__(self, root: str | Path, transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        scenes = Path(root) / "carla-highres" / "trainingF" / "*"
        self._images = self._scan_pairs(scenes / "im0.png", scenes / "im1.png")
        self._disparities = self._scan_pairs(scenes / "disp0GT.pfm", scenes / "disp1GT.pfm")

    def _read_disparity(self, file_path: str) -> Disparity:
        return _read_pfm_file(file_path), None


class _KittiStereo(StereoMatchingDataset):
    """Streets from a car. A sample has a mask, which is None unless `transforms` makes one."""

    _has_built_in_disparity_mask = True
    _year: str
    _pictures: tuple[str, str]
    _disparity_folders: tuple[str, ...]

    def __init__(self, root: str | Path, split: str = "train", transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        verify_str_arg(split, "split", ("train", "test"))
        folder = Path(root) / f"Kitti{self._year}" / f"{split}ing"
        self._images = self._scan_pairs(*(folder / pattern for pattern in self._pictures))
        self._disparities = [(None, None)] * len(self._images)
        if split == "train":
            self._disparities = self._scan_pairs(*(folder / name / "*.png" for name in self._disparity_folders))

    def _read_disparity(self, file_path: str) -> Disparity:
        return _read_levels(file_path) / 256.0, None


class Kitti2012Stereo(_KittiStereo):
    """Streets from a car (Geiger et al. 2012), in colour, in `root/Kitti2012/training` or, without disparities, `testing`.

    A sample is (left picture, right picture, disparity, mask); the mask is None unless `transforms` makes one.
    """

    _year = "2012"
    _pictures = ("colored_0/*_10.png", "colored_1/*_10.png")
    _disparity_folders = ("disp_noc",)


class Kitti2015Stereo(_KittiStereo):
    """Streets from a car (Menze and Geiger 2015), in `root/Kitti2015/training` or, without disparities, `testing`.

    A sample is (left picture, right picture, disparity, mask); the mask is None unless `transforms` makes one.
    """

    _year = "2015"
    _pictures = ("image_2/*.png", "image_3/*.png")
    _disparity_folders = ("disp_occ_0", "disp_occ_1")


class Middlebury2014Stereo(StereoMatchingDataset):
    """Rooms and things (Scharstein et al. 2014), in `root/Middlebury2014/train`, `additional` or, without disparities, `test`.

    `calibration` is perfect, imperfect or both, and None for the split "test". With `use_ambient_views` the right picture
    is drawn, with Python's `random`, from those of other exposures and lights as well. A sample is (left picture, right
    picture, disparity, mask).
    """

    splits = {
        "train": ("Adirondack Jadeplant Motorcycle Piano Pipes Playroom Playtable Recycle Shelves Vintage".split()),
        "additional": (
            "Backpack Bicycle1 Cable Classroom1 Couch Flowers Mask Shopvac Sticks Storage Sword1 Sword2 Umbrella".split()
        ),
        "test": (
            "Plants Classroom2E Classroom2 Australia DjembeL CrusadeP Crusade Hoops Bicycle2 Staircase Newkuba AustraliaP"
            " Djembe Livingroom Computer".split()
        ),
    }
    _has_built_in_disparity_mask = True

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        calibration: str | None = "perfect",
        use_ambient_views: bool = False,
        transforms: Callable | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transforms)
        verify_str_arg(split, "split", ("train", "test", "additional"))
        self.split = split
        if calibration:
            verify_str_arg(calibration, "calibration", ("perfect", "imperfect", "both", None))  # type: ignore[arg-type]
            if split == "test":
                raise ValueError("Split 'test' has only no calibration settings, please set `calibration=None`.")
        elif split != "test":
            raise ValueError(
                f"Split '{split}' has calibration settings, however None was provided as an argument.\n"
                f"Setting calibration to 'perfect' for split '{split}'. "
                "Available calibration settings are: 'perfect', 'imperfect', 'both'."
            )
        if download:
            self._download_dataset(root)

        folder = Path(root) / "Middlebury2014" / split
        if not folder.exists():
            raise FileNotFoundError(f"The {split} directory was not found in the provided root directory")
        if not any(scene.startswith(tuple(self.splits[split])) for scene in os.listdir(folder)):
            raise FileNotFoundError(f"Provided root folder does not contain any scenes from the {split} split.")
        settings = {"both": ("-perfect", "-imperfect"), None: ("",)}.get(calibration, (f"-{calibration}",))
        for ending in settings:
            scenes = folder / f"*{ending}"
            images = self._scan_pairs(scenes / "im0.png", scenes / "im1.png")
            self._images += images
            if split == "test":
                self._disparities += [(None, None)] * len(images)
            else:
                self._disparities += self._scan_pairs(scenes / "disp0.pfm", scenes / "disp1.pfm")
        self.use_ambient_views = use_ambient_views

    def _read_img(self, file_path: str | Path) -> Image.Image:
        path = Path(file_path)
        if path.name == "im1.png" and self.use_ambient_views:
            others = [path.with_name(name) for name in ("im1E.png", "im1L.png")]
            path = random.choice([*filter(os.path.exists, others), path])
        return super()._read_img(path)

    def _read_disparity(self, file_path: str) -> Disparity:
        disparity = _read_pfm_file(file_path)
        disparity[disparity == np.inf] = 0
        return disparity, disparity[0] > 0

    def _download_dataset(self, root: str | Path) -> None:
        """Fetch and unpack the scenes of the split that are not there."""
        base = "https://vision.middlebury.edu/stereo"
        root = Path(root).expanduser() / "Middlebury2014"
        folder = root / self.split
        if self.split != "test":
            for scene in (
                f"{name}-{setting}" for name in self.splits[self.split] for setting in ("perfect", "imperfect")
            ):
                if not (folder / scene).exists():
                    download_and_extract_archive(
                        f"{base}/data/scenes2014/zip/{scene}.zip", folder, filename=f"{scene}.zip", remove_finished=True
                    )
        elif not all((folder / name).exists() for name in self.splits["test"]):
            # They come with those of another split, in a folder of their own.
            download_and_extract_archive(f"{base}/submit3/zip/MiddEval3-data-F.zip", root, remove_finished=True)
            folder.mkdir(exist_ok=True)
            for scene in sorted((root / "MiddEval3" / "testF").iterdir()):
                if not (folder / scene.name).exists():
                    shutil.move(scene, folder)
            shutil.rmtree(root / "MiddEval3")


class CREStereo(StereoMatchingDataset):
    """Rendered things (Li et al. 2022, arXiv:2203.11483), in `root/CREStereo`: `shapenet`, `reflective`, `tree` and `hole`.

    A sample is (left picture, right picture, disparity, mask); the mask is None unless `transforms` makes one.
    """

    _has_built_in_disparity_mask = True

    def __init__(self, root: str | Path, transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        for kind in ("shapenet", "reflective", "tree", "hole"):
            folder = Path(root) / "CREStereo" / kind
            self._images += self._scan_pairs(folder / "*_left.jpg", folder / "*_right.jpg")
            self._disparities += self._scan_pairs(folder / "*_left.disp.png", folder / "*_right.disp.png")

    def _read_disparity(self, file_path: str) -> Disparity:
        return _read_levels(file_path).astype(np.float32) / 32.0, None


class FallingThingsStereo(StereoMatchingDataset):
    """Household things that fall (Tremblay et al. 2018, arXiv:1804.06534), in `root/FallingThings/single` and `mixed`.

    `variant` is single, mixed or both. Disparities are computed from the depths and the camera's settings.
    """

    def __init__(self, root: str | Path, variant: str = "single", transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        verify_str_arg(variant, "variant", ("single", "mixed", "both"))
        for kind in ("single", "mixed") if variant == "both" else (variant,):
            folder = Path(root) / "FallingThings" / kind / ("*/*" if kind == "single" else "*")
            self._images += self._scan_pairs(folder / "*.left.jpg", folder / "*.right.jpg")
            self._disparities += self._scan_pairs(folder / "*.left.depth.png", folder / "*.right.depth.png")

    def _read_disparity(self, file_path: str) -> Disparity:
        depth = _read_levels(file_path).astype(np.float32)
        settings = Path(file_path).with_name("_camera_settings.json")
        with reading(settings):
            focal_length = read_json(settings)["camera_settings"][0]["intrinsic_settings"]["fx"]
        # The cameras are 6 cm apart, a depth is in hundredths of a centimetre: the readme of the data set.
        return 6 * focal_length * 100 / depth, None


class SceneFlowStereo(StereoMatchingDataset):
    """Rendered scenes (Mayer et al. 2016), in `root/SceneFlow/FlyingThings3D`, `Driving` and `Monkaa`: `variant` says which.

    `pass_name` is how they are rendered: clean, final or both.
    """

    def __init__(
        self,
        root: str | Path,
        variant: str = "FlyingThings3D",
        pass_name: str = "clean",
        transforms: Callable | None = None,
    ) -> None:
        super().__init__(root, transforms)
        verify_str_arg(variant, "variant", ("FlyingThings3D", "Driving", "Monkaa"))
        verify_str_arg(pass_name, "pass_name", ("clean", "final", "both"))
        folder = Path(root) / "SceneFlow" / variant
        scenes = "*" if variant == "Monkaa" else "*/*/*"
        for name in ("clean", "final") if pass_name == "both" else (pass_name,):
            pictures = folder / f"frames_{name}pass" / scenes
            self._images += self._scan_pairs(pictures / "left" / "*.png", pictures / "right" / "*.png")
            disparities = folder / "disparity" / scenes
            self._disparities += self._scan_pairs(disparities / "left" / "*.pfm", disparities / "right" / "*.pfm")

    def _read_disparity(self, file_path: str) -> Disparity:
        return _read_pfm_file(file_path), None


class SintelStereo(StereoMatchingDataset):
    """Scenes of an animated film (Butler et al. 2012), in `root/Sintel/training`.

    `pass_name` is how they are rendered: final, clean or both. A sample is (left picture, right picture, disparity, mask);
    valid is what the right picture shows, too.
    """

    _has_built_in_disparity_mask = True

    def __init__(self, root: str | Path, pass_name: str = "final", transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        verify_str_arg(pass_name, "pass_name", ("final", "clean", "both"))
        folder = Path(root) / "Sintel" / "training"
        for name in ("final", "clean") if pass_name == "both" else (pass_name,):
            self._images += self._scan_pairs(folder / f"{name}_left" / "*/*.png", folder / f"{name}_right" / "*/*.png")
            self._disparities += self._scan_pairs(folder / "disparities" / "*/*.png")

    def _get_occlussion_mask_paths(self, file_path: str) -> tuple[str, str]:
        """The masks of what is hidden in the right picture and of what is outside, for the path of a disparity."""
        path = Path(file_path)
        paths = []
        for kind, words in (("occlusions", "Occlusion mask"), ("outofframe", "Out of frame mask")):
            mask = path.parents[2] / kind / path.parent.name / path.name
            if not mask.exists():
                raise FileNotFoundError(f"{words} {mask} does not exist")
            paths.append(str(mask))
        return paths[0], paths[1]

    def _read_disparity(self, file_path: str) -> Disparity:
        levels = np.asarray(open_image(file_path, "RGB"), dtype=np.float32).transpose(2, 0, 1)
        # As the readme of the data set says: 4 pixels to a level of red, a 64th to one of green, and so on.
        disparity = levels[:1] * 4 + levels[1:2] / 2**6 + levels[2:] / 2**14
        hidden, outside = (np.asarray(open_image(path)) for path in self._get_occlussion_mask_paths(file_path))
        return disparity, (outside == 0) & (hidden == 0)


class InStereo2k(StereoMatchingDataset):
    """Rooms (Bao et al. 2020), in `root/InStereo2k/train` and `test`."""

    def __init__(self, root: str | Path, split: str = "train", transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        verify_str_arg(split, "split", ("train", "test"))
        scenes = Path(root) / "InStereo2k" / split / "*"
        self._images = self._scan_pairs(scenes / "left.png", scenes / "right.png")
        self._disparities = self._scan_pairs(scenes / "left_disp.png", scenes / "right_disp.png")

    def _read_disparity(self, file_path: str) -> Disparity:
        return _read_levels(file_path).astype(np.float32) / 1024.0, None


class ETH3DStereo(StereoMatchingDataset):
    """Buildings and rooms in grey (Schöps et al. 2017), in `root/ETH3D`: `two_view_training` and `two_view_training_gt`, or `two_view_test`.

    A sample is (left picture, right picture, disparity, mask), the last two None for the split "test".
    """

    _has_built_in_disparity_mask = True

    def __init__(self, root: str | Path, split: str = "train", transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        verify_str_arg(split, "split", ("train", "test"))
        folder = Path(root) / "ETH3D"
        scenes = folder / ("two_view_training" if split == "train" else "two_view_test") / "*"
        self._images = self._scan_pairs(scenes / "im0.png", scenes / "im1.png")
        self._disparities = [(None, None)] * len(self._images)
        if split == "train":
            self._disparities = self._scan_pairs(folder / "two_view_training_gt" / "*" / "disp0GT.pfm")

    def _read_disparity(self, file_path: str) -> Disparity:
        mask = open_image(Path(file_path).with_name("mask0nocc.png"))
        return _read_pfm_file(file_path), np.asarray(mask).astype(bool)
