"""Checkpoints of several processes: each writes the parts that it has to a file of `torch.save`, and reads what it needs of any of them.

The index says, for each tensor, which blocks of it lie in which file; so another number of processes, or another way of cutting, finds its own.
Of what several processes hold, the first writes.
"""

import os
from typing import NamedTuple

import jtorch
from jtorch import distributed as dist
from jtorch.distributed.tensor import DTensor, Replicate
from jtorch.distributed.tensor.placement_types import local_part


def several(values, no_dist: bool) -> bool:
    """Whether a state is one of several processes, or spread over them."""
    joined = dist.is_initialized() and dist.get_world_size() > 1
    return any(isinstance(value, DTensor) for value in values) or joined and not no_dist


class Blocks(NamedTuple):
    """What this process writes of tensors: the elements, and name -> (dtype, shape, [(file, offset, sizes), ...])."""

    file: str
    elements: dict
    places: dict


def own(tensors: dict, group=None) -> Blocks:
    """The blocks of this process, as they are now."""
    rank = dist.get_rank(group) if dist.is_initialized() else 0
    blocks = Blocks(f"part-{rank}.pt", {}, {})
    for name, tensor in tensors.items():
        found = _own(tensor, rank)
        if found is not None:
            offset, local = found
            blocks.elements[name] = local
            blocks.places[name] = (tensor.dtype, list(tensor.shape), [(blocks.file, list(offset), list(local.shape))])
    return blocks


def write(mine: Blocks, folder: str, group=None) -> dict:
    """Write the blocks of all processes; gives where they are."""
    if mine.elements:
        os.makedirs(folder, exist_ok=True)
        jtorch.save(mine.elements, os.path.join(folder, mine.file))
    blocks = mine.places
    everything: list = [blocks]
    if dist.is_initialized() and dist.get_world_size(group) > 1:
        everything = [None] * dist.get_world_size(group)
        dist.all_gather_object(everything, blocks, group)
    index: dict = {}
    for each in everything:
        for name, (dtype, shape, found) in each.items():
            index.setdefault(name, (dtype, shape, []))[2].extend(found)
    return index


def _own(tensor, rank: int):
    """The block of a tensor that this process writes: (offset, elements), or None."""
    if not isinstance(tensor, DTensor):
        return ((0,) * tensor.ndim, tensor.detach().contiguous().clone()) if rank == 0 else None
    place = tensor.device_mesh.get_coordinate()
    if any(p.is_partial() for p in tensor.placements):
        tensor = tensor.redistribute(placements=[Replicate() if p.is_partial() else p for p in tensor.placements])
    if place is None or any(p.is_replicate() and place[d] for d, p in enumerate(tensor.placements)):
        return None
    _, offset = local_part(tensor.shape, tensor.device_mesh, tensor.placements)
    local = tensor._local_tensor.detach()
    return (offset, local.contiguous().clone()) if local.numel() or not tensor.numel() else None


def read(index: dict, wanted: dict, folder: str) -> dict:
    """The tensors wanted, each lying as the one it is for."""
    files: dict = {}
    made = {}
    for name, tensor in wanted.items():
        dtype, _, blocks = index[name]
        shape, offset = tuple(tensor.shape), (0,) * tensor.ndim
        if isinstance(tensor, DTensor):
            shape, offset = local_part(tensor.shape, tensor.device_mesh, tensor.placements)
        local = jtorch.empty(shape, dtype=dtype)
        for file, start, sizes in blocks:
            low = [max(a, b) for a, b in zip(offset, start, strict=True)]
            high = [min(a + n, b + m) for a, n, b, m in zip(offset, shape, start, sizes, strict=True)]
            if any(a >= b for a, b in zip(low, high, strict=True)):
                continue
            if file not in files:
                files[file] = jtorch.load(os.path.join(folder, file), weights_only=True)
            here = tuple(slice(a - o, b - o) for a, b, o in zip(low, high, offset, strict=True))
            there = tuple(slice(a - o, b - o) for a, b, o in zip(low, high, start, strict=True))
            if here:
                local[here] = files[file][name][there]
            else:
                local.copy_(files[file][name])
        made[name] = tensor._like(local) if isinstance(tensor, DTensor) else local
    return made
