"""torch.autograd.forward_ad: directional derivatives along a computation.

torch carries a tangent with each tensor. Here a dual tensor is a leaf of the tape, and its tangent is applied when it is asked for: the
pullback u -> J^T u is linear in u, so pulling the tangent back through it gives J t (the "double backward trick",
J. Townsend, "A new trick for calculating Jacobian vector products", 2017). Two consequences: operations have to be recorded, so dual tensors are
refused under `no_grad`, and they show `requires_grad=True`.
"""

import threading
from typing import NamedTuple

from ..tensor import Tensor
from .backward_pass import grad
from .mode import enable_grad, is_grad_enabled

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent, which is None where nothing flows to it."""

    primal: Tensor
    tangent: Tensor | None


class _Level(threading.local):
    """The duals of the level that is open in this thread: leaf of the tape, tangent, and whether the original wants gradients."""

    duals: list[tuple[Tensor, Tensor, bool]] | None = None


_LEVEL = _Level()


def enter_dual_level() -> int:
    """Open the level in which dual tensors live; there can be one at a time."""
    if _LEVEL.duals is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _LEVEL.duals = []
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: its tangents are gone."""
    if _LEVEL.duals is None:
        raise RuntimeError("Dual level must be a positive number.")
    if level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _LEVEL.duals = None


class dual_level:
    """The level as a context.

    >>> import jtorch as torch, jtorch.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    ...     print(fwAD.unpack_dual((x * x).sum()).tangent)
    tensor(2.)
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exc) -> None:
        exit_dual_level()


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A tensor with a tangent: what is computed from it has tangents, until the level is closed."""
    if _LEVEL.duals is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, given in (("primal", tensor), ("tangent", tangent)):
        if not (given.is_floating_point() or given.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {given.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not supported. "
            f"Tensor is of size {list(tensor.shape)} while the given forward gradient is of size {list(tangent.shape)}."
        )
    if not is_grad_enabled():
        raise NotImplementedError(
            "forward_ad.make_dual: jtorch finds tangents on the tape, which no_grad turns off; leave no_grad, or use torch.func.jvp"
        )
    leaf = tensor if tensor.requires_grad else tensor.detach().requires_grad_()
    dual = leaf.clone()
    _LEVEL.duals.append((dual, tangent, tensor.requires_grad))
    return dual


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The tensor without its tangent, and the tangent."""
    if not _LEVEL.duals or not tensor.requires_grad:
        return UnpackedDualTensor(tensor, None)
    duals = [dual for dual, _, _ in _LEVEL.duals]
    lasting = any(wanted for _, _, wanted in _LEVEL.duals)
    with enable_grad():
        direction = tensor.detach().clone().requires_grad_()  # its value plays no part: the pullback is linear
        pulled = grad(tensor, duals, direction, create_graph=True, retain_graph=True, allow_unused=True)
        found = [(g, tangent) for g, (_, tangent, _) in zip(pulled, _LEVEL.duals, strict=True) if g is not None]
        if not found:
            return UnpackedDualTensor(tensor, None)
        (pushed,) = grad(
            [g for g, _ in found], direction, [tangent for _, tangent in found], create_graph=lasting, allow_unused=True
        )
    primal = tensor.view_as(tensor) if lasting else tensor.detach()
    return UnpackedDualTensor(primal, tensor.detach().new_zeros(tensor.shape) if pushed is None else pushed)
