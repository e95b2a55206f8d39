"""Adam for sparse gradients."""

import jtorch
from jtorch.ops import sparse_optim as rules
from jtorch.optim._options import check_betas, zeros
from jtorch.optim.optimizer import Optimizer, apply_sparse_rule

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """`Adam` that moves only the entries a sparse gradient has; the moments of all others wait.

    >>> import jtorch as torch
    >>> embedding = torch.nn.Embedding(3, 2, sparse=True)
    >>> before = embedding.weight.detach().clone()
    >>> optimizer = torch.optim.SparseAdam(embedding.parameters(), lr=0.1)
    >>> embedding(torch.tensor([1])).sum().backward()
    >>> optimizer.step()
    >>> (before - embedding.weight).detach()
    tensor([[0.0000, 0.0000],
            [0.1000, 0.1000],
            [0.0000, 0.0000]])
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        if isinstance(lr, jtorch.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not lr > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not eps > 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        sparse = self._where(lambda param: param.layout is not jtorch.strided)
        if sparse:
            raise ValueError(f"Sparse params at indices {sparse}: SparseAdam requires dense parameter tensors")
        complex_ones = self._where(lambda param: param.is_complex())
        if complex_ones:
            raise ValueError(
                f"Complex params at indices {complex_ones}: SparseAdam does not support complex parameters"
            )

    def _where(self, condition):
        """The numbers of the parameters for which a condition holds: group, and place in it."""
        groups = enumerate(self.param_groups)
        return [[i, j] for i, group in groups for j, param in enumerate(group["params"]) if condition(param)]

    def step(self, closure=None):
        """Update the parameters that have a gradient, which must be sparse; `closure` computes the loss anew and is returned."""
        loss = None
        if closure is not None:
            with jtorch.enable_grad():
                loss = closure()
        with jtorch.no_grad():
            for group in self.param_groups:
                for param in group["params"]:
                    if param.grad is not None:
                        self._move(group, param, param.grad)
        return loss

    def _move(self, group, param, grad):
        if not grad.is_sparse:
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        state = self.state[param]
        if not state:
            state.update(step=0, exp_avg=zeros(param), exp_avg_sq=zeros(param))
        state["step"] += 1
        if not grad._nnz():
            return
        beta1, beta2 = group["betas"]
        corrections = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
        step_size = float(group["lr"]) * corrections[1] ** 0.5 / corrections[0]
        numbers = {"step_size": step_size, "beta1": float(beta1), "beta2": float(beta2), "eps": float(group["eps"])}
        moments = [state["exp_avg"], state["exp_avg_sq"]]
        apply_sparse_rule(rules.adam, param, moments, grad, numbers, group["maximize"])
