"""Linear maps."""

from jtorch.dispatch import apply
from jtorch.ops import linear as ops
from jtorch.outs import store_results

__all__ = ["linear"]


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
