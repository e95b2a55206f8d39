"""Dropout: the mask comes from the generator, so the same seed drops the same elements as in torch."""

import math
import warnings

from jtorch import random
from jtorch.overloads import takes
from jtorch.tensor import Tensor

__all__ = ["alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]

# -alpha * scale of SELU: where its activations saturate.
_SATURATION = 1.7580993408473766


def _check(p):
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _feature_size(input):
    if input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return (*input.shape[:2], *(1,) * (input.dim() - 2))


def drop(input, p, training, inplace, feature=False, alpha=False):
    """Dropout of elements, or of whole channels (`feature`), to 0 or to the saturation of SELU (`alpha`)."""
    if p == 0 or not training or not input.numel():
        return input
    if p == 1:
        return input.mul_(0) if inplace else input * input.new_zeros(())
    size = _feature_size(input) if feature else None
    if not alpha:
        noise = random.feature_noise(input, p, size) if feature else random.dropout_noise(input, p)
        return input.mul_(noise) if inplace else input * noise
    kept = random.kept_noise(input, p, size)
    scale = 1 / math.sqrt((_SATURATION**2 * p + 1) * (1 - p))
    shift = (kept - 1) * (_SATURATION * scale) + _SATURATION * scale * p
    return (input.mul_(kept * scale) if inplace else input * (kept * scale)).add_(shift)


@takes("dropout", training="bool 3 train")
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element zero with probability `p`, the others scaled by 1 / (1 - p); the input itself when not training.

    >>> import jtorch as torch
    >>> torch.nn.functional.dropout(torch.ones(3), p=0.5, training=False)
    tensor([1., 1., 1.])
    """
    _check(p)
    return drop(input, p, training, inplace)


@takes("alpha_dropout", training="bool 3 train")
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Elements at SELU's saturation with probability `p`; mean and variance are kept (Klambauer et al. 2017)."""
    _check(p)
    return drop(input, p, training, inplace, alpha=True)


@takes("feature_alpha_dropout", training="bool 3 train")
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels (dimension 1)."""
    _check(p)
    return drop(input, p, training, inplace, feature=True, alpha=True)


def _batched(input, p, training, inplace, batched):
    if not batched:
        input = input.unsqueeze_(0) if inplace else input.unsqueeze(0)
    out = drop(input, p, training, inplace, feature=True)
    return out if batched else out.squeeze_(0) if inplace else out.squeeze(0)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, L) or (C, L) zero with probability `p`."""
    _check(p)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that dropout1d exists to provide "
            "channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension "
            "(i.e. 2D or 3D inputs)."
        )
    return _batched(input, p, training, inplace, input.dim() == 3)


def _warn_dimensions(name, input, n, dims):
    warnings.warn(
        f"{name}: Received a {input.dim()}-D input to {name}, which is deprecated and will result in an error in a future "
        "release. To retain the behavior and silence this warning, please use dropout instead. Note that "
        f"{name} exists to provide channel-wise dropout on inputs with {n} spatial dimensions, a channel dimension, and an "
        f"optional batch dimension (i.e. {dims} inputs).",
        stacklevel=3,
    )


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, H, W) zero with probability `p`; three dimensions are taken for (N, C, L), with a warning."""
    _check(p)
    if input.dim() not in (3, 4):
        _warn_dimensions("dropout2d", input, 2, "3D or 4D")
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired - "
            "input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a future "
            "release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To maintain the 1D "
            "channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return drop(input, p, training, inplace, feature=True)


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) zero with probability `p`."""
    _check(p)
    if input.dim() not in (4, 5):
        _warn_dimensions("dropout3d", input, 3, "4D or 5D")
    return _batched(input, p, training, inplace, input.dim() == 5)
