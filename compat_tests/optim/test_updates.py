"""Every optimizer moves its parameters, and keeps its state, as PyTorch's does."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from compat_tests.optim.record import OPTIMIZERS_FILE
from compat_tests.optim.rows import RUNS, TOLERANCE, run_optimizer

RECORDED = json.loads(OPTIMIZERS_FILE.read_text())


def check(expected, seen, tolerance):
    assert seen["repr"] == expected["repr"]
    assert seen["groups"] == expected["groups"]
    assert list(seen["state"]) == list(expected["state"])
    pairs = list(zip(expected["params"], seen["params"], strict=True))
    for number, entries in expected["state"].items():
        assert list(seen["state"][number]) == list(entries)
        pairs += [(value, seen["state"][number][key]) for key, value in entries.items()]
    for a, b in pairs:
        assert a["dtype"] == b["dtype"]
        scale = np.abs(a["values"]).max()
        np.testing.assert_allclose(b["values"], a["values"], rtol=0, atol=tolerance * max(scale, 1))


@pytest.mark.parametrize(("row", "dtype"), RUNS)
def test_steps(torch, row, dtype):
    check(RECORDED[f"{dtype} {row}"], run_optimizer(torch, row, dtype), TOLERANCE[dtype])


@pytest.mark.reference
@pytest.mark.parametrize(("row", "dtype"), RUNS)
def test_recorded_is_what_pytorch_does(row, dtype):
    import torch

    check(RECORDED[f"{dtype} {row}"], run_optimizer(torch, row, dtype), TOLERANCE[dtype])


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs(torch, search):
    # Losses before each step, and the evaluations so far: PyTorch 2.13, float64.
    expected = {
        None: ([11.065, 0.373209445, 0.0217559877], [5, 10, 15]),
        "strong_wolfe": ([11.065, 0.0223000396, 0.0203654851], [6, 10, 11]),
    }
    x = torch.nn.Parameter(torch.tensor([1.5, -1.0, 0.5], dtype=torch.float64))
    scale = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    optimizer = torch.optim.LBFGS([x], lr=0.5 if search is None else 1, max_iter=5, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = ((x - 0.3) ** 2 * scale).sum() + (x**4).sum()
        loss.backward()
        return loss

    losses, evaluations = [], []
    for _ in range(3):
        losses.append(optimizer.step(closure).item())
        evaluations.append(optimizer.state[x]["func_evals"])
    assert (losses, evaluations) == (pytest.approx(expected[search][0], rel=1e-6), expected[search][1])


@pytest.mark.jtorch_only
def test_a_step_is_one_operation_per_group(torch):
    params = [torch.nn.Parameter(torch.ones(3)) for _ in range(10)]
    optimizer = torch.optim.Adam([{"params": params[:5]}, {"params": params[5:], "lr": 0.1}])
    for _ in range(2):
        for param in params:
            param.grad = torch.ones(3)
        torch.engine.cut()
        before = torch.engine.statistics()["ops_recorded"]
        optimizer.step()
    assert torch.engine.statistics()["ops_recorded"] - before == 2


@pytest.mark.jtorch_only
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_a_learning_rate_that_changes_compiles_nothing(torch, name):
    x = torch.randn(4, 3)
    layer = torch.nn.Linear(3, 2)
    optimizer = getattr(torch.optim, name)(layer.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)

    def step():
        optimizer.zero_grad()
        layer(x).square().sum().backward()
        optimizer.step()
        scheduler.step()

    for _ in range(4):
        step()
    before = torch.engine.statistics()["programs_compiled"]
    for _ in range(3):
        step()
    assert torch.engine.statistics()["programs_compiled"] == before


@pytest.mark.jtorch_only
def test_on_an_accelerator_the_step_counts_stay_on_the_cpu():
    # The CPU stands in for a GPU, as a device of its own.
    code = """
import jtorch as torch
p = torch.nn.Parameter(torch.ones(2, device="cuda"))
optimizer = torch.optim.Adam([p], lr=0.1)
for _ in range(3):
    p.grad = torch.ones(2, device="cuda")
    optimizer.step()
state = optimizer.state[p]
print(p.device, state["exp_avg"].device, state["step"].device, state["step"].item(), round(p[0].item(), 4))
"""
    environment = {**os.environ, "JTORCH_CUDA": "cpu", "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    ran = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=300)
    assert ran.stdout == "cuda:0 cuda:0 cpu 3.0 0.7\n", ran.stderr
