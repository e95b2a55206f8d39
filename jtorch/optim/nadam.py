"""Adam with Nesterov momentum."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_betas, check_lr, new_step, restore_options, restore_steps, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["NAdam"]


class NAdam(Optimizer):
    """`Adam` with Nesterov momentum (Dozat, 2016)."""

    _rule = staticmethod(rules.nadam)
    _sparse_message = "NAdam does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
    ):
        check_lr(lr)
        check("epsilon value", eps)
        check_betas(betas)
        check("weight_decay value", weight_decay)
        check("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(
            self, maximize=False, foreach=None, capturable=False, differentiable=False, decoupled_weight_decay=False
        )
        restore_steps(self, "mu_product")

    def _settings(self, group):
        beta1, beta2 = group["betas"]
        numbers = {name: group[name] for name in ("lr", "eps", "weight_decay", "momentum_decay")}
        switches = {
            "decays": group["weight_decay"] != 0,
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
        return {**numbers, "beta1": beta1, "beta2": beta2}, switches

    def _state_names(self, group):
        return ("step", "mu_product", "exp_avg", "exp_avg_sq")

    def _new_state(self, group, param, grad):
        step = new_step(group, param)
        mu_product = jtorch.ones_like(step)
        return {"step": step, "mu_product": mu_product, "exp_avg": zeros(param), "exp_avg_sq": zeros(param)}
