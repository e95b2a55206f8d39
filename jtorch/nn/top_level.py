"""Layer functions that stand in `torch` itself too, with the signatures they have there.

Those of losses take a reduction as a number: 0 none, 1 mean, 2 sum.
"""

import jtorch
from jtorch.nn import aten_names, recurrent
from jtorch.nn import functional as F
from jtorch.nn.functional.dropout import drop
from jtorch.outs import takes_out
from jtorch.subclass import offered
from jtorch.tensor import Tensor

__all__ = ["FUNCTIONS"]

# The same call in both places.
FUNCTIONS = {
    name: getattr(F, name)
    for name in (
        "avg_pool1d", "bilinear", "celu", "celu_", "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d",
        "conv_transpose2d", "conv_transpose3d", "adaptive_avg_pool1d", "hardshrink", "max_pool1d_with_indices",
        "native_channel_shuffle", "pairwise_distance", "pixel_shuffle", "pixel_unshuffle", "prelu", "rms_norm", "rrelu_", "selu", "selu_",
    )
    if hasattr(F, name)
}  # fmt: skip

_REDUCTIONS = ("none", "mean", "sum")


def _top(fn):
    FUNCTIONS[fn.__name__] = fn
    return fn


# Activations


@_top
@takes_out
def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """input where above the threshold, else `value`."""
    return F.threshold(input, threshold, value)


@_top
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold` in place."""
    return F.threshold_(input, threshold, value)


@_top
def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, generator=None) -> Tensor:
    """`nn.functional.rrelu`, its slopes drawn from `generator`."""
    return F.activation.slopes_drawn(input, lower, upper, training, False, generator)


# Dropout


def _dropping(name: str, feature: bool, alpha: bool):
    def out_of_place(input, p, train):
        return drop(input, p, train, False, feature, alpha)

    def inplace(input, p, train):
        return drop(input, p, train, True, feature, alpha)

    out_of_place.__name__, out_of_place.__doc__ = name, f"`nn.functional.{name}` by position: input, p, train."
    inplace.__name__, inplace.__doc__ = name + "_", f"`{name}` in place."
    _top(out_of_place)
    _top(inplace)


_dropping("dropout", False, False)
_dropping("feature_dropout", True, False)
_dropping("alpha_dropout", False, True)
_dropping("feature_alpha_dropout", True, True)


@_top
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """The dropped out input, and the mask of what was kept."""
    if train is False:
        return input.clone(), jtorch.ones_like(input, dtype=jtorch.bool)
    kept = jtorch.empty_like(input).bernoulli_(1 - p)
    return input * kept * (0.0 if p == 1 else 1 / (1 - p)), kept.bool()


# Normalisation


@_top
def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled) -> Tensor:
    """`nn.functional.batch_norm` with its arguments in another order."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


@_top
def instance_norm(
    input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled
) -> Tensor:
    """`nn.functional.instance_norm` with its arguments in another order."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


@_top
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True) -> Tensor:
    """`nn.functional.layer_norm`."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


@_top
def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True) -> Tensor:
    """`nn.functional.group_norm`."""
    return F.group_norm(input, num_groups, weight, bias, eps)


# Convolutions


@_top
def convolution(input, weight, bias, stride, padding, dilation, transposed, output_padding, groups) -> Tensor:
    """`nn.functional.conv1d` to `conv3d` and, if `transposed`, `conv_transpose1d` to `conv_transpose3d`, by the dimensions of `weight`."""
    n = weight.dim() - 2
    if n not in (1, 2, 3):
        raise RuntimeError(f"convolution(): weight should have 3 to 5 dimensions, but got {weight.dim()}")
    if transposed:
        transpose = getattr(F, f"conv_transpose{n}d")
        return transpose(input, weight, bias, stride, padding, output_padding, groups, dilation)
    return getattr(F, f"conv{n}d")(input, weight, bias, stride, padding, dilation, groups)


# Embeddings


@_top
def embedding_renorm_(input, indices, max_norm: float, norm_type: float) -> Tensor:
    """Scale the rows of `input` at `indices` down to a norm of at most `max_norm`, in place."""
    if input.dim() != 2:
        raise RuntimeError(
            f"Expected 2-dimensional tensor, but got {input.dim()}-dimensional tensor for argument #1 'self' (while checking arguments for embedding_renorm_)"
        )
    if indices.dtype not in (jtorch.int64, jtorch.int32):
        raise RuntimeError(
            f"Expected tensor for argument #2 'indices' to have one of the following scalar types: Long, Int; but got {indices.type()} instead "
            "(while checking arguments for embedding_renorm_)"
        )
    F.sparse._renormalise(input, indices, max_norm, norm_type)
    return input


@_top
def embedding(weight, indices, padding_idx=-1, scale_grad_by_freq=False, sparse=False) -> Tensor:
    """The rows of `weight` at `indices`; `padding_idx` -1 stands for none."""
    return F.embedding(indices, weight, None if padding_idx < 0 else padding_idx, None, 2.0, scale_grad_by_freq, sparse)


@_top
def embedding_bag(
    weight,
    indices,
    offsets,
    scale_grad_by_freq=False,
    mode=0,
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Bags of embeddings, modes 0 sum, 1 mean, 2 max, and what torch keeps for the gradient: bag of each index, sizes, places of maxima.

    The places of maxima are not worked out: zeros stand for them.
    """
    mode = ("sum", "mean", "max")[mode]
    bags = offsets.size(0) - bool(include_last_offset)
    out = F.embedding_bag(
        indices,
        weight,
        offsets,
        None,
        2,
        scale_grad_by_freq,
        mode,
        sparse,
        per_sample_weights,
        include_last_offset,
        padding_idx,
    )
    if mode == "sum":
        return out, indices.new_empty(0), indices.new_zeros(bags), indices.new_zeros(bags)
    bag = jtorch.searchsorted(offsets, jtorch.arange(indices.size(0)), right=True) - 1
    sizes = jtorch.bincount(bag, minlength=bags)
    return out, bag, sizes, sizes if mode == "mean" else indices.new_zeros(tuple(out.shape))


# Pooling


@_top
def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> Tensor:
    """`nn.functional.max_pool1d` without indices."""
    return F.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode)


@_top
def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> Tensor:
    """`nn.functional.max_pool2d` without indices."""
    return F.max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode)


@_top
def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False) -> Tensor:
    """`nn.functional.max_pool3d` without indices."""
    return F.max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode)


@_top
def adaptive_max_pool1d(input, output_size) -> tuple[Tensor, Tensor]:
    """Maxima and their indices."""
    return F.adaptive_max_pool1d(input, output_size, return_indices=True)


# Sampling


@_top
def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners) -> Tensor:
    """`nn.functional.grid_sample` with its modes as numbers."""
    mode, padding = (
        ("bilinear", "nearest", "bicubic")[interpolation_mode],
        ("zeros", "border", "reflection")[padding_mode],
    )
    return F.grid_sample(input, grid, mode, padding, align_corners)


@_top
def affine_grid_generator(theta, size, align_corners) -> Tensor:
    """`nn.functional.affine_grid`."""
    return F.affine_grid(theta, size, align_corners)


# Losses


@_top
def binary_cross_entropy_with_logits(input, target, weight=None, pos_weight=None, reduction=1) -> Tensor:
    """`nn.functional.binary_cross_entropy_with_logits`."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, reduction=_REDUCTIONS[reduction], pos_weight=pos_weight
    )


@_top
def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1) -> Tensor:
    """`nn.functional.cosine_embedding_loss`."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


@_top
def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=1, zero_infinity=False) -> Tensor:
    """`nn.functional.ctc_loss`."""
    reduction = _REDUCTIONS[reduction]
    return F.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, reduction, zero_infinity)


@_top
def hinge_embedding_loss(input, target, margin=1.0, reduction=1) -> Tensor:
    """`nn.functional.hinge_embedding_loss`."""
    return F.hinge_embedding_loss(input, target, margin, reduction=_REDUCTIONS[reduction])


@_top
def kl_div(input, target, reduction=1, *, log_target=False) -> Tensor:
    """`nn.functional.kl_div`; the mean comes without a warning."""
    out = F.kl_div(input, target, reduction="none", log_target=log_target)
    return out.mean() if reduction == 1 else out.sum() if reduction == 2 else out


@_top
def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1) -> Tensor:
    """`nn.functional.margin_ranking_loss`."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=_REDUCTIONS[reduction])


@_top
def poisson_nll_loss(input, target, log_input, full, eps, reduction) -> Tensor:
    """`nn.functional.poisson_nll_loss`."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=_REDUCTIONS[reduction])


@_top
def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-6, swap=False, reduction=1) -> Tensor:
    """`nn.functional.triplet_margin_loss`."""
    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=_REDUCTIONS[reduction])


FUNCTIONS.update(aten_names.FUNCTIONS)  # type: ignore[has-type]
FUNCTIONS = {name: fn if fn is getattr(F, name, None) else offered(fn) for name, fn in FUNCTIONS.items()}
FUNCTIONS.update(recurrent.FUNCTIONS)  # type: ignore[has-type]
Tensor.hardshrink = FUNCTIONS["hardshrink"]
