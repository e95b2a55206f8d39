"""Python objects between processes: pickles, which travel through the group's store.

As in torch, unpickling runs what the sender wrote: only for processes that trust each other.
"""

import pickle

from jtorch.distributed.captured import refuse
from jtorch.distributed.collectives import root
from jtorch.distributed.point_to_point import wait_for
from jtorch.distributed.process_group import resolve, warn_not_in_group


def _turn(group) -> str:
    refuse("a collective of objects")
    group.turns += 1
    return f"objects/{group.turns}"


def _give(group, key: str, value) -> None:
    group.store.set(key, pickle.dumps(value))


def _take(group, key: str, readers: int):
    """What was given under a key, which the last reader removes."""
    wait_for(group, key, group.timeout, "the object of another process: it has not called the same function")
    found = pickle.loads(group.store.get(key))
    if readers == 1 or group.store.add(f"{key}/read", 1) == readers:
        group.store.delete_key(key)
        group.store.delete_key(f"{key}/read")
    return found


def all_gather_object(object_list: list, obj, group=None) -> None:
    """Write the objects of all processes, by rank, into a list of as many places."""
    found = resolve(group)
    if found is None:
        return warn_not_in_group("all_gather_object")
    place = _turn(found)
    _give(found, f"{place}/{found.rank()}", obj)
    for rank in range(found.size()):
        object_list[rank] = _take(found, f"{place}/{rank}", found.size())


def gather_object(
    obj, object_gather_list: list | None = None, dst: int | None = None, group=None, group_dst: int | None = None
) -> None:
    """Write the objects of all processes, by rank, into a list on `dst`."""
    found = resolve(group)
    if found is None:
        return warn_not_in_group("gather_object")
    to = root(found, 0 if dst is None and group_dst is None else dst, group_dst, "dst")
    here = to == found.rank()
    if here and not object_gather_list:
        raise ValueError("Argument ``object_gather_list`` must be specified on destination rank.")
    if not here and object_gather_list:
        raise ValueError("Argument ``object_gather_list`` must NOT be specified on non-destination ranks.")
    place = _turn(found)
    _give(found, f"{place}/{found.rank()}", obj)
    if here:
        for rank in range(found.size()):
            object_gather_list[rank] = _take(found, f"{place}/{rank}", 1)  # type: ignore[index]


def broadcast_object_list(
    object_list: list, src: int | None = None, group=None, device=None, group_src: int | None = None
) -> None:
    """Write the objects of `src`'s list into the lists of all processes."""
    found = resolve(group)
    if found is None:
        return warn_not_in_group("broadcast_object_list")
    origin = root(found, 0 if src is None and group_src is None else src, group_src)
    place = _turn(found)
    if origin == found.rank():
        if found.size() > 1:
            _give(found, place, list(object_list))
        return None
    got = _take(found, place, found.size() - 1)
    if len(got) != len(object_list):
        raise ValueError(f"broadcast_object_list: the list has {len(object_list)} places for {len(got)} objects")
    object_list[:] = got
    return None


def scatter_object_list(
    scatter_object_output_list: list, scatter_object_input_list: list | None = None, src: int | None = None, group=None, group_src: int | None = None,
) -> None:  # fmt: skip
    """Write object i of `src`'s list into the first place of process i's list."""
    found = resolve(group)
    if found is None:
        return warn_not_in_group("scatter_object_list")
    if not isinstance(scatter_object_output_list, list) or len(scatter_object_output_list) < 1:
        raise ValueError("Expected argument scatter_object_output_list to be a list of size at least 1.")
    origin = root(found, 0 if src is None and group_src is None else src, group_src)
    place = _turn(found)
    if origin == found.rank():
        if scatter_object_input_list is None:
            raise ValueError("source rank must provide non-None scatter_object_input_list")
        if len(scatter_object_input_list) != found.size():
            raise ValueError(
                f"scatter_object_list: {len(scatter_object_input_list)} objects for {found.size()} processes"
            )
        for rank, value in enumerate(scatter_object_input_list):
            _give(found, f"{place}/{rank}", value)
    scatter_object_output_list[0] = _take(found, f"{place}/{found.rank()}", 1)
    return None


def send_object_list(
    object_list: list,
    dst: int | None = None,
    group=None,
    device=None,
    group_dst: int | None = None,
    use_batch: bool = False,
) -> None:
    """Send objects to a process, which calls `recv_object_list`."""
    found = resolve(group)
    if found is None:
        return warn_not_in_group("send_object_list")
    to = root(found, dst, group_dst, "dst")
    if to == found.rank():
        raise ValueError(
            "Invalid destination rank: destination rank should not be the same as the rank of the current process."
        )
    count = found.sent[to, "objects"] = found.sent.get((to, "objects"), 0) + 1
    _give(found, f"objects/{found.rank()}/{to}/{count}", list(object_list))
    return None


def recv_object_list(
    object_list: list,
    src: int | None = None,
    group=None,
    device=None,
    group_src: int | None = None,
    use_batch: bool = False,
) -> int:
    """Receive objects from a process into a list of as many places; returns its rank."""
    found = resolve(group)
    if found is None:
        warn_not_in_group("recv_object_list")
        return -1
    origin = root(found, src, group_src)
    count = found.received[origin, "objects"] = found.received.get((origin, "objects"), 0) + 1
    object_list[:] = _take(found, f"objects/{origin}/{found.rank()}/{count}", 1)
    return found.ranks[origin]
