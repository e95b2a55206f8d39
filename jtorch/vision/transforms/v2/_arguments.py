"""What v2's transforms accept, and how they look for things in a sample."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import PIL.Image

from jtorch import Tensor
from jtorch.vision import tv_tensors

from .functional import get_dimensions, get_size, is_pure_tensor

TypeOrCheck = type | Callable[[Any], bool]


def check_type(obj: Any, types_or_checks: tuple[TypeOrCheck, ...]) -> bool:
    """Whether an object is of one of the types, or one of the functions says so of it."""
    return any(isinstance(obj, one) if isinstance(one, type) else one(obj) for one in types_or_checks)


def has_any(flat_inputs: list[Any], *types_or_checks: TypeOrCheck) -> bool:
    """Whether one of the inputs is of one of the types."""
    return any(check_type(inpt, types_or_checks) for inpt in flat_inputs)


def has_all(flat_inputs: list[Any], *types_or_checks: TypeOrCheck) -> bool:
    """Whether each of the types has an input of it."""
    return all(has_any(flat_inputs, one) for one in types_or_checks)


def get_bounding_boxes(flat_inputs: list[Any]) -> tv_tensors.BoundingBoxes:
    """The first boxes of a sample."""
    return _first(flat_inputs, tv_tensors.BoundingBoxes, "bounding boxes")


def get_keypoints(flat_inputs: list[Any]) -> tv_tensors.KeyPoints:
    """The first key points of a sample."""
    return _first(flat_inputs, tv_tensors.KeyPoints, "keypoints")


def _first(flat_inputs: list[Any], kind: type, name: str):
    found = next((inpt for inpt in flat_inputs if isinstance(inpt, kind)), None)
    if found is None:
        raise ValueError(f"No {name} were found in the sample")
    return found


_PICTURES = (is_pure_tensor, tv_tensors.Image, PIL.Image.Image, tv_tensors.Video)
_SIZED = (*_PICTURES, tv_tensors.Mask, tv_tensors.BoundingBoxes, tv_tensors.KeyPoints)


def query_chw(flat_inputs: list[Any]) -> tuple[int, int, int]:
    """(channels, height, width) of the images of a sample, which have to agree."""
    found = {tuple(get_dimensions(inpt)) for inpt in flat_inputs if check_type(inpt, _PICTURES)}
    if not found:
        raise TypeError("No image or video was found in the sample")
    return _only(found, "CxHxW")


def query_size(flat_inputs: list[Any]) -> tuple[int, int]:
    """(height, width) of the images of a sample and of what belongs to them, which have to agree."""
    found = {tuple(get_size(inpt)) for inpt in flat_inputs if check_type(inpt, _SIZED)}
    if not found:
        raise TypeError("No image, video, mask, bounding box of keypoint was found in the sample")
    return _only(found, "HxW")


def _only(found: set[tuple[int, ...]], what: str):
    if len(found) > 1:
        shown = ", ".join(f"'{one}'" for one in sorted(found))
        raise ValueError(f"Found multiple {what} dimensions in the sample: {shown}")
    return found.pop()


def numbers_pair(arg: float | Sequence[float], name: str) -> list[float]:
    if not isinstance(arg, (int, float, Sequence)):
        raise TypeError(f"{name} should be a number or a sequence of numbers. Got {type(arg)}")
    if isinstance(arg, (int, float)):
        return [float(arg), float(arg)]
    if len(arg) not in (1, 2):
        raise ValueError(f"If {name} is a sequence its length should be 1 or 2. Got {len(arg)}")
    for element in arg:
        if not isinstance(element, (int, float)):
            raise ValueError(f"{name} should be a sequence of numbers. Got {type(element)}")
    return [float(arg[0]), float(arg[-1])]


class Fills:
    """What lies outside an image, by the type of input: one value for all, or a dict from types to values.

    The key "others" of a dict stands for all types that are not in it.
    """

    def __init__(self, fill: Any):
        by_type = fill if isinstance(fill, dict) else {"others": fill}
        for value in by_type.values():
            if value is not None and not isinstance(value, (numbers.Number, tuple, list)):
                raise TypeError("Got inappropriate fill arg, only Numbers, tuples, lists and dicts are allowed.")
        self.by_type = {kind: self._as_floats(value) for kind, value in by_type.items()}

    @staticmethod
    def _as_floats(value: Any) -> Any:
        return value if value is None or isinstance(value, (int, float)) else [float(v) for v in value]

    def of(self, inpt: Any) -> Any:
        return self.by_type.get(type(inpt), self.by_type.get("others"))


def require_padding(padding: Any, padding_mode: str) -> None:
    is_sequence = isinstance(padding, (tuple, list))
    if is_sequence and (len(padding) not in (1, 2, 4) or not all(isinstance(side, int) for side in padding)):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element of tuple or list, got {padding}.")
    if not is_sequence and not isinstance(padding, int):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element of tuple or list, got {padding}.")
    require_padding_mode(padding_mode)


def require_padding_mode(padding_mode: str) -> None:
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")


def labels_getter_of(labels_getter: str | Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    """What finds the labels of a sample: the function given, none, or for "default" a look at the names."""
    if labels_getter == "default":
        return _labels_by_name
    if callable(labels_getter):
        return labels_getter
    if labels_getter is None:
        return _no_labels
    raise ValueError(f"labels_getter should either be 'default', a callable, or None, but got {labels_getter}.")


def _no_labels(sample: Any) -> None:
    return None


def _labels_by_name(sample: Any) -> Any:
    if isinstance(sample, (tuple, list)):
        sample = sample[1]
    if is_pure_tensor(sample):
        return sample
    if not isinstance(sample, Mapping):
        raise ValueError(
            "When using the default labels_getter, the input passed to forward must be a dictionary or a two-tuple "
            f"whose second item is a dictionary or a tensor, but got {sample} instead."
        )
    exact = [key for key in sample if key.lower() == "labels"]
    candidates = exact + [key for key in sample if "label" in key.lower()]
    if not candidates:
        raise ValueError(
            "Could not infer where the labels are in the sample. Try passing a callable as the labels_getter "
            "parameter?If there are no labels in the sample by design, pass labels_getter=None."
        )
    return sample[candidates[0]]


def labels_as_tuple(labels: Any) -> tuple[Tensor, ...] | None:
    """The labels that a getter found, as a tuple of tensors."""
    if labels is None:
        return None
    found = labels if isinstance(labels, (tuple, list)) else (labels,)
    for label in found:
        if not isinstance(label, Tensor):
            raise ValueError(
                f"The labels in the input to forward() must be a tensor or None, got {type(label)} instead."
            )
    return tuple(found)
