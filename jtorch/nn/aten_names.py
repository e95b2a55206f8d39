"""Layer functions under the names of torch's kernels, which give what they keep for backward as well."""

import math

import jtorch
from jtorch.dispatch import apply
from jtorch.nn import functional as F
from jtorch.nn.functional.memory_format import following
from jtorch.ops import max_pool_backward as ops
from jtorch.ops import normalization
from jtorch.outs import takes_out
from jtorch.tensor import Tensor

FUNCTIONS = {}


def _named(fn):
    FUNCTIONS[fn.__name__] = fn
    return fn


# Normalisation


def _statistics(x, dims, eps, keepdim=False):
    """Mean and inverse standard deviation over `dims`."""
    mean = x.mean(dims, keepdim=keepdim)
    return mean, (x.var(dims, correction=0, keepdim=keepdim) + eps).rsqrt()


def _parameter_dtype(input, weight):
    """Of statistics: that of the parameters, where those of a 16-bit input are float32."""
    return input.dtype if weight is None else weight.dtype


def _step(input, mean, var, running_mean, running_var, momentum) -> None:
    """Move running statistics towards those of a batch: NaN for the variance of one number, whose n - 1 is 0."""
    count = input.numel() // input.size(1)
    if running_mean is not None:
        running_mean.lerp_(mean.to(running_mean.dtype), momentum)
    if running_var is not None:
        correction = count / (count - 1) if count > 1 else math.inf
        running_var.lerp_((var * correction).to(running_var.dtype), momentum)


def _refuse_nothing(input) -> None:
    if not input.numel():
        raise RuntimeError(f"input tensor must have at least one element, but got input_sizes = {list(input.shape)}")


@_named
def native_layer_norm(input, normalized_shape, weight, bias, eps) -> tuple[Tensor, Tensor, Tensor]:
    """`layer_norm`, the mean and the inverse standard deviation of each row.

    >>> import jtorch as torch
    >>> _, mean, rstd = torch.native_layer_norm(torch.ones(2, 3), (3,), None, None, 1e-5)
    >>> mean
    tensor([[1.],
            [1.]])
    """
    out = F.layer_norm(input, normalized_shape, weight, bias, eps)
    with jtorch.no_grad():
        dims = tuple(range(-len(normalized_shape), 0))
        wide = input.float() if input.dtype.itemsize == 2 else input
        mean, rstd = (x.to(_parameter_dtype(input, weight)) for x in _statistics(wide, dims, eps, keepdim=True))
    return out, mean, rstd


@_named
def native_group_norm(input, weight, bias, N, C, HxW, group, eps) -> tuple[Tensor, Tensor, Tensor]:  # noqa: N803
    """`group_norm`, the mean and the inverse standard deviation of each group."""
    out = F.group_norm(input.reshape(N, C, HxW), group, weight, bias, eps).reshape(input.shape)
    grouped = input.reshape(N, group, C * HxW // group)
    wide = grouped.float() if input.dtype.itemsize == 2 else grouped
    mean, rstd = (x.to(_parameter_dtype(input, weight)) for x in _statistics(wide, (2,), eps))
    return out, mean, rstd


@_named
@takes_out
def native_batch_norm(
    input, weight, bias, running_mean, running_var, training, momentum, eps
) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_norm`, and in training the mean and the inverse standard deviation of the batch."""
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        out = apply(normalization.batch_norm_eval, (input, running_mean, running_var, weight, bias, float(eps)))[0]
        return out, running_mean.new_empty(0), running_mean.new_empty(0)
    _refuse_nothing(input)
    out, mean, var = apply(normalization.batch_norm_train, (input, weight, bias, float(eps)))
    with jtorch.no_grad():
        mean, var = mean.detach(), var.detach()
        _step(input, mean, var, running_mean, running_var, momentum)
        return out, *(x.to(_parameter_dtype(input, weight)) for x in (mean, (var + eps).rsqrt()))


@_named
@takes_out
def _native_batch_norm_legit(input, weight, bias, *rest) -> tuple[Tensor, Tensor, Tensor]:
    """`native_batch_norm`; running statistics may be left out altogether: (input, weight, bias, training, momentum, eps)."""
    running = rest[:-3] or (None, None)
    if not rest[-3] and running[0] is None:
        return native_batch_norm(input, weight, bias, None, None, True, *rest[-2:])
    return native_batch_norm(input, weight, bias, *running, *rest[-3:])


@_named
def batch_norm_update_stats(input, running_mean, running_var, momentum: float) -> tuple[Tensor, Tensor]:
    """Mean and variance (n in the denominator) of each channel of a batch, which the running statistics take a step of `momentum` towards."""
    _refuse_nothing(input)
    with jtorch.no_grad():
        dims = [d for d in range(input.dim()) if d != 1]
        mean, var = input.mean(dims), input.var(dims, correction=0)
        _step(input, mean, var, running_mean, running_var, momentum)
        return mean, var


@takes_out
def batch_norm_with_update(
    input, weight, bias, running_mean, running_var, momentum, eps
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """`native_batch_norm` in training, and what only other devices fill: no bytes."""
    kept = native_batch_norm(input, weight, bias, running_mean, running_var, True, momentum, eps)
    return *kept, jtorch.empty(0, dtype=jtorch.uint8, device=input.device)


# Sampling


@_named
def grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners) -> Tensor:
    """`nn.functional.grid_sample` of images, its modes as numbers."""
    if input.dim() != 4:
        raise RuntimeError(f"grid_sampler_2d(): expected a 4D input, but got one of sizes {list(input.shape)}")
    return jtorch.grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


@_named
def grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners) -> Tensor:
    """`nn.functional.grid_sample` of volumes, its modes as numbers."""
    if input.dim() != 5:
        raise RuntimeError(f"grid_sampler_3d(): expected a 5D input, but got one of sizes {list(input.shape)}")
    return jtorch.grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


# Of these torch shows only torch.ops.aten.


def upsample_bilinear2d_aa(
    input, output_size, align_corners, *scales, scale_factors=None, scales_h=None, scales_w=None
):
    """`nn.functional.interpolate` of images with antialiasing."""
    factors = scales[0] if len(scales) == 1 else scale_factors
    if output_size is None:
        output_size = [int(n * s) for n, s in zip(input.shape[2:], factors, strict=True)]
    if len(scales) == 2:
        scales_h, scales_w = scales
    given = factors or ((scales_h, scales_w) if scales_h is not None else None)
    return F.resampling._upsample(input, tuple(output_size), given, "bilinear", bool(align_corners), True)


def max_pool2d_with_indices_backward(grad_output, input, kernel_size, stride, padding, dilation, ceil_mode, indices):
    """The gradient of `max_pool2d`: put where the maxima were."""
    return following(input, apply(ops.max_pool2d_with_indices_backward, (grad_output, input, indices))[0])


def native_dropout_backward(grad_output, mask, scale):
    """The gradient of `native_dropout`: where the mask is true, scaled."""
    return grad_output * (mask.to(grad_output.dtype) * scale)


def to_copy(input, *, dtype=None, layout=None, device=None, pin_memory=None, non_blocking=False, memory_format=None):
    """A copy in another dtype or on another device."""
    return input.to(device=device, dtype=dtype, non_blocking=non_blocking, copy=True, memory_format=memory_format or jtorch.preserve_format)  # fmt: skip


def alias(input):
    """The tensor as a view of itself."""
    return input.view_as(input)


def index(input, indices):
    """Elements by index tensors, one for each dimension; None for all of it."""
    return input[tuple(slice(None) if i is None else i for i in indices)]


def pin_memory(input, device=None):
    return input.pin_memory()


def sparse_mm_reduce(input, other, reduce: str):
    """The product of a CSR matrix and a dense one, with terms added ("sum") or averaged ("mean"), and an empty tensor of positions."""
    if reduce not in ("sum", "mean"):
        raise NotImplementedError(
            f"torch.ops.aten._sparse_mm_reduce_impl: reduce={reduce!r}; use 'sum' or 'mean', or index_reduce over the rows"
        )
    made = jtorch.sparse.mm(input, other)
    if reduce == "mean":
        made = made / input.crow_indices().diff().clamp(min=1)[:, None]
    return made, input.crow_indices().new_empty(0)
