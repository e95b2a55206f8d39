"""Batch normalization over the batches of several processes, forward and backward.

Each process contributes its mean, variance and size of batch; those of the whole follow by the formula for combining groups (Chan, Golub, LeVeque
1979), which loses no digits as sums of squares would. Backward needs two more sums over all: of the gradient, and of it times the centred input.
"""

import jtorch
from jtorch import distributed as dist
from jtorch.autograd import Function
from jtorch.autograd.mode import STATE


class SynchronizedNorm(Function):
    """(output, mean, variance, count) of an input (N, C, ...), over all processes of a group."""

    @staticmethod
    def forward(ctx, input, weight, bias, eps, group):
        dims = [0, *range(2, input.dim())]
        exact = input.float() if input.dtype in (jtorch.float16, jtorch.bfloat16) else input
        size = input.numel() // input.size(1)
        own = jtorch.cat(
            [
                exact.mean(dims) if size else exact.new_zeros(input.size(1)),
                exact.var(dims, correction=0) if size else exact.new_zeros(input.size(1)),
                exact.new_full((1,), size),
            ]
        )
        rows = exact.new_empty((dist.get_world_size(group), own.numel()))
        dist.all_gather_into_tensor(rows, own, group)
        means, variances, counts = rows[:, : input.size(1)], rows[:, input.size(1) : -1], rows[:, -1:]
        count = counts.sum()
        if not STATE.capturing and count.item() <= 1:
            raise ValueError(f"Expected more than 1 value per channel when training, got input size {input.size()}")
        mean = (means * counts).sum(0) / count
        variance = ((variances + (means - mean) ** 2) * counts).sum(0) / count
        shape = [1, -1, *[1] * (input.dim() - 2)]
        scale = jtorch.rsqrt(variance + eps)
        output = (exact - mean.view(shape)) * scale.view(shape)
        if weight is not None:
            output = output * weight.view(shape)
        if bias is not None:
            output = output + bias.view(shape)
        ctx.save_for_backward(input, weight, mean, scale, count)
        ctx.group, ctx.dims, ctx.shape = group, dims, shape
        ctx.mark_non_differentiable(mean, variance, count)
        return output.to(input.dtype), mean, variance, count

    @staticmethod
    def backward(ctx, grad, *_):
        input, weight, mean, scale, count = ctx.saved_tensors
        shape, dims = ctx.shape, ctx.dims
        exact = grad.to(mean.dtype)
        centred = input.to(mean.dtype) - mean.view(shape)
        sum_grad, sum_product = exact.sum(dims), (exact * centred).sum(dims)
        grad_weight = sum_product * scale if weight is not None and ctx.needs_input_grad[1] else None
        grad_bias = sum_grad if ctx.needs_input_grad[2] else None
        grad_input = None
        if ctx.needs_input_grad[0]:
            both = jtorch.cat([sum_grad, sum_product])
            dist.all_reduce(both, group=ctx.group)
            mean_grad, mean_product = (both / count).split(len(sum_grad))
            factor = scale if weight is None else scale * weight
            grad_input = exact - mean_grad.view(shape) - centred * (mean_product * scale * scale).view(shape)
            grad_input = (grad_input * factor.view(shape)).to(input.dtype)
        return (
            grad_input,
            None if grad_weight is None else grad_weight.to(weight.dtype),
            None if grad_bias is None else grad_bias.to(mean.dtype if weight is None else weight.dtype),
            None,
            None,
        )
