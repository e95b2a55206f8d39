"""Adagrad."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_fused, check_lr, new_step, restore_options, restore_steps
from jtorch.optim.optimizer import Optimizer

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Divides by the root of the sum of all squared gradients (Duchi et al., 2011).

    The state exists from the start, as in torch. Sparse gradients raise for now.
    """

    _rule = staticmethod(rules.adagrad)
    _sparse_message = "Adagrad with sparse gradients is not implemented; use to_dense() on the gradient"

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        check_lr(lr)
        check("lr_decay value", lr_decay)
        check("weight_decay value", weight_decay)
        check("initial_accumulator_value value", initial_accumulator_value)
        check("epsilon value", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param].update(self._new_state(group, param, None))

    def share_memory(self):
        """Move the state to memory that other processes can map."""
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["sum"].share_memory_()

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(self, foreach=None, maximize=False, differentiable=False, fused=None)
        restore_steps(self)

    def _settings(self, group):
        numbers = {name: group[name] for name in ("lr", "lr_decay", "eps", "weight_decay")}
        return numbers, {"decays": group["weight_decay"] != 0, "maximize": group["maximize"]}

    def _state_names(self, group):
        return ("step", "sum")

    def _new_state(self, group, param, grad):
        start = self.defaults["initial_accumulator_value"]
        start = complex(start, start) if param.is_complex() else start
        total = jtorch.full_like(param, start, memory_format=jtorch.preserve_format)
        return {"step": new_step(group, param), "sum": total}
