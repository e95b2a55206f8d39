"""Transforms of boxes and key points alone: their format, and whether they lie in their image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jtorch import Tensor
from jtorch.utils._pytree import tree_flatten, tree_unflatten
from jtorch.vision import tv_tensors

from . import functional as F
from ._arguments import get_bounding_boxes, get_keypoints, labels_as_tuple, labels_getter_of
from ._transform import Transform
from .functional._sanitize import valid_boxes, valid_points


class ConvertBoundingBoxFormat(Transform):
    """Boxes in another format."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, format: str | tv_tensors.BoundingBoxFormat) -> None:
        super().__init__()
        self.format = format

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.convert_bounding_box_format(inpt, new_format=self.format)


class ClampBoundingBoxes(Transform):
    """Boxes cut to their image."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, clamping_mode: str | None = "auto") -> None:
        super().__init__()
        self.clamping_mode = clamping_mode

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.clamp_bounding_boxes(inpt, clamping_mode=self.clamping_mode)


class ClampKeyPoints(Transform):
    """Key points moved to the nearest pixel of their image."""

    _transformed_types = (tv_tensors.KeyPoints,)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.clamp_keypoints(inpt)


class SetClampingMode(Transform):
    """Boxes with another `clamping_mode` for the transforms that follow."""

    _transformed_types = (tv_tensors.BoundingBoxes,)

    def __init__(self, clamping_mode: str | None) -> None:
        super().__init__()
        self.clamping_mode = clamping_mode
        if clamping_mode not in (None, "soft", "hard"):
            raise ValueError(f"clamping_mode must be soft, hard or None, got {clamping_mode}")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return tv_tensors.wrap(inpt.as_subclass(Tensor).clone(), like=inpt, clamping_mode=self.clamping_mode)


class _Sanitizer(Transform):
    """Base class: of labels and of the inputs of `_filtered` types, the rows that are not valid are removed."""

    _filtered: tuple[type, ...] = ()
    _mismatch = ""
    labels_getter: str | Callable[[Any], Any] | None

    def _valid(self, flat_inputs: list[Any]) -> tuple[Tensor, Tensor]:
        """(what is looked at, which of its rows are valid)."""
        raise NotImplementedError(f"{type(self).__name__} does not say which rows are valid: define _valid")

    def forward(self, *inputs: Any) -> Any:
        sample = inputs if len(inputs) > 1 else inputs[0]
        labels = labels_as_tuple(labels_getter_of(self.labels_getter)(sample))
        flat, structure = tree_flatten(sample)
        rows, valid = self._valid(flat)
        for label in labels or ():
            if rows.shape[0] != label.shape[0]:
                about = self._mismatch.format(shape=rows.shape)
                raise ValueError(f"{about} must match the number of labels.Found labels with shape={label.shape}).")
        params = {"valid": valid, "labels": labels}
        return tree_unflatten([self.transform(inpt, params) for inpt in flat], structure)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if any(inpt is label for label in params["labels"] or ()):
            return inpt[params["valid"]]
        if not isinstance(inpt, self._filtered):
            return inpt
        plain, valid = inpt.as_subclass(Tensor), params["valid"]
        # A mask of the whole image, or one for other objects, stays as it is.
        if isinstance(inpt, tv_tensors.Mask) and plain.shape[:1] != valid.shape:
            return inpt
        return tv_tensors.wrap(plain[valid], like=inpt)


class SanitizeBoundingBoxes(_Sanitizer):
    """Remove boxes that are too small or not within their image, with their masks and labels.

    `labels_getter` finds the labels in a sample: a function, None, or "default" for a look at the names.
    """

    _filtered = (tv_tensors.BoundingBoxes, tv_tensors.Mask)
    _mismatch = "Number of boxes (shape={shape}) and"

    def __init__(
        self,
        min_size: float = 1.0,
        min_area: float = 1.0,
        labels_getter: str | Callable[[Any], Any] | None = "default",
    ) -> None:
        super().__init__()
        if min_size < 1:
            raise ValueError(f"min_size must be >= 1, got {min_size}.")
        self.min_size = min_size
        if min_area < 1:
            raise ValueError(f"min_area must be >= 1, got {min_area}.")
        self.min_area = min_area
        labels_getter_of(labels_getter)
        self.labels_getter = labels_getter

    def _valid(self, flat_inputs: list[Any]) -> tuple[Tensor, Tensor]:
        boxes = get_bounding_boxes(flat_inputs)
        plain = boxes.as_subclass(Tensor)
        return plain, valid_boxes(plain, boxes.format, boxes.canvas_size, self.min_size, self.min_area)


class SanitizeKeyPoints(_Sanitizer):
    """Remove key points that do not lie in their image, with their labels."""

    _filtered = (tv_tensors.KeyPoints,)
    _mismatch = "Number of kepyoints (shape={shape})"

    def __init__(self, labels_getter: str | Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        labels_getter_of(labels_getter)
        self.labels_getter = labels_getter

    def _valid(self, flat_inputs: list[Any]) -> tuple[Tensor, Tensor]:
        points = get_keypoints(flat_inputs)
        plain = points.as_subclass(Tensor)
        return plain, valid_points(plain, points.canvas_size)
