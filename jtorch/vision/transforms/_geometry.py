"""Transforms that bend an image: rotation, affine and perspective maps, elastic displacements, five and ten windows."""

from __future__ import annotations

from collections.abc import Sequence

import jtorch
from jtorch.nn import Module
from jtorch.tensor import Tensor

from . import functional as F
from ._arguments import angle_range, fill_for, fill_or_zero, height_and_width, require_sequence, translated
from ._draws import drawn_below, drawn_between, drawn_integer
from .functional import InterpolationMode


class FiveCrop(Module):
    """The four corners and the middle, as a tuple of images: stack them and average over the predictions."""

    def __init__(self, size: int | Sequence[int]):
        super().__init__()
        self.size = height_and_width(size)

    def forward(self, img):
        return F.five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(size={self.size})"


class TenCrop(Module):
    """The four corners and the middle of the image and of its mirror image, as a tuple."""

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False):
        super().__init__()
        self.size = height_and_width(size)
        self.vertical_flip = vertical_flip

    def forward(self, img):
        return F.ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(size={self.size}, vertical_flip={self.vertical_flip})"


class RandomRotation(Module):
    """Turn by a random angle from `degrees`: (min, max), or one number for (-degrees, degrees).

    `expand`, `center` and `fill` are those of `functional.rotate`.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[int] | None = None,
        fill=0,
    ):
        super().__init__()
        self.interpolation = translated(interpolation)
        self.degrees = angle_range(degrees, "degrees", 2)
        if center is not None:
            require_sequence(center, "center", 2)
        self.center = center
        self.expand = expand
        self.fill = fill_or_zero(fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """The angle."""
        return drawn_between(float(degrees[0]), float(degrees[1]))

    def forward(self, img):
        angle = self.get_params(self.degrees)
        return F.rotate(img, angle, self.interpolation, self.expand, self.center, fill_for(img, self.fill))

    def __repr__(self) -> str:
        center = "" if self.center is None else f", center={self.center}"
        return (
            f"{self.__class__.__name__}(degrees={self.degrees}, interpolation={self.interpolation.value}, "
            f"expand={self.expand}{center}, fill={self.fill})"
        )


class RandomAffine(Module):
    """A random turn, move, scale and shear about `center`.

    `degrees` as in `RandomRotation`; `translate` is the largest move as a share of (width, height); `scale` a range of
    factors; `shear` a range of degrees along x (one number: -shear to shear), or two ranges, for x and y.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        fill=0,
        center: Sequence[int] | None = None,
    ):
        super().__init__()
        self.interpolation = translated(interpolation)
        self.degrees, self.translate, self.scale, self.shear, self.center = affine_ranges(
            degrees, translate, scale, shear, center
        )
        self.fill = fill_or_zero(fill)

    @staticmethod
    def get_params(degrees, translate, scale_ranges, shears, img_size):
        """(angle, (right, down), scale, (shear along x, along y)) for an image of (width, height)."""
        angle = drawn_between(float(degrees[0]), float(degrees[1]))
        move = (0, 0)
        if translate is not None:
            furthest = [float(share * extent) for share, extent in zip(translate, img_size, strict=True)]
            move = tuple(round(drawn_between(-most, most)) for most in furthest)
        scale = 1.0 if scale_ranges is None else drawn_between(*scale_ranges)
        ranges = [] if shears is None else [shears[:2], shears[2:]]
        shear = [drawn_between(*bounds) if bounds else 0.0 for bounds in ranges]
        return angle, move, scale, tuple(shear) or (0.0, 0.0)

    def forward(self, img):
        _, height, width = F.get_dimensions(img)
        drawn = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return F.affine(
            img, *drawn, interpolation=self.interpolation, fill=fill_for(img, self.fill), center=self.center
        )

    def __repr__(self) -> str:
        shown = [f"degrees={self.degrees}"]
        shown += [f"{n}={getattr(self, n)}" for n in ("translate", "scale", "shear") if getattr(self, n) is not None]
        if self.interpolation != InterpolationMode.NEAREST:
            shown.append(f"interpolation={self.interpolation.value}")
        if self.fill != 0:
            shown.append(f"fill={self.fill}")
        if self.center is not None:
            shown.append(f"center={self.center}")
        return f"{self.__class__.__name__}({', '.join(shown)})"


def affine_ranges(degrees, translate, scale, shear, center):
    """The five ranges of a random affine map, checked, angles as lists of floats."""
    degrees = angle_range(degrees, "degrees", 2)
    if translate is not None:
        require_sequence(translate, "translate", 2)
        if not all(0.0 <= share <= 1.0 for share in translate):
            raise ValueError("translation values should be between 0 and 1")
    if scale is not None:
        require_sequence(scale, "scale", 2)
        if any(factor <= 0 for factor in scale):
            raise ValueError("scale values should be positive")
    if shear is not None:
        shear = angle_range(shear, "shear", 2, 4)
    if center is not None:
        require_sequence(center, "center", 2)
    return degrees, translate, scale, shear, center


class RandomPerspective(Module):
    """Move each corner inwards by up to `distortion_scale` of half the image, with probability `p`."""

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill=0,
    ):
        super().__init__()
        self.p = p
        self.interpolation = translated(interpolation)
        self.distortion_scale = distortion_scale
        self.fill = fill_or_zero(fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float):
        """(corners of the image, where they go), clockwise from the upper left."""
        inwards_x = int(distortion_scale * (width // 2))
        inwards_y = int(distortion_scale * (height // 2))
        left, right = (0, inwards_x + 1), (width - inwards_x - 1, width)
        top, bottom = (0, inwards_y + 1), (height - inwards_y - 1, height)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        startpoints = [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]]
        return startpoints, [[drawn_integer(*x), drawn_integer(*y)] for x, y in corners]

    def forward(self, img):
        _, height, width = F.get_dimensions(img)
        if not drawn_below(self.p):
            return img
        startpoints, endpoints = self.get_params(width, height, self.distortion_scale)
        return F.perspective(img, startpoints, endpoints, self.interpolation, fill_for(img, self.fill))

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p})"


class ElasticTransform(Module):
    """Displace pixels at random, by smooth fields: uniform noise blurred by `sigma` and scaled by `alpha`.

    Simard et al. 2003, "Best Practices for Convolutional Neural Networks". Both may be pairs (x, y).
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill=0,
    ):
        super().__init__()
        self.alpha = _pair_of_floats(alpha, "alpha")
        self.sigma = _pair_of_floats(sigma, "sigma")
        self.interpolation = translated(interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(f"fill should be int or float or a list or tuple of them. Got {type(fill)}")
        self.fill = [float(value) for value in ([fill] if isinstance(fill, (int, float)) else fill)]

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """The displacement of each pixel: (1, H, W, 2)."""
        height, width = size
        fields = []
        for strength, deviation, extent in zip(alpha, sigma, (width, height), strict=True):
            field = jtorch.rand(1, 1, height, width) * 2 - 1
            if deviation > 0.0:
                kernel = int(8 * deviation + 1) | 1  # the next odd number
                field = F.gaussian_blur(field, [kernel, kernel], list(sigma))
            fields.append(field * strength / extent)
        return jtorch.cat(fields, 1).permute(0, 2, 3, 1)

    def forward(self, tensor):
        _, height, width = F.get_dimensions(tensor)
        displacement = self.get_params(self.alpha, self.sigma, [height, width])
        return F.elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(alpha={self.alpha}, sigma={self.sigma}, interpolation={self.interpolation}, "
            f"fill={self.fill})"
        )


def _pair_of_floats(value: float | Sequence[float], name: str) -> Sequence[float]:
    if isinstance(value, float):
        return [value, value]
    if not isinstance(value, Sequence):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    if len(value) != 2:
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(value)}")
    for number in value:
        if not isinstance(number, float):
            raise TypeError(f"{name} should be a sequence of floats. Got {type(number)}")
    return value
