"""Transforms made of transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jtorch
from jtorch.nn import ModuleList
from jtorch.vision.transforms import transforms as v1

from .._draws import drawn_below
from ._transform import Transform


def _require_transforms(transforms: Any, kinds: tuple[type, ...], message: str) -> None:
    if not isinstance(transforms, kinds):
        raise TypeError(message)
    if not transforms:
        raise ValueError("Pass at least one transform")


class _OfTransforms(Transform):
    def _in_turn(self, transforms: Sequence[Callable], inputs: tuple) -> Any:
        for transform in transforms:
            outputs = transform(*inputs)
            inputs = outputs if len(inputs) > 1 else (outputs,)
        return inputs if len(inputs) > 1 else inputs[0]


class Compose(_OfTransforms):
    """One transform after the other.

    >>> import jtorch as torch
    >>> from jtorch.vision import tv_tensors
    >>> from jtorch.vision.transforms import v2
    >>> pipeline = v2.Compose([v2.RandomHorizontalFlip(p=1), v2.ToDtype(torch.float32, scale=True)])
    >>> boxes = tv_tensors.BoundingBoxes([[0, 0, 2, 1]], format="XYXY", canvas_size=(4, 6))
    >>> image, boxes = pipeline(torch.full((3, 4, 6), 255, dtype=torch.uint8), boxes)
    >>> image[0, 0, 0], boxes.tolist()
    (tensor(1.), [[4, 0, 6, 1]])
    """

    def __init__(self, transforms: Sequence[Callable]) -> None:
        super().__init__()
        _require_transforms(transforms, (Sequence,), "Argument transforms should be a sequence of callables")
        self.transforms = transforms

    def forward(self, *inputs: Any) -> Any:
        return self._in_turn(self.transforms, inputs)

    def extra_repr(self) -> str:
        return "\n".join(f"    {transform}" for transform in self.transforms)


class RandomApply(_OfTransforms):
    """All of the transforms in turn with probability `p`, else none."""

    _v1_transform_cls = v1.RandomApply

    def __init__(self, transforms: Sequence[Callable] | ModuleList, p: float = 0.5) -> None:
        super().__init__()
        _require_transforms(
            transforms,
            (Sequence, ModuleList),
            "Argument transforms should be a sequence of callables or a `nn.ModuleList`",
        )
        self.transforms = transforms
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        self.p = p

    def forward(self, *inputs: Any) -> Any:
        return self._in_turn(self.transforms if drawn_below(self.p) else (), inputs)

    def extra_repr(self) -> str:
        return "\n".join(f"    {transform}" for transform in self.transforms)


class RandomChoice(_OfTransforms):
    """One of the transforms, drawn each time with the weights `p`."""

    def __init__(self, transforms: Sequence[Callable], p: Sequence[float] | None = None) -> None:
        _require_transforms(transforms, (Sequence,), "Argument transforms should be a sequence of callables")
        p = [1] * len(transforms) if p is None else p
        if len(p) != len(transforms):
            raise ValueError(f"Length of p doesn't match the number of transforms: {len(p)} != {len(transforms)}")
        super().__init__()
        self.transforms = transforms
        self.p = [weight / sum(p) for weight in p]

    def forward(self, *inputs: Any) -> Any:
        return self.transforms[int(jtorch.multinomial(jtorch.tensor(self.p), 1))](*inputs)


class RandomOrder(_OfTransforms):
    """All of the transforms, in an order drawn anew each time."""

    def __init__(self, transforms: Sequence[Callable]) -> None:
        _require_transforms(transforms, (Sequence,), "Argument transforms should be a sequence of callables")
        super().__init__()
        self.transforms = transforms

    def forward(self, *inputs: Any) -> Any:
        order = jtorch.randperm(len(self.transforms)).tolist()
        return self._in_turn([self.transforms[number] for number in order], inputs)
