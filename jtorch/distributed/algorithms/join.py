"""`Join`: processes whose inputs run out keep up the collectives of those that go on."""

import abc
import warnings

import jtorch
from jtorch import distributed as dist


class JoinHook:
    """What a process does once its inputs are over: `main_hook` in each round of the others, `post_hook` when all are done."""

    def main_hook(self) -> None:
        """Answer the collectives of one iteration."""

    def post_hook(self, is_last_joiner: bool) -> None:
        """Called on all, with whether this process was among the last."""


class Joinable(abc.ABC):
    """What can be given to `Join`."""

    @abc.abstractmethod
    def __init__(self):
        super().__init__()
        self._join_config = _Config()

    @abc.abstractmethod
    def join_hook(self, **kwargs) -> JoinHook: ...

    @property
    @abc.abstractmethod
    def join_device(self): ...

    @property
    @abc.abstractmethod
    def join_process_group(self): ...


class _Config:
    """Whether an object takes part in a `Join`, and is the one of it that counts the processes."""

    def __init__(self, enable=False, throw_on_early_termination=False, is_first_joinable=False):
        self.enable, self.throw_on_early_termination = enable, throw_on_early_termination
        self.is_first_joinable = is_first_joinable


class Join:
    """Block in which processes may have different numbers of batches.

    Each object counts once per iteration, by `notify_join_context`, how many processes still have inputs; those that have none answer until none has.
    """

    def __init__(
        self, joinables: list[Joinable], enable: bool = True, throw_on_early_termination: bool = False, **kwargs
    ):
        if not joinables:
            raise ValueError("Join expects at least one joinable to be passed in")
        self._joinables = joinables
        self._hooks = [joinable.join_hook(**kwargs) for joinable in joinables]
        self._enable, self._throw = enable, throw_on_early_termination
        for i, joinable in enumerate(joinables):
            joinable._join_config = _Config(enable, throw_on_early_termination, i == 0)
        self._group, self._device = joinables[0].join_process_group, joinables[0].join_device

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        try:
            if self._enable and not kind:
                self._keep_up()
        finally:
            for joinable in self._joinables:
                joinable._join_config = _Config()

    def _keep_up(self) -> None:
        rounds, last = 0, True
        while (active := self._count()) > 0:
            if self._throw:
                self._tell_to_stop()
                raise RuntimeError(f"Rank {dist.get_rank(self._group)} exhausted all inputs.")
            last = False
            for hook in self._hooks:
                hook.main_hook()
            rounds += 1
            if rounds == 1000:
                warnings.warn(
                    f"Detected uneven input skew of greater than 1000. This means that rank {dist.get_rank(self._group)} has at least 1000 fewer "
                    f"inputs than other currently-active ranks ({active}).",
                    stacklevel=2,
                )
        for hook in self._hooks:
            hook.post_hook(last)

    def _count(self) -> int:
        count = jtorch.zeros(1, device=self._device)
        dist.all_reduce(count, group=self._group)
        return int(count.item())

    def _tell_to_stop(self) -> None:
        dist.all_reduce(jtorch.ones(1, device=self._device), group=self._group)

    @staticmethod
    def notify_join_context(joinable: Joinable):
        """This process begins an iteration: take part in counting the processes that do. Returns the work, or None outside of `Join`."""
        config = joinable._join_config
        if not config.is_first_joinable or not config.enable:
            return None
        group, device = joinable.join_process_group, joinable.join_device
        work = dist.all_reduce(jtorch.ones(1, device=device), group=group, async_op=True)
        if config.throw_on_early_termination:
            over = jtorch.zeros(1, device=device)
            dist.all_reduce(over, group=group)
            if over.item():
                raise RuntimeError("Detected at least one rank that exhausted inputs. Throwing across all ranks.")
        return work
