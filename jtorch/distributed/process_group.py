"""Process groups: which processes take part, and how a collective of theirs is run."""

import logging
import os
from datetime import timedelta

import numpy as np

import jtorch
from jtorch.distributed.rendezvous import rendezvous
from jtorch.distributed.store import FileStore, PrefixStore, Store
from jtorch.distributed.work import Work

default_pg_timeout = timedelta(minutes=30)


class Backend(str):
    """A name of a transport, in lower case: 'gloo', 'nccl', 'xla'.

    >>> import jtorch as torch
    >>> torch.distributed.Backend("GLOO")
    'gloo'
    """

    UNDEFINED, GLOO, NCCL, UCC, MPI, XCCL, FAKE, XLA = "undefined", "gloo", "nccl", "ucc", "mpi", "xccl", "fake", "xla"
    backend_list = [UNDEFINED, GLOO, NCCL, XCCL, UCC, MPI, FAKE]

    def __new__(cls, name: str):
        if not isinstance(name, str):
            raise ValueError("Backend constructor parameter must be string-ish")
        return str.__new__(cls, name.lower())


class ProcessGroup:
    """Processes that call collectives together. Made by `init_process_group` and `new_group`."""

    captured_as_one = True  # what it consists of is nothing that a captured function depends on

    def __init__(self, ranks, name: str, backend: str, store: Store, world, own_rank: int, timeout: timedelta):
        self.ranks = tuple(ranks)
        self.group_name, self.backend, self.store = name, backend, store
        self.world, self.timeout = world, timeout
        self._rank = self.ranks.index(own_rank)
        self.table, self.root_store = "", store
        self.sent: dict = {}  # (group rank of the peer, tag) -> messages sent; `received` likewise
        self.received: dict = {}
        self.turns = 0  # uses of the store in which all take part
        self.captured: dict = {}  # collectives as operations of captured programs
        self.group_desc = "default_pg" if name == "0" else "undefined"

    def rank(self) -> int:
        return self._rank

    def size(self) -> int:
        return len(self.ranks)

    def name(self) -> str:
        return self.backend

    def get_group_store(self) -> Store:
        return self.store

    def set_timeout(self, timeout: timedelta) -> None:
        self.timeout = timeout

    def check(self) -> None:
        """Raise if a process is known to be gone, or a collective to have failed."""
        if self.world is not None:
            self.world.check(self.ranks)

    def run(self, name: str, kind: str, op: str | None, row: np.ndarray, finish) -> Work:
        """Start a collective on this process's row; `finish(row of the result)` writes to tensors, and returns them."""
        work = Work(finish, self.timeout, self.check)
        if len(self.ranks) == 1:
            work._set(row[None] if kind in ("all_gather", "all_to_all") else row)
        else:
            self.world.check()
            work.name = name
            work.call = self.world.call(self.ranks, self.world.line(self.ranks).put(name, kind, op, row, work))
        return work

    def __repr__(self):
        return f"<torch.distributed.distributed_c10d.ProcessGroup object at {id(self):#x}>"


class _Groups:
    """All groups of this process; the default one is `world`."""

    default: ProcessGroup | None = None
    joined = None  # the World
    named: dict[str, ProcessGroup] = {}
    count = 0
    generation = 0  # how often this process has joined others


class _WorldMeta(type):
    @property
    def WORLD(cls) -> ProcessGroup | None:
        return _Groups.default

    @WORLD.setter
    def WORLD(cls, group) -> None:
        _Groups.default = group


class group(metaclass=_WorldMeta):
    """`group.WORLD`: the group of all processes, None before `init_process_group`."""


class GroupMember(metaclass=_WorldMeta):
    """`GroupMember.WORLD` as in `group`; `NON_GROUP_MEMBER` is what `new_group` gives processes outside of it."""

    NON_GROUP_MEMBER = -100


def is_available() -> bool:
    """Whether processes can be joined: always."""
    return True


def is_initialized() -> bool:
    """Whether `init_process_group` has been called."""
    return _Groups.default is not None


def is_gloo_available() -> bool:
    return True


def is_nccl_available() -> bool:
    """Whether tensors on GPUs can take part: where JAX has a GPU."""
    return jtorch.cuda.is_available()


def is_mpi_available() -> bool:
    return False


def is_ucc_available() -> bool:
    return False


def is_xccl_available() -> bool:
    return False


def is_backend_available(backend: str) -> bool:
    """Whether `init_process_group` takes a backend of this name."""
    known = {"gloo": True, "xla": True, "nccl": is_nccl_available()}
    return known.get(backend.lower(), False)


def is_torchelastic_launched() -> bool:
    """Whether torchrun started this process."""
    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def get_default_backend_for_device(device) -> str:
    """The backend that serves a kind of device."""
    kind = jtorch.device(device).type
    found = {"cpu": "gloo", "cuda": "nccl", "tpu": "xla", "xla": "xla"}.get(kind)
    if found is None:
        raise ValueError(f"Default backend not registered for device : {kind}")
    return found


def _backend(name: str | None) -> tuple[str, str]:
    """The backend a caller means, by name and as a table of devices."""
    if name is None:
        return "undefined", "cpu:gloo,cuda:nccl"
    name = name.lower()
    parts = dict(part.split(":") for part in name.split(",")) if ":" in name else {"cpu": name, "cuda": name}
    for part in set(parts.values()):
        if part == "mpi":
            raise RuntimeError("Distributed package doesn't have MPI built in. MPI is only included if you build PyTorch from source on a host that has MPI installed: use backend='gloo'.")  # fmt: skip
        if part == "nccl" and not is_nccl_available():
            raise RuntimeError(
                "Distributed package doesn't have NCCL built in: JAX finds no GPU here; use backend='gloo'"
            )
        if not is_backend_available(part):
            raise ValueError(f"Invalid backend: '{part}': jtorch has 'gloo', 'nccl' (with a GPU) and 'xla'")
    return (name if ":" not in name else "undefined"), ",".join(f"{device}:{part}" for device, part in parts.items())


def init_process_group(
    backend: str | None = None, init_method: str | None = None, timeout: timedelta | None = None, world_size: int = -1, rank: int = -1,
    store: Store | None = None, group_name: str = "", pg_options=None, device_id=None,
) -> None:  # fmt: skip
    """Join the processes of a job; each calls this once, at any time, also after computing.

    Addresses are `env://` (the default: RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), `tcp://host:port` and `file:///path`; or `store` is given, with
    rank and number of processes. Backends 'gloo' and 'xla' take tensors of all devices, 'nccl' as well where there is a GPU: numbers cross between
    processes through the memory of the host. A process alone uses no network.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> x = torch.ones(2); dist.all_reduce(x); x
    tensor([1., 1.])
    >>> dist.destroy_process_group()
    """
    if _Groups.default is not None:
        raise ValueError("trying to initialize the default process group twice!")
    if store is not None and init_method is not None:
        raise AssertionError("Cannot specify both init_method and store.")
    if timeout is not None and not isinstance(timeout, timedelta):
        raise TypeError(f"Expected timeout argument to be of type datetime.timedelta, got {timeout}")
    name, table = _backend(backend)
    timeout = timeout or default_pg_timeout
    if store is not None:
        if world_size <= 0:
            raise AssertionError("world_size must be positive if using store")
        if rank < 0:
            raise AssertionError("rank must be non-negative if using store")
    else:
        store, rank, world_size = next(rendezvous(init_method or "env://", rank, world_size, timeout=timeout))
        store.set_timeout(timeout)
    if not 0 <= rank < world_size:
        raise ValueError(f"rank {rank} is not one of {world_size} processes")
    world = None
    if world_size > 1:
        from jtorch.distributed.world import World

        _Groups.generation += 1
        store = PrefixStore(f"default_pg/{_Groups.generation}", store)  # the table may be that of an earlier group
        world = World(store, rank, world_size, timeout)
    _Groups.joined, _Groups.count = world, 0
    made = _make(range(world_size), name, store, world, rank, timeout)
    made.table, made.root_store = table, store
    _Groups.default = made


def _make(ranks, backend, store, world, own_rank, timeout, name: str | None = None) -> ProcessGroup:
    name = name or str(_Groups.count)
    _Groups.count += name == str(_Groups.count)
    made = ProcessGroup(ranks, name, backend, PrefixStore(name, store), world, own_rank, timeout)
    _Groups.named[name] = made
    return made


def destroy_process_group(group=None) -> None:
    """Leave a group, or with none given all of them and the job."""
    if group == GroupMember.NON_GROUP_MEMBER:
        return
    if _Groups.default is None:
        raise AssertionError("Process group cannot be None")
    if group is not None and group is not _Groups.default:
        if _Groups.named.pop(group.group_name, None) is None:
            raise ValueError("Invalid process group specified or has been destroyed")
        return
    store = _Groups.default.root_store
    _Groups.named.clear()
    _Groups.default = None
    if _Groups.joined is not None:
        _Groups.joined.close()
        _Groups.joined = None
    while isinstance(store, PrefixStore):
        store = store.underlying_store
    if isinstance(store, FileStore):
        store.leave()


def _default() -> ProcessGroup:
    if _Groups.default is None:
        raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")
    return _Groups.default


def resolve(group) -> ProcessGroup | None:
    """The group meant; None where this process is not in it."""
    found = _default() if group is None else group
    return None if found == GroupMember.NON_GROUP_MEMBER else found


def warn_not_in_group(name: str) -> None:
    logging.getLogger("torch.distributed.distributed_c10d").warning(
        "Running %s on global rank %s which does not belong to the given group.", name, _default().rank()
    )


def get_rank(group=None) -> int:
    """This process's rank in a group; -1 outside of it."""
    found = resolve(group)
    _default()
    return -1 if found is None else found.rank()


def get_world_size(group=None) -> int:
    """The number of processes of a group; -1 outside of it."""
    found = resolve(group)
    _default()
    return -1 if found is None else found.size()


def get_node_local_rank(fallback_rank: int | None = None) -> int:
    """The rank of this process among those of its machine: LOCAL_RANK."""
    if "LOCAL_RANK" in os.environ:
        return int(os.environ["LOCAL_RANK"])
    if fallback_rank is not None:
        return int(fallback_rank)
    raise RuntimeError("LOCAL_RANK is not in the environment. Consider passing fallback_rank to allow `get_node_local_rank` to work, assuming you are not running in a multi-device context and want the code to run locally instead.")  # fmt: skip


def get_backend(group=None) -> str:
    """The name of a group's backend."""
    found = resolve(group)
    if found is None:
        raise ValueError("Invalid process group specified")
    return Backend(found.backend)


def get_backend_config(group=None) -> str:
    """Which backend serves which device."""
    found = resolve(group)
    if found is None:
        raise ValueError("Invalid process group specified")
    return found.table


def get_pg_count() -> int:
    return len(_Groups.named)


def get_process_group_ranks(group) -> list[int]:
    """The ranks, in the whole job, of a group's processes."""
    found = resolve(group)
    return [] if found is None else list(found.ranks)


def get_group_rank(group, global_rank: int) -> int:
    """The rank in a group of the process with this rank in the whole job."""
    if global_rank not in group.ranks:
        raise ValueError(f"Global rank {global_rank} is not part of group {group}")
    return group.ranks.index(global_rank)


def get_global_rank(group, group_rank: int) -> int:
    """The rank in the whole job of the process with this rank in a group."""
    if group is _Groups.default:
        return group_rank
    if not 0 <= group_rank < len(group.ranks):
        raise ValueError(f"Group rank {group_rank} is not part of group {group}")
    return group.ranks[group_rank]


def new_group(
    ranks=None, timeout: timedelta | None = None, backend: str | None = None, pg_options=None, use_local_synchronization: bool = False,
    group_desc: str | None = None, device_id=None,
):  # fmt: skip
    """A group of some processes. All processes of the job call this, in the same order, also those outside of the group."""
    world = _default()
    ranks = sorted(range(world.size())) if ranks is None else sorted(ranks)
    if len(ranks) > world.size():
        raise ValueError(
            "the new group's world size should be less or equal to the world size set by init_process_group"
        )
    if len(set(ranks)) != len(ranks):
        raise ValueError(f"the ranks of a group must differ, got {ranks}")
    for rank in ranks:
        if not 0 <= rank < world.size():
            raise ValueError("The new group's rank should be within the world_size set by init_process_group")
    name = world.backend if backend is None else _backend(backend)[0]
    if world.rank() not in ranks:
        _Groups.count += not use_local_synchronization
        return GroupMember.NON_GROUP_MEMBER
    # Processes outside of it may not have counted it: such a group is known by its members.
    known_as = (
        f"{'_'.join(map(str, ranks))}:{sum(g.ranks == tuple(ranks) for g in _Groups.named.values())}"
        if use_local_synchronization
        else None
    )
    made = _make(ranks, name, world.root_store, world.world, world.rank(), timeout or default_pg_timeout, known_as)
    made.table, made.root_store = world.table, world.root_store
    if 1 < len(ranks) < world.size():
        world.world.meet(tuple(ranks))
    if group_desc:
        made.group_desc = group_desc
    return made


def new_subgroups(
    group_size: int | None = None, group=None, timeout=None, backend=None, pg_options=None, group_desc=None
):
    """Groups of `group_size` processes in a row each: this process's own, and all."""
    if group_size is None:
        group_size = max(jtorch.cuda.device_count(), 1)
    size = get_world_size()
    if group_size <= 0:
        raise ValueError(f"The arg 'group_size' ({group_size}) must be positive")
    if size < group_size:
        raise ValueError(f"The arg 'group_size' ({group_size}) must not exceed the world size ({size})")
    if size % group_size:
        raise ValueError(f"The world size ({size}) must be divisible by 'group_size={group_size}'")
    rows = [list(range(start, start + group_size)) for start in range(0, size, group_size)]
    return new_subgroups_by_enumeration(rows, timeout, backend, pg_options, group_desc)


def new_subgroups_by_enumeration(ranks_per_subgroup_list, timeout=None, backend=None, pg_options=None, group_desc=None):
    """Groups of the ranks listed, which must not overlap: this process's own, and all."""
    if not ranks_per_subgroup_list:
        raise ValueError("The arg 'ranks_per_subgroup_list' cannot be empty")
    seen: set[int] = set()
    own, groups = None, []
    for ranks in ranks_per_subgroup_list:
        if seen & set(ranks):
            raise ValueError("The subgroups must not overlap")
        seen |= set(ranks)
        made = new_group(ranks, timeout, backend, pg_options, group_desc=group_desc)
        groups.append(made)
        if get_rank() in ranks:
            own = made
    return own, groups
