"""The preprocessing that a model's weights were made with: what `Weights.transforms()` gives."""

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from . import functional as F
from .functional import InterpolationMode

__all__ = ["ImageClassification"]


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
        names = ("crop_size", "resize_size", "mean", "std", "interpolation")
        return f"{self.__class__.__name__}(" + "".join(f"\n    {name}={getattr(self, name)}" for name in names) + "\n)"

    def describe(self) -> str:
        """The steps in words."""
        return (
            f"For a PIL image, a tensor (C, H, W) or a batch (B, C, H, W): resized to {self.resize_size} by "
            f"{self.interpolation}, the centre of {self.crop_size} cut out, scaled to [0.0, 1.0], then normalized "
            f"with mean={self.mean} and std={self.std}."
        )
