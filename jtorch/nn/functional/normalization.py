"""Normalisation."""

import math
import warnings

import jtorch
from jtorch.dispatch import SCALAR_NAMES, apply
from jtorch.ops import normalization, normalization_layers
from jtorch.ops.kinds import C_NAMES
from jtorch.overloads import takes

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "rms_norm"]


def _check_dtypes(kernel, input, weight, bias, *statistics):
    """Parameters have the dtype of the input, or float32 for one of 16 bits; torch decides by the first there is."""
    given = [p for p in (weight, bias, *statistics) if p is not None]
    if all(p.dtype is input.dtype for p in given):
        return
    if input.dtype.priority != 2:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{SCALAR_NAMES[input.dtype.name]}'")
    if given[0].dtype is input.dtype:
        if bias is not None and bias.dtype is not input.dtype:
            names = SCALAR_NAMES[input.dtype.name], SCALAR_NAMES[bias.dtype.name]
            raise RuntimeError("expected scalar type {} but found {}".format(*names))
        return
    if any(p.dtype is not jtorch.float32 for p in given):
        raise RuntimeError("mixed dtype (CPU): expect parameter to have scalar type of Float")
    if input.dtype not in (jtorch.bfloat16, jtorch.float16):
        raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")


@takes("batch_norm", training="bool 6", momentum="float 7")
def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Normalise each channel (dimension 1) by its mean and variance over the batch, or by the running ones.

    In training the running statistics, where given, move by `momentum` towards the batch's (variance unbiased).
    """
    channels = input.size(1) if input.dim() > 1 else 0
    count = math.prod(input.shape[2:], start=input.shape[0])
    if training and count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.size()}")
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    if eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    _check_dtypes("batch_norm", input, weight, bias, running_mean, running_var)
    for name, vector in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if vector is not None and vector.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {vector.numel()}")
    if input.dim() < 2:
        return input.clone() if input.numel() == 0 else input.size(1)  # torch's error: there are no channels
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        return apply(normalization.batch_norm_eval, (input, running_mean, running_var, weight, bias, float(eps)))[0]
    out, mean, var = apply(normalization.batch_norm_train, (input, weight, bias, float(eps)))
    if not count:
        return out
    with jtorch.no_grad():
        if running_mean is not None:
            running_mean.copy_(running_mean * (1 - momentum) + mean.detach() * momentum)
        if running_var is not None:
            running_var.copy_(running_var * (1 - momentum) + var.detach() * (momentum * count / (count - 1)))
    return out


@takes("instance_norm", use_input_stats="bool 6", momentum="float 7", eps="float 8")
def instance_norm(
    input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    """Normalise each channel of each sample over its spatial dimensions."""
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.size()}")
    batch, channels = input.shape[:2]

    def spread(vector):
        return None if vector is None else vector.repeat(batch)

    mean, var = spread(running_mean), spread(running_var)
    out = batch_norm(
        input.reshape(1, batch * channels, *input.shape[2:]),
        mean,
        var,
        spread(weight),
        spread(bias),
        True,
        momentum,
        eps,
    )
    with jtorch.no_grad():
        if running_mean is not None:
            running_mean.copy_(mean.view(batch, channels).mean(0))
        if running_var is not None:
            running_var.copy_(var.view(batch, channels).mean(0))
    return out.view(input.shape)


def _trailing(input, normalized_shape, star="*, "):
    shape = tuple(normalized_shape)
    if not shape:
        raise RuntimeError(
            f"Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = {list(shape)}"
        )
    if tuple(input.shape[-len(shape) :]) != shape:
        wanted = star + ", ".join(map(str, shape))
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [{wanted}], but got input of size{list(input.shape)}"
        )
    return len(shape)


@takes("layer_norm", normalized_shape="ints 2", eps="float 5")
def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalise over the last dimensions, which have `normalized_shape` (Ba et al. 2016)."""
    _check_dtypes("LayerNormKernelImpl", input, weight, bias)
    return apply(
        normalization_layers.layer_norm, (input, weight, bias, _trailing(input, normalized_shape), float(eps))
    )[0]


@takes("rms_norm", normalized_shape="ints 2", eps="float 4")
def rms_norm(input, normalized_shape, weight=None, eps=None):
    """input / sqrt(mean(input²) + eps) over the last dimensions (Zhang and Sennrich 2019)."""
    if weight is not None and weight.dtype is not input.dtype:
        names = (C_NAMES[x.dtype.name] for x in (input, weight))
        warnings.warn(
            "Mismatch dtype between input and weight: input dtype = {}, weight dtype = {}, Cannot dispatch to fused "
            "implementation.".format(*names),
            stacklevel=2,
        )
    return apply(normalization_layers.rms_norm, (input, weight, _trailing(input, normalized_shape, star="*"), eps))[0]


@takes("group_norm", num_groups="int 2", eps="float 5")
def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Normalise over groups of channels (dimension 1) of each sample (Wu and He 2018)."""
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    _check_dtypes("GroupNormKernelImpl", input, weight, bias)
    return apply(normalization_layers.group_norm, (input, weight, bias, int(num_groups), float(eps)))[0]


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Normalise over neighbouring channels (Krizhevsky et al. 2012)."""
    if input.dim() < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {input.dim()} dimensions)"
        )
    if not input.numel():
        return input
    return apply(normalization_layers.local_response_norm, (input, int(size), float(alpha), float(beta), float(k)))[0]
