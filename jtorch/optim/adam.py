"""Adam."""

import jtorch
from jtorch.ops import optim as rules
from jtorch.optim._options import (
    check,
    check_betas,
    check_fused,
    check_lr,
    new_step,
    restore_options,
    restore_steps,
    zeros,
)
from jtorch.optim.optimizer import Optimizer

__all__ = ["Adam"]


class Adam(Optimizer):
    """Moving averages of the gradient and its square, corrected for their start (Kingma and Ba, 2014).

    `amsgrad` divides by the largest average of squares so far. `decoupled_weight_decay` makes it `AdamW`. `foreach`,
    `fused` and `capturable` are accepted; the update is one operation anyway, and the latter two only decide where the
    step counts live.

    >>> import jtorch as torch
    >>> w = torch.nn.Parameter(torch.tensor([1.0]))
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> w.grad = torch.tensor([2.0])
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    _rule = staticmethod(rules.adam)
    _sparse_message = "Adam does not support sparse gradients, please consider SparseAdam instead"

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        if isinstance(lr, jtorch.Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_lr(lr)
        check("epsilon value", eps)
        check_betas(betas)
        check("weight_decay value", weight_decay)
        kinds = [type(beta) for beta in betas[:2]]
        tensors = all(isinstance(beta, jtorch.Tensor) for beta in betas[:2])
        if not (tensors or all(issubclass(kind, float) for kind in kinds)):
            raise ValueError("betas must be either both floats or both Tensors")
        if tensors:
            for i, beta in enumerate(betas[:2]):
                if foreach and not capturable:
                    raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
                if beta.numel() != 1:
                    raise ValueError(f"Tensor betas[{i}] must be 1-element")
            betas = tuple(beta if beta.dim() == 0 else beta.squeeze() for beta in betas)
        defaults = {
            "lr": lr,
            "betas": tuple(betas),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    def __setstate__(self, state):
        super().__setstate__(state)
        restore_options(
            self,
            amsgrad=False,
            maximize=False,
            foreach=None,
            capturable=False,
            differentiable=False,
            decoupled_weight_decay=False,
            fused=None,
        )
        restore_steps(self)

    def _settings(self, group):
        beta1, beta2 = group["betas"]
        numbers = {
            "lr": group["lr"],
            "beta1": beta1,
            "beta2": beta2,
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
        }
        switches = {
            "decays": group["weight_decay"] != 0,
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
        return numbers, switches

    def _state_names(self, group):
        names = ("step", "exp_avg", "exp_avg_sq")
        return (*names, "max_exp_avg_sq") if group["amsgrad"] else names

    def _new_state(self, group, param, grad):
        state = {"step": new_step(group, param), "exp_avg": zeros(param), "exp_avg_sq": zeros(param)}
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros(param)
        return state
