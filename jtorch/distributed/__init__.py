"""torch.distributed: many processes, joined by JAX's own engine.

`process_group` says who takes part and `world` how processes are joined; `collectives`, `point_to_point` and `objects` are what they do together, by
the few programs of `programs`, in the order of `line`; `store`, `tcp_store` and `rendezvous` are how they find each other; `run` starts them.
"""

from jtorch.distributed import distributed_c10d
from jtorch.distributed.distributed_c10d import *  # noqa: F403
from jtorch.distributed.distributed_c10d import _all_gather_base, _get_default_group, _reduce_scatter_base
from jtorch.distributed.process_group import is_available
from jtorch.distributed.rendezvous import register_rendezvous_handler, rendezvous
from jtorch.distributed.store import (
    DistBackendError,
    DistError,
    DistNetworkError,
    DistStoreError,
    FileStore,
    HashStore,
    PrefixStore,
    Store,
)
from jtorch.distributed.tcp_store import TCPStore

__all__ = [
    *distributed_c10d.__all__, "DistBackendError", "DistError", "DistNetworkError", "DistStoreError", "FileStore", "HashStore", "PrefixStore",
    "Store", "TCPStore", "is_available", "register_rendezvous_handler", "rendezvous",
]  # fmt: skip


def __getattr__(name):
    if name in ("DeviceMesh", "init_device_mesh"):
        from jtorch.distributed import device_mesh

        return getattr(device_mesh, name)
    if name == "GradBucket":  # nn is built on top of this package
        from jtorch.nn.parallel.reducer import GradBucket

        return GradBucket
    raise AttributeError(
        f"module 'torch.distributed' has no attribute {name!r}: jtorch has no torch.distributed.{name}"
    )
