"""DTensors that are made new: filled, or random."""

import jtorch
from jtorch.distributed.device_mesh import default_mesh
from jtorch.distributed.tensor._api import DTensor, _normal, distribute_tensor
from jtorch.distributed.tensor.placement_types import Replicate, local_part

__all__ = ["empty", "full", "ones", "rand", "randn", "zeros"]


def _size(size) -> tuple[int, ...]:
    return tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else tuple(size)


def _made(make, size, dtype, requires_grad, device_mesh, placements):
    mesh = device_mesh or default_mesh()
    placements = _normal(placements or [Replicate()] * mesh.ndim, len(size), mesh)
    shape, _ = local_part(size, mesh, placements)
    device = "cpu" if mesh.device_type == "cpu" else mesh.device_type
    return DTensor._make(make(shape, dtype=dtype, device=device), mesh, placements, size).requires_grad_(requires_grad)


def zeros(*size, requires_grad=False, dtype=None, layout=None, device_mesh=None, placements=None) -> DTensor:
    """A DTensor of zeros of a (whole) size."""
    return _made(jtorch.zeros, _size(size), dtype, requires_grad, device_mesh, placements)


def ones(*size, dtype=None, layout=None, requires_grad=False, device_mesh=None, placements=None) -> DTensor:
    """A DTensor of ones of a (whole) size."""
    return _made(jtorch.ones, _size(size), dtype, requires_grad, device_mesh, placements)


def empty(*size, dtype=None, layout=None, requires_grad=False, device_mesh=None, placements=None) -> DTensor:
    """An uninitialised DTensor of a (whole) size."""
    return _made(jtorch.empty, _size(size), dtype, requires_grad, device_mesh, placements)


def full(
    size, fill_value, *, dtype=None, layout=None, requires_grad=False, device_mesh=None, placements=None
) -> DTensor:
    """A DTensor of one value."""

    def make(shape, dtype, device):
        return jtorch.full(shape, fill_value, dtype=dtype, device=device)

    return _made(make, _size((size,)), dtype, requires_grad, device_mesh, placements)


def _drawn(draw, size, dtype, requires_grad, device_mesh, placements):
    mesh = device_mesh or default_mesh()
    whole = draw(_size(size), dtype=dtype)
    return distribute_tensor(whole, mesh, placements or [Replicate()] * mesh.ndim).requires_grad_(requires_grad)


def rand(*size, requires_grad=False, dtype=None, layout=None, device_mesh=None, placements=None) -> DTensor:
    """A DTensor of uniform random numbers: those that the first process of the mesh would draw alone."""
    return _drawn(jtorch.rand, size, dtype, requires_grad, device_mesh, placements)


def randn(*size, requires_grad=False, dtype=None, layout=None, device_mesh=None, placements=None) -> DTensor:
    """A DTensor of normal random numbers: those that the first process of the mesh would draw alone."""
    return _drawn(jtorch.randn, size, dtype, requires_grad, device_mesh, placements)
