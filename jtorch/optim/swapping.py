"""`torch.optim.swap_in_optimizer_params_and_state`: an optimizer that works on other tensors for a while."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def swap_in_optimizer_params_and_state(
    optimizer, swapin_parameters: dict, swapin_optim_state: dict[str, Any]
) -> Iterator[None]:
    """Inside the block the optimizer has these parameters and this state (a `state_dict`); its own come back at the end.

    What is written into the given tensors in place stays in them.
    """
    parameters = list(swapin_parameters.values())
    groups, state = optimizer.param_groups, optimizer.state
    if len(parameters) != sum(len(group["params"]) for group in groups):
        raise ValueError(
            f"swapin_parameters has {len(parameters)} tensors, the optimizer {sum(len(group['params']) for group in groups)} parameters"
        )
    swapped = [
        {**given, "params": [parameters[number] for number in given["params"]]}
        for given in swapin_optim_state["param_groups"]
    ]
    optimizer.param_groups = swapped
    optimizer.state = defaultdict(dict)
    for number, entries in swapin_optim_state["state"].items():
        optimizer.state[parameters[number]] = dict(entries)
    try:
        yield
    finally:
        optimizer.param_groups, optimizer.state = groups, state
