"""Products of matrices in 8 or 4 bits with scales: their settings are there, the products are not."""

import enum

from jtorch.dtypes import bfloat16

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


def _refuse(name: str):
    raise NotImplementedError(
        f"torch.nn.functional.{name} is not supported by jtorch: multiply the scales back and use torch.matmul in bfloat16, or call "
        "jax.nn.scaled_matmul through jtorch.to_jax and jtorch.from_jax"
    )


def scaled_mm(
    mat_a, mat_b, scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None, output_dtype=bfloat16,
    contraction_dim=(), use_fast_accum=False,
):  # fmt: skip
    """Raises: use `torch.matmul` of the matrices with their scales multiplied back."""
    _refuse("scaled_mm")


def scaled_grouped_mm(
    mat_a, mat_b, scale_a, scale_recipe_a, scale_b, scale_recipe_b, swizzle_a=None, swizzle_b=None, bias=None, offs=None, output_dtype=bfloat16,
    contraction_dim=(), use_fast_accum=False,
):  # fmt: skip
    """Raises: use `grouped_mm` of the matrices with their scales multiplied back."""
    _refuse("scaled_grouped_mm")
