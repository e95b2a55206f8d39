"""torch.distributed.tensor: tensors spread over a mesh of processes."""

from jtorch.distributed.device_mesh import DeviceMesh, init_device_mesh  # noqa: F401
from jtorch.distributed.tensor import placement_types  # noqa: F401
from jtorch.distributed.tensor._api import DTensor, distribute_module, distribute_tensor
from jtorch.distributed.tensor._creation import empty, full, ones, rand, randn, zeros
from jtorch.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard

__all__ = [
    "DTensor", "distribute_tensor", "distribute_module", "Shard", "Replicate", "Partial", "Placement", "ones", "empty", "full", "rand", "randn", "zeros",
]  # fmt: skip
