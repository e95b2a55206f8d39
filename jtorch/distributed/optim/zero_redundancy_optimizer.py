"""`ZeroRedundancyOptimizer`: each process keeps the optimizer's state of a part of the parameters (Rajbhandari et al., 2020, stage 1)."""

import copy

import jtorch
from jtorch import distributed as dist
from jtorch.optim import Optimizer

__all__ = ["ZeroRedundancyOptimizer"]


class ZeroRedundancyOptimizer(Optimizer):
    """An optimizer of any class, whose update each process computes for its part of the parameters; they are broadcast after the step.

    Gradients are the same on all processes, as DistributedDataParallel leaves them. Whole parameters are assigned, the largest first, to the process
    that has the least.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.optim import ZeroRedundancyOptimizer
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> w = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = ZeroRedundancyOptimizer([w], torch.optim.SGD, lr=0.5)
    >>> w.sum().backward(); optimizer.step(); w.data
    tensor([0.5000, 0.5000])
    >>> dist.destroy_process_group()
    """

    def __init__(
        self, params, optimizer_class, process_group=None, parameters_as_bucket_view: bool = False, overlap_with_ddp: bool = False, **defaults
    ):  # fmt: skip
        if overlap_with_ddp:
            raise NotImplementedError(
                "ZeroRedundancyOptimizer(overlap_with_ddp=True): the update runs after backward; leave it out"
            )
        self.process_group = process_group if process_group is not None else dist.group.WORLD
        self.world_size, self.rank = self.process_group.size(), self.process_group.rank()
        self._optim_class, self._optim_defaults = optimizer_class, defaults
        self._whole: list | None = None  # the states of all processes, once consolidated here
        self._owners: dict = {}
        self._loads = [0] * self.world_size
        self.optim: Optimizer | None = None
        super().__init__(params, {})
        self._make_local()

    def add_param_group(self, param_group):
        """Add a group, on all processes alike; its parameters are spread too."""
        super().add_param_group(param_group)
        for parameter in sorted(self.param_groups[-1]["params"], key=lambda p: -p.numel()):
            rank = self._loads.index(min(self._loads))
            self._owners[parameter] = rank
            self._loads[rank] += parameter.numel()
        if self.optim is not None:
            group = self.param_groups[-1]
            self.optim.add_param_group(self._part(group))
            self._take_options()

    def _part(self, group) -> dict:
        part = {key: value for key, value in group.items() if key not in ("params", "param_names")}
        return {**part, "params": [p for p in group["params"] if self._owners[p] == self.rank]}

    def _make_local(self) -> None:
        self.optim = self._optim_class([self._part(group) for group in self.param_groups], **self._optim_defaults)
        self._take_options()

    def _take_options(self) -> None:
        """The groups of the local optimizer and these have the same options."""
        for group, local in zip(self.param_groups, self.optim.param_groups, strict=True):
            for key, value in local.items():
                if key not in ("params", "param_names"):
                    group.setdefault(key, value)

    def _give_options(self) -> None:
        for group, local in zip(self.param_groups, self.optim.param_groups, strict=True):
            local.update({key: value for key, value in group.items() if key not in ("params", "param_names")})

    def step(self, closure=None, **kwargs):
        """Update this process's part, and get the rest from the others."""
        self._give_options()
        loss = self.optim.step(**kwargs) if closure is None else self.optim.step(closure=closure, **kwargs)
        self._take_options()
        with jtorch.no_grad():
            for rank in range(self.world_size):
                by_kind: dict = {}
                for group in self.param_groups:
                    for parameter in group["params"]:
                        if self._owners[parameter] == rank:
                            by_kind.setdefault((parameter.dtype, parameter.device), []).append(parameter)
                for parameters in by_kind.values():
                    self._broadcast(parameters, rank)
        return loss

    def _broadcast(self, parameters, rank: int) -> None:
        row = jtorch.cat([p.detach().reshape(-1) for p in parameters])
        dist.broadcast(row, group=self.process_group, group_src=rank)
        if rank != self.rank:
            for parameter, piece in zip(parameters, row.split([p.numel() for p in parameters]), strict=True):
                parameter.copy_(piece.view(parameter.shape))

    def consolidate_state_dict(self, to: int = 0) -> None:
        """Bring the states of all processes to one, so that its `state_dict` is whole; all call it."""
        self._give_options()
        found: list = [None] * self.world_size if self.rank == to else []
        mine = {self._number(p): state for p, state in self.optim.state.items()}
        dist.gather_object(mine, found if self.rank == to else None, group=self.process_group, group_dst=to)
        self._whole = found if self.rank == to else None

    def _number(self, parameter) -> int:
        return next(i for i, p in enumerate(p for g in self.param_groups for p in g["params"]) if p is parameter)

    def state_dict(self) -> dict:
        """The whole state, on the process that it was consolidated to."""
        if self._whole is None:
            raise RuntimeError("Optimizer state has not been consolidated on this rank. Please call `consolidate_state_dict(to=0)` on all ranks beforehand if you meant to save the global state.")  # fmt: skip
        made = super().state_dict()
        made["state"] = {i: state for part in self._whole for i, state in part.items()}
        made["state"] = {i: made["state"][i] for i in sorted(made["state"])}
        return made

    def load_state_dict(self, state_dict: dict) -> None:
        """Take a whole state, of which this process keeps its part."""
        self._whole = None
        parameters = [p for group in self.param_groups for p in group["params"]]
        given = copy.copy(state_dict)
        mine = [i for i, p in enumerate(parameters) if self._owners[p] == self.rank]
        numbers = {i: n for n, i in enumerate(self._number(p) for g in self.optim.param_groups for p in g["params"])}
        groups = [
            {**group, "params": [numbers[i] for i in group["params"] if i in numbers]}
            for group in given["param_groups"]
        ]
        for group in groups:
            group.pop("param_names", None)
        state = {numbers[i]: given["state"][i] for i in mine if i in given["state"]}
        self.optim.load_state_dict({"state": state, "param_groups": groups})
        for group, loaded in zip(self.param_groups, self.optim.param_groups, strict=True):
            group.update({key: value for key, value in loaded.items() if key not in ("params", "param_names")})

    def join_hook(self, **kwargs):
        raise NotImplementedError("ZeroRedundancyOptimizer under Join: give all processes as many batches")
