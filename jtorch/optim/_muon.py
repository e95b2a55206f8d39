"""Muon."""

import math

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import check_lr
from jtorch.optim.optimizer import Optimizer

__all__ = ["Muon"]


class Muon(Optimizer):
    """Momentum made orthogonal, for 2-D parameters (Jordan et al., 2024); use another optimizer for the rest.

    `adjust_lr_fn` "original" (also None) scales the rate by sqrt(max(1, rows / columns)), "match_rms_adamw" by
    0.2 sqrt(max(rows, columns)).
    """

    _whole = True
    _rule = staticmethod(rules.muon)
    _sparse_message = "Muon does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-3,
        weight_decay=0.1,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.7750, 2.0315),
        eps=1e-7,
        ns_steps=5,
        adjust_lr_fn=None,
    ):
        if isinstance(lr, jtorch.Tensor):
            check_lr(lr)
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not momentum >= 0.0:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for param in group["params"]:
                if param.dim() != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    def _settings(self, group):
        if group["ns_steps"] >= 100:
            raise ValueError("Number of steps must be less than 100 for computational efficiency")
        if len(group["ns_coefficients"]) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        numbers = {name: group[name] for name in ("lr", "momentum", "weight_decay", "eps")}
        switches = {
            "nesterov": group["nesterov"],
            "coefficients": tuple(group["ns_coefficients"]),
            "iterations": group["ns_steps"],
            "lr_factor": group["adjust_lr_fn"],
        }
        return numbers, switches

    def _state_names(self, group):
        return ("momentum_buffer",)

    def _new_state(self, group, param, grad):
        if param.is_complex():
            raise RuntimeError("Muon does not support complex parameters")
        return {"momentum_buffer": jtorch.zeros_like(grad, memory_format=jtorch.preserve_format)}

    def _update(self, params, grads, names, states, numbers, switches):
        # The rate depends on the shape, so each shape is an update of its own.
        by_shape = {}
        for i, param in enumerate(params):
            by_shape.setdefault(tuple(param.shape), []).append(i)
        for shape, here in by_shape.items():
            factor = _rate_factor(switches["lr_factor"], *shape)
            chosen = ([values[i] for i in here] for values in (params, grads, states))
            params_here, grads_here, states_here = chosen
            switches_here = {**switches, "lr_factor": factor}
            super()._update(params_here, grads_here, names, states_here, numbers, switches_here)


def _rate_factor(adjustment, rows, columns):
    if adjustment == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))
