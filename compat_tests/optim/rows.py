"""Optimizers with options, run for a few steps on fixed gradients; schedules, run for a few epochs."""

import warnings

import numpy as np

OPTIMIZERS = [
    "SGD(lr=0.1)",
    "SGD(lr=0.1, momentum=0.9)",
    "SGD(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)",
    "SGD(lr=0.1, momentum=0.9, dampening=0.3, maximize=True, weight_decay=0.1)",
    "Adam(lr=0.01)",
    "Adam(lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1, amsgrad=True)",
    "AdamW(lr=0.01)",
    "AdamW(lr=0.01, amsgrad=True, weight_decay=0.5, maximize=True)",
    "RMSprop(lr=0.01)",
    "RMSprop(lr=0.01, momentum=0.9, centered=True, weight_decay=0.1)",
    "Adagrad(lr=0.01, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5)",
    "Adadelta(lr=0.5, rho=0.8, weight_decay=0.1)",
    "Adamax(lr=0.01, weight_decay=0.1)",
    "NAdam(lr=0.01, weight_decay=0.1, decoupled_weight_decay=True)",
    "RAdam(lr=0.01, weight_decay=0.1)",
    "ASGD(lr=0.01, weight_decay=0.1, t0=3, lambd=0.01)",
    "Rprop(lr=0.01)",
    "Adafactor(lr=0.01, weight_decay=0.1)",
]
# Rows with two groups, where one parameter has no gradient at first, and which run in every dtype. The others have less
# to show and cost a compilation each.
THOROUGH = ["SGD(lr=0.1, momentum=0.9)", "Adam(lr=0.01)"]
DTYPES = ["float32", "float64", "complex64"]
RUNS = [(row, dtype) for row in OPTIMIZERS for dtype in (DTYPES if row in THOROUGH else DTYPES[:1])]
TOLERANCE = {"float32": 1e-6, "float64": 1e-14, "complex64": 1e-6}

SCHEDULES = [
    "LambdaLR(o, lambda epoch: 0.9**epoch)",
    "MultiplicativeLR(o, lambda epoch: 0.95)",
    "StepLR(o, 3, 0.5)",
    "MultiStepLR(o, [2, 5, 5, 9], 0.3)",
    "ConstantLR(o)",
    "LinearLR(o, 0.2, 0.9, 7)",
    "ExponentialLR(o, 0.9)",
    "PolynomialLR(o, 6, 2.0)",
    "CosineAnnealingLR(o, 4, 0.01)",
    "CosineAnnealingWarmRestarts(o, 3, 2)",
    "CyclicLR(o, 0.01, 0.1, 3, 4)",
    "CyclicLR(o, 0.01, 0.1, 3, mode='triangular2')",
    "CyclicLR(o, [0.01, 0.02], [0.1, 0.2], 3, mode='exp_range', gamma=0.9, cycle_momentum=False)",
    "OneCycleLR(o, 0.1, total_steps=20)",
    "OneCycleLR(o, 0.1, total_steps=20, three_phase=True, anneal_strategy='linear')",
    "SequentialLR(o, [s.LinearLR(o, 0.1, 1.0, 3), s.CosineAnnealingLR(o, 10), s.ExponentialLR(o, 0.5)], [3, 10])",
    "ChainedScheduler([s.LinearLR(o, 0.1, 1.0, 3), s.ExponentialLR(o, 0.9)])",
    "ReduceLROnPlateau(o, patience=2, cooldown=1, min_lr=[0.01, 0.02])",
]


def parameters(torch, dtype):
    numbers = np.random.default_rng(0)
    return [torch.nn.Parameter(torch.tensor(_draw(numbers, shape, dtype))) for shape in ((3, 4), (5,), (), (2, 3, 2))]


def _draw(numbers, shape, dtype):
    drawn = numbers.standard_normal(shape)
    if "complex" in dtype:
        drawn = drawn + 1j * numbers.standard_normal(shape)
    return np.asarray(drawn).astype(dtype)


def run_optimizer(torch, row, dtype):
    """Parameters and state after seven steps."""
    params = parameters(torch, dtype)
    name, _, options = row.partition("(")
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.05}] if row in THOROUGH else params
    optimizer = eval(f"{name}(groups, {options}", {**vars(torch.optim), "groups": groups})
    numbers = np.random.default_rng(1)
    for step in range(7):
        for i, param in enumerate(params):
            grad = torch.tensor(_draw(numbers, tuple(param.shape), dtype))
            param.grad = None if i == 1 and step < 2 and row in THOROUGH else grad
        optimizer.step()
    state = optimizer.state_dict()
    return {
        "repr": repr(optimizer),
        "groups": [list(group) for group in state["param_groups"]],
        "params": [_numbers(param) for param in params],
        "state": {
            str(number): {key: _numbers(value) for key, value in entries.items()}
            for number, entries in state["state"].items()
        },
    }


def _numbers(value):
    array = np.atleast_1d(value.detach().numpy())
    parts = [array.real, array.imag] if np.iscomplexobj(array) else [array]
    return {"dtype": str(array.dtype), "values": [float(f"{x:.17g}") for part in parts for x in part.ravel()]}


def run_schedule(torch, row):
    """Rates (and momenta) of sixteen epochs, and the keys of the state."""
    params = [torch.nn.Parameter(torch.zeros(2)) for _ in range(2)]
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.05}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    schedules = torch.optim.lr_scheduler
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scheduler = eval(f"s.{row}", {"s": schedules, "o": optimizer})
    metrics = [1, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.2, 0.2]
    epochs = []
    for metric in metrics:
        optimizer.step()
        scheduler.step(metric) if row.startswith("Reduce") else scheduler.step()
        epochs.append([*scheduler.get_last_lr(), optimizer.param_groups[0]["momentum"]])
    return {"epochs": epochs, "state": list(scheduler.state_dict())}
