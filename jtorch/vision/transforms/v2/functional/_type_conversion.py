"""Pictures of one kind as another."""

from __future__ import annotations

import warnings

import numpy as np
import PIL.Image

import jtorch
from jtorch import Tensor
from jtorch.vision.tv_tensors import Image

from ... import functional as F_v1
from ...functional import pil_to_tensor, to_pil_image

__all__ = ["get_image_size", "pil_to_tensor", "to_image", "to_pil_image", "to_tensor"]


def to_image(inpt) -> Image:
    """A tensor, an array (H, W, C) or a PIL image as an `Image`, levels unchanged."""
    if isinstance(inpt, np.ndarray):
        output = jtorch.from_numpy(np.atleast_3d(inpt)).permute((2, 0, 1)).contiguous()
    elif isinstance(inpt, PIL.Image.Image):
        output = pil_to_tensor(inpt)
    elif isinstance(inpt, Tensor):
        output = inpt
    else:
        raise TypeError(
            f"Input can either be a pure Tensor, a numpy array, or a PIL image, but got {type(inpt)} instead."
        )
    return Image(output)


def to_tensor(inpt) -> Tensor:
    """Deprecated: v1's `to_tensor`."""
    warnings.warn(
        "The function `to_tensor(...)` is deprecated and will be removed in a future release. "
        "Instead, please use `to_image(...)` followed by `to_dtype(..., dtype=torch.float32, scale=True)`.",
        stacklevel=2,
    )
    return F_v1.to_tensor(inpt)


def get_image_size(inpt) -> list[int]:
    """Deprecated: [width, height]."""
    warnings.warn(
        "The function `get_image_size(...)` is deprecated and will be removed in a future release. "
        "Instead, please use `get_size(...)` which returns `[h, w]` instead of `[w, h]`.",
        stacklevel=2,
    )
    return F_v1.get_image_size(inpt)
