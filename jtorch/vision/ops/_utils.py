"""What operations on boxes share."""

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

_NORMALIZATIONS = (
    nn.modules.batchnorm._BatchNorm,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.modules.instancenorm._InstanceNorm,
    nn.LocalResponseNorm,
)


def convert_boxes_to_roi_format(boxes: list[Tensor]) -> Tensor:
    """Boxes (L, 4) of each picture as rows (index of the picture, x1, y1, x2, y2)."""
    indices = [jtorch.full_like(of_one[:, :1], index) for index, of_one in enumerate(boxes)]
    return jtorch.cat((jtorch.cat(indices), jtorch.cat(list(boxes))), 1)


def check_roi_boxes_shape(boxes: Tensor | list[Tensor]) -> None:
    """Raises AssertionError, as torchvision, unless boxes are rows of five or a list of rows of four."""
    if isinstance(boxes, (list, tuple)):
        if any(of_one.size(1) != 4 for of_one in boxes):
            raise AssertionError("The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]")
    elif not isinstance(boxes, Tensor):
        raise AssertionError("boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")
    elif boxes.size(1) != 5:
        raise AssertionError("The boxes tensor shape is not correct as Tensor[K, 5]")


def regions(boxes: Tensor | list[Tensor]) -> Tensor:
    """The rows that pooling takes. They get no gradient."""
    check_roi_boxes_shape(boxes)
    return (boxes if isinstance(boxes, Tensor) else convert_boxes_to_roi_format(boxes)).detach()


def pair(size: int | tuple[int, int] | list[int]) -> tuple[int, ...]:
    return (size, size) if isinstance(size, int) else tuple(size)


def split_normalization_params(
    model: nn.Module, norm_classes: list[type] | None = None
) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """(parameters of normalizations, other parameters) of a model, to give them different weight decay."""
    classes = tuple(norm_classes or _NORMALIZATIONS)
    for kind in classes:
        if not issubclass(kind, nn.Module):
            raise ValueError(f"Class {kind} is not a subclass of nn.Module.")
    of_norms: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for module in model.modules():
        has_children = next(module.children(), None) is not None
        chosen = of_norms if isinstance(module, classes) and not has_children else others
        chosen.extend(p for p in module.parameters(recurse=not has_children) if p.requires_grad)
    return of_norms, others


def _upcast(t: Tensor) -> Tensor:
    """A dtype in which areas do not overflow: at least float32 or int32."""
    if t.is_floating_point():
        return t if t.dtype in (jtorch.float32, jtorch.float64) else t.float()
    return t if t.dtype in (jtorch.int32, jtorch.int64) else t.int()


def _upcast_non_float(t: Tensor) -> Tensor:
    return t if t.dtype in (jtorch.float32, jtorch.float64) else t.float()


def _loss_inter_union(boxes1: Tensor, boxes2: Tensor) -> tuple[Tensor, Tensor]:
    """Areas of the intersection and of the union of boxes (..., 4), pair by pair."""
    corner = jtorch.max(boxes1[..., :2], boxes2[..., :2])
    width, height = (jtorch.min(boxes1[..., 2:], boxes2[..., 2:]) - corner).unbind(-1)
    intersection = jtorch.where((width > 0) & (height > 0), width * height, 0)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (boxes1, boxes2)]
    return intersection, areas[0] + areas[1] - intersection


def reduced(loss: Tensor, reduction: str, empty_is_zero: bool = True) -> Tensor:
    """The loss, its mean or its sum. The mean of no boxes is zero."""
    if reduction == "none":
        return loss
    if reduction == "mean":
        return loss.mean() if loss.numel() > 0 or not empty_is_zero else 0.0 * loss.sum()
    if reduction == "sum":
        return loss.sum()
    raise ValueError(
        f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction modes: 'none', 'mean', 'sum'"
    )


def check_channels(input: Tensor, size: tuple[int, ...]) -> None:
    if input.size(1) % (size[0] * size[1]):
        raise RuntimeError("input channels must be a multiple of pooling height * pooling width")
