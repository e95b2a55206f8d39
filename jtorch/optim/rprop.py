"""Resilient propagation."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import check_lr, new_step, restore_options, restore_steps, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["Rprop"]


class Rprop(Optimizer):
    """One step size per element, grown while the gradient keeps its sign, for full batches (Riedmiller and Braun, 1993)."""

    _rule = staticmethod(rules.rprop)
    _sparse_message = "Rprop does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-2,
        etas=(0.5, 1.2),
        step_sizes=(1e-6, 50),
        *,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
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
        etaminus, etaplus = group["etas"]
        smallest, largest = group["step_sizes"]
        numbers = {
            "etaminus": etaminus,
            "etaplus": etaplus,
            "step_size_min": smallest,
            "step_size_max": largest,
        }
        return numbers, {"maximize": group["maximize"]}

    def _state_names(self, group):
        return ("step", "prev", "step_size")

    def _new_state(self, group, param, grad):
        lr = float(group["lr"])
        start = complex(lr, lr) if param.is_complex() else lr
        step_size = jtorch.full_like(grad, start)
        return {"step": new_step(group, param), "prev": zeros(param), "step_size": step_size}
