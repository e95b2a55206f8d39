"""Collectives as functions: they return new tensors, and their backward pass is the collective that brings gradients back.

All processes of the group must run the backward pass.
"""

import jtorch
from jtorch import distributed as dist
from jtorch.autograd import Function
from jtorch.distributed import group as _groups

__all__ = [
    "all_gather",
    "all_reduce",
    "all_to_all",
    "all_to_all_single",
    "broadcast",
    "gather",
    "reduce",
    "reduce_scatter",
    "scatter",
]


def _group_of(group):
    return _groups.WORLD if group is None else group


def broadcast(tensor, src: int, group=None):
    """`src`'s tensor on all processes; its gradient is the sum of theirs."""
    return _Broadcast.apply(src, _group_of(group), tensor)


def reduce(tensor, dst: int, op=dist.ReduceOp.SUM, group=None):
    """The tensors of all processes reduced on `dst`; the others get their own."""
    return _Reduce.apply(dst, op, _group_of(group), tensor)


def all_reduce(tensor, op=dist.ReduceOp.SUM, group=None):
    """The tensors of all processes reduced, on all; gradients are reduced likewise."""
    return _AllReduce.apply(op, _group_of(group), tensor)


def gather(tensor, dst: int = 0, group=None) -> tuple:
    """The tensors of all processes, on `dst`; zeros elsewhere."""
    return _Gather.apply(dst, _group_of(group), tensor)


def scatter(tensors, src: int = 0, group=None):
    """Tensor i of `src`'s, on process i."""
    return _Scatter.apply(src, _group_of(group), *tensors)


def all_gather(tensor, group=None) -> tuple:
    """The tensors of all processes, on all."""
    return _AllGather.apply(_group_of(group), tensor)


def reduce_scatter(output, input_list, op=dist.ReduceOp.SUM, group=None):
    """Lists of tensors reduced over the processes; process i gets tensor i. `output` says its size and is not written to."""
    return _ReduceScatter.apply(op, _group_of(group), output, *input_list)


def all_to_all(output_tensor_list, input_tensor_list, group=None) -> tuple:
    """Tensor i of each process's list, on process i. The sizes of the results are those of `output_tensor_list`."""
    return _AllToAll.apply(_group_of(group), output_tensor_list, *input_tensor_list)


def all_to_all_single(output, input, output_split_sizes=None, input_split_sizes=None, group=None):
    """Piece i of each process's tensor, on process i, one after the other."""
    return _AllToAllSingle.apply(_group_of(group), output, output_split_sizes, input_split_sizes, input)


def _like(tensors) -> list:
    return [jtorch.empty_like(t, requires_grad=False) for t in tensors]


class _Broadcast(Function):
    @staticmethod
    def forward(ctx, src, group, tensor):
        ctx.src, ctx.group = src, group
        result = tensor.detach().clone()
        dist.broadcast(result, src, group)
        return result

    @staticmethod
    def backward(ctx, grad):
        total = grad.clone()
        dist.reduce(total, ctx.src, group=ctx.group)
        return None, None, total if dist.get_rank() == ctx.src else total.zero_()


class _Reduce(Function):
    @staticmethod
    def forward(ctx, dst, op, group, tensor):
        ctx.dst, ctx.group = dst, group
        result = tensor.detach().clone()
        dist.reduce(result, dst, op, group)
        return result

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        dist.broadcast(grad, ctx.dst, ctx.group)
        return None, None, None, grad


class _AllReduce(Function):
    @staticmethod
    def forward(ctx, op, group, tensor):
        ctx.op, ctx.group = op, group
        result = tensor.detach().clone()
        dist.all_reduce(result, op, group)
        return result

    @staticmethod
    def backward(ctx, grad):
        grad = grad.clone()
        dist.all_reduce(grad, ctx.op, ctx.group)
        return None, None, grad


class _Gather(Function):
    @staticmethod
    def forward(ctx, dst, group, tensor):
        ctx.dst, ctx.group = dst, group
        rows = [jtorch.zeros_like(tensor) for _ in range(group.size())]
        dist.gather(tensor.detach(), rows if dist.get_rank() == dst else None, dst, group)
        return tuple(rows)

    @staticmethod
    def backward(ctx, *grads):
        mine = jtorch.empty_like(grads[0])
        here = dist.get_rank() == ctx.dst
        dist.scatter(mine, [grad.contiguous() for grad in grads] if here else None, ctx.dst, ctx.group)
        return None, None, mine


class _Scatter(Function):
    @staticmethod
    def forward(ctx, src, group, *tensors):
        ctx.src, ctx.group = src, group
        result = jtorch.zeros_like(tensors[0])
        dist.scatter(result, [t.detach() for t in tensors] if dist.get_rank() == src else None, src, group)
        return result

    @staticmethod
    def backward(ctx, grad):
        rows = [jtorch.zeros_like(grad) for _ in range(ctx.group.size())]
        dist.gather(grad, rows if dist.get_rank() == ctx.src else None, ctx.src, ctx.group)
        return None, None, *rows


class _AllGather(Function):
    @staticmethod
    def forward(ctx, group, tensor):
        ctx.group = group
        rows = [jtorch.empty_like(tensor, requires_grad=False) for _ in range(group.size())]
        dist.all_gather(rows, tensor.detach(), group)
        return tuple(rows)

    @staticmethod
    def backward(ctx, *grads):
        mine = jtorch.empty_like(grads[0])
        dist.reduce_scatter(mine, [grad.contiguous() for grad in grads], group=ctx.group)
        return None, mine


class _ReduceScatter(Function):
    @staticmethod
    def forward(ctx, op, group, output, *tensors):
        ctx.group = group
        (result,) = _like([output])
        dist.reduce_scatter(result, [t.detach() for t in tensors], op, group)
        return result

    @staticmethod
    def backward(ctx, grad):
        rows = [jtorch.empty_like(grad) for _ in range(ctx.group.size())]
        dist.all_gather(rows, grad.contiguous(), ctx.group)
        return None, None, None, *rows


class _AllToAll(Function):
    @staticmethod
    def forward(ctx, group, outputs, *tensors):
        ctx.group, ctx.shapes = group, [t.shape for t in tensors]
        results = _like(outputs)
        dist.all_to_all(results, [t.detach() for t in tensors], group)
        return tuple(results)

    @staticmethod
    def backward(ctx, *grads):
        back = [grads[0].new_empty(shape) for shape in ctx.shapes]
        dist.all_to_all(back, [grad.contiguous() for grad in grads], ctx.group)
        return None, None, *back


class _AllToAllSingle(Function):
    @staticmethod
    def forward(ctx, group, output, output_sizes, input_sizes, tensor):
        ctx.group, ctx.sizes, ctx.shape = group, (output_sizes, input_sizes), tensor.shape
        (result,) = _like([output])
        dist.all_to_all_single(result, tensor.detach(), output_sizes, input_sizes, group)
        return result

    @staticmethod
    def backward(ctx, grad):
        back = grad.new_empty(ctx.shape)
        dist.all_to_all_single(back, grad.contiguous(), ctx.sizes[1], ctx.sizes[0], ctx.group)
        return None, None, None, None, back
