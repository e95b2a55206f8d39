"""Linear maps."""

from jtorch import dtypes
from jtorch.dispatch import SCALAR_NAMES, apply
from jtorch.ops import grouped
from jtorch.ops import linear as ops
from jtorch.outs import store_results

__all__ = ["grouped_mm", "linear"]


def linear(input, weight, bias=None, *, out=None):
    """input @ weight.T + bias: input (..., in), weight (out, in) or (in,), bias (out,).

    >>> import jtorch as torch
    >>> torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3)).shape
    torch.Size([2, 4])
    """
    if out is not None:
        return store_results(out, linear(input, weight, bias), "linear", (input, weight, bias))
    matrix = input.dim() == 2
    if bias is not None:
        return apply(ops.linear_matrix if matrix else ops.linear_batch, (input, weight, bias))[0]
    return apply(_plain(input.dim(), weight.dim()), (input, weight, None))[0]


def _plain(dims, weight_dims):
    """The operation by dimensions: torch names their nodes apart."""
    if weight_dims == 1:
        return (ops.linear_of_vectors, ops.linear_by_vector, ops.linear_batch_plain)[min(dims, 3) - 1]
    return (ops.linear_vector_plain, ops.linear_matrix_plain, ops.linear_batch_plain)[min(dims, 3) - 1]


def grouped_mm(mat_a, mat_b, *, offs=None, bias=None, out_dtype=None):
    """The products of groups of rows, each with a matrix of its own: `mat_a` (rows, K), `mat_b` (groups, K, N), group g ending before row `offs[g]`.

    Both may be 3-D (a plain product of stacks, without `offs`); with a 2-D `mat_b` its columns are grouped, and with two matrices
    the dimension that both share, each group giving a matrix. float32, float16 or bfloat16. Rows of no group are zero.

    >>> import jtorch as torch
    >>> experts = torch.stack([torch.eye(4), 2 * torch.eye(4)])
    >>> torch.nn.functional.grouped_mm(torch.ones(3, 4), experts, offs=torch.tensor([1, 3], dtype=torch.int32))[:, 0]
    tensor([1., 2., 2.])
    """
    if mat_a.dtype not in (dtypes.float32, dtypes.bfloat16, dtypes.float16):
        raise RuntimeError(
            f"Expected mat_a to be Float32, BFloat16 or Float16 matrix, got {SCALAR_NAMES[mat_a.dtype.name]}"
        )
    dims = mat_a.dim(), mat_b.dim()
    for name, n in zip(("mat_a", "mat_b"), dims, strict=True):
        if n not in (2, 3):
            raise RuntimeError(f"{name} has to be 2 or 3d")
    if dims != (2, 2) and mat_a.shape[-1] != mat_b.shape[-2]:
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if (offs is None) != (dims == (3, 3)):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if offs is not None and offs.dtype is not dtypes.int32:
        raise RuntimeError("Offsets have to be int32")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if out_dtype not in (None, mat_a.dtype):
        raise RuntimeError("Grouped gemm output dtype must match `mat_a` dtype")
    groups = {(3, 2): mat_a.shape[0], (2, 3): mat_b.shape[0]}.get(dims)
    if groups is not None and offs.shape[0] != groups:
        raise RuntimeError("matrix batch sizes have to match")
    return apply(grouped.grouped_mm, (mat_a, mat_b, offs))[0]
