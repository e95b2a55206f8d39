"""Images of a batch mixed with one another, and their labels with them: MixUp and CutMix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import PIL.Image

import jtorch
from jtorch import Tensor
from jtorch.nn.functional import one_hot
from jtorch.utils._pytree import tree_flatten, tree_unflatten
from jtorch.vision import tv_tensors

from .._draws import drawn_integer
from . import functional as F
from ._arguments import has_any, is_pure_tensor, labels_getter_of, query_size
from ._transform import Transform


class _Mixing(Transform):
    """Base class: each image is mixed with the one before it in the batch, by a share drawn from Beta(alpha, alpha)."""

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        num_classes: int | None = None,
        labels_getter: str | Callable[[Any], Any] | None = "default",
    ) -> None:
        super().__init__()
        self.alpha = float(alpha)
        self.num_classes = num_classes
        self._labels_getter = labels_getter_of(labels_getter)

    def _drawn_share(self) -> float:
        from jtorch.distributions import Beta

        alpha = jtorch.tensor([self.alpha])
        return float(Beta(alpha, alpha).sample(()))

    def forward(self, *inputs: Any) -> Any:
        sample = inputs if len(inputs) > 1 else inputs[0]
        flat, structure = tree_flatten(sample)
        wanted = self._needs_transform_list(flat)
        if has_any(flat, PIL.Image.Image, tv_tensors.BoundingBoxes, tv_tensors.Mask, tv_tensors.KeyPoints):
            raise ValueError(
                f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints and masks."
            )
        labels = self._labels_getter(sample)
        self._require_labels(labels)
        params = {
            "labels": labels,
            "batch_size": labels.shape[0],
            **self.make_params([inpt for inpt, is_wanted in zip(flat, wanted, strict=True) if is_wanted]),
        }
        outputs = [
            self.transform(inpt, params) if is_wanted or inpt is labels else inpt
            for inpt, is_wanted in zip(flat, wanted, strict=True)
        ]
        return tree_unflatten(outputs, structure)

    def _require_labels(self, labels: Any) -> None:
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError(
                "labels should be index based with shape (batch_size,) or probability based with shape "
                f"(batch_size, num_classes), but got a tensor of shape {labels.shape} instead."
            )
        if labels.ndim == 2 and self.num_classes is not None and labels.shape[-1] != self.num_classes:
            raise ValueError(
                "When passing 2D labels, the number of elements in last dimension must match num_classes: "
                f"{labels.shape[-1]} != {self.num_classes}. You can Leave num_classes to None."
            )
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if inpt is params["labels"]:
            return self._mixed_labels(inpt, params["label_share"])
        if not (is_pure_tensor(inpt) or isinstance(inpt, (tv_tensors.Image, tv_tensors.Video))):
            return inpt
        dimensions = 5 if isinstance(inpt, tv_tensors.Video) else 4
        if inpt.ndim != dimensions:
            raise ValueError(
                f"Expected a batched input with {dimensions} dims, but got {inpt.ndim} dimensions instead."
            )
        if inpt.shape[0] != params["batch_size"]:
            raise ValueError(
                "The batch size of the image or video does not match the batch size of the labels: "
                f"{inpt.shape[0]} != {params['batch_size']}."
            )
        mixed = self._mixed(inpt.as_subclass(Tensor), params)
        return mixed if is_pure_tensor(inpt) else tv_tensors.wrap(mixed, like=inpt)

    def _mixed(self, batch: Tensor, params: dict[str, Any]) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} does not say how to mix images: define _mixed")

    def _mixed_labels(self, labels: Tensor, share: float) -> Tensor:
        if labels.ndim == 1:
            labels = one_hot(labels, num_classes=self.num_classes)
        return _blended(labels if labels.is_floating_point() else labels.float(), share)


def _blended(batch: Tensor, share: float) -> Tensor:
    return batch.roll(1, 0).mul_(1.0 - share).add_(batch.mul(share))


class MixUp(_Mixing):
    """Images as weighted sums of two (Zhang et al. 2017, arXiv:1710.09412). For batches, with their labels.

    >>> import jtorch as torch
    >>> from jtorch.vision.transforms import v2
    >>> images, labels = v2.MixUp(num_classes=3)(torch.rand(2, 3, 4, 4), torch.tensor([0, 2]))
    >>> labels.shape
    torch.Size([2, 3])
    """

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        share = self._drawn_share()
        return {"lam": share, "label_share": share}

    def _mixed(self, batch: Tensor, params: dict[str, Any]) -> Tensor:
        return _blended(batch, params["lam"])


class CutMix(_Mixing):
    """Images with a rectangle of another (Yun et al. 2019, arXiv:1905.04899). For batches, with their labels."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        share = self._drawn_share()
        height, width = query_size(flat_inputs)
        x, y = drawn_integer(0, width), drawn_integer(0, height)
        half = 0.5 * math.sqrt(1.0 - share)
        half_width, half_height = int(half * width), int(half * height)
        left, top = max(x - half_width, 0), max(y - half_height, 0)
        right, bottom = min(x + half_width, width), min(y + half_height, height)
        kept = 1.0 - (right - left) * (bottom - top) / (width * height)
        return {"box": (left, top, right, bottom), "label_share": float(kept)}

    def _mixed(self, batch: Tensor, params: dict[str, Any]) -> Tensor:
        left, top, right, bottom = params["box"]
        return F.erase_image(
            batch, top, left, bottom - top, right - left, batch.roll(1, 0)[..., top:bottom, left:right]
        )
