"""Stochastic gradient descent."""

from jtorch.ops import optim as rules
from jtorch.optim._options import check, check_fused, check_lr, restore_options, zeros
from jtorch.optim.optimizer import Optimizer

__all__ = ["SGD"]


class SGD(Optimizer):
    """`p -= lr * v` with `v = momentum * v + (1 - dampening) * (grad + weight_decay * p)`.

    The first `v` is the gradient itself; `nesterov` adds the momentum once more. `foreach` and `fused` are accepted and
    change nothing: the update is one operation anyway.

    >>> import jtorch as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    >>> w.grad = torch.tensor([2.0])
    >>> optimizer.step()
    >>> w.data
    tensor([0.8000])
    """

    _rule = staticmethod(rules.sgd)

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        check_lr(lr)
        check("momentum value", momentum)
        check("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(self, nesterov=False, maximize=False, foreach=None, differentiable=False, fused=False)

    def _settings(self, group):
        numbers = {name: group[name] for name in ("lr", "momentum", "dampening", "weight_decay")}
        switches = {
            "decays": group["weight_decay"] != 0,
            "nesterov": group["nesterov"],
            "maximize": group["maximize"],
        }
        return numbers, switches

    def _state_names(self, group):
        return ("momentum_buffer",) if group["momentum"] != 0 else ()

    def _new_state(self, group, param, grad):
        return {"momentum_buffer": None}

    def _sparse_step(self, group, param, grad):
        if group["maximize"]:
            grad = -grad
        if group["weight_decay"]:
            grad = grad.add(param, alpha=group["weight_decay"])  # which raises, as in torch: the sum would be dense
        if group["momentum"]:
            state = self.state[param]
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = grad.detach().clone()
            else:
                buffer.mul_(group["momentum"]).add_(grad, alpha=1 - group["dampening"])
            grad = grad.add(buffer, alpha=group["momentum"]) if group["nesterov"] else buffer
        param.add_(grad, alpha=-float(group["lr"]))

    def _update(self, params, grads, names, states, numbers, switches):
        # Buffers start with the gradient: at zero and without dampening, in a program that the later steps share.
        fresh = [i for i, state in enumerate(states) if state.get("momentum_buffer") is None]
        if fresh:
            for i in fresh:
                states[i]["momentum_buffer"] = zeros(grads[i])
            chosen = [[values[i] for i in fresh] for values in (params, grads, states)]
            super()._update(chosen[0], chosen[1], names, chosen[2], {**numbers, "dampening": 0.0}, switches)
            if len(fresh) == len(params):
                return
            rest = sorted(set(range(len(params))).difference(fresh))
            params, grads, states = ([values[i] for i in rest] for values in (params, grads, states))
        super()._update(params, grads, names, states, numbers, switches)
