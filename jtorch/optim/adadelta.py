"""Adadelta."""

from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_lr, new_step, restore_options, restore_steps, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    """Steps in the units of the parameters, from moving averages of squared gradients and updates (Zeiler, 2012)."""

    _rule = staticmethod(rules.adadelta)
    _sparse_message = "Adadelta does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1.0,
        rho=0.9,
        eps=1e-6,
        weight_decay=0,
        foreach=None,
        *,
        capturable=False,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check("epsilon value", eps)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(self, foreach=None, maximize=False, differentiable=False, capturable=False)
        restore_steps(self)

    def _settings(self, group):
        numbers = {name: group[name] for name in ("lr", "rho", "eps", "weight_decay")}
        return numbers, {"decays": group["weight_decay"] != 0, "maximize": group["maximize"]}

    def _state_names(self, group):
        return ("step", "square_avg", "acc_delta")

    def _new_state(self, group, param, grad):
        return {"step": new_step(group, param), "square_avg": zeros(param), "acc_delta": zeros(param)}
