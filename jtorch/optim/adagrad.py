"""Adagrad."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.ops import sparse_optim as sparse_rules
from jtorch.optim._options import check, check_fused, check_lr, new_step, restore_options, restore_steps
from jtorch.optim.optimizer import Optimizer, apply_sparse_rule

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    """Divides by the root of the sum of all squared gradients (Duchi et al., 2011).

    The state exists from the start, as in torch. Of a sparse gradient only its entries are moved.
    """

    _rule = staticmethod(rules.adagrad)

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

    def _sparse_step(self, group, param, grad):
        if group["weight_decay"]:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")
        state = self.state[param]
        # The count may be on another device than the parameter: as a number it goes anywhere.
        state["step"] += 1
        rate = float(group["lr"]) / (1 + (float(state["step"]) - 1) * group["lr_decay"])
        numbers = {"rate": rate, "eps": float(group["eps"])}
        apply_sparse_rule(sparse_rules.adagrad, param, [state["sum"]], grad, numbers, group["maximize"])

    def _new_state(self, group, param, grad):
        start = self.defaults["initial_accumulator_value"]
        start = complex(start, start) if param.is_complex() else start
        total = jtorch.full_like(param, start, memory_format=jtorch.preserve_format)
        return {"step": new_step(group, param), "sum": total}
