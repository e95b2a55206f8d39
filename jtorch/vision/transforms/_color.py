"""Transforms of colours and levels."""

from __future__ import annotations

import numbers

import jtorch
from jtorch.nn import Module
from jtorch.ops.colors import CHANGES
from jtorch.tensor import Tensor

from . import _functional_tensor as F_t
from . import functional as F
from ._draws import drawn_below, drawn_between


def jittered(img, changes: list[tuple[str, float]]):
    """The changes in their order. Of tensors they are one operation, whatever the order."""
    if isinstance(img, Tensor) and img.ndim > 2:
        return F_t.color_jitter(img, changes)
    for name, factor in changes:
        img = getattr(F, "adjust_" + name.removesuffix("_factor"))(img, factor)
    return img


class ColorJitter(Module):
    """Change brightness, contrast, saturation and hue by random factors, in a random order.

    A number x stands for factors from max(0, 1 - x) to 1 + x, for the hue from -x to x; a pair is the range itself.
    """

    def __init__(self, brightness=0, contrast=0, saturation=0, hue=0) -> None:
        super().__init__()
        self.brightness = self._range(brightness, "brightness")
        self.contrast = self._range(contrast, "contrast")
        self.saturation = self._range(saturation, "saturation")
        self.hue = self._range(hue, "hue", neutral=0, bound=(-0.5, 0.5))

    @staticmethod
    def _range(value, name: str, neutral: int = 1, bound=(0, float("inf"))) -> tuple[float, float] | None:
        """The range to draw from; None if that would change nothing, and then nothing is drawn either."""
        if isinstance(value, numbers.Number):
            if value < 0:
                raise ValueError(f"If {name} is a single number, it must be non negative.")
            low, high = neutral - float(value), neutral + float(value)
            if neutral == 1:
                low = max(low, 0.0)
        elif isinstance(value, (tuple, list)) and len(value) == 2:
            low, high = float(value[0]), float(value[1])
        else:
            raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
        if not bound[0] <= low <= high <= bound[1]:
            raise ValueError(f"{name} values should be between {bound}, but got {[low, high]}.")
        return None if low == high == neutral else (low, high)

    @staticmethod
    def get_params(brightness, contrast, saturation, hue):
        """(order of the four changes, then the four factors, None for what stays as it is)."""
        order = jtorch.randperm(4)
        factors = [
            None if bounds is None else drawn_between(*bounds) for bounds in (brightness, contrast, saturation, hue)
        ]
        return (order, *factors)

    def forward(self, img):
        order, *factors = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        drawn = [(CHANGES[number], factors[number]) for number in order.tolist() if factors[number] is not None]
        return jittered(img, drawn)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )


class Grayscale(Module):
    """Grey levels, in one channel or three equal ones."""

    def __init__(self, num_output_channels: int = 1):
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img):
        return F.rgb_to_grayscale(img, num_output_channels=self.num_output_channels)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(num_output_channels={self.num_output_channels})"


class RandomGrayscale(Module):
    """Grey levels in as many channels as before, with probability `p`."""

    def __init__(self, p: float = 0.1):
        super().__init__()
        self.p = p

    def forward(self, img):
        channels, _, _ = F.get_dimensions(img)
        return F.rgb_to_grayscale(img, num_output_channels=channels) if drawn_below(self.p) else img

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p})"


class _Sometimes(Module):
    """Base class of transforms that change an image, by `change`, with probability `p`."""

    def __init__(self, p: float = 0.5):
        super().__init__()
        self.p = p

    def change(self, img):
        raise NotImplementedError(f"{self.__class__.__name__} does not say how to change an image: define change")

    def forward(self, img):
        return self.change(img) if jtorch.rand(1).item() < self.p else img

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p})"


class RandomInvert(_Sometimes):
    """The negative, with probability `p`."""

    def change(self, img):
        return F.invert(img)


class RandomPosterize(_Sometimes):
    """Only the `bits` highest bits of each level, with probability `p`."""

    def __init__(self, bits: int, p: float = 0.5):
        super().__init__(p)
        self.bits = bits

    def change(self, img):
        return F.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(_Sometimes):
    """All levels from `threshold` on inverted, with probability `p`."""

    def __init__(self, threshold: float, p: float = 0.5):
        super().__init__(p)
        self.threshold = threshold

    def change(self, img):
        return F.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(_Sometimes):
    """Blurred (factor 0) to sharpened (2), with probability `p`."""

    def __init__(self, sharpness_factor: float, p: float = 0.5):
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img):
        return F.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomAutocontrast(_Sometimes):
    """Each channel stretched to the whole range, with probability `p`."""

    def change(self, img):
        return F.autocontrast(img)


class RandomEqualize(_Sometimes):
    """Each channel's levels spread evenly, with probability `p`."""

    def change(self, img):
        return F.equalize(img)
