"""Transforms of colours and levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jtorch
from jtorch.vision.transforms import transforms as v1

from .._draws import drawn_below, drawn_between
from . import functional as F
from ._arguments import query_chw
from ._transform import Applied, RandomApplyTransform, RandomlyApplied, Transform
from .functional._color import color_jitter
from .functional._registry import KERNELS


class Grayscale(Applied):
    """Grey levels, in one channel or three equal ones."""

    _v1_transform_cls = v1.Grayscale
    function = F.rgb_to_grayscale
    arguments = ("num_output_channels",)

    def __init__(self, num_output_channels: int = 1):
        super().__init__()
        self.num_output_channels = num_output_channels


class RandomGrayscale(RandomApplyTransform):
    """Grey levels in as many channels as before, with probability `p`."""

    _v1_transform_cls = v1.RandomGrayscale

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p=p)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"num_output_channels": query_chw(flat_inputs)[0]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self._call_kernel(F.rgb_to_grayscale, inpt, **params)


class RGB(Applied):
    """One channel as three equal ones."""

    function = F.grayscale_to_rgb


# In the order of the numbers that `ColorJitter` draws.
_CHANGES = {
    "brightness_factor": F.adjust_brightness,
    "contrast_factor": F.adjust_contrast,
    "saturation_factor": F.adjust_saturation,
    "hue_factor": F.adjust_hue,
}


class ColorJitter(Transform):
    """Change brightness, contrast, saturation and hue by random factors, in a random order.

    A number x stands for factors from max(0, 1 - x) to 1 + x, for the hue from -x to x; a pair is the range itself.
    """

    _v1_transform_cls = v1.ColorJitter

    def __init__(
        self,
        brightness: float | Sequence[float] | None = None,
        contrast: float | Sequence[float] | None = None,
        saturation: float | Sequence[float] | None = None,
        hue: float | Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.brightness = _factor_range(brightness, "brightness")
        self.contrast = _factor_range(contrast, "contrast")
        self.saturation = _factor_range(saturation, "saturation")
        self.hue = _factor_range(hue, "hue", neutral=0.0, bound=(-0.5, 0.5))

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        order = jtorch.randperm(4).tolist()
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        factors = [None if bounds is None else drawn_between(*bounds) for bounds in ranges]
        return {"fn_idx": order, **dict(zip(_CHANGES, factors, strict=True))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        names = [list(_CHANGES)[number] for number in params["fn_idx"]]
        return _in_turn(self, inpt, [(name, params[name]) for name in names if params[name] is not None])


def _in_turn(transform: Transform, inpt: Any, changes: list[tuple[str, float | None]]) -> Any:
    """The changes in their order; of the library's own kinds of tensors they are one operation, whatever the order."""
    if type(inpt) in KERNELS[color_jitter]:
        return color_jitter(inpt, changes)
    for name, factor in changes:
        if factor is not None:
            inpt = transform._call_kernel(_CHANGES[name], inpt, factor)
    return inpt


def _factor_range(value, name: str, neutral: float = 1.0, bound: tuple[float, float] = (0, float("inf"))):
    """The range to draw from; None if that would change nothing."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = neutral - value, neutral + value
        if neutral == 1.0:
            low = max(low, 0.0)
    elif isinstance(value, Sequence) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
    else:
        raise TypeError(f"{name}={value} should be a single number or a sequence with length 2.")
    if not bound[0] <= low <= high <= bound[1]:
        raise ValueError(f"{name} values should be between {bound} and increasing, but got {[low, high]}.")
    return None if low == high == neutral else (float(low), float(high))


class RandomChannelPermutation(Transform):
    """The channels in a random order."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"permutation": jtorch.randperm(query_chw(flat_inputs)[0])}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self._call_kernel(F.permute_channels, inpt, params["permutation"])


class RandomPhotometricDistort(Transform):
    """Each of four changes of colours, and a new order of channels, with probability `p` (Liu 2015, arXiv:1512.02325)."""

    def __init__(
        self,
        brightness: tuple[float, float] = (0.875, 1.125),
        contrast: tuple[float, float] = (0.5, 1.5),
        saturation: tuple[float, float] = (0.5, 1.5),
        hue: tuple[float, float] = (-0.05, 0.05),
        p: float = 0.5,
    ):
        super().__init__()
        self.brightness = brightness
        self.contrast = contrast
        self.hue = hue
        self.saturation = saturation
        self.p = p

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        channels = query_chw(flat_inputs)[0]
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        params: dict[str, Any] = {
            name: drawn_between(*bounds) if drawn_below(self.p) else None
            for name, bounds in zip(_CHANGES, ranges, strict=True)
        }
        params["contrast_before"] = drawn_below(0.5)
        params["channel_permutation"] = jtorch.randperm(channels) if drawn_below(self.p) else None
        return params

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        order = ["brightness_factor", "saturation_factor", "hue_factor"]
        order.insert(1 if params["contrast_before"] else 3, "contrast_factor")
        inpt = _in_turn(self, inpt, [(name, params[name]) for name in order])
        if params["channel_permutation"] is not None:
            inpt = self._call_kernel(F.permute_channels, inpt, params["channel_permutation"])
        return inpt


class RandomEqualize(RandomlyApplied):
    """Each channel's levels spread evenly, with probability `p`."""

    _v1_transform_cls = v1.RandomEqualize
    function = F.equalize


class RandomInvert(RandomlyApplied):
    """The negative, with probability `p`."""

    _v1_transform_cls = v1.RandomInvert
    function = F.invert


class RandomPosterize(RandomlyApplied):
    """Only the `bits` highest bits of each level, with probability `p`."""

    _v1_transform_cls = v1.RandomPosterize
    function = F.posterize
    arguments = ("bits",)

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.bits = bits


class RandomSolarize(RandomlyApplied):
    """All levels from `threshold` on inverted, with probability `p`."""

    _v1_transform_cls = v1.RandomSolarize
    function = F.solarize
    arguments = ("threshold",)

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.threshold = threshold


class RandomAutocontrast(RandomlyApplied):
    """Each channel stretched to the whole range, with probability `p`."""

    _v1_transform_cls = v1.RandomAutocontrast
    function = F.autocontrast


class RandomAdjustSharpness(RandomlyApplied):
    """Blurred (factor 0) to sharpened (2), with probability `p`."""

    _v1_transform_cls = v1.RandomAdjustSharpness
    function = F.adjust_sharpness
    arguments = ("sharpness_factor",)

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p=p)
        self.sharpness_factor = sharpness_factor
