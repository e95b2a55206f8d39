"""Images, videos and masks."""

from __future__ import annotations

from typing import Any

import PIL.Image

from ._tv_tensor import TVTensor


class Image(TVTensor):
    """Images (..., C, H, W), from a tensor, an array, numbers or a PIL image; (H, W) gets one channel.

    >>> import jtorch as torch
    >>> from jtorch.vision import tv_tensors
    >>> tv_tensors.Image(torch.zeros(4, 6)).shape
    torch.Size([1, 4, 6])
    """

    def __new__(cls, data: Any, *, dtype=None, device=None, requires_grad: bool | None = None) -> Image:
        tensor = cls._to_tensor(_levels(data), dtype=dtype, device=device, requires_grad=requires_grad)
        if tensor.ndim < 2:
            raise ValueError(f"Tensor must be 2D or higher, got {tensor.ndim}D tensor.")
        return (tensor.unsqueeze(0) if tensor.ndim == 2 else tensor).as_subclass(cls)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._make_repr()


class Video(TVTensor):
    """Videos (..., T, C, H, W)."""

    def __new__(cls, data: Any, *, dtype=None, device=None, requires_grad: bool | None = None) -> Video:
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        if data.ndim < 4:
            raise ValueError(f"A video has at least 4 dimensions (T, C, H, W), got {data.ndim}")
        return tensor.as_subclass(cls)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._make_repr()


class Mask(TVTensor):
    """Masks (..., H, W) of segments, or one of them per object."""

    def __new__(cls, data: Any, *, dtype=None, device=None, requires_grad: bool | None = None) -> Mask:
        return cls._to_tensor(_levels(data), dtype=dtype, device=device, requires_grad=requires_grad).as_subclass(cls)


def _levels(data: Any):
    if not isinstance(data, PIL.Image.Image):
        return data
    from ..transforms.functional import pil_to_tensor

    return pil_to_tensor(data)
