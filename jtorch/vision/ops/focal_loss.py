"""The loss of dense detectors, where most places are easy background (Lin et al. 2017, https://arxiv.org/abs/1708.02002)."""

import jtorch
import jtorch.nn.functional as F
from jtorch.tensor import Tensor

from ._utils import reduced


def sigmoid_focal_loss(
    inputs: Tensor, targets: Tensor, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"
) -> Tensor:
    """Binary cross entropy of logits times (1 - p)^gamma, p the probability given to the right answer.

    `alpha` in 0..1 weighs positives and 1 - alpha negatives; -1 weighs nothing.

    >>> import jtorch as torch
    >>> sigmoid_focal_loss(torch.tensor([0.0, 0.0]), torch.tensor([1.0, 0.0]))
    tensor([0.0433, 0.1300])
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore.")
    right, wrong = targets, 1 - targets
    p = jtorch.sigmoid(inputs)
    loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    loss = loss * (1 - (p * right + (1 - p) * wrong)) ** gamma
    if alpha >= 0:
        loss = (alpha * right + (1 - alpha) * wrong) * loss
    return reduced(loss, reduction, empty_is_zero=False)
