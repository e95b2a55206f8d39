"""Embeddings."""

import warnings

import jtorch
from jtorch.dispatch import apply
from jtorch.ops import embedding as ops
from jtorch.overloads import takes

__all__ = ["embedding", "embedding_bag"]


def _check_indices(indices, name):
    if indices.dtype in (jtorch.int64, jtorch.int32):
        return
    shown = "CPUBoolType" if indices.dtype is jtorch.bool else f"torch.{indices.dtype.tensor_type}"
    raise RuntimeError(
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
        f"{shown} instead (while checking arguments for {name})"
    )


@takes("embedding", padding_idx="int 3", scale_grad_by_freq="bool 4", sparse="bool 5")
def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of `weight` (num, dim) at the indices `input` (...): result (..., dim).

    `max_norm` first scales the used rows down in place. With `sparse=True` the gradient of `weight` is sparse.

    >>> import jtorch as torch
    >>> torch.nn.functional.embedding(torch.tensor([2, 0]), torch.tensor([[1.0], [2.0], [3.0]]))
    tensor([[3.],
            [1.]])
    """
    rows = weight.size(0) if weight.dim() else 0
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx = padding_idx % rows
    if weight.dim() != 2:
        raise RuntimeError("'weight' must be 2-D")
    _check_indices(input, "embedding")
    if max_norm is not None:
        _renormalise(weight, input, max_norm, norm_type)
    if sparse:
        from jtorch.sparse import gradients

        return gradients.embedding(weight, input, padding_idx, scale_grad_by_freq)
    return apply(ops.embedding, (weight, input, padding_idx, bool(scale_grad_by_freq)))[0]


def _renormalise(weight, input, max_norm, norm_type):
    """Scale the rows of `weight` that `input` names down to `max_norm`, in place."""
    with jtorch.no_grad():
        used = jtorch.zeros(weight.size(0), dtype=jtorch.bool, device=weight.device)
        used[input.reshape(-1).long()] = True
        norms = weight.norm(norm_type, 1, keepdim=True)
        scale = jtorch.where(norms > max_norm, max_norm / (norms + 1e-7), jtorch.ones_like(norms))
        weight.copy_(jtorch.where(used.unsqueeze(1), weight * scale, weight))


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """Sums, means or maxima of bags of embeddings: bags are the rows of `input`, or begin at `offsets` where it has one dimension.

    With `sparse=True` the gradient of `weight` is sparse. With `scale_grad_by_freq` every row is divided by its own number of uses;
    torch's CPU kernel takes the number of another row for some.
    """
    if weight.dtype is jtorch.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is deprecated, "
            "and should now be `embedding_bag(input, weight, ...)`.",
            UserWarning,
            stacklevel=2,
        )
        weight, input = input, weight
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same shape as "
            f"the input ({input.shape})"
        )
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    _check_bags(input, offsets)
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if max_norm is not None:
        _renormalise(weight, input, max_norm, norm_type)
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}'). Please open a feature request on GitHub."
        )
    _check_indices(input, "embedding_bag")
    if offsets is not None:
        _check_indices(offsets, "embedding_bag")
    rows = weight.size(0)
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise RuntimeError(
                f"padding_idx must be within the number of embeddings, -{rows} through {rows - 1}, but got {padding_idx}"
            )
        padding_idx = padding_idx % rows
    options = (mode, bool(scale_grad_by_freq), bool(include_last_offset), padding_idx)
    if sparse:
        from jtorch.sparse import gradients

        return gradients.embedding_bag(weight, input, offsets, per_sample_weights, *options)
    return apply(ops.embedding_bag, (weight, input, offsets, per_sample_weights, *options))[0]


def _check_bags(input, offsets):
    if input.dim() not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if input.dim() == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. However, "
            f"found offsets of type {type(offsets)}"
        )
    if input.dim() == 1 and offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if input.dim() == 1 and offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
