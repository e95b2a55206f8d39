"""What flips, windows, sizes and maps do to boxes and key points, as plain tensors.

Functions after which the image has another size return (result, (height, width)).
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence

import numpy as np

import jtorch
from jtorch import Tensor
from jtorch.vision.tv_tensors import BoundingBoxFormat, is_rotated_bounding_format

from ... import functional as F_v1
from ..._tensor_warp import affine_matrix, affine_output_size, identity_grid, perspective_coefficients
from ._box_formats import CXCYWH, CXCYWHR, XYWH, XYWHR, XYXY, XYXYXYXY, clamped, converted, cos_and_sin, upright

Canvas = tuple[int, int]
# The four corners of (x1, y1, x2, y2), clockwise.
CORNERS = [0, 1, 2, 1, 2, 3, 0, 3]


# Arguments


def resized_canvas(before: Canvas, size: Sequence[int] | int | None, max_size: int | None) -> Canvas:
    """(height, width) after `resize`."""
    if isinstance(size, int):
        size = [size]
    elif max_size is not None and size is not None and len(size) != 1:
        raise ValueError(
            "max_size should only be passed if size is None or specifies the length of the smaller edge, "
            "i.e. size should be an int or a sequence of length 1 in torchscript mode."
        )
    if size is not None:
        # Like torchvision, which reads the first two of more numbers.
        height, width = F_v1.resized_size(before, size, max_size) if len(size) == 1 else size[:2]
        return height, width
    if not isinstance(max_size, int):
        raise ValueError(f"max_size must be an integer when size is None, but got {max_size} instead.")
    shorter = int(max_size * min(before) / max(before))
    return (max_size, shorter) if before[1] <= before[0] else (shorter, max_size)


def padding_sides(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    """(left, top, right, bottom)."""
    if isinstance(padding, int):
        return (padding,) * 4
    if not isinstance(padding, (tuple, list)):
        raise TypeError(f"`padding` should be an integer or tuple or list of integers, but got {padding}")
    if len(padding) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple or list. Found {len(padding)}")
    left, top, right, bottom = list(padding) * (4 // len(padding))
    return left, top, right, bottom


def crop_size(output_size: int | Sequence[int]) -> list[int]:
    if isinstance(output_size, numbers.Number):
        return [int(output_size)] * 2
    return list(output_size) * 2 if len(output_size) == 1 else list(output_size)


def coefficients_of(startpoints, endpoints, coefficients) -> Sequence[float]:
    """The eight numbers of a perspective map."""
    if coefficients is None:
        if startpoints is None or endpoints is None:
            raise ValueError("Either the startpoints/endpoints or the coefficients must have non `None` values.")
        return perspective_coefficients(startpoints, endpoints)
    if startpoints is not None and endpoints is not None:
        raise ValueError("The startpoints/endpoints and the coefficients shouldn't be defined concurrently.")
    if len(coefficients) != 8:
        raise ValueError("Argument coefficients should have 8 float values")
    return coefficients


def require_displacement(displacement, canvas_size: Sequence[int]) -> None:
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    expected = (1, *canvas_size, 2)
    if expected != displacement.shape:
        raise ValueError(f"Argument displacement shape should be {expected}, but given {displacement.shape}")


# Flips


def horizontal_flip_keypoints(keypoints: Tensor, canvas_size: Canvas) -> Tensor:
    x, y = keypoints.unbind(-1)
    return jtorch.stack((canvas_size[1] - 1 - x, y), -1)


def vertical_flip_keypoints(keypoints: Tensor, canvas_size: Canvas) -> Tensor:
    x, y = keypoints.unbind(-1)
    return jtorch.stack((x, canvas_size[0] - 1 - y), -1)


def horizontal_flip_bounding_boxes(bounding_boxes: Tensor, format: BoundingBoxFormat, canvas_size: Canvas) -> Tensor:
    width = canvas_size[1]
    columns = list(bounding_boxes.unbind(-1))
    if format == XYXY:
        columns[0], columns[2] = width - columns[2], width - columns[0]
    elif format == XYWH:
        columns[0] = width - (columns[0] + columns[2])
    elif format == XYXYXYXY:
        columns = _other_way_round([width - c if n % 2 == 0 else c for n, c in enumerate(columns)])
    else:
        if format == XYWHR:
            cos, sin = cos_and_sin(columns[4])
            columns[0], columns[1] = columns[0] + columns[2] * cos, columns[1] - columns[2] * sin
        columns[0] = width - columns[0]
        if format != CXCYWH:
            columns[4] = -columns[4]
    return jtorch.stack(columns, -1)


def vertical_flip_bounding_boxes(bounding_boxes: Tensor, format: BoundingBoxFormat, canvas_size: Canvas) -> Tensor:
    height = canvas_size[0]
    columns = list(bounding_boxes.unbind(-1))
    if format == XYXY:
        columns[1], columns[3] = height - columns[3], height - columns[1]
    elif format == XYWH:
        columns[1] = height - (columns[1] + columns[3])
    elif format == XYXYXYXY:
        columns = _other_way_round([height - c if n % 2 else c for n, c in enumerate(columns)])
    else:
        if format == XYWHR:
            cos, sin = cos_and_sin(columns[4])
            columns[0], columns[1] = columns[0] + columns[2] * cos, columns[1] - columns[2] * sin
        columns[1] = height - columns[1]
        if format != CXCYWH:
            columns[4] = 180 - columns[4]
    return jtorch.stack(columns, -1)


def _other_way_round(corners: list[Tensor]) -> list[Tensor]:
    """Corners that a mirror has put in anticlockwise order, clockwise again."""
    return [corners[n] for n in (2, 3, 0, 1, 6, 7, 4, 5)]


# Sizes and windows


def _by_axis(values: Sequence[float], format: BoundingBoxFormat) -> list[float]:
    """(for x, for y) for each number of a box that is a position; 0 for the others."""
    if format in (XYXY, XYXYXYXY):
        return list(values) * (2 if format == XYXY else 4)
    return [*values, 0, 0] if format in (XYWH, CXCYWH) else [*values, 0, 0, 0]


def resize_keypoints(
    keypoints: Tensor, size: Sequence[int] | None, canvas_size: Canvas, max_size: int | None = None
) -> tuple[Tensor, Canvas]:
    after = resized_canvas(canvas_size, size, max_size)
    return _scaled(keypoints, canvas_size, after, 1), after


def _scaled(values: Tensor, before: Canvas, after: Canvas, points: int) -> Tensor:
    if tuple(after) == tuple(before):
        return values
    ratios = jtorch.tensor([after[1] / before[1], after[0] / before[0]] * points, device=values.device)
    return (values * ratios).to(values.dtype)


def resize_bounding_boxes(
    bounding_boxes: Tensor,
    canvas_size: Canvas,
    size: Sequence[int] | None,
    max_size: int | None = None,
    format: BoundingBoxFormat = XYXY,
    clamping_mode: str | None = "soft",
) -> tuple[Tensor, Canvas]:
    after = resized_canvas(canvas_size, size, max_size)
    if after == tuple(canvas_size):
        return bounding_boxes, canvas_size
    if not is_rotated_bounding_format(format):
        return _scaled(bounding_boxes, canvas_size, after, 2), after
    corners = converted(bounding_boxes, format, XYXYXYXY).reshape(-1, 8)
    ratios = jtorch.tensor([after[1] / canvas_size[1], after[0] / canvas_size[0]] * 4, device=bounding_boxes.device)
    inside = clamped(upright(corners * ratios), XYXYXYXY, after, clamping_mode)
    boxes = converted(inside, XYXYXYXY, format).to(bounding_boxes.dtype)
    return boxes.reshape(bounding_boxes.shape), after


def pad_keypoints(
    keypoints: Tensor, canvas_size: Canvas, padding: int | Sequence[int], padding_mode: str = "constant"
) -> tuple[Tensor, Canvas]:
    if padding_mode != "constant":
        raise ValueError(
            f"Padding mode '{padding_mode}' is not supported with KeyPoints (supported modes are constant)"
        )
    left, top, _, _ = sides = padding_sides(padding)
    return _moved(keypoints, [left, top]), _padded_canvas(canvas_size, sides)


def pad_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    padding: int | Sequence[int],
    padding_mode: str = "constant",
    clamping_mode: str | None = "soft",
) -> tuple[Tensor, Canvas]:
    if padding_mode != "constant":
        raise ValueError(f"Padding mode '{padding_mode}' is not supported with bounding boxes")
    left, top, _, _ = sides = padding_sides(padding)
    after = _padded_canvas(canvas_size, sides)
    moved = _moved(bounding_boxes, _by_axis((left, top), format))
    return clamped(moved, format, after, clamping_mode), after


def _padded_canvas(canvas_size: Canvas, sides: tuple[int, int, int, int]) -> Canvas:
    left, top, right, bottom = sides
    return canvas_size[0] + top + bottom, canvas_size[1] + left + right


def _moved(values: Tensor, by: Sequence[float]) -> Tensor:
    return values + jtorch.tensor(by, dtype=values.dtype, device=values.device)


def crop_keypoints(keypoints: Tensor, top: int, left: int, height: int, width: int) -> tuple[Tensor, Canvas]:
    return _moved(keypoints, [-left, -top]), (height, width)


def crop_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    top: int,
    left: int,
    height: int,
    width: int,
    clamping_mode: str | None = "soft",
) -> tuple[Tensor, Canvas]:
    moved = _moved(bounding_boxes, _by_axis((-left, -top), format))
    if format == XYXYXYXY:
        moved = upright(moved)
    return clamped(moved, format, (height, width), clamping_mode), (height, width)


def _middle_window(canvas_size: Canvas, output_size) -> tuple[int, int, int, int]:
    height, width = crop_size(output_size)
    top, left = (int(round((whole - part) / 2.0)) for whole, part in zip(canvas_size, (height, width), strict=True))
    return top, left, height, width


def center_crop_keypoints(inpt: Tensor, canvas_size: Canvas, output_size) -> tuple[Tensor, Canvas]:
    return crop_keypoints(inpt, *_middle_window(canvas_size, output_size))


def center_crop_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    output_size,
    clamping_mode: str | None = "soft",
) -> tuple[Tensor, Canvas]:
    return crop_bounding_boxes(bounding_boxes, format, *_middle_window(canvas_size, output_size), clamping_mode)


def resized_crop_keypoints(
    keypoints: Tensor, top: int, left: int, height: int, width: int, size: Sequence[int]
) -> tuple[Tensor, Canvas]:
    cropped, canvas_size = crop_keypoints(keypoints, top, left, height, width)
    return resize_keypoints(cropped, size, canvas_size)


def resized_crop_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    top: int,
    left: int,
    height: int,
    width: int,
    size: Sequence[int],
    clamping_mode: str | None = "soft",
) -> tuple[Tensor, Canvas]:
    cropped, canvas_size = crop_bounding_boxes(bounding_boxes, format, top, left, height, width, clamping_mode)
    return resize_bounding_boxes(cropped, canvas_size, size, format=format, clamping_mode=clamping_mode)


# Maps


def _mapped_boxes(
    boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    clamping_mode: str | None,
    move: Callable[[Tensor], Tensor],
) -> Tensor:
    """The boxes around the corners of `boxes` after `move`, which takes and gives points (N, 2)."""
    rotated = is_rotated_bounding_format(format)
    hub = XYXYXYXY if rotated else XYXY
    corners = converted(boxes, format, hub).reshape(-1, 8 if rotated else 4)
    points = corners if rotated else corners[:, CORNERS]
    moved = move(points.reshape(-1, 2))
    if rotated:
        around = upright(moved.reshape(-1, 8))
    else:
        moved = moved.reshape(-1, 4, 2)
        around = jtorch.cat((moved.amin(1), moved.amax(1)), 1)
    return converted(clamped(around, hub, canvas_size, clamping_mode), hub, format).reshape(boxes.shape)


def _affine_map(
    canvas_size: Canvas, angle, translate, scale, shear, center, expand: bool
) -> tuple[Callable[[Tensor], Tensor], Canvas]:
    """What an affine map does to points (N, 2), and the size of the image after it."""
    shear = F_v1.require_affine(angle, translate, scale, shear, center)
    height, width = canvas_size
    center = [width * 0.5, height * 0.5] if center is None else [float(c) for c in center]
    matrix = np.array(affine_matrix(center, angle, translate, scale, shear, inverted=False)).reshape(2, 3)
    if expand:
        edges = np.array([[x, y, 1.0] for x in (0.0, width) for y in (0.0, height)])
        matrix[:, 2] -= (edges @ matrix.T).min(axis=0)
        inverse = affine_matrix(center, angle, translate, scale, shear)
        width, height = affine_output_size(inverse, width, height)

    def move(points: Tensor) -> Tensor:
        linear = jtorch.tensor(matrix[:, :2].T, dtype=points.dtype, device=points.device)
        return points @ linear + jtorch.tensor(matrix[:, 2], dtype=points.dtype, device=points.device)

    return move, (height, width)


def _as_floats(values: Tensor) -> Tensor:
    return values if values.is_floating_point() else values.to(jtorch.float32)


def _affine_keypoints(keypoints, canvas_size, angle, translate, scale, shear, center, expand):
    if keypoints.numel() == 0:
        return keypoints, canvas_size
    move, after = _affine_map(canvas_size, angle, translate, scale, shear, center, expand)
    moved = move(_as_floats(keypoints).reshape(-1, 2))
    return moved.reshape(keypoints.shape).to(keypoints.dtype), after


def affine_keypoints(
    keypoints: Tensor, canvas_size: Canvas, angle, translate, scale, shear, center=None
) -> tuple[Tensor, Canvas]:
    return _affine_keypoints(keypoints, canvas_size, angle, translate, scale, shear, center, False)


def rotate_keypoints(
    keypoints: Tensor, canvas_size: Canvas, angle: float, expand: bool = False, center=None
) -> tuple[Tensor, Canvas]:
    return _affine_keypoints(keypoints, canvas_size, -angle, [0.0, 0.0], 1.0, [0.0, 0.0], center, expand)


def _affine_boxes(boxes, format, canvas_size, angle, translate, scale, shear, center, expand, clamping_mode):
    if boxes.numel() == 0:
        return boxes, canvas_size
    move, after = _affine_map(canvas_size, angle, translate, scale, shear, center, expand)
    return _mapped_boxes(_as_floats(boxes), format, after, clamping_mode, move).to(boxes.dtype), after


def affine_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    angle,
    translate,
    scale,
    shear,
    center=None,
    clamping_mode: str | None = "soft",
) -> Tensor:
    return _affine_boxes(
        bounding_boxes, format, canvas_size, angle, translate, scale, shear, center, False, clamping_mode
    )[0]


def rotate_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    angle: float,
    expand: bool = False,
    center=None,
    clamping_mode: str | None = "soft",
) -> tuple[Tensor, Canvas]:
    still = ([0.0, 0.0], 1.0, [0.0, 0.0])
    return _affine_boxes(bounding_boxes, format, canvas_size, -angle, *still, center, expand, clamping_mode)


def _perspective_map(coefficients: Sequence[float], what: str) -> Callable[[Tensor], Tensor]:
    """What a perspective map does to points: the inverse of what the coefficients say of reading."""
    a, b, c, d, e, f, g, h = coefficients
    denominator = a * e - b * d
    if denominator == 0:
        raise RuntimeError(
            f"Provided perspective_coeffs {coefficients} can not be inverted to transform {what}. "
            f"Denominator is zero, denom={denominator}"
        )
    adjugate = np.array(
        [
            [e - f * h, c * h - b, b * f - c * e],
            [f * g - d, a - c * g, c * d - a * f],
            [d * h - e * g, b * g - a * h, denominator],
        ]
    )
    inverse = adjugate / denominator

    def move(points: Tensor) -> Tensor:
        floats = _as_floats(points)
        mapped = floats @ jtorch.tensor(inverse[:, :2].T, dtype=floats.dtype, device=points.device)
        mapped = mapped + jtorch.tensor(inverse[:, 2], dtype=floats.dtype, device=points.device)
        return mapped[:, :2] / mapped[:, 2:]

    return move


def perspective_keypoints(
    keypoints: Tensor, canvas_size: Canvas, startpoints, endpoints, coefficients: Sequence[float] | None = None
) -> Tensor:
    if keypoints.numel() == 0:
        return keypoints
    move = _perspective_map(coefficients_of(startpoints, endpoints, coefficients), "keypoints")
    return move(keypoints.reshape(-1, 2)).to(keypoints.dtype).reshape(keypoints.shape)


def perspective_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    startpoints,
    endpoints,
    coefficients: Sequence[float] | None = None,
    clamping_mode: str | None = "soft",
) -> Tensor:
    if bounding_boxes.numel() == 0:
        return bounding_boxes
    move = _perspective_map(coefficients_of(startpoints, endpoints, coefficients), "bounding boxes")
    return _mapped_boxes(bounding_boxes, format, canvas_size, clamping_mode, move).to(bounding_boxes.dtype)


def _elastic_map(displacement: Tensor, canvas_size: Canvas, dtype) -> Callable[[Tensor], Tensor]:
    """Where each whole pixel goes, about: back by what the pixel there is read from."""
    dtype = dtype if dtype.is_floating_point else jtorch.float32
    float_type = np.float64 if dtype == jtorch.float64 else np.float32
    height, width = canvas_size
    grid = jtorch.from_numpy(identity_grid(canvas_size, float_type)).to(displacement.device, dtype)
    inverse = (grid - displacement.to(dtype))[0]
    size = jtorch.tensor([width, height], dtype=dtype, device=displacement.device)

    def move(points: Tensor) -> Tensor:
        x, y = points.to(jtorch.int64).unbind(-1)
        return (inverse[y.clamp(0, height - 1), x.clamp(0, width - 1)] + 1) * (0.5 * size) - 0.5

    return move


def elastic_keypoints(keypoints: Tensor, canvas_size: Canvas, displacement: Tensor) -> Tensor:
    require_displacement(displacement, canvas_size)
    if keypoints.numel() == 0:
        return keypoints
    move = _elastic_map(displacement, canvas_size, keypoints.dtype)
    return move(keypoints.reshape(-1, 2)).to(keypoints.dtype).reshape(keypoints.shape)


def elastic_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat,
    canvas_size: Canvas,
    displacement: Tensor,
    clamping_mode: str | None = "soft",
) -> Tensor:
    require_displacement(displacement, canvas_size)
    if bounding_boxes.numel() == 0:
        return bounding_boxes
    move = _elastic_map(displacement, canvas_size, bounding_boxes.dtype)

    def moved(points: Tensor) -> Tensor:
        return move(points.ceil() if points.is_floating_point() else points)

    if not is_rotated_bounding_format(format):
        # In the boxes' own dtype again before they are cut to the image.
        return _mapped_boxes(
            bounding_boxes, format, canvas_size, clamping_mode, lambda p: moved(p).to(bounding_boxes.dtype)
        )
    boxes = converted(bounding_boxes, format, CXCYWHR).reshape(-1, 5)
    boxes = jtorch.cat((moved(boxes[:, :2]), boxes[:, 2:]), 1).to(boxes.dtype)
    inside = clamped(boxes, CXCYWHR, canvas_size, clamping_mode)
    return converted(inside, CXCYWHR, format).reshape(bounding_boxes.shape)
