"""Training that two_hosts.py starts on two hosts: DistributedDataParallel, a checkpoint every third step, and a worker that is killed in between.

`resumed.py FOLDER [RANK STEP]`: before that step, in the first round, the worker of that rank is killed.
"""

import os
import signal
import sys
import time
from pathlib import Path

STEPS, EVERY = 10, 3


def model_and_optimizer(torch, rank: int, wrapped=lambda model: model):
    torch.manual_seed(rank)
    nn = torch.nn
    model = wrapped(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)).double())
    return model, torch.optim.Adam(model.parameters(), lr=0.05)


def loss_of(torch, model, step: int, rank: int):
    generator = torch.Generator().manual_seed(100 * step + rank)
    x = torch.randn(8, 4, dtype=torch.float64, generator=generator)
    return (model(x) - x.sum(1, keepdim=True)).pow(2).mean()


def flat(torch, model) -> list[float]:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()


def alone(torch, ranks: int) -> list[float]:
    """The parameters that so many ranks end with, from one process."""
    model, optimizer = model_and_optimizer(torch, 0)
    for step in range(STEPS):
        optimizer.zero_grad()
        sum(loss_of(torch, model, step, rank) for rank in range(ranks)).div(ranks).backward()
        optimizer.step()
    return flat(torch, model)


def main(folder: Path, victim: int = -1, fatal: int = -1) -> None:
    import torch
    import torch.distributed as dist

    dist.init_process_group("gloo")
    rank, first_time = dist.get_rank(), os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
    model, optimizer = model_and_optimizer(torch, rank, torch.nn.parallel.DistributedDataParallel)
    checkpoint, begin = folder / "checkpoint.pt", 0
    if checkpoint.exists():
        found = torch.load(checkpoint)
        model.load_state_dict(found["model"])
        optimizer.load_state_dict(found["optimizer"])
        begin = found["step"]
    print(f"rank {rank} of {dist.get_world_size()} begins at step {begin}", flush=True)
    for step in range(begin, STEPS):
        if first_time and rank == victim and step == fatal:
            (folder / "killed").write_text(str(time.time()))
            os.kill(os.getpid(), signal.SIGKILL)
        optimizer.zero_grad()
        loss = loss_of(torch, model, step, rank)
        loss.backward()
        optimizer.step()
        if rank == 0 and (step + 1) % EVERY == 0:
            print(f"loss {loss.item():.3f}", flush=True)
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            torch.save(state, f"{checkpoint}.new")
            os.replace(f"{checkpoint}.new", checkpoint)
    (folder / f"parameters-{rank}.txt").write_text(repr(flat(torch, model)))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
