"""Distances and similarities."""

import jtorch
from jtorch.dispatch import apply
from jtorch.ops import distance as ops
from jtorch.overloads import takes

__all__ = ["cosine_similarity", "normalize", "pairwise_distance"]


@takes("pairwise_distance", p="float", eps="float", keepdim="bool")
def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last dimension.

    >>> import jtorch as torch
    >>> torch.nn.functional.pairwise_distance(torch.zeros(1, 2), torch.tensor([[3.0, 4.0]]))
    tensor([5.0000])
    """
    return apply(ops.pairwise_distance, (x1, x2, float(p), float(eps), bool(keepdim)))[0]


@takes("cosine_similarity", dim="int", eps="float")
def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """x1 . x2 / (max(|x1|, eps) max(|x2|, eps)) along `dim`."""
    return apply(ops.cosine_similarity, (x1, x2, dim, float(eps)))[0]


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """input / max(|input|_p, eps) along `dim`."""
    denominator = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return jtorch.div(input, denominator, out=out) if out is not None else input / denominator
