"""Points in an image."""

from __future__ import annotations

from typing import Any

from jtorch.tensor import Tensor
from jtorch.utils._pytree import tree_flatten

from ._tv_tensor import TVTensor


class KeyPoints(TVTensor):
    """Points (..., 2) as (x, y), of an image of `canvas_size` (height, width).

    >>> from jtorch.vision import tv_tensors
    >>> tv_tensors.KeyPoints([[1, 2], [3, 4]], canvas_size=(9, 9))
    KeyPoints([[1, 2],
               [3, 4]], canvas_size=(9, 9))
    """

    canvas_size: tuple[int, int]

    def __new__(
        cls, data: Any, *, canvas_size: tuple[int, int], dtype=None, device=None, requires_grad: bool | None = None
    ) -> KeyPoints:
        tensor = cls._to_tensor(data, dtype=dtype, device=device, requires_grad=requires_grad)
        return cls._wrap(tensor, canvas_size=canvas_size)

    @classmethod
    def _wrap(cls, tensor: Tensor, *, canvas_size: tuple[int, int], check_dims: bool = True) -> KeyPoints:
        if check_dims:
            if tensor.ndim == 1:
                tensor = tensor.unsqueeze(0)
            elif tensor.shape[-1] != 2:
                raise ValueError(f"Expected a tensor of shape (..., 2), not {tensor.shape}")
        points = tensor.as_subclass(cls)
        points.canvas_size = canvas_size
        return points

    @classmethod
    def wrap(cls, tensor: Tensor, like: Any, **kwargs: Any) -> KeyPoints:
        return cls._wrap(tensor, canvas_size=kwargs.get("canvas_size", like.canvas_size))

    @classmethod
    def _wrap_output(cls, output, args=(), kwargs=None):
        flat, _ = tree_flatten((args, kwargs or {}))
        canvas_size = next(value for value in flat if isinstance(value, KeyPoints)).canvas_size

        def wrapped(part):
            if not isinstance(part, Tensor) or isinstance(part, KeyPoints):
                return part
            return cls._wrap(part, canvas_size=canvas_size, check_dims=False)

        return type(output)(map(wrapped, output)) if isinstance(output, (tuple, list)) else wrapped(output)

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._make_repr(canvas_size=self.canvas_size)
