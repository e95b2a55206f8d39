"""torch.distributed.tensor._utils: which part of a tensor a process holds."""

from jtorch.distributed.tensor.placement_types import local_part


def compute_local_shape_and_global_offset(global_shape, mesh, placements) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Shape of this process's part, and where it starts in the whole tensor."""
    return local_part(global_shape, mesh, placements)


def compute_local_shape(global_shape, mesh, placements) -> tuple[int, ...]:
    """Shape of this process's part."""
    return local_part(global_shape, mesh, placements)[0]
