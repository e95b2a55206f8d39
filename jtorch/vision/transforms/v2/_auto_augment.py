"""AutoAugment, RandAugment, TrivialAugmentWide and AugMix for samples: v1's tables, with v2's draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import PIL.Image

import jtorch
from jtorch import Tensor
from jtorch.utils._pytree import tree_flatten, tree_unflatten
from jtorch.vision import tv_tensors

from .. import autoaugment as v1
from .._draws import drawn_integer
from .._tensor_image import largest_value
from ..autoaugment import AutoAugmentPolicy, Space
from . import functional as F
from ._arguments import Fills, check_type, is_pure_tensor
from ._transform import Transform
from .functional._geometry import Interpolation

_PICTURES = (tv_tensors.Image, PIL.Image.Image, is_pure_tensor, tv_tensors.Video)
_REFUSED = (tv_tensors.BoundingBoxes, tv_tensors.Mask, tv_tensors.KeyPoints)


class _AutoAugmentation(Transform):
    """Base class: the one image or video of a sample is changed by drawn operations."""

    def __init__(self, *, interpolation: Interpolation = "nearest", fill: Any = None) -> None:
        super().__init__()
        self.interpolation = interpolation
        self.fill = fill
        self._fill = Fills(fill)

    def forward(self, *inputs: Any) -> Any:
        flat, structure = tree_flatten(inputs if len(inputs) > 1 else inputs[0])
        found = []
        for number, (inpt, is_wanted) in enumerate(zip(flat, self._needs_transform_list(flat), strict=True)):
            if is_wanted and check_type(inpt, _PICTURES):
                found.append(number)
            elif isinstance(inpt, _REFUSED):
                raise TypeError(f"Inputs of type {type(inpt).__name__} are not supported by {type(self).__name__}()")
        if not found:
            raise TypeError("Found no image in the sample.")
        if len(found) > 1:
            raise TypeError(
                "Auto augment transformations are only properly defined for a single image or video, "
                f"but found {len(found)}."
            )
        flat[found[0]] = self._augmented(flat[found[0]])
        return tree_unflatten(flat, structure)

    def _augmented(self, image: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say how to augment an image: define _augmented")

    def _step(self, image: Any, space: Space, name: str, bins: int, index: int | None, size: tuple[int, int]) -> Any:
        """The image after an operation with the magnitude of bin `index`, and a drawn sign if it has one."""
        magnitude = 0.0
        bounds, signed = space[name]
        if bounds is not None and index is not None:
            magnitude = _magnitude(space, name, bins, index, size)
            if signed and jtorch.rand(()).item() <= 0.5:
                magnitude = -magnitude
        if name == "Solarize" and isinstance(image, Tensor):
            # v2's thresholds are shares of the brightest level.
            magnitude = largest_value(image.dtype) * (magnitude / 255.0)
        return v1.applied(F, image, name, magnitude, self.interpolation, self._fill.of(image))

    @staticmethod
    def _drawn_name(space: Space) -> str:
        return list(space)[drawn_integer(0, len(space))]


def _magnitude(space: Space, name: str, bins: int, index: int, size: tuple[int, int]) -> float:
    if name == "Posterize":
        # Whole bits: v2 rounds how many there are, v1 how many fewer.
        low, high = space[name][0]
        return float(np.round(low - np.float32(index) / np.float32((bins - 1) / (low - high))))
    if name == "Solarize":
        return 255.0 * jtorch.linspace(1.0, 0.0, bins).numpy()[index].item()
    return v1.magnitude_of(space, name, bins, index, size)


class AutoAugment(_AutoAugmentation):
    """One of the pairs of operations learned for a data set (Cubuk et al. 2018, arXiv:1805.09501)."""

    _v1_transform_cls = v1.AutoAugment

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: Interpolation = "nearest",
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        self.policy = policy
        self._policies = v1.policies_of(policy)

    def _augmented(self, image: Any) -> Any:
        size = tuple(F.get_size(image))
        for name, p, index in self._policies[drawn_integer(0, len(self._policies))]:
            if jtorch.rand(()).numpy() <= p:
                image = self._step(image, v1.AUTO_AUGMENT_SPACE, name, 10, index, size)
        return image


class RandAugment(_AutoAugmentation):
    """`num_ops` operations of one magnitude (Cubuk et al. 2019, arXiv:1909.13719)."""

    _v1_transform_cls = v1.RandAugment

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: Interpolation = "nearest",
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        if not isinstance(num_ops, int) or num_ops < 0:
            raise ValueError(f"num_ops should be a non-negative integer, but got {num_ops} instead.")
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins

    def _augmented(self, image: Any) -> Any:
        size = tuple(F.get_size(image))
        for _ in range(self.num_ops):
            name = self._drawn_name(v1.RAND_AUGMENT_SPACE)
            image = self._step(image, v1.RAND_AUGMENT_SPACE, name, self.num_magnitude_bins, self.magnitude, size)
        return image


class TrivialAugmentWide(_AutoAugmentation):
    """One operation of a random magnitude (Müller and Hutter 2021, arXiv:2103.10158)."""

    _v1_transform_cls = v1.TrivialAugmentWide

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: Interpolation = "nearest",
        fill: Any = None,
    ):
        super().__init__(interpolation=interpolation, fill=fill)
        self.num_magnitude_bins = num_magnitude_bins

    def _augmented(self, image: Any) -> Any:
        space = v1.TRIVIAL_AUGMENT_SPACE
        name = self._drawn_name(space)
        index = None if space[name][0] is None else drawn_integer(0, self.num_magnitude_bins)
        return self._step(image, space, name, self.num_magnitude_bins, index, tuple(F.get_size(image)))


class AugMix(_AutoAugmentation):
    """A random mixture of the image and of chains of operations (Hendrycks et al. 2019, arXiv:1912.02781)."""

    _v1_transform_cls = v1.AugMix

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: Interpolation = "bilinear",
        fill: Any = None,
    ) -> None:
        super().__init__(interpolation=interpolation, fill=fill)
        bins = v1.AugMix.BINS
        if not 1 <= severity <= bins:
            raise ValueError(f"The severity must be between [1, {bins}]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops

    def _augmented(self, image: Any) -> Any:
        size = tuple(F.get_size(image))
        plain = image.as_subclass(Tensor) if isinstance(image, Tensor) else F.pil_to_tensor(image)
        space = v1.AUG_MIX_SPACE if self.all_ops else v1.AUG_MIX_PARTIAL_SPACE

        def step(batch: Tensor) -> Tensor:
            name = self._drawn_name(space)
            index = None if space[name][0] is None else drawn_integer(0, self.severity)
            return self._step(batch, space, name, v1.AugMix.BINS, index, size)

        dimensions = 5 if isinstance(image, tv_tensors.Video) else 4
        batch = plain.reshape([1] * max(dimensions - plain.ndim, 0) + list(plain.shape))
        mix = v1.mixture(batch, self.alpha, self.mixture_width, self.chain_depth, step)
        mix = mix.reshape(plain.shape).to(plain.dtype)
        if isinstance(image, PIL.Image.Image):
            return F.to_pil_image(mix)
        return mix if is_pure_tensor(image) else tv_tensors.wrap(mix, like=image)
