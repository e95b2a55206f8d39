"""Adafactor."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import check_lr, new_step, restore_options, restore_steps
from jtorch.optim.optimizer import Optimizer

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    """Adaptive steps whose second moments take memory for rows and columns only (Shazeer and Stern, 2018).

    `lr` bounds the relative step size (0.01 in the paper) and scales the decoupled weight decay. `eps` is the floor of
    the variance estimate (None: the machine epsilon) and of the parameters' scale.
    """

    _whole = True
    _rule = staticmethod(rules.adafactor)
    _sparse_message = "Adafactor does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-2,
        beta2_decay=-0.8,
        eps=(None, 1e-3),
        d=1.0,
        weight_decay=0.0,
        *,
        foreach=None,
        maximize=False,
    ):
        if isinstance(lr, jtorch.Tensor):
            check_lr(lr)
        if not lr >= 0.0:
            raise ValueError(f"Learning rate should be >= 0 but is: {lr}")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None and not eps[0] >= 0.0:
            raise ValueError(f"epsilon1 should be >= 0 but is: {eps[0]}")
        if not eps[1] >= 0.0:
            raise ValueError(f"epsilon2 should be >= 0 but is: {eps[1]}")
        if not d >= 1.0:
            raise ValueError(f"Clipping threshold d should be >= 1 but is: {d}")
        if not weight_decay >= 0.0:
            raise ValueError(f"weight_decay should be >= 0 but is: {weight_decay}")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(self, foreach=None)
        restore_steps(self)

    def _settings(self, group):
        eps1, eps2 = group["eps"]
        numbers = {name: group[name] for name in ("lr", "beta2_decay", "d", "weight_decay")}
        numbers |= {"eps1": 0.0 if eps1 is None else eps1, "eps2": eps2}
        switches = {
            "decays": group["weight_decay"] != 0,
            "maximize": group["maximize"],
            "default_eps1": eps1 is None,
        }
        return numbers, switches

    def _state_names(self, group):
        # Parameters differ in what they keep, see _update.
        return ("step",)

    def _new_state(self, group, param, grad):
        if param.is_complex():
            raise RuntimeError("Adafactor does not support complex parameters")
        state = {"step": new_step(group, param)}
        if grad.dim() > 1:
            *leading, rows, columns = grad.shape
            state["row_var"] = grad.new_zeros((*leading, rows, 1))
            state["col_var"] = grad.new_zeros((*leading, 1, columns))
        else:
            state["variance"] = jtorch.zeros_like(grad, memory_format=jtorch.preserve_format)
        return state

    def _update(self, params, grads, names, states, numbers, switches):
        for names_of_kind in (("step", "row_var", "col_var"), ("step", "variance")):
            here = [i for i, state in enumerate(states) if names_of_kind[-1] in state]
            if here:
                chosen = ([values[i] for i in here] for values in (params, grads, states))
                params_here, grads_here, states_here = chosen
                super()._update(params_here, grads_here, names_of_kind, states_here, numbers, switches)
