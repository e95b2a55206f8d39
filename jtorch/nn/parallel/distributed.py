"""`DistributedDataParallel`: one process per replica, gradients averaged after each backward pass."""

import contextlib

import jtorch
from jtorch import distributed as dist
from jtorch.distributed.algorithms.join import Join, Joinable, JoinHook
from jtorch.nn.modules.module import Module
from jtorch.nn.parallel.reducer import Reducer
from jtorch.nn.parallel.scatter_gather import gather

__all__ = ["DistributedDataParallel"]


class DistributedDataParallel(Module, Joinable):
    """A module of which each process has a replica, fed with its own part of the data.

    Parameters and buffers are those of rank 0 from the start; buffers are so again before each forward pass (`broadcast_buffers`); gradients are averaged
    when a backward pass is over, in buckets of about `bucket_cap_mb`. Inside `no_sync()` they add up on each process. Parameters that take no part in a
    loss need `find_unused_parameters=True`. Communication does not overlap the backward pass, which is one program.

    A whole training step may be captured (`jtorch.capture`): one program with the reduction in it; not with `find_unused_parameters` or inside `join`.

    Not there: `mixed_precision`, `delay_all_reduce_named_params` (they raise); `gradient_as_bucket_view` changes nothing here.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(2, 1))
    DistributedDataParallel(
      (module): Linear(in_features=2, out_features=1, bias=True)
    )
    >>> dist.destroy_process_group()
    """

    def __init__(
        self, module, device_ids=None, output_device=None, dim=0, broadcast_buffers=None, init_sync=True, process_group=None, bucket_cap_mb=None,
        find_unused_parameters=False, check_reduction=False, gradient_as_bucket_view=False, static_graph=False, delay_all_reduce_named_params=None,
        param_to_hook_all_reduce=None, mixed_precision=None, device_mesh=None, skip_all_reduce_unused_params=False, bucket_cap_mb_list=None,
        batched_grad_copy=False, forward_sync_buffers=None,
    ):  # fmt: skip
        super().__init__()
        Joinable.__init__(self)
        for name, given in (
            ("mixed_precision", mixed_precision),
            ("delay_all_reduce_named_params", delay_all_reduce_named_params),
            ("device_mesh", device_mesh),
        ):
            if given is not None:
                raise NotImplementedError(
                    f"DistributedDataParallel({name}=...) is not supported by jtorch; leave it out, or use torch.autocast"
                )
        ignored = set(getattr(module, "_ddp_params_and_buffers_to_ignore", ()))
        named = [(n, p) for n, p in module.named_parameters() if p.requires_grad and n not in ignored]
        if not named:
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter that requires a gradient."
            )
        devices = {p.device for p in module.parameters()}
        if device_ids is not None and len(device_ids) > 1:
            raise ValueError("device_ids can only be None or contain a single element.")
        if (device_ids or output_device is not None) and (len(devices) > 1 or next(iter(devices)).type == "cpu"):
            raise ValueError(
                "DistributedDataParallel device_ids and output_device arguments only work with single-device/multiple-device GPU modules or CPU modules, "
                f"but got device_ids {device_ids}, output_device {output_device}, and module parameters {devices}."
            )
        self.module = module
        self.process_group = dist._get_default_group() if process_group is None else process_group
        self.device_ids = (
            [jtorch.device("cuda", d) if isinstance(d, int) else jtorch.device(d) for d in device_ids]
            if device_ids
            else None
        )
        self.output_device = self.device_ids[0] if self.device_ids and output_device is None else output_device
        self.device = next(iter(devices))
        self.device_type, self.dim, self.is_multi_device_module = self.device.type, dim, len(devices) > 1
        self.broadcast_buffers = True if broadcast_buffers is None else broadcast_buffers
        self.find_unused_parameters, self.static_graph = find_unused_parameters, static_graph
        self.gradient_as_bucket_view = gradient_as_bucket_view
        self.require_backward_grad_sync = self.require_forward_param_sync = True
        self.parameters_to_ignore = ignored
        self.bucket_bytes_cap = int((25 if bucket_cap_mb is None else bucket_cap_mb) * 1024 * 1024)
        if init_sync:
            self._check_replicas()
            self._send_state(0)
        self._make_reducer(named)

    def _make_reducer(self, named) -> None:
        self.reducer = Reducer(
            named, self.process_group, self.bucket_bytes_cap, self.find_unused_parameters or self.static_graph
        )

    def _check_replicas(self) -> None:
        """All processes must have the same parameters, in the same order."""
        shapes: list = [None] * dist.get_world_size(self.process_group)
        dist.all_gather_object(
            shapes, [(n, tuple(p.shape), str(p.dtype)) for n, p in self.module.named_parameters()], self.process_group
        )
        for rank, found in enumerate(shapes):
            if len(found) != len(shapes[0]):
                raise RuntimeError(
                    f"DDP expects same model across all ranks, but Rank 0 has {len(shapes[0])} params, while rank {rank} has {len(found)} params."
                )
            for expected, other in zip(shapes[0], found, strict=True):
                if expected != other:
                    raise RuntimeError(
                        f"DDP expects same model across all ranks, but parameter {expected[0]} is {expected[1:]} on rank 0 and {other[0]} is "
                        f"{other[1:]} on rank {rank}"
                    )

    def _send_state(self, source: int) -> None:
        """Give all processes the parameters and buffers of one."""
        kept = [
            t
            for n, t in (*self.module.named_parameters(), *self.module.named_buffers())
            if n not in self.parameters_to_ignore
        ]
        _broadcast(kept, source, self.process_group)

    # One iteration.

    def forward(self, *inputs, **kwargs):
        if jtorch.is_grad_enabled() and self.require_backward_grad_sync:
            work = Join.notify_join_context(self)
            if work is not None:
                self.reducer.divisor = self._divisor(work)
        elif self._join_config.enable:
            Join.notify_join_context(self)
        if self._join_config.enable:
            self._agree_on_sync(joined=False)
        if self.require_forward_param_sync and self.broadcast_buffers:
            self._sync_buffers()
        if self.device_ids:
            inputs, kwargs = (_moved(part, self.device_ids[0]) for part in (inputs, kwargs))
        output = self.module(*inputs, **kwargs)
        self.require_forward_param_sync = jtorch.is_grad_enabled() and self.require_backward_grad_sync
        if self.require_forward_param_sync:
            self.reducer.expect()
        else:
            self.reducer.expect_none()
        return output

    def _buffers_sent(self) -> list:
        return [b for n, b in self.module.named_buffers() if n not in self.parameters_to_ignore]

    def _sync_buffers(self, joined: bool = False) -> None:
        buffers = self._buffers_sent()
        if not buffers:
            return
        source = 0
        if self._join_config.enable:  # rank 0 may have no inputs left: the last process that has some
            rank = jtorch.tensor([-1 if joined else dist.get_rank(self.process_group)])
            dist.all_reduce(rank, dist.ReduceOp.MAX, self.process_group)
            source = int(rank.item())
        _broadcast(buffers, source, self.process_group)

    @contextlib.contextmanager
    def no_sync(self):
        """Block in which gradients add up on each process; the forward pass must be inside."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    def register_comm_hook(self, state, hook) -> None:
        """Let `hook(state, bucket)`, which returns a future of a tensor, bring gradients together, in the place of their average."""
        if not callable(hook):
            raise TypeError("Communication hook must be callable.")
        if self.reducer.hook is not None:
            raise RuntimeError("register_comm_hook or register_builtin_comm_hook can only be called once.")
        self.reducer.hook = (state, hook)

    # Uneven inputs.

    def join(
        self, divide_by_initial_world_size: bool = True, enable: bool = True, throw_on_early_termination: bool = False
    ):
        """Block in which processes may have different numbers of batches: those that are done answer for the others until all are.

        Gradients are divided by the number of processes, or with `divide_by_initial_world_size=False` by the number that still have inputs.
        """
        return Join(
            [self], enable, throw_on_early_termination, divide_by_initial_world_size=divide_by_initial_world_size
        )

    def join_hook(self, **kwargs) -> JoinHook:
        return _Shadow(self, kwargs.get("divide_by_initial_world_size", True))

    @property
    def join_device(self):
        return self.device

    @property
    def join_process_group(self):
        return self.process_group

    def _divisor(self, work) -> int:
        count = int(work.result()[0].item())
        return dist.get_world_size(self.process_group) if self._divide_by_world else count

    _divide_by_world = True

    def _agree_on_sync(self, joined: bool) -> tuple[bool, bool]:
        """Whether those that have inputs send buffers and reduce gradients in this iteration."""
        ways = jtorch.tensor([0, 0] if joined else [
            int(self.require_forward_param_sync), int(jtorch.is_grad_enabled() and self.require_backward_grad_sync)
        ])  # fmt: skip
        dist.all_reduce(ways, dist.ReduceOp.MAX, self.process_group)
        send, reduce = ways.tolist()
        return bool(send), bool(reduce)

    def gather(self, outputs, output_device):
        return gather(outputs, output_device, dim=self.dim)

    def _set_static_graph(self) -> None:
        self.static_graph = self.reducer.find_unused = True

    @staticmethod
    def _set_params_and_buffers_to_ignore_for_model(module, params_and_buffers_to_ignore) -> None:
        """Names of parameters and buffers that each process keeps for itself; to be set before the module is wrapped."""
        module._ddp_params_and_buffers_to_ignore = params_and_buffers_to_ignore

    def __getstate__(self):
        state = {name: value for name, value in self.__dict__.items() if name not in ("process_group", "reducer")}
        if self.process_group is not dist.group.WORLD:
            raise RuntimeError(
                "DDP Pickling/Unpickling are only supported when using DDP with the default process group. That is, when you have called "
                "init_process_group and have not passed process_group argument to DDP constructor"
            )
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        self.process_group = dist._get_default_group()
        ignored = self.parameters_to_ignore
        self._make_reducer([(n, p) for n, p in self.module.named_parameters() if p.requires_grad and n not in ignored])


class _Shadow(JoinHook):
    """What a process without inputs does in the iterations of the others."""

    def __init__(self, ddp: DistributedDataParallel, divide_by_world: bool):
        self._ddp = ddp
        ddp._divide_by_world = divide_by_world

    def main_hook(self) -> None:
        ddp = self._ddp
        send, reduce = ddp._agree_on_sync(joined=True)
        if send and ddp.broadcast_buffers:
            ddp._sync_buffers(joined=True)
        if reduce:
            kept = [p.grad for p in ddp.reducer.parameters]
            for p in ddp.reducer.parameters:
                p.grad = None
            used = jtorch.zeros(len(kept), dtype=jtorch.bool)
            ddp.reducer.reduce(used if ddp.reducer.find_unused else None)
            for p, grad in zip(ddp.reducer.parameters, kept, strict=True):
                p.grad = grad

    def post_hook(self, is_last_joiner: bool) -> None:
        ddp = self._ddp
        rank = jtorch.tensor([dist.get_rank(ddp.process_group) if is_last_joiner else -1])
        dist.all_reduce(rank, dist.ReduceOp.MAX, ddp.process_group)
        ddp._send_state(int(rank.item()))


def _broadcast(tensors: list, source: int, group) -> None:
    """Give all processes the tensors of one, in one message for each dtype."""
    if dist.get_world_size(group) == 1:
        return
    by_dtype: dict = {}
    for tensor in tensors:
        by_dtype.setdefault((tensor.dtype, tensor.device), []).append(tensor.detach())
    for same in by_dtype.values():
        line = jtorch.cat([t.reshape(-1) for t in same])
        dist.broadcast(line, group=group, group_src=source)
        if dist.get_rank(group) == source:
            continue
        with jtorch.no_grad():
            for tensor, part in zip(same, line.split([t.numel() for t in same]), strict=True):
                tensor.copy_(part.view(tensor.shape))


def _moved(value, device):
    if isinstance(value, jtorch.Tensor):
        return value.to(device)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_moved(x, device) for x in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_moved(x, device) for x in value)
    if isinstance(value, dict):
        return type(value)((key, _moved(x, device)) for key, x in value.items())
    return value
