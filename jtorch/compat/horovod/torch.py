"""horovod.torch on torch.distributed: processes that torchrun started, or one alone."""

import os

import jtorch
from jtorch import distributed as dist
from jtorch.nn.parallel.distributed import _broadcast

__all__ = [
    "Average", "Compression", "DistributedOptimizer", "Max", "Min", "Product", "Sum", "allgather", "allgather_object", "allreduce", "allreduce_",
    "allreduce_async", "allreduce_async_", "barrier", "broadcast", "broadcast_", "broadcast_object", "broadcast_optimizer_state",
    "broadcast_parameters", "init", "is_initialized", "local_rank", "local_size", "poll", "rank", "shutdown", "size", "synchronize",
]  # fmt: skip

Average, Sum, Min, Max, Product = (
    dist.ReduceOp.AVG, dist.ReduceOp.SUM, dist.ReduceOp.MIN, dist.ReduceOp.MAX, dist.ReduceOp.PRODUCT,
)  # fmt: skip


class Compression:
    """The dtype that gradients travel in: their own (`none`), or float16."""

    none = None
    fp16 = jtorch.float16


def init(*_) -> None:
    """Join the processes that the environment names (RANK, WORLD_SIZE, ...); without them this is the only one."""
    if dist.is_initialized():
        return
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    else:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)


def shutdown() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def is_initialized() -> bool:
    return dist.is_initialized()


def _started() -> None:
    if not dist.is_initialized():
        raise ValueError("Horovod has not been initialized; use hvd.init().")


def rank() -> int:
    _started()
    return dist.get_rank()


def size() -> int:
    _started()
    return dist.get_world_size()


def local_rank() -> int:
    """The rank among the processes of this machine."""
    _started()
    return dist.get_node_local_rank(fallback_rank=dist.get_rank())


def local_size() -> int:
    _started()
    return int(os.environ.get("LOCAL_WORLD_SIZE", dist.get_world_size()))


class _Handle:
    """A collective under way, and the tensor it will give."""

    def __init__(self, work, tensor, dtype):
        self._work, self._tensor, self._dtype = work, tensor, dtype

    def done(self) -> bool:
        return self._work.is_completed()

    def result(self):
        self._work.wait()
        return self._tensor if self._dtype is None else self._tensor.to(self._dtype)


def _op(average, op):
    if average is not None:
        return Average if average else Sum
    return Average if op is None else op


def allreduce_async(tensor, average=None, name=None, compression=None, op=None) -> _Handle:
    """Start to reduce a copy of a tensor over the processes; to its average, unless told otherwise."""
    copy = tensor.detach().clone() if compression is None else tensor.detach().to(compression)
    return _Handle(dist.all_reduce(copy, _op(average, op), async_op=True), copy, tensor.dtype)


def allreduce_async_(tensor, average=None, name=None, op=None) -> _Handle:
    return _Handle(dist.all_reduce(tensor, _op(average, op), async_op=True), tensor, None)


def allreduce(tensor, average=None, name=None, compression=None, op=None):
    """A tensor's average over the processes, or another reduction."""
    return allreduce_async(tensor, average, name, compression, op).result()


def allreduce_(tensor, average=None, name=None, op=None):
    """`allreduce` in place."""
    return allreduce_async_(tensor, average, name, op).result()


def synchronize(handle: _Handle):
    """What was started by an `_async` function."""
    return handle.result()


def poll(handle: _Handle) -> bool:
    return handle.done()


def allgather(tensor, name=None):
    """The tensors of all processes, one after the other; their lengths may differ."""
    lengths = [None] * dist.get_world_size()
    dist.all_gather_object(lengths, len(tensor))
    longest = max(lengths)  # type: ignore[type-var]
    padded = tensor.new_zeros((longest, *tensor.shape[1:]))
    padded[: len(tensor)] = tensor
    rows = [jtorch.zeros_like(padded) for _ in lengths]
    dist.all_gather(rows, padded)
    return jtorch.cat([row[:length] for row, length in zip(rows, lengths, strict=True)])


def allgather_object(obj, name=None) -> list:
    found = [None] * dist.get_world_size()
    dist.all_gather_object(found, obj)
    return found


def broadcast_(tensor, root_rank: int, name=None):
    """Give all processes the tensor of one, in place."""
    dist.broadcast(tensor, root_rank)
    return tensor


def broadcast(tensor, root_rank: int, name=None):
    return broadcast_(tensor.detach().clone(), root_rank)


def broadcast_object(obj=None, root_rank: int = 0, name=None):
    found = [obj]
    dist.broadcast_object_list(found, root_rank)
    return found[0]


def broadcast_parameters(params, root_rank: int) -> None:
    """Give all processes the tensors of one: of a state_dict, or of named parameters."""
    named = sorted(params.items()) if isinstance(params, dict) else sorted(params)
    _broadcast([tensor for _, tensor in named if isinstance(tensor, jtorch.Tensor)], root_rank, None)


def broadcast_optimizer_state(optimizer, root_rank: int) -> None:
    """Give all optimizers the state of one."""
    state = broadcast_object(optimizer.state_dict() if dist.get_rank() == root_rank else None, root_rank)
    if dist.get_rank() != root_rank:
        optimizer.load_state_dict(state)


def barrier() -> None:
    dist.barrier()


def DistributedOptimizer(
    optimizer, named_parameters=None, compression=Compression.none, backward_passes_per_step: int = 1, op=Average
):
    """The optimizer, whose `step` first reduces the gradients over the processes. With several backward passes per step they have added up."""
    kind = type(optimizer)

    def synchronize(self) -> None:
        """Reduce the gradients now, so that they can be looked at or clipped before `step`."""
        by_dtype: dict = {}
        for group in self.param_groups:
            for p in group["params"]:
                if p.requires_grad:
                    p.grad = jtorch.zeros_like(p) if p.grad is None else p.grad
                    by_dtype.setdefault((p.dtype, p.device), []).append(p.grad)
        for grads in by_dtype.values():
            line = jtorch.cat([g.reshape(-1) for g in grads]).div_(backward_passes_per_step)
            line = allreduce(line, compression=compression, op=op)
            for grad, part in zip(grads, line.split([g.numel() for g in grads]), strict=True):
                grad.copy_(part.view(grad.shape))
        self._synchronized = True

    def step(self, closure=None):
        if not self.__dict__.pop("_synchronized", False):
            self.synchronize()
        return kind.step(self, closure)

    made_kind = type(kind.__name__, (kind,), {"synchronize": synchronize, "step": step, "__doc__": kind.__doc__})
    made = object.__new__(made_kind)
    made.__dict__ = optimizer.__dict__
    return made
