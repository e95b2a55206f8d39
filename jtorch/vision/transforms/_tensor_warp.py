"""Tensor images read at other places: rotation, affine and perspective maps, elastic displacements.

Each map says for every output pixel where in -1..1 `grid_sample` shall read the input. The grids of maps that are given
by numbers are computed on the host and enter a program as inputs, so that another angle compiles nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

import jtorch
from jtorch.dispatch import apply
from jtorch.nn import functional as F
from jtorch.ops import resampling as ops
from jtorch.tensor import Tensor

_CANVAS = 32


def affine(img: Tensor, matrix: Sequence[float], mode: str, fill, expand: bool = False) -> Tensor:
    """`matrix` (two rows of three) takes output to input coordinates, both measured from the image's centre."""
    height, width = img.shape[-2:]
    if not expand:
        return sampled(img, _affine_grid(matrix, (width, height), (width, height), img), mode, fill)
    out_width, out_height = affine_output_size(matrix, width, height)
    # Other angles give other sizes. On canvases of few sizes, whose edges are cut off, few programs serve them all.
    spare = (-out_width % _CANVAS, -out_height % _CANVAS)
    canvas = sampled(img, _affine_grid(matrix, (width, height), (out_width, out_height), img, spare), mode, fill)
    return canvas[..., :out_height, :out_width].contiguous()


def perspective(img: Tensor, coefficients: Sequence[float], mode: str, fill) -> Tensor:
    """The eight coefficients of `perspective_coefficients` take output to input coordinates from the upper left."""
    height, width = img.shape[-2:]
    float_type = _float_type(img)
    x = np.arange(width, dtype=float_type) + float_type(0.5)
    y = np.arange(height, dtype=float_type)[:, None] + float_type(0.5)
    a, b, c, d, e, f, g, h = np.array(coefficients, float_type)
    divisor = g * x + h * y + float_type(1)
    half_width, half_height = float_type(0.5 * width), float_type(0.5 * height)
    rows = (
        (a / half_width * x + b / half_width * y + c / half_width) / divisor - float_type(1),
        (d / half_height * x + e / half_height * y + f / half_height) / divisor - float_type(1),
    )
    return sampled(img, _as_grid(np.stack(rows, axis=-1)[None], img), mode, fill)


def elastic(img: Tensor, displacement: Tensor, mode: str, fill) -> Tensor:
    """`displacement` (1, H, W, 2) is added to where each pixel is read, in units of half the image's size."""
    grid = identity_grid(img.shape[-2:], _float_type(img))
    grid = _as_grid(grid, img)
    return sampled(img, grid + displacement.to(grid.device, grid.dtype), mode, fill)


def identity_grid(size: Sequence[int], float_type) -> np.ndarray:
    """Where each pixel's own centre lies in -1..1: (1, H, W, 2)."""
    height, width = size
    y, x = (np.linspace((1 - extent) / extent, (extent - 1) / extent, extent) for extent in (height, width))
    return np.stack(np.broadcast_arrays(x, y[:, None]), axis=-1)[None].astype(float_type)


def affine_output_size(matrix: Sequence[float], width: int, height: int) -> tuple[int, int]:
    """Width and height of the smallest upright box around the mapped image, in float32 as torchvision computes it."""
    half_width, half_height = 0.5 * width, 0.5 * height
    corners = np.float32([[x, y, 1.0] for x in (-half_width, half_width) for y in (-half_height, half_height)])
    turned = corners @ np.float32(matrix).reshape(2, 3).T + np.float32([half_width, half_height])
    # Cutting to multiples of 1e-4 keeps rounding noise from counting as another pixel.
    tolerance = np.float32(1e-4)
    low = np.floor(np.trunc(turned.min(axis=0) / tolerance) * tolerance)
    high = np.ceil(np.trunc(turned.max(axis=0) / tolerance) * tolerance)
    out_width, out_height = high - low
    return int(out_width), int(out_height)


def _float_type(img: Tensor) -> type[np.floating]:
    return np.float64 if img.dtype == jtorch.float64 else np.float32


def _as_grid(grid: np.ndarray, img: Tensor) -> Tensor:
    tensor = jtorch.from_numpy(grid)
    return tensor.to(img.device, img.dtype if img.is_floating_point() else tensor.dtype)


def _affine_grid(
    matrix: Sequence[float],
    size: tuple[int, int],
    out_size: tuple[int, int],
    img: Tensor,
    spare: tuple[int, int] = (0, 0),
) -> Tensor:
    float_type = _float_type(img)
    out_width, out_height = out_size
    theta = np.array(matrix, float_type).reshape(2, 3) / np.array(size, float_type)[:, None] * 2
    x = np.arange(out_width + spare[0], dtype=float_type) + float_type(0.5 - out_width * 0.5)
    y = np.arange(out_height + spare[1], dtype=float_type)[:, None] + float_type(0.5 - out_height * 0.5)
    return _as_grid(np.stack([x * row[0] + y * row[1] + row[2] for row in theta], axis=-1)[None], img)


def sampled(img: Tensor, grid: Tensor, mode: str, fill: float | Sequence[float] | None) -> Tensor:
    """The image read at `grid` (1, height, width, 2); `fill` (default 0) is what lies outside, for all or by channel."""
    if img.ndim < 3 or 0 in img.shape[-2:]:
        return F.grid_sample(img.unsqueeze(0), grid, mode=mode, align_corners=False)  # which refuses it
    background = None
    if fill is not None:
        values = fill if isinstance(fill, (tuple, list)) else [fill]
        background = jtorch.tensor([float(v) for v in values], dtype=grid.dtype, device=img.device)
    return apply(ops.sampled_image, (img, grid, background, mode))[0]


def affine_matrix(
    center: Sequence[float],
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: Sequence[float],
    inverted: bool = True,
) -> list[float]:
    """Two rows of three of translate * center * rotate-scale-shear * center^-1, or (`inverted`) of its inverse.

    Angles are in degrees; the shear of the x axis comes before that of the y axis.
    """
    turn, shear_x, shear_y = (math.radians(degrees) for degrees in (angle, *shear))
    (x, y), (right, down) = center, translate
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -math.cos(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -math.sin(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) + math.cos(turn)
    if inverted:
        # The determinant of a rotation and these shears is 1.
        a, b, c, d = (entry / scale for entry in (d, -b, -c, a))
        return [a, b, a * (-x - right) + b * (-y - down) + x, c, d, c * (-x - right) + d * (-y - down) + y]
    a, b, c, d = (entry * scale for entry in (a, b, c, d))
    return [a, b, a * -x + b * -y + (x + right), c, d, c * -x + d * -y + (y + down)]


def perspective_coefficients(startpoints: Sequence, endpoints: Sequence) -> list[float]:
    """(a, ..., h) with (x, y) -> ((ax + by + c) / (gx + hy + 1), (dx + ey + f) / (gx + hy + 1)), end to start corners.

    Four corners give eight linear equations (Heckbert 1989, "Fundamentals of Texture Mapping", section 2.2.3).
    """
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    rows = []
    for (x, y), (u, v) in zip(endpoints, startpoints, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solution = np.linalg.lstsq(np.array(rows, np.float64), np.array(startpoints, np.float64).ravel(), rcond=None)[0]
    return solution.astype(np.float32).tolist()
