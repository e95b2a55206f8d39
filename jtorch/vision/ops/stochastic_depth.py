"""Stochastic depth: whole residual branches are dropped at random (Huang et al. 2016, https://arxiv.org/abs/1603.09382)."""

import jtorch
from jtorch.nn import Module
from jtorch.tensor import Tensor


def stochastic_depth(input: Tensor, p: float, mode: str, training: bool = True) -> Tensor:
    """Zero the branch with probability `p`, and divide what stays by `1 - p`.

    In the mode "row" each sample of a batch (N, ...) is drawn for by itself, in "batch" all share one draw.

    Raises ValueError for another mode or for `p` outside 0..1.

    >>> import jtorch as torch
    >>> stochastic_depth(torch.ones(2, 3), p=1.0, mode="row")
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}")
    if mode not in ("batch", "row"):
        raise ValueError(f"mode has to be either 'batch' or 'row', but got {mode}")
    if not training or p == 0.0:
        return input
    rows = input.shape[0] if mode == "row" else 1
    kept = 1.0 - p
    noise = jtorch.empty([rows] + [1] * (input.ndim - 1), dtype=input.dtype, device=input.device).bernoulli_(kept)
    if kept > 0.0:
        noise.div_(kept)
    return input * noise


class StochasticDepth(Module):
    """`stochastic_depth` as a layer: does nothing in evaluation."""

    def __init__(self, p: float, mode: str) -> None:
        super().__init__()
        self.p = p
        self.mode = mode

    def forward(self, input: Tensor) -> Tensor:
        return stochastic_depth(input, self.p, self.mode, self.training)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(p={self.p}, mode={self.mode})"
