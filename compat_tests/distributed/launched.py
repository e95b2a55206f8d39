"""Functions that workers run which the launcher starts."""

import sys

import jtorch as torch
import jtorch.distributed as dist
from jtorch.distributed import checkpoint as dcp
from jtorch.distributed.launcher.api import ChildFailedError, LaunchConfig, elastic_launch


def saved(folder: str):
    """Save in the background while collectives go on and values change; then read what was saved, cut otherwise."""
    from jtorch.distributed.tensor import Replicate, Shard, distribute_tensor

    dist.init_process_group("gloo")
    mesh = dist.init_device_mesh("cpu", (2,))
    state = {"x": distribute_tensor(torch.arange(6.0), mesh, [Shard(0)]), "y": torch.ones(2), "step": 3}
    saving = dcp.async_save(state, checkpoint_id=folder)
    total = torch.zeros(1)
    for i in range(20):
        state["x"].mul_(0)
        total += i
        dist.all_reduce(total, dist.ReduceOp.MAX)
    saving.result(60)
    back = {"x": distribute_tensor(torch.zeros(6), mesh, [Replicate()]), "y": torch.zeros(2), "step": 0}
    dcp.load(back, checkpoint_id=folder)
    return back["x"].to_local().tolist(), back["y"].tolist(), back["step"], total.item(), dist.get_rank()


def failing():
    dist.init_process_group("gloo")
    if dist.get_rank() == 1:
        raise ValueError("no luck today")
    dist.barrier()


if __name__ == "__main__":
    config = LaunchConfig(1, 1, 2, max_restarts=0)
    print(elastic_launch(config, saved)(sys.argv[1]))
    print(elastic_launch(config, "/bin/echo")("echoed"))
    try:
        elastic_launch(config, failing)()
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        print("failed", rank, failure.message.splitlines()[-1])
