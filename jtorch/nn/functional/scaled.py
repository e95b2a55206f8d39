"""Products of matrices in 8 bits with scales."""

import enum

from jtorch.dtypes import bfloat16, float32
from jtorch.ops.kinds import SCALAR_NAMES

__all__ = ["ScalingType", "SwizzleType", "scaled_grouped_mm", "scaled_mm"]


class ScalingType(enum.IntEnum):
    """What one scale belongs to: the whole matrix, a row, or a block of so many rows and columns."""

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class SwizzleType(enum.IntEnum):
    """The order in memory that CUDA's kernels want of the scales."""

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


def scaled_mm(
    mat_a, mat_b, scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None, output_dtype=bfloat16,
    contraction_dim=(), use_fast_accum=False,
):  # fmt: skip
    """The product of two matrices of 8-bit floats, multiplied by the scales that were taken out of them, computed in float32.

    As torch's on the CPU: one scale a matrix (`ScalingType.TensorWise`), or one a row of `mat_a` (M, 1) and a column of `mat_b` (1, N)
    (`RowWise`); no gradient. `swizzle_a`, `swizzle_b` and `use_fast_accum` say how CUDA's kernels work, and change nothing here.

    >>> import jtorch as torch
    >>> from jtorch.nn.functional import ScalingType, scaled_mm
    >>> a = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).to(torch.float8_e4m3fn)
    >>> scaled_mm(a, a, torch.tensor(0.5), ScalingType.TensorWise, torch.tensor(2.0), ScalingType.TensorWise, output_dtype=torch.float32)
    tensor([[ 7., 10.],
            [15., 22.]])
    """
    for name, matrix in (("mat_a", mat_a), ("mat_b", mat_b)):
        if matrix.dim() != 2:
            raise ValueError(f"{name} must be a matrix")
    (m, k), (k_b, n) = mat_a.shape, mat_b.shape
    if k != k_b:
        raise ValueError(f"mat_a and mat_b shapes cannot be multiplied ({m}x{k} and {k_b}x{n})")
    scale_a, recipe_a, scale_b, recipe_b = map(_only, (scale_a, scale_recipe_a, scale_b, scale_recipe_b))
    known = recipe_a == recipe_b and recipe_a in (ScalingType.TensorWise, ScalingType.RowWise)
    kinds = mat_a.dtype.is_float8 and mat_b.dtype.is_float8 and scale_a.dtype is scale_b.dtype is float32
    single = recipe_a != ScalingType.TensorWise or scale_a.numel() == scale_b.numel() == 1
    if not (known and kinds and single):
        raise ValueError(_INVALID.format(m=m, n=n, got=_described(mat_a, scale_a, mat_b, scale_b)))
    if recipe_a == ScalingType.RowWise:
        for name, scale, shape in (("scale_a", scale_a, [m, 1]), ("scale_b", scale_b, [1, n])):
            if list(scale.shape) != shape:
                raise ValueError(f"{name} must have shape {shape}, got [{list(scale.shape)}]")
    product = mat_a.detach().to(float32) @ mat_b.detach().to(float32)
    product = product * (scale_a.reshape(-1, 1) * scale_b.reshape(1, -1)).detach()
    if bias is not None:
        product = product + bias.detach().to(float32)
    return product.to(output_dtype or mat_a.dtype)


def _only(given):
    return given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given


_INVALID = """Invalid scaling configuration.
- For TensorWise scaling, a and b should be float8, scales should be float and singletons.
- For RowWise scaling, a and b should be float8, scales should be float, scale_a should be ({m}, 1) and scale_b should be (1, {n}), and both \
should be contiguous.
Got {got}"""


def _described(mat_a, scale_a, mat_b, scale_b) -> str:
    parts = []
    for side, matrix, scale in (("a", mat_a, scale_a), ("b", mat_b, scale_b)):
        parts.append(
            f"mat_{side}.dtype()={SCALAR_NAMES[matrix.dtype.name]}, scale_{side}.dtype()={SCALAR_NAMES[scale.dtype.name]}, "
        )
        joined = ", " if side == "a" else " and "
        parts.append(f"scale_{side}.size()={list(scale.shape)}{joined}scale_{side}.stride()={list(scale.stride())}, ")
    return "".join(parts)[:-2]


def scaled_grouped_mm(
    mat_a, mat_b, scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None, offs=None, output_dtype=bfloat16,
    contraction_dim=(), use_fast_accum=False,
):  # fmt: skip
    """Raises: use `grouped_mm` of the matrices with their scales multiplied back."""
    raise NotImplementedError(
        "torch.nn.functional.scaled_grouped_mm is not supported by jtorch, as by torch on the CPU: use torch.nn.functional.grouped_mm of "
        "the matrices in bfloat16, with their scales multiplied back"
    )
