"""Averaged stochastic gradient descent."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_lr, restore_options, restore_steps, scalar_dtype, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["ASGD"]


class ASGD(Optimizer):
    """Gradient descent whose state `ax` is the average of the parameters from step `t0` on (Polyak and Juditsky, 1992)."""

    _rule = staticmethod(rules.asgd)
    _sparse_message = "ASGD does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-2,
        lambd=1e-4,
        alpha=0.75,
        t0=1e6,
        weight_decay=0,
        foreach=None,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(self, foreach=None, maximize=False, differentiable=False, capturable=False)
        restore_steps(self, "eta", "mu")

    def _settings(self, group):
        numbers = {name: group[name] for name in ("lr", "lambd", "alpha", "t0", "weight_decay")}
        return numbers, {"decays": group["weight_decay"] != 0, "maximize": group["maximize"]}

    def _state_names(self, group):
        return ("step", "eta", "mu", "ax")

    def _new_state(self, group, param, grad):
        # All of it beside the parameter, as in torch.
        step = jtorch.zeros((), dtype=scalar_dtype(), device=param.device)
        eta = jtorch.full_like(step, float(group["lr"]))
        return {"step": step, "eta": eta, "mu": jtorch.ones_like(step), "ax": zeros(param)}
