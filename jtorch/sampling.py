"""Random numbers that are drawn by rejection: binomial, gamma, Dirichlet; and how gradients pass through draws."""

import jtorch
from jtorch.dispatch import apply
from jtorch.functions.composite import operation
from jtorch.ops import random_checks
from jtorch.ops.reparameterization import reparameterized_gamma
from jtorch.random import _generator
from jtorch.tensor import Tensor

__all__ = ["binomial", "_standard_gamma", "_standard_gamma_grad", "_sample_dirichlet", "_dirichlet_grad"]

_standard_gamma_grad = operation("_standard_gamma_grad")
_dirichlet_grad = operation("_dirichlet_grad")


def binomial(count: Tensor, prob: Tensor, generator=None) -> Tensor:
    """Number of successes in `count` trials of probability `prob`, tensors of one floating dtype that broadcast.

    >>> import jtorch as torch
    >>> torch.binomial(torch.tensor([10.0, 10.0]), torch.tensor([0.0, 1.0]))
    tensor([ 0., 10.])
    """
    random_checks.binomial(count.dtype.numpy, prob.dtype.numpy)
    count, prob = jtorch.broadcast_tensors(count.detach(), prob.detach())
    return _draw("binomial", count, prob, generator=generator)


def _standard_gamma(input: Tensor, generator=None) -> Tensor:
    """Gamma numbers of rate 1 and the concentrations of `input`, with a gradient."""
    random_checks.standard_gamma(input.dtype.numpy)
    drawn = _draw("standard_gamma", input.detach(), generator=generator)
    if not input.requires_grad:
        return drawn
    (result,) = apply(reparameterized_gamma, (input, drawn))
    return result


def _sample_dirichlet(input: Tensor, generator=None) -> Tensor:
    """Shares of a whole with the concentrations of `input` along the last dimension, without a gradient."""
    random_checks.dirichlet(input.dtype.numpy)
    return _draw("dirichlet", input.detach(), generator=generator)


def _draw(name: str, *operands: Tensor, generator) -> Tensor:
    place = operands[0]._storage.value.place
    return _generator(generator, place)._draw(name, *operands)
