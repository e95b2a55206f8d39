"""The preprocessing that a model's weights were made with: what `Weights.transforms()` gives."""

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from . import functional as F
from .functional import InterpolationMode

__all__ = ["ImageClassification", "ObjectDetection", "OpticalFlow", "SemanticSegmentation", "VideoClassification"]


def _shown(preset: nn.Module, names: tuple[str, ...]) -> str:
    return f"{preset.__class__.__name__}(" + "".join(f"\n    {name}={getattr(preset, name)}" for name in names) + "\n)"


class ImageClassification(nn.Module):
    """Resize, crop the centre, scale to 0..1 and normalize: a PIL image, or a tensor (..., C, H, W)."""

    def __init__(
        self,
        *,
        crop_size: int,
        resize_size: int = 256,
        mean: tuple[float, ...] = (0.485, 0.456, 0.406),
        std: tuple[float, ...] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.crop_size = [crop_size]
        self.resize_size = [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Tensor) -> Tensor:
        img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        img = F.center_crop(img, self.crop_size)
        if not isinstance(img, Tensor):
            img = F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(img, jtorch.float), mean=self.mean, std=self.std)

    def __repr__(self) -> str:
        return _shown(self, ("crop_size", "resize_size", "mean", "std", "interpolation"))

    def describe(self) -> str:
        """The steps in words."""
        return (
            f"For a PIL image, a tensor (C, H, W) or a batch (B, C, H, W): resized to {self.resize_size} by "
            f"{self.interpolation}, the centre of {self.crop_size} cut out, scaled to [0.0, 1.0], then normalized "
            f"with mean={self.mean} and std={self.std}."
        )


class ObjectDetection(nn.Module):
    """Scale to 0..1: a PIL image, or a tensor (..., C, H, W). The detectors resize and normalize by themselves."""

    def forward(self, img: Tensor) -> Tensor:
        return F.convert_image_dtype(img if isinstance(img, Tensor) else F.pil_to_tensor(img), jtorch.float)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"

    def describe(self) -> str:
        """The steps in words."""
        return "For a PIL image, a tensor (C, H, W) or a batch (B, C, H, W): scaled to [0.0, 1.0]."


class SemanticSegmentation(nn.Module):
    """Resize, scale to 0..1 and normalize: a PIL image, or a tensor (..., C, H, W)."""

    def __init__(
        self,
        *,
        resize_size: int | None,
        mean: tuple[float, ...] = (0.485, 0.456, 0.406),
        std: tuple[float, ...] = (0.229, 0.224, 0.225),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.resize_size = None if resize_size is None else [resize_size]
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation
        self.antialias = antialias

    def forward(self, img: Tensor) -> Tensor:
        if self.resize_size is not None:
            img = F.resize(img, self.resize_size, interpolation=self.interpolation, antialias=self.antialias)
        if not isinstance(img, Tensor):
            img = F.pil_to_tensor(img)
        return F.normalize(F.convert_image_dtype(img, jtorch.float), mean=self.mean, std=self.std)

    def __repr__(self) -> str:
        return _shown(self, ("resize_size", "mean", "std", "interpolation"))

    def describe(self) -> str:
        """The steps in words."""
        return (
            f"For a PIL image, a tensor (C, H, W) or a batch (B, C, H, W): resized to {self.resize_size} by "
            f"{self.interpolation}, scaled to [0.0, 1.0], then normalized with mean={self.mean} and std={self.std}."
        )


class VideoClassification(nn.Module):
    """Resize, crop the centre, scale to 0..1 and normalize each frame: (..., T, C, H, W) to (..., C, T, H, W)."""

    def __init__(
        self,
        *,
        crop_size: tuple[int, int],
        resize_size: tuple[int] | tuple[int, int],
        mean: tuple[float, ...] = (0.43216, 0.394666, 0.37645),
        std: tuple[float, ...] = (0.22803, 0.22145, 0.216989),
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
    ) -> None:
        super().__init__()
        self.crop_size = list(crop_size)
        self.resize_size = list(resize_size)
        self.mean = list(mean)
        self.std = list(std)
        self.interpolation = interpolation

    def forward(self, vid: Tensor) -> Tensor:
        frames = vid.reshape(-1, *vid.shape[-3:])
        # The published weights were trained on frames resized without antialiasing.
        frames = F.resize(frames, self.resize_size, interpolation=self.interpolation, antialias=False)
        frames = F.convert_image_dtype(F.center_crop(frames, self.crop_size), jtorch.float)
        frames = F.normalize(frames, mean=self.mean, std=self.std)
        return frames.reshape(*vid.shape[:-2], *frames.shape[-2:]).transpose(-4, -3)

    def __repr__(self) -> str:
        return _shown(self, ("crop_size", "resize_size", "mean", "std", "interpolation"))

    def describe(self) -> str:
        """The steps in words."""
        return (
            f"For frames (T, C, H, W) or a batch of them: resized to {self.resize_size} by {self.interpolation}, the "
            f"centre of {self.crop_size} cut out, scaled to [0.0, 1.0], normalized with mean={self.mean} and "
            f"std={self.std}, then permuted to (..., C, T, H, W)."
        )


class OpticalFlow(nn.Module):
    """Scale two pictures to -1..1: PIL images, or tensors (..., C, H, W)."""

    def forward(self, img1: Tensor, img2: Tensor) -> tuple[Tensor, Tensor]:
        return self._scaled(img1), self._scaled(img2)

    def _scaled(self, img: Tensor) -> Tensor:
        img = F.convert_image_dtype(img if isinstance(img, Tensor) else F.pil_to_tensor(img), jtorch.float)
        return F.normalize(img, mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]).contiguous()

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}()"

    def describe(self) -> str:
        """The steps in words."""
        return "For PIL images, tensors (C, H, W) or batches (B, C, H, W): scaled to [-1.0, 1.0]."
