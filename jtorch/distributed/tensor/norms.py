"""The norm of many DTensors together, for clipping."""

import jtorch
from jtorch import distributed as dist
from jtorch.distributed.tensor._api import DTensor
from jtorch.distributed.tensor.placement_types import Replicate, Shard

_REDUCTIONS = {float("inf"): dist.ReduceOp.MAX, float("-inf"): dist.ReduceOp.MIN}


def total_norm(tensors, order: float, whole=None) -> DTensor:
    """The norm of DTensors as one vector, with the norm of tensors that every process has; replicated.

    Tensors that lie alike are summed in each process first, and once over the processes.
    """
    groups: dict = {}
    for tensor in tensors:
        if any(p.is_partial() for p in tensor.placements):
            tensor = tensor.redistribute(placements=[Replicate() if p.is_partial() else p for p in tensor.placements])
        cut = tuple(isinstance(p, Shard) for p in tensor.placements)
        groups.setdefault((tensor.device_mesh, cut), []).append(tensor._local_tensor)
    norms = [] if whole is None else [whole]
    for (mesh, cut), here in groups.items():
        full = [t for t in here if t.numel()]
        empty = here[0].new_zeros(()) if order != float("-inf") else here[0].new_full((), float("inf"))
        norm = jtorch.nn.utils.get_total_norm(full, order) if full else empty
        for d, is_cut in enumerate(cut):
            if is_cut:
                norm = _over(norm, order, mesh.get_group(d))
        norms.append(norm)
    made = norms[0] if len(norms) == 1 else jtorch.nn.utils.get_total_norm(norms, order)
    mesh = tensors[0].device_mesh
    return DTensor._make(made, mesh, (Replicate(),) * mesh.ndim, ())


def _over(norm, order: float, group):
    """The norm of the norms of a group's processes."""
    if order in _REDUCTIONS or order == 0:
        norm = norm.clone()
        dist.all_reduce(norm, _REDUCTIONS.get(order, dist.ReduceOp.SUM), group)
        return norm
    powers = norm**order
    dist.all_reduce(powers, group=group)
    return powers ** (1 / order)
