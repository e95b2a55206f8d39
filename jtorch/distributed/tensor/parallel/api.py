"""`parallelize_module`: a plan of styles, applied to a module."""

import warnings
from fnmatch import fnmatch

from jtorch.distributed.device_mesh import default_mesh
from jtorch.distributed.tensor.parallel.style import ParallelStyle

__all__ = ["parallelize_module"]


def parallelize_module(module, device_mesh=None, parallelize_plan=None, *, src_data_rank: int | None = 0):
    """Spread a module over a one-dimensional mesh: by one style, or by a dict of paths of submodules ("layers.*.w1") and their styles.

    >>> import jtorch as torch, jtorch.distributed as dist
    >>> from jtorch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
    >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4))
    >>> net = parallelize_module(net, dist.init_device_mesh("cpu", (1,)), {"0": ColwiseParallel(), "2": RowwiseParallel()})
    >>> net[0].weight.placements, net[2].weight.placements, net(torch.ones(2, 4)).shape
    ((Shard(dim=0),), (Shard(dim=1),), torch.Size([2, 4]))
    >>> dist.destroy_process_group()
    """
    mesh = device_mesh or default_mesh()
    if mesh.ndim > 1:
        raise ValueError(
            f"Currently only one-dimensional DeviceMesh is supported, but got {mesh}: take a part of it, as mesh['tp']"
        )
    if parallelize_plan is None:
        warnings.warn("No parallelize_plan is provided and auto-parallel is not supported at the moment, so this parallelize_module call will do nothing.", stacklevel=2)  # fmt: skip
        return module
    if isinstance(parallelize_plan, ParallelStyle):
        parallelize_plan.src_data_rank = src_data_rank
        return parallelize_plan._apply(module, mesh)
    if not isinstance(parallelize_plan, dict):
        raise TypeError(
            f"Expect Union[ParallelStyle, Dict[str, ParallelStyle]] for parallelize_plan, {type(parallelize_plan)} found!"
        )
    for path, style in parallelize_plan.items():
        found = _matching(module, path.split("."))
        if not found:
            warnings.warn(
                f"Parallelize plan key '{path}' could not be resolved: no submodule matching token '{path.split('.')[0]}' in module {module}",
                stacklevel=2,
            )
        for part in found:
            parallelize_module(part, mesh, style, src_data_rank=src_data_rank)
    return module


def _matching(module, path) -> list:
    if not path or path == [""]:
        return [module]
    return [
        found
        for name, child in module.named_children()
        if fnmatch(name, path[0])
        for found in _matching(child, path[1:])
    ]
