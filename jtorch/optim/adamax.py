"""Adamax."""

from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_betas, check_lr, new_step, restore_options, restore_steps, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["Adamax"]


class Adamax(Optimizer):
    """`Adam` with the infinity norm in place of the second moment (Kingma and Ba, 2014)."""

    _rule = staticmethod(rules.adamax)
    _sparse_message = "Adamax does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check("epsilon value", eps)
        check_betas(betas)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
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
        restore_steps(self)

    def _settings(self, group):
        beta1, beta2 = group["betas"]
        numbers = {name: group[name] for name in ("lr", "eps", "weight_decay")}
        switches = {"decays": group["weight_decay"] != 0, "maximize": group["maximize"]}
        return {**numbers, "beta1": beta1, "beta2": beta2}, switches

    def _state_names(self, group):
        return ("step", "exp_avg", "exp_inf")

    def _new_state(self, group, param, grad):
        return {"step": new_step(group, param), "exp_avg": zeros(param), "exp_inf": zeros(param)}
