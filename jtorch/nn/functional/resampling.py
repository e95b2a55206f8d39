"""Resizing of images, and sampling of them at given positions."""

import math
import warnings

import numpy as np

from jtorch.dispatch import apply
from jtorch.nn.functional.memory_format import following
from jtorch.nn.functional.pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from jtorch.ops import resampling as ops
from jtorch.overloads import takes
from jtorch.tensor import Tensor

__all__ = [
    "GRID_SAMPLE_INTERPOLATION_MODES",
    "GRID_SAMPLE_PADDING_MODES",
    "affine_grid",
    "grid_sample",
    "interpolate",
    "upsample",
    "upsample_bilinear",
    "upsample_nearest",
]

GRID_SAMPLE_INTERPOLATION_MODES = {"bilinear": 0, "nearest": 1, "bicubic": 2}
GRID_SAMPLE_PADDING_MODES = {"zeros": 0, "border": 1, "reflection": 2}

# Modes of one number of dimensions only.
_DIMENSIONS = {"linear": 3, "bilinear": 4, "trilinear": 5, "bicubic": 4, "lanczos": 4}


@takes("interpolate", align_corners="bool")
def interpolate(
    input: Tensor,
    size=None,
    scale_factor=None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The spatial dimensions of (N, C, ...) resized to `size` or by `scale_factor`.

    Modes: nearest, nearest-exact, area; linear (N, C, L); bilinear, bicubic, lanczos (N, C, H, W); trilinear.

    >>> import jtorch as torch
    >>> torch.nn.functional.interpolate(torch.tensor([[[1.0, 2.0]]]), scale_factor=2)
    tensor([[[1., 1., 2., 2.]]])
    """
    if mode in ("nearest", "area", "nearest-exact"):
        if align_corners is not None:
            raise ValueError(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear"
            )
    spatial = input.dim() - 2
    size, scales = _size_or_scales(input, size, scale_factor, spatial)
    if recompute_scale_factor and scales is None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if scales is not None and (recompute_scale_factor or mode == "area"):
        size, scales = [int(input.size(i + 2) * s) for i, s in enumerate(scales)], None
    if antialias and not (mode in ("bilinear", "bicubic", "lanczos") and input.dim() == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    _check_mode(input.dim(), mode)
    if mode == "area":
        return (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)[spatial - 1](input, size)
    if mode == "lanczos":
        if align_corners:
            raise ValueError("Lanczos mode does not support align_corners=True")
        if not antialias:
            raise ValueError("Lanczos mode requires antialias=True")
    if size is None:
        size = ops.output_size(input.shape[2:], scales)
        scales = tuple(float(s) for s in scales)
    return _upsample(input, tuple(int(n) for n in size), scales, mode, bool(align_corners), bool(antialias))


def _size_or_scales(input, size, scale_factor, spatial):
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    given = size if size is not None else scale_factor
    many = isinstance(given, (tuple, list))
    if many and len(given) != spatial:
        what, how, letter = (
            ("output", f"output size of {size}", "output size in (o1, o2, ...,oK)")
            if size is not None
            else ("scale_factor", f"scale_factor of shape {scale_factor}", "scale_factor in (s1, s2, ...,sK)")
        )
        raise ValueError(
            f"Input and {what} must have the same number of spatial dimensions, but got input with spatial dimensions of "
            f"{list(input.shape[2:])} and {how}. Please provide input tensor in (N, C, d1, d2, ...,dK) format and {letter} "
            "format."
        )
    if size is None:
        return None, list(given) if many else [given] * spatial
    if many and not all(_is_integer(n) for n in given):
        raise TypeError(
            "expected size to be one of int or Tuple[int] or Tuple[int, int] or Tuple[int, int, int], but got size with "
            f"types {[type(n) for n in given]}"
        )
    return list(given) if many else [given] * spatial, None


def _is_integer(n) -> bool:
    return isinstance(n, (int, np.integer)) or (isinstance(n, Tensor) and not n.is_floating_point())


def _check_mode(dims, mode):
    if mode in ("nearest", "nearest-exact", "area") and dims in (3, 4, 5) or _DIMENSIONS.get(mode) == dims:
        return
    if mode in ("linear", "bilinear", "trilinear") and dims in (3, 4, 5):
        raise NotImplementedError(f"Got {dims}D input, but {mode} mode needs {_DIMENSIONS[mode]}D input")
    raise NotImplementedError(
        f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {dims}D) for the modes: nearest | linear | bilinear | "
        f"bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
    )


def _upsample(input, size, scales, mode, align_corners, antialias):
    given = input.shape[2:]
    if min(given) <= 0 or min(size) <= 0:
        letters = "DHW"[3 - len(size) :]
        shown = [" ".join(_labelled(letters, n)) for n in (given, size)]
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({shown[0]}) "
            f"{'and ' if len(size) == 1 else ''}output ({shown[1]})"
        )
    if input.size(1) == 0:
        raise RuntimeError(
            f"Non-empty {input.dim()}D data tensor expected but got a tensor with sizes {list(input.shape)}"
        )
    return following(input, apply(ops.upsample, (input, size, scales, mode, align_corners, antialias))[0])


def _labelled(letters, sizes):
    return [
        f"{c}: {n}" + ("," if i < len(sizes) - 1 else "") for i, (c, n) in enumerate(zip(letters, sizes, strict=True))
    ]


def _deprecated(name):
    warnings.warn(
        f"`nn.functional.{name}` is deprecated. Use `nn.functional.interpolate` instead.", UserWarning, stacklevel=3
    )


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """The old name of `interpolate`."""
    _deprecated("upsample")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """The old name of `interpolate` with mode="nearest"."""
    _deprecated("upsample_nearest")
    return interpolate(input, size, scale_factor, mode="nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """The old name of `interpolate` with mode="bilinear" and align_corners=True."""
    _deprecated("upsample_bilinear")
    return interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)


def _default_corners():
    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
        "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details.",
        UserWarning,
        stacklevel=3,
    )
    return False


@takes("grid_sampler", align_corners="bool 5")
def grid_sample(input, grid, mode="bilinear", padding_mode="zeros", align_corners=None):
    """Values of `input` (N, C, H, W) at the positions `grid` (N, H', W', 2) of x and y in [-1, 1]; also in three dimensions.

    Outside is zero, the border or the mirror image, by `padding_mode`.
    """
    if mode not in GRID_SAMPLE_INTERPOLATION_MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in GRID_SAMPLE_PADDING_MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    if align_corners is None:
        align_corners = _default_corners()
    _check_grid(input, grid, mode)
    return apply(ops.grid_sampler, (input, grid, input.dim() - 2, mode, padding_mode, bool(align_corners)))[0]


def _check_grid(input, grid, mode):
    sizes = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.size(0) != grid.size(0):
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, {sizes}")
    if grid.size(-1) != input.dim() - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.dim() - 2} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    for d in range(2, input.dim()):
        if input.size(d) == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {d} being empty"
            )
    if input.dim() not in (4, 5) or input.dim() != grid.dim():
        expected = "4D" if input.dim() == 4 else "5D"
        raise RuntimeError(
            f"grid_sampler(): expected {expected} input and grid with same number of dimensions, {sizes}"
        )
    if input.dim() == 5 and mode == "bicubic":
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")


@takes("affine_grid_generator", align_corners="bool 3")
def affine_grid(theta, size, align_corners=None):
    """Positions for `grid_sample` under affine maps `theta`: (N, 2, 3) for a size (N, C, H, W), (N, 3, 4) for (N, C, D, H, W)."""
    if align_corners is None:
        align_corners = _default_corners()
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(size) not in (4, 5):
        raise NotImplementedError(
            f"affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size {size}."
        )
    n = len(size) - 2
    if theta.dim() != 3 or theta.shape[-2] != n or theta.shape[-1] != n + 1:
        raise ValueError(
            f"Expected a batch of {n}D affine matrices of shape Nx{n}x{n + 1} for size {size}. Got {theta.shape}."
        )
    if align_corners and min(size[2:]) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when align_corners=True. This is not "
            "an intended use case of affine_grid. See the documentation of affine_grid for details.",
            UserWarning,
            stacklevel=2,
        )
    elif min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    if math.prod(theta.shape) and theta.size(0) != size[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{size[0]}, {n + 1}] but got: "
            f"[{theta.size(0)}, {n + 1}]."
        )
    return apply(ops.affine_grid_generator, (theta, tuple(int(s) for s in size), bool(align_corners)))[0]
