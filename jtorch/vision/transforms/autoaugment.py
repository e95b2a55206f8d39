"""Augmentation by chains of drawn operations: AutoAugment, RandAugment, TrivialAugmentWide and AugMix.

What the four have in common are tables: `OPERATIONS` says what each operation does with a magnitude, a space says for
each operation of an algorithm how the magnitudes of its bins lie and whether a sign is drawn, and a policy of
AutoAugment is a list of pairs of (operation, probability, bin).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum

import numpy as np

import jtorch
from jtorch.nn import Module
from jtorch.tensor import Tensor

from . import functional as F
from ._arguments import fill_for
from .functional import InterpolationMode

__all__ = ["AugMix", "AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"]


def _shear(along_x: float, along_y: float) -> dict:
    """Arguments of `affine` that shear about the upper left corner by these slopes."""
    slopes = [math.degrees(math.atan(slope)) for slope in (along_x, along_y)]
    return {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": slopes, "center": [0, 0]}


def _move(right: float, down: float) -> dict:
    return {"angle": 0.0, "translate": [int(right), int(down)], "scale": 1.0, "shear": [0.0, 0.0]}


# (function of the image, its arguments by the magnitude, whether it reads other places and so takes a fill)
OPERATIONS: dict[str, tuple[str, Callable[[float], dict], bool]] = {
    "ShearX": ("affine", lambda m: _shear(m, 0.0), True),
    "ShearY": ("affine", lambda m: _shear(0.0, m), True),
    "TranslateX": ("affine", lambda m: _move(m, 0), True),
    "TranslateY": ("affine", lambda m: _move(0, m), True),
    "Rotate": ("rotate", lambda m: {"angle": m}, True),
    "Brightness": ("adjust_brightness", lambda m: {"brightness_factor": 1.0 + m}, False),
    "Color": ("adjust_saturation", lambda m: {"saturation_factor": 1.0 + m}, False),
    "Contrast": ("adjust_contrast", lambda m: {"contrast_factor": 1.0 + m}, False),
    "Sharpness": ("adjust_sharpness", lambda m: {"sharpness_factor": 1.0 + m}, False),
    "Posterize": ("posterize", lambda m: {"bits": int(m)}, False),
    "Solarize": ("solarize", lambda m: {"threshold": m}, False),
    "AutoContrast": ("autocontrast", lambda m: {}, False),
    "Equalize": ("equalize", lambda m: {}, False),
    "Invert": ("invert", lambda m: {}, False),
}


def applied(functional, img, name: str, magnitude: float, interpolation, fill):
    """The image after one operation, done by the functions of the module `functional`."""
    if name == "Identity":
        return img
    if name not in OPERATIONS:
        raise ValueError(f"The provided operator {name} is not recognized.")
    function, arguments, reads_elsewhere = OPERATIONS[name]
    extra = {"interpolation": interpolation, "fill": fill} if reads_elsewhere else {}
    return getattr(functional, function)(img, **arguments(magnitude), **extra)


# A space maps an operation to (its magnitudes, whether a sign is drawn). Magnitudes are None, or the values of the first
# and last bin; a value may depend on the image's (height, width). The bins lie evenly between.
Bound = float | Callable[[int, int], float]
Space = dict[str, tuple[tuple[Bound, Bound] | None, bool]]


def _space(shear: float, right: Bound, down: Bound, turn: float, factor: float, bits: tuple[int, int]) -> Space:
    return {
        "ShearX": ((0.0, shear), True),
        "ShearY": ((0.0, shear), True),
        "TranslateX": ((0.0, right), True),
        "TranslateY": ((0.0, down), True),
        "Rotate": ((0.0, turn), True),
        **{name: ((0.0, factor), True) for name in ("Brightness", "Color", "Contrast", "Sharpness")},
        "Posterize": (bits, False),
        "Solarize": ((255.0, 0.0), False),
        "AutoContrast": (None, False),
        "Equalize": (None, False),
    }


def _with_identity(space: Space) -> Space:
    return {"Identity": (None, False), **space}


COLOR_OPERATIONS = ("Brightness", "Color", "Contrast", "Sharpness")

# The paper's images have 331 pixels on a side.
_WIDE = _space(
    0.3, lambda height, width: 150.0 / 331.0 * width, lambda height, width: 150.0 / 331.0 * height, 30.0, 0.9, (8, 4)
)
AUTO_AUGMENT_SPACE: Space = {**_WIDE, "Invert": (None, False)}
RAND_AUGMENT_SPACE: Space = _with_identity(_WIDE)
TRIVIAL_AUGMENT_SPACE: Space = _with_identity(_space(0.99, 32.0, 32.0, 135.0, 0.99, (8, 2)))
_MIX = _space(0.3, lambda height, width: width / 3.0, lambda height, width: height / 3.0, 30.0, 0.9, (4, 0))
AUG_MIX_PARTIAL_SPACE: Space = {name: row for name, row in _MIX.items() if name not in COLOR_OPERATIONS}
AUG_MIX_SPACE: Space = {**AUG_MIX_PARTIAL_SPACE, **{name: _MIX[name] for name in COLOR_OPERATIONS}}


def magnitude_of(space: Space, name: str, bins: int, index: int, size: tuple[int, int]) -> float:
    """The magnitude of one bin, rounded as torch's `linspace` rounds it."""
    bounds = space[name][0]
    if bounds is None:
        return 0.0
    low, high = (bound(*size) if callable(bound) else bound for bound in bounds)
    if name == "Posterize":
        # Whole bits: v1 rounds how many fewer there are, halves to even.
        return low - float(np.round(np.float32(index) / np.float32((bins - 1) / (low - high))))
    return jtorch.linspace(low, high, bins).numpy()[index].item()


Step = tuple[str, float, int | None]


class AutoAugmentPolicy(Enum):
    """The policies learned on three data sets."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


# Operation, probability and bin, as the appendix of Cubuk et al. 2018 (arXiv:1805.09501) has them; "-" is no bin.
_POLICIES = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize 0.4 8, Rotate 0.6 9
        Solarize 0.6 5, AutoContrast 0.6 -
        Equalize 0.8 -, Equalize 0.6 -
        Posterize 0.6 7, Posterize 0.6 6
        Equalize 0.4 -, Solarize 0.2 4
        Equalize 0.4 -, Rotate 0.8 8
        Solarize 0.6 3, Equalize 0.6 -
        Posterize 0.8 5, Equalize 1.0 -
        Rotate 0.2 3, Solarize 0.6 8
        Equalize 0.6 -, Posterize 0.4 6
        Rotate 0.8 8, Color 0.4 0
        Rotate 0.4 9, Equalize 0.6 -
        Equalize 0.0 -, Equalize 0.8 -
        Invert 0.6 -, Equalize 1.0 -
        Color 0.6 4, Contrast 1.0 8
        Rotate 0.8 8, Color 1.0 2
        Color 0.8 8, Solarize 0.8 7
        Sharpness 0.4 7, Invert 0.6 -
        ShearX 0.6 5, Equalize 1.0 -
        Color 0.4 0, Equalize 0.6 -
        Equalize 0.4 -, Solarize 0.2 4
        Solarize 0.6 5, AutoContrast 0.6 -
        Invert 0.6 -, Equalize 1.0 -
        Color 0.6 4, Contrast 1.0 8
        Equalize 0.8 -, Equalize 0.6 -
    """,
    AutoAugmentPolicy.CIFAR10: """
        Invert 0.1 -, Contrast 0.2 6
        Rotate 0.7 2, TranslateX 0.3 9
        Sharpness 0.8 1, Sharpness 0.9 3
        ShearY 0.5 8, TranslateY 0.7 9
        AutoContrast 0.5 -, Equalize 0.9 -
        ShearY 0.2 7, Posterize 0.3 7
        Color 0.4 3, Brightness 0.6 7
        Sharpness 0.3 9, Brightness 0.7 9
        Equalize 0.6 -, Equalize 0.5 -
        Contrast 0.6 7, Sharpness 0.6 5
        Color 0.7 7, TranslateX 0.5 8
        Equalize 0.3 -, AutoContrast 0.4 -
        TranslateY 0.4 3, Sharpness 0.2 6
        Brightness 0.9 6, Color 0.2 8
        Solarize 0.5 2, Invert 0.0 -
        Equalize 0.2 -, AutoContrast 0.6 -
        Equalize 0.2 -, Equalize 0.6 -
        Color 0.9 9, Equalize 0.6 -
        AutoContrast 0.8 -, Solarize 0.2 8
        Brightness 0.1 3, Color 0.7 0
        Solarize 0.4 5, AutoContrast 0.9 -
        TranslateY 0.9 9, TranslateY 0.7 9
        AutoContrast 0.9 -, Solarize 0.8 3
        Equalize 0.8 -, Invert 0.1 -
        TranslateY 0.7 9, AutoContrast 0.9 -
    """,
    AutoAugmentPolicy.SVHN: """
        ShearX 0.9 4, Invert 0.2 -
        ShearY 0.9 8, Invert 0.7 -
        Equalize 0.6 -, Solarize 0.6 6
        Invert 0.9 -, Equalize 0.6 -
        Equalize 0.6 -, Rotate 0.9 3
        ShearX 0.9 4, AutoContrast 0.8 -
        ShearY 0.9 8, Invert 0.4 -
        ShearY 0.9 5, Solarize 0.2 6
        Invert 0.9 -, AutoContrast 0.8 -
        Equalize 0.6 -, Rotate 0.9 3
        ShearX 0.9 4, Solarize 0.3 3
        ShearY 0.8 8, Invert 0.7 -
        Equalize 0.9 -, TranslateY 0.6 6
        Invert 0.9 -, Equalize 0.6 -
        Contrast 0.3 3, Rotate 0.8 4
        Invert 0.8 -, TranslateY 0.0 2
        ShearY 0.7 6, Solarize 0.4 8
        Invert 0.6 -, Rotate 0.8 4
        ShearY 0.3 7, TranslateX 0.9 3
        ShearX 0.1 6, Invert 0.6 -
        Solarize 0.7 2, TranslateY 0.6 7
        ShearY 0.8 4, Invert 0.8 -
        ShearX 0.7 9, TranslateY 0.8 3
        ShearY 0.8 5, AutoContrast 0.7 -
        ShearX 0.7 2, Invert 0.1 -
    """,
}


def policies_of(policy: AutoAugmentPolicy) -> list[tuple[Step, Step]]:
    """The pairs of steps among which AutoAugment draws."""
    if policy not in _POLICIES:
        raise ValueError(f"The provided policy {policy} is not recognized.")
    pairs = []
    for line in _POLICIES[policy].strip().splitlines():
        first, second = (step.split() for step in line.split(","))
        pairs.append(tuple((name, float(p), None if b == "-" else int(b)) for name, p, b in (first, second)))
    return pairs


class _AutoAugmentation(Module):
    """Base class: how an operation is drawn and done."""

    interpolation: InterpolationMode
    fill = None

    def _drawn(
        self, space: Space, bins: int, size: tuple[int, int], index: int | None, below: int
    ) -> tuple[str, float]:
        """An operation of the space and its magnitude, in bin `index`, or if that is None one drawn from `below`."""
        name = list(space)[_drawn_below(len(space))]
        bounds, signed = space[name]
        if bounds is None:
            return name, 0.0
        magnitude = magnitude_of(space, name, bins, _drawn_below(below) if index is None else index, size)
        return name, -magnitude if signed and _drawn_below(2) else magnitude

    def _applied(self, img, name: str, magnitude: float, fill):
        return applied(F, img, name, magnitude, self.interpolation, fill)

    def _shown(self, *names: str) -> str:
        return f"{self.__class__.__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


def _drawn_below(bound: int) -> int:
    return int(jtorch.randint(bound, (1,)).item())


class AutoAugment(_AutoAugmentation):
    """One of the pairs of operations learned for a data set (Cubuk et al. 2018, arXiv:1805.09501).

    For PIL images in mode L or RGB and uint8 tensors with 1 or 3 channels, as all four.

    >>> from PIL import Image
    >>> from jtorch.vision import transforms
    >>> augment = transforms.AutoAugment(transforms.AutoAugmentPolicy.CIFAR10)
    >>> augment(Image.new("RGB", (32, 32))).size
    (32, 32)
    """

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill=None,
    ) -> None:
        super().__init__()
        self.policy = policy
        self.interpolation = interpolation
        self.fill = fill
        self.policies = policies_of(policy)

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, Tensor, Tensor]:
        """(number of the pair, what its probabilities are compared with, signs)."""
        return _drawn_below(transform_num), jtorch.rand((2,)), jtorch.randint(2, (2,))

    def forward(self, img):
        _, height, width = F.get_dimensions(img)
        fill = fill_for(img, self.fill)
        number, chances, signs = self.get_params(len(self.policies))
        for (name, p, index), chance, sign in zip(self.policies[number], chances.numpy(), signs.tolist(), strict=True):
            if chance <= p:
                signed = AUTO_AUGMENT_SPACE[name][1]
                bin_number = 0 if index is None else index
                magnitude = magnitude_of(AUTO_AUGMENT_SPACE, name, 10, bin_number, (height, width))
                img = self._applied(img, name, -magnitude if signed and sign == 0 else magnitude, fill)
        return img

    def __repr__(self) -> str:
        return self._shown("policy", "fill")


class RandAugment(_AutoAugmentation):
    """`num_ops` operations of one magnitude (Cubuk et al. 2019, arXiv:1909.13719)."""

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill=None,
    ) -> None:
        super().__init__()
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img):
        _, height, width = F.get_dimensions(img)
        fill = fill_for(img, self.fill)
        for _ in range(self.num_ops):
            name, magnitude = self._drawn(
                RAND_AUGMENT_SPACE, self.num_magnitude_bins, (height, width), self.magnitude, 0
            )
            img = self._applied(img, name, magnitude, fill)
        return img

    def __repr__(self) -> str:
        return self._shown("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")


class TrivialAugmentWide(_AutoAugmentation):
    """One operation of a random magnitude (Müller and Hutter 2021, arXiv:2103.10158)."""

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill=None,
    ) -> None:
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img):
        _, height, width = F.get_dimensions(img)
        bins = self.num_magnitude_bins
        name, magnitude = self._drawn(TRIVIAL_AUGMENT_SPACE, bins, (height, width), None, bins)
        return self._applied(img, name, magnitude, fill_for(img, self.fill))

    def __repr__(self) -> str:
        return self._shown("num_magnitude_bins", "interpolation", "fill")


class AugMix(_AutoAugmentation):
    """A random mixture of the image and of `mixture_width` chains of operations (Hendrycks et al. 2019, 1912.02781).

    A chain has `chain_depth` operations, or one to three if that is not positive; `alpha` is the parameter of the
    Dirichlet distributions of the weights. `all_ops` adds the operations on colours.
    """

    BINS = 10

    def __init__(
        self,
        severity: int = 3,
        mixture_width: int = 3,
        chain_depth: int = -1,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: InterpolationMode = InterpolationMode.BILINEAR,
        fill=None,
    ) -> None:
        super().__init__()
        if not 1 <= severity <= self.BINS:
            raise ValueError(f"The severity must be between [1, {self.BINS}]. Got {severity} instead.")
        self.severity = severity
        self.mixture_width = mixture_width
        self.chain_depth = chain_depth
        self.alpha = alpha
        self.all_ops = all_ops
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, orig_img):
        _, height, width = F.get_dimensions(orig_img)
        fill = fill_for(orig_img, self.fill)
        img = orig_img if isinstance(orig_img, Tensor) else F.pil_to_tensor(orig_img)
        space = AUG_MIX_SPACE if self.all_ops else AUG_MIX_PARTIAL_SPACE

        def step(batch: Tensor) -> Tensor:
            name, magnitude = self._drawn(space, self.BINS, (height, width), None, self.severity)
            return self._applied(batch, name, magnitude, fill)

        batch = img.reshape([1] * max(4 - img.ndim, 0) + list(img.shape))
        mix = mixture(batch, self.alpha, self.mixture_width, self.chain_depth, step).reshape(img.shape).to(img.dtype)
        return mix if isinstance(orig_img, Tensor) else F.to_pil_image(mix)

    def __repr__(self) -> str:
        return self._shown("severity", "mixture_width", "chain_depth", "alpha", "all_ops", "interpolation", "fill")


def mixture(batch: Tensor, alpha: float, chains: int, depth: int, step: Callable[[Tensor], Tensor]) -> Tensor:
    """A batch mixed with `chains` chains of `step`, by weights drawn for each of its images."""
    count = batch.shape[0]

    def weights(number: int) -> Tensor:
        return jtorch._sample_dirichlet(jtorch.full((count, number), alpha, device=batch.device))

    # A pair from a Dirichlet distribution is (b, 1 - b) with b from a Beta: how much of the image itself is kept.
    kept, changed = weights(2).unbind(1)
    shares = weights(chains) * changed[:, None]
    per_image = [count] + [1] * (batch.ndim - 1)
    mixed = kept.reshape(per_image) * batch
    for number in range(chains):
        augmented = batch
        for _ in range(depth if depth > 0 else int(jtorch.randint(1, 4, (1,)).item())):
            augmented = step(augmented)
        mixed = mixed + shares[:, number].reshape(per_image) * augmented
    return mixed
