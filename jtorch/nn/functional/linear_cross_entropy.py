"""Cross entropy of a linear layer's output, which may be computed a few samples at a time."""

import math
import warnings

import jtorch
from jtorch.dispatch import apply
from jtorch.nn.functional.linear import linear
from jtorch.nn.functional.loss import cross_entropy
from jtorch.ops import loss as ops
from jtorch.ops.kinds import C_NAMES

__all__ = ["linear_cross_entropy"]


def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
    options=None,
):
    """`cross_entropy(linear(input, linear_weight, linear_bias), target)`; input (N, features) or (features).

    `linear_weight` is (classes, ..., features); the dimensions between make a loss per position, with targets (N, ...). With `options`,
    a `torch.nn.LinearCrossEntropyOptions`, and class numbers as targets, the logits exist for some samples at a time only, in backward
    as well; that serves one loss a sample without label smoothing.

    >>> import jtorch as torch
    >>> x, w, target = torch.zeros(8, 5), torch.zeros(4, 5), torch.zeros(8, dtype=torch.long)
    >>> torch.nn.functional.linear_cross_entropy(x, w, target, options=torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2))
    tensor(1.3863)
    """
    classes, positions = linear_weight.shape[0] if linear_weight.dim() else 0, linear_weight.shape[1:-1]
    _check(input, linear_weight, linear_bias, classes, positions)
    logits_shape = (*input.shape[:-1], classes, *positions)
    if target.shape == logits_shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    ignore_index = -100 if ignore_index is None else ignore_index
    if options is not None:
        if _serves(target, positions, reduction, label_smoothing):
            return _in_pieces(input, linear_weight, target, linear_bias, weight, reduction, ignore_index, options)
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, label_smoothing == 0, "
            f"target.dtype == int64, out_features == (). Got reduction={reduction!r}, label_smoothing={label_smoothing}, "
            f"target.dtype={target.dtype}, out_features={tuple(positions)}, tracing=False, "
            f"linear_bias.shape={None if linear_bias is None else tuple(linear_bias.shape)}.",
            stacklevel=2,
        )
    outputs = math.prod(positions, start=classes)
    bias = None if linear_bias is None else linear_bias.reshape(outputs)
    logits = linear(input, linear_weight.reshape(outputs, input.shape[-1]), bias).reshape(logits_shape)
    return cross_entropy(
        logits, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
    )


def _check(input, linear_weight, linear_bias, classes, positions):
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    features = input.shape[-1]
    if features != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{features} and {linear_weight.shape[-1]}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != (classes, *positions):
        raise RuntimeError(f"expected linear_bias shape {(classes, *positions)}, got {tuple(linear_bias.shape)}")
    if positions and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {features}), got unbatched input with shape {tuple(input.shape)}"
        )


def _serves(target, positions, reduction, label_smoothing):
    known = reduction in ("mean", "sum", "none")
    return known and label_smoothing == 0 and target.dtype is jtorch.int64 and not positions


def _in_pieces(input, linear_weight, target, linear_bias, weight, reduction, ignore_index, options):
    single = input.dim() == 1
    if single:
        input, target = input.unsqueeze(0), target.unsqueeze(0)
    if target.shape != input.shape[:1]:
        raise RuntimeError(f"Expected target size {list(input.shape[:1])}, got {list(target.shape)}")
    if weight is not None and weight.numel() != linear_weight.shape[0]:
        raise IndexError(f"index out of range in self\n{weight.numel()} weights for {linear_weight.shape[0]} classes.")
    options = options._adjust(*input.shape, linear_weight.shape[0], input.dtype, input.device)
    widened = options.acc_dtype is jtorch.float32 and input.dtype in (jtorch.float16, jtorch.bfloat16)
    if options.acc_dtype is not input.dtype and not widened:
        raise RuntimeError(
            "linear_cross_entropy supports float32 acc_dtype with float16/bfloat16 inputs, but got "
            f"{options.acc_dtype} acc_dtype and {input.dtype} inputs."
        )
    if linear_weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {_c_name(input)} != {_c_name(linear_weight)}"
        )
    settings = (reduction, int(ignore_index), options.batch_chunk_size, widened)
    loss = apply(ops.linear_cross_entropy, (input, linear_weight, target, linear_bias, weight, *settings))[0]
    return loss.squeeze(0) if single and reduction == "none" else loss


def _c_name(tensor):
    return C_NAMES.get(tensor.dtype.name, tensor.dtype.name)
