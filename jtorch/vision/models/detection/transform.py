"""Pictures of any size to one batch, and what was detected in it back to the pictures."""

import math
from typing import Any

import jtorch
import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from .image_list import ImageList
from .roi_heads import paste_masks_in_image

Target = dict[str, Tensor]


class GeneralizedRCNNTransform(nn.Module):
    """Normalizes pictures (C, H, W), resizes them with their boxes, masks and key points, and pads them to one batch.

    The shorter side becomes `min_size` (in training one of several, drawn), unless the longer one then exceeds `max_size`.
    """

    def __init__(
        self,
        min_size: int | tuple[int, ...],
        max_size: int,
        image_mean: list[float],
        image_std: list[float],
        size_divisible: int = 32,
        fixed_size: tuple[int, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.min_size = min_size if isinstance(min_size, (list, tuple)) else (min_size,)
        self.max_size = max_size
        self.image_mean = image_mean
        self.image_std = image_std
        self.size_divisible = size_divisible
        self.fixed_size = fixed_size
        self._skip_resize = kwargs.pop("_skip_resize", False)

    def forward(
        self, images: list[Tensor], targets: list[Target] | None = None
    ) -> tuple[ImageList, list[Target] | None]:
        prepared, answers = [], []
        for i, image in enumerate(images):
            if image.dim() != 3:
                raise ValueError(f"images is expected to be a list of 3d tensors of shape [C, H, W], got {image.shape}")
            target = None if targets is None else dict(targets[i])
            image, target = self.resize(self.normalize(image), target)
            prepared.append(image)
            answers.append(target)
        sizes = [(image.shape[-2], image.shape[-1]) for image in prepared]
        batch = self.batch_images(prepared, size_divisible=self.size_divisible)
        # Sizes of pictures hardly ever repeat, those of batches do: what follows shall be known to the engine by the latter.
        jtorch.engine.cut()
        return ImageList(batch, sizes), None if targets is None else answers

    def normalize(self, image: Tensor) -> Tensor:
        if not image.is_floating_point():
            raise TypeError(
                f"Expected input images to be of floating type (in range [0, 1]), but found type {image.dtype} instead"
            )
        mean, std = (
            jtorch.as_tensor(values, dtype=image.dtype, device=image.device)[:, None, None]
            for values in (self.image_mean, self.image_std)
        )
        return (image - mean) / std

    def torch_choice(self, k: list[int]) -> int:
        """One of `k`, by torch's random numbers."""
        return k[int(jtorch.empty(1).uniform_(0.0, float(len(k))).item())]

    def resize(self, image: Tensor, target: Target | None = None) -> tuple[Tensor, Target | None]:
        if self.training and self._skip_resize:
            return image, target
        before = (image.shape[-2], image.shape[-1])
        shorter = self.torch_choice(self.min_size) if self.training else self.min_size[-1]
        if self.fixed_size is not None:
            how: dict[str, Any] = {"size": [self.fixed_size[1], self.fixed_size[0]]}
        else:
            scale = min(shorter / min(before), self.max_size / max(before))
            how = {"scale_factor": scale, "recompute_scale_factor": True}
        image = F.interpolate(image[None], mode="bilinear", align_corners=False, **how)[0]
        if target is None:
            return image, target
        if "masks" in target:
            target["masks"] = F.interpolate(target["masks"][:, None].float(), **how)[:, 0].byte()
        after = (image.shape[-2], image.shape[-1])
        target["boxes"] = resize_boxes(target["boxes"], before, after)
        if "keypoints" in target:
            target["keypoints"] = resize_keypoints(target["keypoints"], before, after)
        return image, target

    def batch_images(self, images: list[Tensor], size_divisible: int = 32) -> Tensor:
        """Padded with zeros below and to the right, to multiples of `size_divisible`."""
        height, width = (
            math.ceil(max(image.shape[axis] for image in images) / size_divisible) * size_divisible for axis in (1, 2)
        )
        return jtorch.stack([F.pad(image, (0, width - image.shape[2], 0, height - image.shape[1])) for image in images])

    def postprocess(
        self, result: list[Target], image_shapes: list[tuple[int, int]], original_image_sizes: list[tuple[int, int]]
    ) -> list[Target]:
        if self.training:
            return result
        for found, shape, original in zip(result, image_shapes, original_image_sizes, strict=True):
            found["boxes"] = resize_boxes(found["boxes"], shape, original)
            if "masks" in found:
                found["masks"] = paste_masks_in_image(found["masks"], found["boxes"], original)
            if "keypoints" in found:
                found["keypoints"] = resize_keypoints(found["keypoints"], shape, original)
        return result

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(\n    Normalize(mean={self.image_mean}, std={self.image_std})"
            f"\n    Resize(min_size={self.min_size}, max_size={self.max_size}, mode='bilinear')\n)"
        )


def _ratios(original_size, new_size, like: Tensor) -> tuple[Tensor, Tensor]:
    """(height, width), divided in float32."""
    new, old = (
        jtorch.tensor(list(size), dtype=jtorch.float32, device=like.device) for size in (new_size, original_size)
    )
    height, width = new / old
    return height, width


def resize_keypoints(keypoints: Tensor, original_size, new_size) -> Tensor:
    height, width = _ratios(original_size, new_size, keypoints)
    scale = jtorch.stack((width, height, jtorch.ones_like(width)))
    return keypoints * scale


def resize_boxes(boxes: Tensor, original_size, new_size) -> Tensor:
    height, width = _ratios(original_size, new_size, boxes)
    return boxes * jtorch.stack((width, height, width, height))
