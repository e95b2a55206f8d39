"""The base classes: which inputs of a sample are transformed, with which parameters."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import PIL.Image

from jtorch import Tensor
from jtorch.nn import Module
from jtorch.utils._pytree import tree_flatten, tree_unflatten
from jtorch.vision import tv_tensors

from .._draws import drawn_below
from ._arguments import check_type, has_any, is_pure_tensor
from .functional._registry import get_kernel


class Transform(Module):
    """Base class of transforms of samples: images with boxes, masks, labels, in any structure.

    A subclass gives `transform(inpt, params)` for one input, and `make_params(flat_inputs)` for what is drawn or computed
    once for all inputs of a sample. Inputs of other types than `_transformed_types` pass unchanged, and so do plain
    tensors beside an image or video, and all of them but the first.

    >>> import jtorch as torch
    >>> from jtorch.vision.transforms import v2
    >>> class Half(v2.Transform):
    ...     def transform(self, inpt, params):
    ...         return inpt / 2
    >>> Half()({"image": torch.ones(1, 1, 2), "label": 3})
    {'image': tensor([[[0.5000, 0.5000]]]), 'label': 3}
    """

    # A type, or a function that says whether an object is one of those.
    _transformed_types: tuple[type | Callable[[Any], bool], ...] = (Tensor, PIL.Image.Image)
    # The transform of v1 with the same parameters: `get_params` is taken from it.
    _v1_transform_cls: type | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls._v1_transform_cls, "get_params"):
            cls.get_params = staticmethod(cls._v1_transform_cls.get_params)  # type: ignore[attr-defined]

    def __init__(self) -> None:
        super().__init__()

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        """Raise an error for samples that the transform cannot take."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """What `transform` is told for all inputs of one sample."""
        return {}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One input transformed."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to transform an input: define transform")

    def forward(self, *inputs: Any) -> Any:
        sample = inputs if len(inputs) > 1 else inputs[0]
        flat, structure = tree_flatten(sample)
        self.check_inputs(flat)
        if not self._drawn():
            return sample
        wanted = self._needs_transform_list(flat)
        params = self.make_params([inpt for inpt, is_wanted in zip(flat, wanted, strict=True) if is_wanted])
        outputs = [
            self.transform(inpt, params) if is_wanted else inpt for inpt, is_wanted in zip(flat, wanted, strict=True)
        ]
        return tree_unflatten(outputs, structure)

    def _drawn(self) -> bool:
        """Whether this sample is transformed at all."""
        return True

    def _call_kernel(self, functional: Callable, inpt: Any, *args: Any, **kwargs: Any) -> Any:
        """A function of `v2.functional` on an input; what it has no kernel for passes unchanged."""
        return get_kernel(functional, type(inpt), allow_passthrough=True)(inpt, *args, **kwargs)

    def _needs_transform_list(self, flat_inputs: list[Any]) -> list[bool]:
        takes_plain = not has_any(flat_inputs, tv_tensors.Image, tv_tensors.Video, PIL.Image.Image)
        wanted = []
        for inpt in flat_inputs:
            is_wanted = check_type(inpt, self._transformed_types)
            if is_wanted and is_pure_tensor(inpt):
                is_wanted, takes_plain = takes_plain, False
            wanted.append(is_wanted)
        return wanted

    def extra_repr(self) -> str:
        shown = (bool, int, float, str, tuple, list, enum.Enum)
        return ", ".join(
            f"{name}={value}"
            for name, value in self.__dict__.items()
            if not name.startswith("_") and name != "training" and isinstance(value, shown)
        )


class RandomApplyTransform(Transform):
    """Base class of transforms that are applied with probability `p`."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0.0 <= p <= 1.0:
            raise ValueError("`p` should be a floating point value in the interval [0.0, 1.0].")
        super().__init__()
        self.p = p

    def _drawn(self) -> bool:
        return drawn_below(self.p)


class Applied(Transform):
    """Base class of transforms that only call one function, with arguments that `arguments` names of the transform."""

    function: Callable
    arguments: tuple[str, ...] = ()

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        given = {name: getattr(self, name) for name in self.arguments}
        return self._call_kernel(type(self).function, inpt, **params, **given)


class RandomlyApplied(RandomApplyTransform, Applied):
    """`Applied` with probability `p`."""
