"""torch.distributed._functional_collectives: collectives that give a new tensor and leave their operand as it is.

A group is a ProcessGroup, a mesh of one dimension, or a pair of a mesh and one of its dimensions. Gradients pass only
where a function says so.
"""

import jtorch
from jtorch import distributed as dist
from jtorch.distributed.device_mesh import DeviceMesh


def _group(group):
    if isinstance(group, DeviceMesh):
        if group.ndim != 1:
            raise AssertionError("Only 1D mesh is supported, pass in (DeviceMesh, int) together if mesh > 1D")
        return group.get_group()
    if isinstance(group, tuple):
        mesh, dim = group
        return mesh.get_group(dim)
    if isinstance(group, list):
        raise NotImplementedError("a list of ranks is no group here: make one with torch.distributed.new_group(ranks)")
    return group


def _operation(name: str):
    return getattr(dist.ReduceOp, name.upper())


def wait_tensor(tensor):
    """The tensor: nothing here returns before its result is on its way."""
    return tensor


def all_reduce(self, reduceOp: str, group, tag: str = ""):
    made = self.detach().clone(memory_format=jtorch.contiguous_format)
    dist.all_reduce(made, _operation(reduceOp), _group(group))
    return made


def broadcast(self, src: int, group, tag: str = ""):
    made = self.detach().clone(memory_format=jtorch.contiguous_format)
    dist.broadcast(made, src, _group(group))
    return made


def all_to_all_single(self, output_split_sizes, input_split_sizes, group, tag: str = ""):
    """The pieces along the first dimension that the other processes have for this one; sizes of None are equal ones."""
    made = self.new_empty((sum(output_split_sizes) if output_split_sizes else self.shape[0], *self.shape[1:]))
    dist.all_to_all_single(made, self.detach().contiguous(), output_split_sizes, input_split_sizes, _group(group))
    return made


class _Exchange(jtorch.autograd.Function):
    @staticmethod
    def forward(ctx, tensor, output_sizes, input_sizes, group):
        ctx.exchange = input_sizes, output_sizes, group
        return all_to_all_single(tensor, output_sizes, input_sizes, group)

    @staticmethod
    def backward(ctx, grad):
        return all_to_all_single(grad, *ctx.exchange), None, None, None


def all_to_all_single_autograd(self, output_split_sizes, input_split_sizes, group, tag: str = ""):
    """`all_to_all_single` that gradients pass."""
    return _Exchange.apply(self, output_split_sizes, input_split_sizes, group)


def all_gather_tensor(self, gather_dim: int, group, tag: str = ""):
    """The tensors of all processes, put together along a dimension."""
    group = _group(group)
    part = self.detach().contiguous()
    made = part.new_empty((dist.get_world_size(group) * part.shape[0], *part.shape[1:]))
    dist.all_gather_into_tensor(made, part, group)
    return made if gather_dim == 0 else jtorch.cat(made.chunk(dist.get_world_size(group)), gather_dim)


def reduce_scatter_tensor(self, reduceOp: str, scatter_dim: int, group, tag: str = ""):
    """This process's piece, along a dimension, of what all tensors together are reduced to."""
    group = _group(group)
    count = dist.get_world_size(group)
    if self.shape[scatter_dim] % count:
        raise AssertionError(
            f"input dimension {scatter_dim} ({self.shape[scatter_dim]} must be a multiple of group_size {count})"
        )
    whole = self.detach() if scatter_dim == 0 else jtorch.cat(self.detach().chunk(count, scatter_dim))
    made = whole.new_empty((whole.shape[0] // count, *whole.shape[1:]))
    dist.reduce_scatter_tensor(made, whole.contiguous(), _operation(reduceOp), group)
    return made
