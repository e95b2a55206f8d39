"""Losses."""

import math
import warnings

import jtorch
from jtorch.casting import in_float32
from jtorch.dispatch import SCALAR_NAMES, apply
from jtorch.nn._reduction import legacy_get_string
from jtorch.nn.functional.activation import log_softmax, logsigmoid
from jtorch.nn.functional.distance import pairwise_distance
from jtorch.ops import ctc
from jtorch.ops import loss as ops
from jtorch.overloads import takes

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy", "ctc_loss", "gaussian_nll_loss",
    "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss", "multi_margin_loss", "multilabel_margin_loss",
    "multilabel_soft_margin_loss", "nll_loss", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


def _reduction(size_average, reduce, reduction):
    if size_average is not None or reduce is not None:
        reduction = legacy_get_string(size_average, reduce)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


@takes("nll_loss_nd", ignore_index="int 5")
def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """Negative log likelihood: input (N, C, ...) of log probabilities, target (N, ...) of class numbers."""
    reduction = _reduction(size_average, reduce, reduction)
    if input.dim() == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if input.dim() == 1 and target.dim() == 1:
        if target.size(0) != 1:
            raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {target.size(0)}")
        target = target.reshape(())
    if (
        input.dim() == 1
        and target.dim() != 0
        or input.dim() > 1
        and input.size(0) != (target.size(0) if target.dim() else 1)
    ):
        raise ValueError(
            f"Expected input batch_size ({input.size(0)}) to match target batch_size ({target.size(0) if target.dim() else 1})."
        )
    _check_classes(input, target, weight)
    node = "NllLoss" if input.dim() < 3 else "NllLoss2D"
    if reduction == "none" and (input.dim() == 3 or input.dim() > 4):
        node = "View"
    return apply(ops.nll_loss, (input, target, weight, reduction, int(ignore_index), node))[0]


def _check_classes(input, target, weight):
    """Raise if target or weight do not belong to the input, in the words of the operation torch takes for its dimensions."""
    if input.dim() < 3 and target.dim() > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input.dim() == 4 and target.dim() != 3:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {target.dim()}"
        )
    wanted = [input.size(0), *input.shape[2:]]
    if input.dim() > 2 and list(target.shape) != wanted:
        if input.dim() == 4:
            raise RuntimeError(f"size mismatch (got input: {list(input.shape)} , target: {list(target.shape)}")
        raise RuntimeError(f"Expected target size {wanted}, got {list(target.shape)}")
    if weight is not None:
        count = input.size(0 if input.dim() == 1 else 1)
        if weight.dim() != 1 or weight.size(0) != count:
            raise RuntimeError(
                f"weight tensor should be defined either for all {count} classes or no classes but got weight tensor of shape: "
                f"{list(weight.shape)}"
            )
        if weight.dtype is not input.dtype:
            raise RuntimeError(f"expected scalar type {_scalar(input)} but found {_scalar(weight)}")


@in_float32("cpu")
@takes("cross_entropy_loss", ignore_index="int 5", label_smoothing="float 6")
def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    """log_softmax and nll_loss in one: input (N, C, ...) of logits, target (N, ...) of class numbers or (N, C, ...) of probabilities."""
    reduction = _reduction(size_average, reduce, reduction)
    classes = 0 if input.dim() == 1 else 1
    if target.shape == input.shape:
        _check_probabilities(input, target, weight, ignore_index, classes)
        _check_smoothing(label_smoothing)
        return _soft(log_softmax(input, classes), target, weight, reduction, label_smoothing, classes)
    log_probabilities = log_softmax(input, classes)
    if label_smoothing > 0:
        _check_smoothing(label_smoothing)
        return _smoothed(log_probabilities, target, weight, ignore_index, reduction, label_smoothing, classes)
    return nll_loss(log_probabilities, target, weight, ignore_index=ignore_index, reduction=reduction)


def _check_smoothing(label_smoothing):
    if label_smoothing > 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")


def _check_probabilities(input, target, weight, ignore_index, classes):
    if target.dtype.priority != 2:
        raise RuntimeError(f"Expected floating point type for target with class probabilities, got {_scalar(target)}")
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    count = input.size(classes)
    if weight is not None and (weight.dim() != 1 or weight.size(0) != count):
        raise RuntimeError(
            f"cross_entropy: weight tensor should be defined either for all {count} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )


def _soft(log_probabilities, target, weight, reduction, smoothing, classes):
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / log_probabilities.size(classes)
    product = log_probabilities * target
    if weight is not None:
        product = product * weight.reshape((1,) * classes + (-1,) + (1,) * (product.dim() - classes - 1))
    if reduction == "mean":
        count = log_probabilities.numel() // max(log_probabilities.size(classes), 1)
        return apply(ops.divided, (-(product.sum()), count))[0]
    return -(product.sum()) if reduction == "sum" else -(product.sum(classes))


def _smoothed(log_probabilities, target, weight, ignore_index, reduction, smoothing, classes):
    count = log_probabilities.size(classes)
    plain = nll_loss(log_probabilities, target, weight, ignore_index=ignore_index, reduction=reduction)
    scaled = log_probabilities
    if weight is not None:
        scaled = scaled * weight.reshape((1,) * classes + (-1,) + (1,) * (scaled.dim() - classes - 1))
    smooth = -scaled.sum(classes)
    ignored = target == ignore_index
    smooth = smooth.masked_fill(ignored, 0.0)
    if reduction == "mean":
        if weight is None:
            smooth = smooth.sum() / (target.numel() - ignored.sum())
        else:
            smooth = (
                smooth.sum()
                / weight.gather(0, target.masked_fill(ignored, 0).reshape(-1)).masked_fill(ignored.reshape(-1), 0).sum()
            )
    elif reduction == "sum":
        smooth = smooth.sum()
    return (1 - smoothing) * plain + smooth * (smoothing / count)


def _warn_sizes(input, target):
    if target.size() != input.size():
        warnings.warn(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
            UserWarning,
            stacklevel=3,
        )


def _reduce(values, reduction):
    return values.mean() if reduction == "mean" else values.sum() if reduction == "sum" else values


def _check_weight(input, weight):
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """(input - target)², reduced."""
    reduction = _reduction(size_average, reduce, reduction)
    _warn_sizes(input, target)
    if weight is not None:
        _check_weight(input, weight)
        values = apply(ops.mse_loss, (input, target, "none"))[0] * weight
        return values.sum() / weight.expand_as(values).sum() if reduction == "mean" else _reduce(values, reduction)
    return apply(ops.mse_loss, (input, target, reduction))[0]


@in_float32("cpu", "cuda", "tpu", "xla")
def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """|input - target|, reduced."""
    reduction = _reduction(size_average, reduce, reduction)
    _warn_sizes(input, target)
    values = (input - target).abs()
    if weight is not None:
        _check_weight(input, weight)
        values = values * weight
        return values.sum() / weight.expand_as(values).sum() if reduction == "mean" else _reduce(values, reduction)
    return _reduce(values, reduction)


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Squared below `beta`, absolute above, joined smoothly."""
    reduction = _reduction(size_average, reduce, reduction)
    _warn_sizes(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return apply(ops.smooth_l1_loss, (input, target, reduction, float(beta)))[0]


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Squared below `delta`, `delta` times the absolute value above."""
    reduction = _reduction(None, None, reduction)
    _warn_sizes(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is not None:
        _check_weight(input, weight)
        return _reduce(apply(ops.huber_loss, (input, target, "none", float(delta)))[0] * weight, reduction)
    return apply(ops.huber_loss, (input, target, reduction, float(delta)))[0]


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Cross entropy of probabilities `input` with targets in [0, 1] of the same shape."""
    reduction = _reduction(size_average, reduce, reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is deprecated. Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(f"Found dtype {_scalar(target)} but expected {_scalar(input)}")
    if weight is not None:
        _check_broadcast(weight, target)
    return apply(ops.binary_cross_entropy, (input, target, weight, reduction))[0]


def _check_broadcast(weight, target):
    shapes = tuple(target.shape), tuple(weight.shape)
    for d in range(1, min(map(len, shapes)) + 1):
        if shapes[1][-d] not in (1, shapes[0][-d]) and shapes[0][-d] != 1:
            raise RuntimeError(
                f"Attempting to broadcast a dimension of length {shapes[1][-d]} at {-d}! Mismatching argument at index 1 had "
                f"{weight.size()}; but expected shape should be broadcastable to {list(target.shape)}"
            )


def _scalar(tensor):
    return SCALAR_NAMES[tensor.dtype.name]


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """Binary cross entropy of sigmoid(input), computed without overflow."""
    reduction = _reduction(size_average, reduce, reduction)
    if target.shape != input.shape:
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return apply(ops.binary_cross_entropy_with_logits, (input, target, weight, pos_weight, reduction))[0]


@in_float32("cpu", "cuda", "tpu", "xla")
@takes("kl_div", log_target="bool")
def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """target (log target - input) for log probabilities `input`; 'batchmean' divides the sum by the first size."""
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            UserWarning,
            stacklevel=3,
        )
    batch_mean = reduction == "batchmean"
    reduction = "sum" if batch_mean else _reduction(size_average, reduce, reduction)
    values = target.exp() * (target - input) if log_target else jtorch.xlogy(target, target) - target * input
    out = _reduce(values, reduction)
    return out / input.size(0) if batch_mean and input.dim() else out


@in_float32("cpu", "cuda", "tpu", "xla")
@takes("poisson_nll_loss", log_input="bool 3", full="bool 4", eps="float 5")
def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    """exp(input) - target input (or input - target log(input)), with Stirling's term for targets above 1 when `full`."""
    reduction = _reduction(size_average, reduce, reduction)
    values = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        values = values + stirling.masked_fill(target <= 1, 0)
    return _reduce(values, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """0.5 (log var + (input - target)² / var), `var` not below `eps` (which gets no gradient)."""
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * jtorch.ones_like(input)
    elif bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or sum(m for n, m in zip(input.size(), var.size(), strict=True) if n != m) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with jtorch.no_grad():
        var.clamp_(min=eps)
    values = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        values = values + 0.5 * math.log(2 * math.pi)
    return _reduce(values, reduction)


@in_float32("cpu", "cuda", "tpu", "xla")
def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """max(0, -target (input1 - input2) + margin)."""
    reduction = _reduction(size_average, reduce, reduction)
    if not (input1.dim() == input2.dim() == target.dim()):
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: {input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _reduce((-target * (input1 - input2) + margin).clamp_min(0), reduction)


@in_float32("cpu", "cuda", "tpu", "xla")
def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """input where target is 1, max(0, margin - input) where it is -1."""
    reduction = _reduction(size_average, reduce, reduction)
    zeros = jtorch.zeros_like(input)
    near = jtorch.where(target != 1, (margin - input).clamp_min(0), zeros)
    far = jtorch.where(target != -1, input, zeros)
    return _reduce(near + far, reduction)


@in_float32("cpu", "cuda", "tpu", "xla")
@takes("cosine_embedding_loss", margin="float 4")
def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1; target is (N,)."""
    reduction = _reduction(size_average, reduce, reduction)
    if target.dim() not in (0, 1):
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.dim() != target.dim() + 1 or input2.dim() != target.dim() + 1:
        raise RuntimeError(
            f"{target.dim()}D target tensor expects {target.dim() + 1}D input tensors, but found inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    last = target.dim()
    epsilon = 1e-12
    product = (input1 * input2).sum(last)
    magnitude = ((input1 * input1).sum(last) + epsilon) * ((input2 * input2).sum(last) + epsilon)
    cosine = product / magnitude.sqrt()
    zeros = jtorch.zeros_like(cosine)
    values = jtorch.where(target == 1, 1 - cosine, zeros) + jtorch.where(
        target == -1, (cosine - margin).clamp_min(0), zeros
    )
    return _reduce(values, reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target input)) for targets of 1 and -1."""
    return apply(ops.soft_margin_loss, (input, target, _reduction(size_average, reduce, reduction)))[0]


@takes("multi_margin_loss", margin="Number 4")
def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Sum of max(0, margin - x[y] + x[i])^p over the wrong classes, over the number of classes."""
    reduction = _reduction(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    return apply(ops.multi_margin_loss, (input, target, weight, int(p), float(margin), reduction))[0]


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """Multi-class margin loss of several labels, which come first in each row of `target`, ended by -1."""
    return apply(ops.multilabel_margin_loss, (input, target, _reduction(size_average, reduce, reduction)))[0]


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Mean over classes of the binary cross entropy of sigmoid(input)."""
    reduction = _reduction(size_average, reduce, reduction)
    values = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        values = values * weight
    return _reduce(values.sum(-1) / input.size(-1), reduction)


@in_float32("cpu", "cuda", "tpu", "xla")
@takes("triplet_margin_loss", swap="bool 7")
def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"
):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) with the p-norm distance."""
    reduction = _reduction(size_average, reduce, reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")

    _check_triplet(anchor, positive, negative)

    def distance(a, b):
        return pairwise_distance(a, b, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """The triplet loss with any distance function."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    _check_triplet(anchor, positive, negative)
    return _triplet(
        anchor,
        positive,
        negative,
        distance_function or pairwise_distance,
        margin,
        swap,
        _reduction(None, None, reduction),
    )


def _check_triplet(anchor, positive, negative):
    if not (anchor.dim() == positive.dim() == negative.dim()):
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: anchor "
            f"{anchor.dim()}D, positive {positive.dim()}D, and negative {negative.dim()}D inputs"
        )


def _triplet(anchor, positive, negative, distance, margin, swap, reduction):
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = jtorch.minimum(far, distance(positive, negative))
    return _reduce((margin + near - far).clamp_min(0), reduction)


@takes("ctc_loss", blank="int", zero_infinity="bool")
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """Connectionist temporal classification: log_probs (T, N, C) or (T, C); targets (N, S), or all concatenated in one dimension.

    'mean' divides each loss by its target length and averages (Graves et al. 2006).
    """
    reduction = _reduction(None, None, reduction)
    single = log_probs.dim() == 2
    if single:
        log_probs, targets = log_probs.unsqueeze(1), targets.unsqueeze(0)
    inputs, lengths = _lengths(input_lengths, "input_lengths"), _lengths(target_lengths, "target_lengths")
    widest = _check_ctc(log_probs, targets, inputs.tolist(), lengths.tolist(), blank)
    inputs, lengths = inputs.to(log_probs.device), lengths.to(log_probs.device)
    # The longest target shapes the program: rounded up, so that not every batch makes a new one.
    width = targets.size(1) if targets.dim() == 2 else max(-(-widest // 8) * 8, 1)
    args = (log_probs, targets.to(jtorch.int64), inputs, lengths, int(blank), width, bool(zero_infinity))
    out = apply(ctc.ctc_loss, args)[0]
    if reduction == "mean":
        return (out / lengths.clamp_min(1).to(out.dtype)).mean()
    out = out.sum() if reduction == "sum" else out
    return out.squeeze(0) if single and reduction == "none" else out


def _lengths(lengths, name):
    """Lengths as a tensor of one dimension."""
    if not isinstance(lengths, jtorch.Tensor):
        lengths = jtorch.tensor([int(n) for n in lengths])
    if lengths.dtype.priority > 1:
        raise RuntimeError(f"{name} must be integral")
    return lengths.reshape(-1).to(jtorch.int64)


def _check_ctc(log_probs, targets, inputs, lengths, blank):
    """Raise if lengths, labels or blank are outside; the length of the longest target."""
    place = "(while checking arguments for ctc_loss_allocate_outputs)"
    steps, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    for name, given in (("input_lengths", inputs), ("target_lengths", lengths)):
        if len(given) != batch:
            raise RuntimeError(f"{name} must be of size batch_size")
        if min(given, default=0) < 0:
            raise RuntimeError(f"Expected {name} to have value at least 0, but got value {min(given)} {place}")
    if max(inputs, default=0) > steps:
        raise RuntimeError(f"Expected input_lengths to have value at most {steps}, but got value {max(inputs)} {place}")
    widest = max(lengths, default=0)
    if targets.dim() == 1 and sum(lengths) != targets.size(0):
        raise RuntimeError(
            f"Expected tensor to have size {sum(lengths)} at dimension 0, but got size {targets.size(0)} for argument #2 'targets' "
            f"{place}"
        )
    if targets.dim() == 2 and widest > targets.size(1):
        raise RuntimeError(
            f"Expected tensor to have size at least {widest} at dimension 1, but got size {targets.size(1)} for argument #2 "
            f"'targets' {place}"
        )
    return widest
