"""RMSprop."""

from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_lr, new_step, restore_options, restore_steps, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    """Divides by the root of a moving average of the squared gradient (Hinton, 2012).

    `centered` uses the variance instead of the square, `momentum` averages the updates.
    """

    _rule = staticmethod(rules.rmsprop)
    _sparse_message = "RMSprop does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        check("epsilon value", eps)
        check("momentum value", momentum)
        check("weight_decay value", weight_decay)
        check("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(
            self, momentum=0, centered=False, foreach=None, maximize=False, differentiable=False, capturable=False
        )
        restore_steps(self)

    def _settings(self, group):
        numbers = {name: group[name] for name in ("lr", "alpha", "eps", "momentum", "weight_decay")}
        switches = {
            "decays": group["weight_decay"] != 0,
            "maximize": group["maximize"],
            "centered": group["centered"],
        }
        return numbers, switches

    def _state_names(self, group):
        names = ["step", "square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return names

    def _new_state(self, group, param, grad):
        names = self._state_names(group)[1:]
        return {"step": new_step(group, param), **{name: zeros(param) for name in names}}
