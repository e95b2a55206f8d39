"""Transforms of where things are: flips, windows, sizes and maps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import PIL.Image

import jtorch
from jtorch import Tensor
from jtorch.vision import tv_tensors
from jtorch.vision.transforms import transforms as v1

from .._arguments import angle_range, height_and_width, require_sequence
from .._draws import drawn_between, drawn_integer, drawn_window
from .._geometry import affine_ranges
from .._tensor_warp import perspective_coefficients
from . import functional as F
from ._arguments import (
    Fills,
    get_bounding_boxes,
    has_all,
    has_any,
    is_pure_tensor,
    numbers_pair,
    query_size,
    require_padding,
    require_padding_mode,
)
from ._transform import Applied, RandomlyApplied, Transform
from .functional._geometry import Interpolation
from .functional._geometry_boxes import padding_sides


class RandomHorizontalFlip(RandomlyApplied):
    """Mirror left and right with probability `p`."""

    _v1_transform_cls = v1.RandomHorizontalFlip
    function = F.horizontal_flip


class RandomVerticalFlip(RandomlyApplied):
    """Mirror top and bottom with probability `p`."""

    _v1_transform_cls = v1.RandomVerticalFlip
    function = F.vertical_flip


class Resize(Applied):
    """Resize to `size`: (height, width), one number for the smaller edge, or None for a longer edge of `max_size`."""

    _v1_transform_cls = v1.Resize
    function = F.resize
    arguments = ("size", "interpolation", "max_size", "antialias")

    def __init__(
        self,
        size: int | Sequence[int] | None,
        interpolation: Interpolation = "bilinear",
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if isinstance(size, int):
            size = [size]
        elif isinstance(size, Sequence) and len(size) in (1, 2):
            size = list(size)
        elif size is not None:
            raise ValueError(
                f"size can be an integer, a sequence of one or two integers, or None, but got {size} instead."
            )
        elif not isinstance(max_size, int):
            raise ValueError(f"max_size must be an integer when size is None, but got {max_size} instead.")
        self.size = size
        self.interpolation = interpolation
        self.max_size = max_size
        self.antialias = antialias


class CenterCrop(Transform):
    """The middle, padded with 0 where the image is smaller."""

    _v1_transform_cls = v1.CenterCrop

    def __init__(self, size: int | Sequence[int]):
        super().__init__()
        self.size = height_and_width(size)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return self._call_kernel(F.center_crop, inpt, output_size=self.size)


class RandomResizedCrop(Applied):
    """A window of random area and aspect ratio, resized to `size`."""

    _v1_transform_cls = v1.RandomResizedCrop
    function = F.resized_crop
    arguments = ("size", "interpolation", "antialias")

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: Interpolation = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = height_and_width(size)
        for name, bounds in (("Scale", scale), ("Ratio", ratio)):
            if not isinstance(bounds, Sequence) or len(bounds) != 2:
                raise TypeError(f"{name} should be a sequence of two floats.")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warnings.warn("Scale and ratio should be of kind (min, max)", stacklevel=2)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        window = drawn_window(*query_size(flat_inputs), self.scale, self.ratio)
        return dict(zip(("top", "left", "height", "width"), window, strict=True))


class _Crops(Applied):
    """Several windows of an image."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = height_and_width(size)

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        if has_any(flat_inputs, tv_tensors.BoundingBoxes, tv_tensors.Mask):
            raise TypeError(f"BoundingBoxes'es and Mask's are not supported by {type(self).__name__}()")

    def _call_kernel(self, functional: Callable, inpt: Any, *args: Any, **kwargs: Any) -> Any:
        warn_of_passing(self, inpt)
        return super()._call_kernel(functional, inpt, *args, **kwargs)


def warn_of_passing(transform: Transform, inpt: Any) -> None:
    if isinstance(inpt, (tv_tensors.BoundingBoxes, tv_tensors.KeyPoints, tv_tensors.Mask)):
        warnings.warn(
            f"{type(transform).__name__}() is currently passing through inputs of type "
            f"tv_tensors.{type(inpt).__name__}. This will likely change in the future.",
            stacklevel=3,
        )


class FiveCrop(_Crops):
    """The four corners and the middle, as a tuple of images."""

    _v1_transform_cls = v1.FiveCrop
    function = F.five_crop
    arguments = ("size",)


class TenCrop(_Crops):
    """The four corners and the middle of the image and of its mirror image, as a tuple."""

    _v1_transform_cls = v1.TenCrop
    function = F.ten_crop
    arguments = ("size", "vertical_flip")

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__(size)
        self.vertical_flip = vertical_flip


class _Filling:
    """Transforms that fill what lies outside, by the type of input."""

    _fill: Fills

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return super().transform(inpt, {**params, "fill": self._fill.of(inpt)})  # type: ignore[misc]


class Pad(_Filling, Applied):
    """Pad by `padding` pixels: one number, (left and right, top and bottom), or (left, top, right, bottom).

    `fill` may be a dict from types of input to values.
    """

    _v1_transform_cls = v1.Pad
    function = F.pad
    arguments = ("padding", "padding_mode")

    def __init__(self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        require_padding(padding, padding_mode)
        self.padding = padding if isinstance(padding, int) else list(padding)
        self.fill = fill
        self._fill = Fills(fill)
        self.padding_mode = padding_mode


class RandomZoomOut(_Filling, RandomlyApplied):
    """Put the image at a random place of a larger canvas, with probability `p` (Liu et al. 2015, arXiv:1512.02325).

    `side_range` bounds how many times as long the canvas's sides are.
    """

    function = F.pad

    def __init__(self, fill: Any = 0, side_range: Sequence[float] = (1.0, 4.0), p: float = 0.5) -> None:
        super().__init__(p=p)
        self.fill = fill
        self._fill = Fills(fill)
        require_sequence(side_range, "side_range", 2)
        self.side_range = side_range
        if side_range[0] < 1.0 or side_range[0] > side_range[1]:
            raise ValueError(f"Invalid side range provided {side_range}.")

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        (ratio,) = _drawn_floats(1, *self.side_range)
        spare_width, spare_height = int(width * ratio) - width, int(height * ratio) - height
        share_left, share_top = _drawn_floats(2)
        left, top = int(spare_width * share_left), int(spare_height * share_top)
        return {"padding": [left, top, spare_width - left, spare_height - top]}


def _drawn_floats(count: int, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """In float32, as torchvision goes on computing with them."""
    drawn = jtorch.rand(count).numpy()
    return drawn if (low, high) == (0.0, 1.0) else np.float32(low) + drawn * np.float32(high - low)


class RandomRotation(_Filling, Applied):
    """Turn by a random angle from `degrees`: (min, max), or one number for (-degrees, degrees)."""

    _v1_transform_cls = v1.RandomRotation
    function = F.rotate
    arguments = ("interpolation", "expand", "center")

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: Interpolation = "nearest",
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = angle_range(degrees, "degrees", 2)
        self.interpolation = interpolation
        self.expand = expand
        self.fill = fill
        self._fill = Fills(fill)
        if center is not None:
            require_sequence(center, "center", 2)
        self.center = center

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"angle": drawn_between(*self.degrees)}


class RandomAffine(_Filling, Applied):
    """A random turn, move, scale and shear about `center`, with v1's parameters."""

    _v1_transform_cls = v1.RandomAffine
    function = F.affine
    arguments = ("interpolation", "center")

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: Interpolation = "nearest",
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees, self.translate, self.scale, self.shear, _ = affine_ranges(
            degrees, translate, scale, shear, center
        )
        self.interpolation = interpolation
        self.fill = fill
        self._fill = Fills(fill)
        self.center = center

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        drawn = v1.RandomAffine.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return dict(zip(("angle", "translate", "scale", "shear"), drawn, strict=True))


class RandomCrop(Transform):
    """A window of `size` at a random place, after padding by `padding`.

    `pad_if_needed` pads an image that is smaller than the window, on both sides.
    """

    _v1_transform_cls = v1.RandomCrop

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = height_and_width(size)
        if padding is not None:
            require_padding(padding, padding_mode)
        elif pad_if_needed:
            require_padding_mode(padding_mode)
        self.padding = None
        if padding:
            left, top, right, bottom = padding_sides(padding)
            self.padding = [left, right, top, bottom]
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self._fill = Fills(fill)
        self.padding_mode = padding_mode

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        left, right, top, bottom = self.padding or (0, 0, 0, 0)
        crop_height, crop_width = self.size
        if self.pad_if_needed:
            missing_rows = max(crop_height - (height + top + bottom), 0)
            missing_columns = max(crop_width - (width + left + right), 0)
            top, bottom = top + missing_rows, bottom + missing_rows
            left, right = left + missing_columns, right + missing_columns
        height, width = height + top + bottom, width + left + right
        if height < crop_height or width < crop_width:
            raise ValueError(
                f"Required crop size {(crop_height, crop_width)} is larger than "
                f"{'padded ' if self.padding is not None else ''}input image size {(height, width)}."
            )
        # Nothing is drawn for an axis along which the window is the whole image.
        first_row = drawn_integer(0, height - crop_height + 1) if height > crop_height else 0
        first_column = drawn_integer(0, width - crop_width + 1) if width > crop_width else 0
        window = {"top": first_row, "left": first_column, "height": crop_height, "width": crop_width}
        return {
            "padding": [left, top, right, bottom] if any((left, top, right, bottom)) else None,
            "window": window if (height, width) != (crop_height, crop_width) else None,
        }

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if params["padding"] is not None:
            fill = self._fill.of(inpt)
            inpt = self._call_kernel(F.pad, inpt, padding=params["padding"], fill=fill, padding_mode=self.padding_mode)
        return inpt if params["window"] is None else self._call_kernel(F.crop, inpt, **params["window"])


class RandomPerspective(_Filling, RandomlyApplied):
    """Move each corner inwards by up to `distortion_scale` of half the image, with probability `p`."""

    _v1_transform_cls = v1.RandomPerspective
    function = F.perspective
    arguments = ("interpolation",)

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: Interpolation = "bilinear",
        fill: Any = 0,
    ) -> None:
        super().__init__(p=p)
        if not 0 <= distortion_scale <= 1:
            raise ValueError("Argument distortion_scale value should be between 0 and 1")
        self.distortion_scale = distortion_scale
        self.interpolation = interpolation
        self.fill = fill
        self._fill = Fills(fill)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        corners = v1.RandomPerspective.get_params(width, height, self.distortion_scale)
        return {"startpoints": None, "endpoints": None, "coefficients": perspective_coefficients(*corners)}


class ElasticTransform(_Filling, Applied):
    """Displace pixels at random, by smooth fields: uniform noise blurred by `sigma` and scaled by `alpha`."""

    _v1_transform_cls = v1.ElasticTransform
    function = F.elastic
    arguments = ("interpolation",)

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: Interpolation = "bilinear",
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.alpha = numbers_pair(alpha, "alpha")
        self.sigma = numbers_pair(sigma, "sigma")
        self.interpolation = interpolation
        self.fill = fill
        self._fill = Fills(fill)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"displacement": v1.ElasticTransform.get_params(self.alpha, self.sigma, query_size(flat_inputs))}


class RandomIoUCrop(Transform):
    """A window that overlaps a box by a drawn amount (Liu et al. 2015, arXiv:1512.02325, section 2.2).

    The boxes whose centres lie outside the window become (0, 0, 0, 0): `SanitizeBoundingBoxes` removes them.
    """

    def __init__(
        self,
        min_scale: float = 0.3,
        max_scale: float = 1.0,
        min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0,
        sampler_options: list[float] | None = None,
        trials: int = 40,
    ):
        super().__init__()
        self.min_scale = min_scale
        self.max_scale = max_scale
        self.min_aspect_ratio = min_aspect_ratio
        self.max_aspect_ratio = max_aspect_ratio
        self.options = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0] if sampler_options is None else sampler_options
        self.trials = trials

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        has_image = has_any(flat_inputs, PIL.Image.Image, tv_tensors.Image, is_pure_tensor)
        if not (has_all(flat_inputs, tv_tensors.BoundingBoxes) and has_image):
            raise TypeError(
                f"{type(self).__name__}() requires input sample to contain tensor or PIL images "
                "and bounding boxes. Sample can also contain masks."
            )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        boxes = get_bounding_boxes(flat_inputs)
        plain = boxes.as_subclass(Tensor)
        corners = F.convert_bounding_box_format(plain, boxes.format, "XYXY").numpy(force=True)
        while True:
            least_overlap = self.options[drawn_integer(0, len(self.options))]
            if least_overlap >= 1.0:
                return {}
            for _ in range(self.trials):
                found = self._drawn_window(height, width, corners, least_overlap)
                if found is not None:
                    window, within = found
                    return {"window": window, "within": jtorch.from_numpy(within).to(plain.device)}

    def _drawn_window(self, height: int, width: int, corners: np.ndarray, least_overlap: float):
        """(a window, which boxes have their centre in it), or None if it is not one as wanted."""
        share_wide, share_tall = _drawn_floats(2, self.min_scale, self.max_scale)
        wide, tall = int(width * share_wide), int(height * share_tall)
        if not self.min_aspect_ratio <= wide / tall <= self.max_aspect_ratio:
            return None
        share_left, share_top = _drawn_floats(2)
        left, top = int((width - wide) * share_left), int((height - tall) * share_top)
        if wide == 0 or tall == 0:
            return None
        right, bottom = left + wide, top + tall
        center_x, center_y = 0.5 * (corners[:, 0] + corners[:, 2]), 0.5 * (corners[:, 1] + corners[:, 3])
        within = (left < center_x) & (center_x < right) & (top < center_y) & (center_y < bottom)
        if not within.any() or _overlaps(corners[within], (left, top, right, bottom)).max() < least_overlap:
            return None
        return {"top": top, "left": left, "height": tall, "width": wide}, within

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not params:
            return inpt
        output = self._call_kernel(F.crop, inpt, **params["window"])
        if isinstance(output, tv_tensors.BoundingBoxes):
            plain = output.as_subclass(Tensor)
            output = tv_tensors.wrap(plain * params["within"][:, None], like=output)
        return output


def _overlaps(boxes: np.ndarray, window: tuple[int, int, int, int]) -> np.ndarray:
    """Intersection over union of boxes (N, 4) with a window, both XYXY."""
    low = np.maximum(boxes[:, :2], window[:2])
    high = np.minimum(boxes[:, 2:], window[2:])
    common = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    area = (window[2] - window[0]) * (window[3] - window[1])
    return common / (areas + area - common)


class _RandomSize(Applied):
    """Base class of transforms that resize to a drawn size."""

    function = F.resize
    arguments = ("interpolation", "antialias")


class ScaleJitter(_RandomSize):
    """Scale to fit `target_size`, times a random factor from `scale_range` (Ghiasi et al. 2020, arXiv:2012.07177)."""

    def __init__(
        self,
        target_size: tuple[int, int],
        scale_range: tuple[float, float] = (0.1, 2.0),
        interpolation: Interpolation = "bilinear",
        antialias: bool | None = True,
    ):
        super().__init__()
        self.target_size = target_size
        self.scale_range = scale_range
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        (scale,) = _drawn_floats(1, *self.scale_range)
        # torchvision divides the target's width by the height, and the other way round.
        ratio = np.float32(min(self.target_size[1] / height, self.target_size[0] / width)) * scale
        return {"size": (int(height * ratio), int(width * ratio))}


class RandomShortestSize(_RandomSize):
    """The smaller edge to one of `min_size`, the longer one to at most `max_size`."""

    def __init__(
        self,
        min_size: int | Sequence[int],
        max_size: int | None = None,
        interpolation: Interpolation = "bilinear",
        antialias: bool | None = True,
    ):
        super().__init__()
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        ratio = self.min_size[drawn_integer(0, len(self.min_size))] / min(height, width)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(height, width))
        return {"size": (int(height * ratio), int(width * ratio))}


class RandomResize(_RandomSize):
    """The smaller edge to a size from `min_size` to below `max_size`."""

    def __init__(
        self,
        min_size: int,
        max_size: int,
        interpolation: Interpolation = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.min_size = min_size
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"size": [drawn_integer(self.min_size, self.max_size)]}
