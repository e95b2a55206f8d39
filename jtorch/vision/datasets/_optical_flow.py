"""Optical flow: pairs of pictures, and where each pixel of the first is in the second."""

from __future__ import annotations

import itertools
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np

from jtorch.utils.data import ConcatDataset

from ._readers import damaged, read_png, reading
from .folder import default_loader
from .utils import _read_pfm, verify_str_arg
from .vision import VisionDataset

__all__ = ["HD1K", "FlyingChairs", "FlyingThings3D", "KittiFlow", "Sintel"]

Loader = Callable[[str], Any]


class FlowDataset(ABC, VisionDataset):
    """Samples (first picture, second picture, flow), and where the files say which of the flow is valid also that mask.

    A flow is a float32 array (2, H, W), the movement to the right and down in pixels, a mask a bool array (H, W). Both are
    None where the flow is not published. `transforms` takes all four, with None for a mask that there is not, and returns
    four: a mask that it makes becomes part of the sample. `3 * dataset` has every sample three times.
    """

    transforms: Callable[..., Any] | None
    _has_builtin_flow_mask = False

    def __init__(self, root: str | Path, transforms: Callable | None = None, loader: Loader = default_loader) -> None:
        super().__init__(root)
        self.transforms = transforms
        self._flow_list: list[str] = []
        self._image_list: list[list[str]] = []
        self._loader = loader

    def _add(self, images: list[list[str]], flows: list[str], folder: Path) -> None:
        """Pairs of pictures and their flows. torchvision takes as many as there are, of whichever pictures."""
        if len(images) != len(flows):
            raise RuntimeError(
                f"Dataset not found or corrupted. {folder} has {len(images)} pairs of pictures and {len(flows)} flows; "
                "each pair needs one"
            )
        self._image_list += images
        self._flow_list += flows

    @abstractmethod
    def _read_flow(self, file_name: str):
        """The flow, and with `_has_builtin_flow_mask` the mask."""

    def __getitem__(self, index: int):
        first, second = (self._loader(path) for path in self._image_list[index])
        flow = mask = None
        if self._flow_list:
            flow = self._read_flow(self._flow_list[index])
            if self._has_builtin_flow_mask:
                flow, mask = flow
        if self.transforms is not None:
            first, second, flow, mask = self.transforms(first, second, flow, mask)
        has_mask = self._has_builtin_flow_mask or mask is not None
        return (first, second, flow, mask) if has_mask else (first, second, flow)

    def __len__(self) -> int:
        return len(self._image_list)

    def __rmul__(self, v: int) -> ConcatDataset:
        return ConcatDataset([self] * v)


def _sorted(*pattern: str | Path) -> list[str]:
    return sorted(glob(os.path.join(*pattern)))


def _successive(images: list[str]) -> list[list[str]]:
    return [list(pair) for pair in itertools.pairwise(images)]


class Sintel(FlowDataset):
    """Scenes of an animated film (Butler et al. 2012), in `root/Sintel/training` or, without flows, `testing`.

    `pass_name` is how they are rendered: clean, final or both. A sample is (first picture, second picture, flow). Scenes
    come in alphabetical order (torchvision: in the file system's). As in torchvision the split "test" is read from
    `root/Sintel/test`: link it to `testing`.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        pass_name: str = "clean",
        transforms: Callable | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        verify_str_arg(split, "split", ("train", "test"))
        verify_str_arg(pass_name, "pass_name", ("clean", "final", "both"))
        folder = Path(root) / "Sintel"
        for name in ("clean", "final") if pass_name == "both" else (pass_name,):
            pictures = folder / ("training" if split == "train" else split) / name
            for scene in sorted(os.listdir(pictures)):
                pairs = _successive(_sorted(pictures, scene, "*.png"))
                if split == "train":
                    self._add(pairs, _sorted(folder, "training", "flow", scene, "*.flo"), pictures / scene)
                else:
                    self._image_list += pairs

    def _read_flow(self, file_name: str) -> np.ndarray:
        return _read_flo(file_name)


class KittiFlow(FlowDataset):
    """Streets from a car (Menze and Geiger 2015), in `root/KittiFlow/training` or, without flows, `testing`.

    A sample is (first picture, second picture, flow, mask).
    """

    _has_builtin_flow_mask = True

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transforms: Callable | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        verify_str_arg(split, "split", ("train", "test"))
        folder = Path(root) / "KittiFlow" / f"{split}ing"
        first, second = (_sorted(folder, "image_2", f"*_{number}.png") for number in (10, 11))
        if not first or not second:
            raise FileNotFoundError(
                "Could not find the Kitti flow images. Please make sure the directory structure is correct. "
                f"They are looked for in {folder / 'image_2'}"
            )
        pairs = [list(pair) for pair in zip(first, second, strict=False)]
        if split == "train":
            self._add(pairs, _sorted(folder, "flow_occ", "*_10.png"), folder)
        else:
            self._image_list = pairs

    def _read_flow(self, file_name: str) -> tuple[np.ndarray, np.ndarray]:
        return _read_16bits_png_with_flow_and_valid_mask(file_name)


class FlyingChairs(FlowDataset):
    """Chairs that fly over photographs (Dosovitskiy et al. 2015), in `root/FlyingChairs/data`.

    Which are of the split "train" and which "val" says `FlyingChairs_train_val.txt` beside that folder, from the page of
    the data set. A sample is (first picture, second picture, flow).
    """

    def __init__(self, root: str | Path, split: str = "train", transforms: Callable | None = None) -> None:
        super().__init__(root, transforms)
        verify_str_arg(split, "split", ("train", "val"))
        folder = Path(root) / "FlyingChairs"
        images, flows = (_sorted(folder, "data", ending) for ending in ("*.ppm", "*.flo"))
        numbers = folder / "FlyingChairs_train_val.txt"
        if not numbers.exists():
            raise FileNotFoundError(
                "The FlyingChairs_train_val.txt file was not found - please download it from the dataset page "
                f"(see docstring). It is looked for in {folder}"
            )
        with reading(numbers):
            splits = np.loadtxt(numbers, dtype=np.int32, ndmin=1)
        if not 2 * len(flows) == len(images) <= 2 * len(splits):
            raise damaged(
                numbers, f"it numbers {len(splits)} pairs; there are {len(flows)} flows and {len(images)} pictures"
            )
        wanted = 1 if split == "train" else 2
        for number in np.flatnonzero(splits[: len(flows)] == wanted):
            self._add([images[2 * number : 2 * number + 2]], [flows[number]], folder)

    def _read_flow(self, file_name: str) -> np.ndarray:
        return _read_flo(file_name)


class FlyingThings3D(FlowDataset):
    """Things that fly about (Mayer et al. 2016), in `root/FlyingThings3D`: `frames_cleanpass`, `frames_finalpass`, `optical_flow`.

    `pass_name` is clean, final or both, `camera` left, right or both; flows are to the next picture and to the one before.
    A sample is (first picture, second picture, flow).
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        pass_name: str = "clean",
        camera: str = "left",
        transforms: Callable | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        verify_str_arg(split, "split", ("train", "test"))
        verify_str_arg(pass_name, "pass_name", ("clean", "final", "both"))
        verify_str_arg(camera, "camera", ("left", "right", "both"))
        folder = Path(root) / "FlyingThings3D"
        passes = ["clean", "final"] if pass_name == "both" else [pass_name]
        cameras = ["left", "right"] if camera == "both" else [camera]
        for name, side, direction in itertools.product(passes, cameras, ("into_future", "into_past")):
            scenes, moving = (
                sorted(map(Path, glob(str(folder / kind / split.upper() / "*/*"))))
                for kind in (f"frames_{name}pass", "optical_flow")
            )
            if not scenes or not moving:
                raise FileNotFoundError(
                    "Could not find the FlyingThings3D flow images. "
                    f"Please make sure the directory structure is correct. They are looked for in {folder}"
                )
            for scene, movement in zip(scenes, moving, strict=False):
                pairs = _successive(_sorted(scene, side, "*.png"))
                flows = _sorted(movement, direction, side, "*.pfm")
                if direction == "into_future":
                    self._add(pairs, flows[:-1], scene)
                else:
                    self._add([pair[::-1] for pair in pairs], flows[1:], scene)

    def _read_flow(self, file_name: str) -> np.ndarray:
        return _read_pfm(file_name)


class HD1K(FlowDataset):
    """Streets in Heidelberg (Kondermann et al. 2016), in `root/hd1k`: `hd1k_input` and `hd1k_flow_gt`, or `hd1k_challenge`.

    A sample is (first picture, second picture, flow, mask); the split "test" has no flows.
    """

    _has_builtin_flow_mask = True

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transforms: Callable | None = None,
        loader: Loader = default_loader,
    ) -> None:
        super().__init__(root, transforms, loader)
        verify_str_arg(split, "split", ("train", "test"))
        folder = Path(root) / "hd1k"
        if split == "train":
            for sequence in range(36):  # a pair does not reach from one into the next
                files = f"{sequence:06d}_*.png"
                pairs = _successive(_sorted(folder, "hd1k_input", "image_2", files))
                self._add(pairs, _sorted(folder, "hd1k_flow_gt", "flow_occ", files)[:-1], folder)
        else:
            pictures = folder / "hd1k_challenge" / "image_2"
            pairs = zip(_sorted(pictures, "*10.png"), _sorted(pictures, "*11.png"), strict=False)
            self._image_list = [list(pair) for pair in pairs]
        if not self._image_list:
            raise FileNotFoundError(
                "Could not find the HD1K images. Please make sure the directory structure is correct. "
                f"They are looked for in {folder}"
            )

    def _read_flow(self, file_name: str) -> tuple[np.ndarray, np.ndarray]:
        return _read_16bits_png_with_flow_and_valid_mask(file_name)


def _read_flo(file_name: str) -> np.ndarray:
    """A flow in Middlebury's format: b"PIEH", width and height (int32), then both movements of each pixel (float32), little-endian.

    https://vision.middlebury.edu/flow/code/flow-code/README.txt
    """
    content = Path(file_name).read_bytes()
    if content[:4] != b"PIEH":
        raise ValueError(f"Magic number incorrect. Invalid .flo file: {file_name}")
    with reading(file_name):
        width, height = np.frombuffer(content, "<i4", 2, offset=4).tolist()
        flow = np.frombuffer(content, "<f4", 2 * width * height, offset=12)
        return flow.reshape(height, width, 2).transpose(2, 0, 1).copy(order="K")


def _read_16bits_png_with_flow_and_valid_mask(file_name: str) -> tuple[np.ndarray, np.ndarray]:
    """A flow in KITTI's format: 64 levels to a pixel, 2 ** 15 for no movement, and in the third channel what is valid."""
    levels = read_png(file_name)
    if len(levels) != 3:
        raise damaged(file_name, f"it has {len(levels)} channels, a flow has 3")
    return (levels[:2].astype(np.float32) - 2**15) / 64, levels[2] != 0
