"""Flips, windows, sizes and maps of images, videos and masks; those of boxes and key points are in `_geometry_boxes.py`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import PIL.Image

import jtorch
from jtorch import Tensor

from ... import _functional_pil as F_pil
from ... import _tensor_geometry, _tensor_warp
from ... import functional as F_v1
from ...functional import InterpolationMode, pil_modes_mapping, pil_to_tensor, to_pil_image
from . import _geometry_boxes as on_points
from ._registry import called, functional, on_masks, register

Interpolation = str | InterpolationMode | int
NEAREST, BILINEAR = InterpolationMode.NEAREST, InterpolationMode.BILINEAR
_SMOOTH = (BILINEAR, InterpolationMode.BICUBIC, InterpolationMode.LANCZOS)


def interpolation_mode(interpolation: Interpolation) -> InterpolationMode:
    """`interpolation` by name, by Pillow's constant, or itself."""
    if isinstance(interpolation, str):
        modes = {mode.value: mode for mode in InterpolationMode}
        if interpolation not in modes:
            raise ValueError(
                f"Invalid interpolation mode: '{interpolation}'. Supported string values are: {list(modes)}."
            )
        return modes[interpolation]
    if not isinstance(interpolation, (int, InterpolationMode)):
        raise ValueError(
            "Argument interpolation should be an `InterpolationMode` or a corresponding Pillow integer constant, "
            f"but got {interpolation}."
        )
    return F_v1.interpolation_mode(interpolation)


@functional
def horizontal_flip(inpt):
    """Mirror left and right."""


def horizontal_flip_image(image: Tensor) -> Tensor:
    return _tensor_geometry.hflip(image)


@functional
def vertical_flip(inpt):
    """Mirror top and bottom."""


def vertical_flip_image(image: Tensor) -> Tensor:
    return _tensor_geometry.vflip(image)


horizontal_flip_mask = called(horizontal_flip_image, "mask")
horizontal_flip_video = called(horizontal_flip_image, "video")
vertical_flip_mask = called(vertical_flip_image, "mask")
vertical_flip_video = called(vertical_flip_image, "video")
hflip, vflip = horizontal_flip, vertical_flip
register(
    horizontal_flip,
    image=horizontal_flip_image,
    pil=F_pil.hflip,
    mask=horizontal_flip_mask,
    boxes=on_points.horizontal_flip_bounding_boxes,
    keypoints=on_points.horizontal_flip_keypoints,
)
register(
    vertical_flip,
    image=vertical_flip_image,
    pil=F_pil.vflip,
    mask=vertical_flip_mask,
    boxes=on_points.vertical_flip_bounding_boxes,
    keypoints=on_points.vertical_flip_keypoints,
)


@functional
def resize(
    inpt,
    size: Sequence[int] | int | None,
    interpolation: Interpolation = BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
):
    """Resize to `size`: (height, width), one number for the smaller edge, or None for the longer edge of `max_size`."""


def resize_image(
    image: Tensor,
    size: Sequence[int] | int | None,
    interpolation: Interpolation = BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Tensor:
    interpolation = interpolation_mode(interpolation)
    smooths = bool(antialias) and interpolation in _SMOOTH
    if interpolation is InterpolationMode.LANCZOS and not smooths:
        raise ValueError("InterpolationMode.LANCZOS requires antialias=True")
    before = tuple(image.shape[-2:])
    after = on_points.resized_canvas(before, size, max_size)
    if after == before:
        return image
    if image.numel() == 0:
        return image.reshape(*image.shape[:-2], *after)
    return _tensor_geometry.resize(image, list(after), interpolation.value, smooths, whole_levels=True)


def _resize_pil(
    image: PIL.Image.Image,
    size: Sequence[int] | int | None,
    interpolation: Interpolation = BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> PIL.Image.Image:
    if antialias is False:
        warnings.warn(
            "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.", stacklevel=4
        )
    height, width = on_points.resized_canvas((image.height, image.width), size, max_size)
    interpolation = interpolation_mode(interpolation)
    if (width, height) == image.size:
        return image
    return image.resize((width, height), pil_modes_mapping[interpolation])


def resize_mask(
    mask: Tensor,
    size: Sequence[int] | int | None,
    interpolation: Interpolation = NEAREST,
    max_size: int | None = None,
) -> Tensor:
    interpolation = interpolation_mode(interpolation)
    if interpolation is not InterpolationMode.NEAREST_EXACT:
        interpolation = NEAREST
    return on_masks(resize_image)(mask, size, interpolation, max_size)


resize_video = called(resize_image, "video")
register(
    resize,
    image=resize_image,
    pil=_resize_pil,
    mask=resize_mask,
    boxes=on_points.resize_bounding_boxes,
    keypoints=on_points.resize_keypoints,
)


@functional
def pad(inpt, padding: int | Sequence[int], fill=None, padding_mode: str = "constant"):
    """Pad by `padding` pixels: one number, (left and right, top and bottom), or (left, top, right, bottom)."""


def pad_image(image: Tensor, padding: int | Sequence[int], fill=None, padding_mode: str = "constant") -> Tensor:
    sides = on_points.padding_sides(padding)
    if padding_mode not in F_pil.PADDING_MODES:
        raise ValueError(
            "`padding_mode` should be either `'constant'`, `'edge'`, `'reflect'` or `'symmetric'`, "
            f"but got `'{padding_mode}'`."
        )
    fill = 0 if fill is None else fill
    if isinstance(fill, (int, float)) or len(fill) == 1:
        value = fill if isinstance(fill, (int, float)) else fill[0]
        return _tensor_geometry.padded(image, sides, value, padding_mode)
    if padding_mode != "constant":
        raise ValueError(f"Padding mode '{padding_mode}' is not supported if fill is not scalar")
    padded = _tensor_geometry.padded(image, sides, 0, "constant")
    inside = _tensor_geometry.padded(jtorch.ones_like(image[..., :1, :, :], dtype=jtorch.bool), sides, 0, "constant")
    colour = jtorch.tensor(fill, device=image.device).to(image.dtype).reshape(-1, 1, 1)
    return jtorch.where(inside, padded, colour)


def pad_mask(mask: Tensor, padding: int | Sequence[int], fill=None, padding_mode: str = "constant") -> Tensor:
    if isinstance(fill, (tuple, list)):
        raise ValueError("Non-scalar fill value is not supported")
    return on_masks(pad_image)(mask, padding, fill, padding_mode)


pad_video = called(pad_image, "video")
register(
    pad,
    image=pad_image,
    pil=F_pil.pad,
    mask=pad_mask,
    boxes=on_points.pad_bounding_boxes,
    keypoints=on_points.pad_keypoints,
)


@functional
def crop(inpt, top: int, left: int, height: int, width: int):
    """The window of that size at (top, left); what lies outside the image is 0."""


def crop_image(image: Tensor, top: int, left: int, height: int, width: int) -> Tensor:
    return _tensor_geometry.crop(image, top, left, height, width)


crop_mask = on_masks(crop_image)
crop_video = called(crop_image, "video")
register(
    crop,
    image=crop_image,
    pil=F_pil.crop,
    mask=crop_mask,
    boxes=on_points.crop_bounding_boxes,
    keypoints=on_points.crop_keypoints,
)


@functional
def center_crop(inpt, output_size: int | Sequence[int]):
    """The middle, padded with 0 where the image is smaller than `output_size`."""


def center_crop_image(image: Tensor, output_size: int | Sequence[int]) -> Tensor:
    if image.numel() == 0:
        return image.reshape(*image.shape[:-2], *on_points.crop_size(output_size))
    return F_v1.center_crop(image, on_points.crop_size(output_size))


def _center_crop_pil(image: PIL.Image.Image, output_size: int | Sequence[int]) -> PIL.Image.Image:
    return F_v1.center_crop(image, on_points.crop_size(output_size))


center_crop_mask = on_masks(center_crop_image)
center_crop_video = called(center_crop_image, "video")
register(
    center_crop,
    image=center_crop_image,
    pil=_center_crop_pil,
    mask=center_crop_mask,
    boxes=on_points.center_crop_bounding_boxes,
    keypoints=on_points.center_crop_keypoints,
)


@functional
def resized_crop(
    inpt,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Sequence[int],
    interpolation: Interpolation = BILINEAR,
    antialias: bool | None = True,
):
    """`crop`, then `resize` to `size`."""


def resized_crop_image(
    image: Tensor,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Sequence[int],
    interpolation: Interpolation = BILINEAR,
    antialias: bool | None = True,
) -> Tensor:
    mode = interpolation_mode(interpolation)
    if image.numel() == 0 or mode is InterpolationMode.LANCZOS and not antialias:
        return resize_image(crop_image(image, top, left, height, width), size, mode, antialias=antialias)
    after = list(on_points.resized_canvas((height, width), size, None))
    window = (top, left, height, width)
    return _tensor_geometry.resized_crop(image, window, after, mode.value, antialias, whole_levels=True)


def _resized_crop_pil(
    image: PIL.Image.Image,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Sequence[int],
    interpolation: Interpolation = BILINEAR,
    antialias: bool | None = True,
) -> PIL.Image.Image:
    return _resize_pil(F_pil.crop(image, top, left, height, width), size, interpolation, antialias=antialias)


def resized_crop_mask(mask: Tensor, top: int, left: int, height: int, width: int, size: Sequence[int]) -> Tensor:
    return resize_mask(crop_mask(mask, top, left, height, width), size)


resized_crop_video = called(resized_crop_image, "video")
register(
    resized_crop,
    image=resized_crop_image,
    pil=_resized_crop_pil,
    mask=resized_crop_mask,
    boxes=on_points.resized_crop_bounding_boxes,
    keypoints=on_points.resized_crop_keypoints,
)


@functional
def five_crop(inpt, size: int | Sequence[int]):
    """The four corners and the middle: (upper left, upper right, lower left, lower right, centre)."""


def five_crop_image(image: Tensor, size: int | Sequence[int]):
    return F_v1.five_crop(image, _listed(size))


@functional
def ten_crop(inpt, size: int | Sequence[int], vertical_flip: bool = False):
    """`five_crop` of the image and of its mirror image (left and right, or top and bottom)."""


def ten_crop_image(image: Tensor, size: int | Sequence[int], vertical_flip: bool = False):
    return F_v1.ten_crop(image, _listed(size), vertical_flip)


def _listed(size: int | Sequence[int]):
    return [int(size)] * 2 if isinstance(size, int) else size


five_crop_video = called(five_crop_image, "video")
ten_crop_video = called(ten_crop_image, "video")
register(five_crop, image=five_crop_image, pil=five_crop_image)
register(ten_crop, image=ten_crop_image, pil=ten_crop_image)


def _require_warp(image: Tensor, interpolation: Interpolation, fill) -> str:
    """The name of the mode, after a look at the arguments of a map."""
    mode = interpolation_mode(interpolation).value
    if isinstance(fill, (tuple, list)):
        channels = image.shape[-3]
        if len(fill) > 1 and len(fill) != channels:
            raise ValueError(
                "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
                f"({len(fill)} != {channels})"
            )
    elif fill is not None and not isinstance(fill, (int, float)):
        raise ValueError("Argument fill should be either int, float, tuple or list")
    if mode not in ("nearest", "bilinear"):
        raise ValueError(f"Interpolation mode '{mode}' is unsupported with Tensor input")
    return mode


def _from_middle(image: Tensor, center: Sequence[float] | None) -> tuple[float, float]:
    height, width = image.shape[-2:]
    return (0.0, 0.0) if center is None else (center[0] - width * 0.5, center[1] - height * 0.5)


@functional
def affine(
    inpt,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Interpolation = NEAREST,
    fill=None,
    center: Sequence[float] | None = None,
):
    """Turn by `angle` degrees clockwise, scale and shear about `center` (default: the middle), then move."""


def affine_image(
    image: Tensor,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Interpolation = NEAREST,
    fill=None,
    center: Sequence[float] | None = None,
) -> Tensor:
    interpolation_mode(interpolation)
    shear = F_v1.require_affine(angle, translate, scale, shear, center)
    matrix = _tensor_warp.affine_matrix(_from_middle(image, center), angle, translate, scale, shear)
    mode = _require_warp(image, interpolation, fill)
    return image if image.numel() == 0 else _tensor_warp.affine(image, matrix, mode, fill)


def _affine_pil(
    image: PIL.Image.Image,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: Interpolation = NEAREST,
    fill=None,
    center: Sequence[float] | None = None,
) -> PIL.Image.Image:
    return F_v1.affine(image, angle, translate, scale, shear, interpolation_mode(interpolation), fill, center)


affine_mask = on_masks(affine_image, interpolation=NEAREST)
affine_video = called(affine_image, "video")
register(
    affine,
    image=affine_image,
    pil=_affine_pil,
    mask=affine_mask,
    boxes=on_points.affine_bounding_boxes,
    keypoints=on_points.affine_keypoints,
)


@functional
def rotate(
    inpt,
    angle: float,
    interpolation: Interpolation = NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill=None,
):
    """Turn by `angle` degrees counter-clockwise about `center`; `expand` enlarges the result until all of it fits."""


def rotate_image(
    image: Tensor,
    angle: float,
    interpolation: Interpolation = NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill=None,
) -> Tensor:
    angle = angle % 360
    quarters, rest = divmod(angle, 90)
    if center is None and rest == 0 and (quarters % 2 == 0 or expand or image.shape[-1] == image.shape[-2]):
        return jtorch.rot90(image, int(quarters), (-2, -1)) if quarters else image.clone()
    mode = _require_warp(image, interpolation, fill)
    matrix = _tensor_warp.affine_matrix(_from_middle(image, center), -angle, (0.0, 0.0), 1.0, (0.0, 0.0))
    if image.numel() == 0:
        height, width = image.shape[-2:]
        width, height = _tensor_warp.affine_output_size(matrix, width, height) if expand else (width, height)
        return image.reshape(*image.shape[:-2], height, width)
    return _tensor_warp.affine(image, matrix, mode, fill, expand)


def _rotate_pil(
    image: PIL.Image.Image,
    angle: float,
    interpolation: Interpolation = NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill=None,
) -> PIL.Image.Image:
    return F_pil.rotate(image, angle, pil_modes_mapping[interpolation_mode(interpolation)], expand, center, fill)


rotate_mask = on_masks(rotate_image, interpolation=NEAREST)
rotate_video = called(rotate_image, "video")
register(
    rotate,
    image=rotate_image,
    pil=_rotate_pil,
    mask=rotate_mask,
    boxes=on_points.rotate_bounding_boxes,
    keypoints=on_points.rotate_keypoints,
)


@functional
def perspective(
    inpt,
    startpoints: Sequence[Sequence[int]] | None,
    endpoints: Sequence[Sequence[int]] | None,
    interpolation: Interpolation = BILINEAR,
    fill=None,
    coefficients: Sequence[float] | None = None,
):
    """Move four corners `startpoints` to `endpoints`, or map by eight coefficients."""


def perspective_image(
    image: Tensor,
    startpoints: Sequence[Sequence[int]] | None,
    endpoints: Sequence[Sequence[int]] | None,
    interpolation: Interpolation = BILINEAR,
    fill=None,
    coefficients: Sequence[float] | None = None,
) -> Tensor:
    coefficients = on_points.coefficients_of(startpoints, endpoints, coefficients)
    mode = _require_warp(image, interpolation, fill)
    return image if image.numel() == 0 else _tensor_warp.perspective(image, coefficients, mode, fill)


def _perspective_pil(
    image: PIL.Image.Image,
    startpoints: Sequence[Sequence[int]] | None,
    endpoints: Sequence[Sequence[int]] | None,
    interpolation: Interpolation = BILINEAR,
    fill=None,
    coefficients: Sequence[float] | None = None,
) -> PIL.Image.Image:
    coefficients = on_points.coefficients_of(startpoints, endpoints, coefficients)
    return F_pil.perspective(image, coefficients, pil_modes_mapping[interpolation_mode(interpolation)], fill)


perspective_mask = on_masks(perspective_image, interpolation=NEAREST)
perspective_video = called(perspective_image, "video")
register(
    perspective,
    image=perspective_image,
    pil=_perspective_pil,
    mask=perspective_mask,
    boxes=on_points.perspective_bounding_boxes,
    keypoints=on_points.perspective_keypoints,
)


@functional
def elastic(inpt, displacement: Tensor, interpolation: Interpolation = BILINEAR, fill=None):
    """Read each pixel at another place, `displacement` (1, H, W, 2) away in units of half the image's size."""


def elastic_image(image: Tensor, displacement: Tensor, interpolation: Interpolation = BILINEAR, fill=None) -> Tensor:
    mode = interpolation_mode(interpolation).value
    on_points.require_displacement(displacement, image.shape[-2:])
    return image if image.numel() == 0 else _tensor_warp.elastic(image, displacement, mode, fill)


def _elastic_pil(
    image: PIL.Image.Image, displacement: Tensor, interpolation: Interpolation = BILINEAR, fill=None
) -> PIL.Image.Image:
    return to_pil_image(elastic_image(pil_to_tensor(image), displacement, interpolation, fill), mode=image.mode)


elastic_mask = on_masks(elastic_image, interpolation=NEAREST)
elastic_video = called(elastic_image, "video")
elastic_transform = elastic
register(
    elastic,
    image=elastic_image,
    pil=_elastic_pil,
    mask=elastic_mask,
    boxes=on_points.elastic_bounding_boxes,
    keypoints=on_points.elastic_keypoints,
)
