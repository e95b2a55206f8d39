"""The process behind one side: builds a workload on its device and times steps."""

import json
import os
import sys
import time

import numpy as np


def inputs(workload, sizes):
    """Four batches: tokens and those that follow, or images and their labels."""
    rng = np.random.default_rng(0)
    if workload == "gpt2":
        texts = [rng.integers(0, sizes["words"], (sizes["batch"], sizes["length"] + 1)) for _ in range(4)]
        return [(text[:, :-1].copy(), text[:, 1:].copy()) for text in texts]
    pixels = sizes["pixels"]
    shape = (sizes["batch"], pixels, pixels) if workload == "unet" else (sizes["batch"],)
    images = [rng.standard_normal((sizes["batch"], 3, pixels, pixels), np.float32) for _ in range(4)]
    return [(image, rng.integers(0, sizes["classes"], shape)) for image in images]


def torch_step(side, workload, sizes, device):
    if side in ("jtorch", "captured"):
        import jtorch.compat

        jtorch.compat.install()
    import torch

    from . import torch_models

    if device != "cpu":
        torch.set_float32_matmul_precision("high")
    step = torch_models.WORKLOADS[workload](device, **sizes)
    if side == "captured":
        step = torch.capture(step)
    if side == "torch.compile":
        step = torch.compile(step)
    data = [tuple(torch.from_numpy(array).to(device) for array in pair) for pair in inputs(workload, sizes)]
    return lambda i: step(*data[i % 4]), float


def flax_step(workload, sizes, device):
    import jax
    import jax.numpy as jnp

    from . import flax_models

    step = flax_models.WORKLOADS[workload](**sizes)
    last = getattr(step, "channels_last", False)
    data = [
        (jnp.asarray(x.transpose(0, 2, 3, 1) if last else x.astype(np.int32)), jnp.asarray(y, jnp.int32))
        for x, y in inputs(workload, sizes)
    ]
    return lambda i: step(*data[i % 4]), lambda loss: float(jax.device_get(loss))


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not look like an answer
    side, workload, device, sizes = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    begun = time.perf_counter()
    step, look = flax_step(workload, sizes, device) if side == "flax" else torch_step(side, workload, sizes, device)
    losses = [look(step(i)) for i in range(6)]
    ready = time.perf_counter() - begun
    answers.write(json.dumps({"losses": losses, "ready": ready}) + "\n")
    answers.flush()
    for line in sys.stdin:
        count = int(line)
        begun = time.perf_counter()
        for i in range(count):
            loss = step(i)
        look(loss)  # waits for the device
        answers.write(json.dumps((time.perf_counter() - begun) / count) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
