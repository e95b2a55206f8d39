"""A trainer class: accumulated and clipped gradients, callbacks, early stopping, mixed precision, a checkpoint to go on from."""

import os
import random
import tempfile
from collections import defaultdict

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def seed_everything(seed):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.use_deterministic_algorithms(True)


class EarlyStopping:
    def __init__(self, monitor, patience):
        self.monitor, self.patience, self.wait, self.best = monitor, patience, 0, float("inf")

    def on_epoch_end(self, trainer):
        self.wait = 0 if trainer.metrics[self.monitor] < self.best else self.wait + 1
        self.best = min(self.best, trainer.metrics[self.monitor])
        trainer.should_stop = self.wait >= self.patience


class Trainer:
    def __init__(self, max_epochs, callbacks=(), accumulate=2, clip=1.0, precision="32", checkpoint=None):
        self.max_epochs, self.callbacks, self.accumulate, self.clip = max_epochs, callbacks, accumulate, clip
        self.precision, self.checkpoint = precision, checkpoint
        self.epoch = self.global_step = 0
        self.should_stop = False

    def fit(self, module, train, val, resume=None):
        self.module, self.opt = module, torch.optim.AdamW(module.parameters(), lr=1e-2)
        self.sched = torch.optim.lr_scheduler.OneCycleLR(self.opt, 2e-2, total_steps=60)
        if resume is not None:
            self.load(resume)
        while self.epoch < self.max_epochs and not self.should_stop:
            logged = defaultdict(list)
            module.train()
            for i, (x, y) in enumerate(train):
                with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.precision == "bf16"):
                    loss = nn.functional.huber_loss(module(x), y)
                (loss / self.accumulate).backward()
                logged["train"].append(loss.detach())
                if (i + 1) % self.accumulate == 0:
                    nn.utils.clip_grad_norm_(module.parameters(), self.clip, error_if_nonfinite=True)
                    self.opt.step()
                    self.opt.zero_grad()
                    self.sched.step()
                    self.global_step += 1
            module.eval()
            with torch.no_grad():
                for x, y in val:
                    logged["val"].append(nn.functional.huber_loss(module(x), y))
            self.metrics = {k: torch.stack(v).mean().item() for k, v in logged.items()}
            self.epoch += 1
            found = " ".join(f"{k}={v:.4f}" for k, v in self.metrics.items())
            print(f"epoch {self.epoch} step {self.global_step} {found} lr={self.sched.get_last_lr()[0]:.5f}")
            for callback in self.callbacks:
                callback.on_epoch_end(self)
            if self.checkpoint:
                self.save(self.checkpoint)

    def save(self, path):
        states = {k: getattr(self, k).state_dict() for k in ("module", "opt", "sched")}
        rng = {"torch": torch.get_rng_state(), "numpy": np.random.get_state(), "python": random.getstate()}
        torch.save({"epoch": self.epoch, "global_step": self.global_step, "rng": rng, **states}, path)

    def load(self, path):
        state = torch.load(path, map_location="cpu", weights_only=False)
        self.epoch, self.global_step = state["epoch"], state["global_step"]
        for name in ("module", "opt", "sched"):
            getattr(self, name).load_state_dict(state[name])
        torch.set_rng_state(state["rng"]["torch"])
        np.random.set_state(state["rng"]["numpy"])
        random.setstate(state["rng"]["python"])


def fresh():
    return nn.Sequential(nn.Linear(5, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, 1))


def loaders():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(96, 5, generator=g)
    y = (x[:, :2].prod(1) + x[:, 2].sin()).unsqueeze(1)
    return DataLoader(TensorDataset(x[:64], y[:64]), 16, shuffle=True), DataLoader(TensorDataset(x[64:], y[64:]), 32)


with tempfile.TemporaryDirectory() as folder:
    last = os.path.join(folder, "last.ckpt")
    seed_everything(0)
    straight = Trainer(4, [EarlyStopping("val", patience=3)])
    straight.fit(fresh(), *loaders())
    seed_everything(0)
    Trainer(2, checkpoint=last).fit(fresh(), *loaders())
    seed_everything(99)
    resumed = Trainer(4)
    resumed.fit(fresh(), *loaders(), resume=last)
    same = all(map(torch.equal, straight.module.state_dict().values(), resumed.module.state_dict().values()))
    print("going on from the checkpoint equals one run:", same)
    state = torch.load(last, weights_only=False)
    print(sorted(state), state["opt"]["state"][0].keys(), sorted(state["opt"]["param_groups"][0]))
    try:
        torch.load(last)
    except Exception as error:
        print(type(error).__name__)
seed_everything(1)
Trainer(1, precision="bf16").fit(fresh(), *loaders())
