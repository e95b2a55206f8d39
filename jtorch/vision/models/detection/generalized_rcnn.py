"""Detection in two steps: regions are proposed, then looked at one by one."""

from collections import OrderedDict

import jtorch
from jtorch import nn
from jtorch.tensor import Tensor

from .image_list import ImageList

Target = dict[str, Tensor]


def check_targets(targets: list[Target] | None) -> None:
    if targets is None:
        raise AssertionError("targets should not be none when in training mode")
    for target in targets:
        boxes = target["boxes"]
        if not isinstance(boxes, Tensor):
            raise AssertionError(f"Expected target boxes to be of type Tensor, got {type(boxes)}.")
        if len(boxes.shape) != 2 or boxes.shape[-1] != 4:
            raise AssertionError(f"Expected target boxes to be a tensor of shape [N, 4], got {boxes.shape}.")


def check_boxes(targets: list[Target]) -> None:
    for i, target in enumerate(targets):
        boxes = target["boxes"]
        degenerate = (boxes[:, 2:] <= boxes[:, :2]).any(1)
        if degenerate.any():
            found = boxes[jtorch.where(degenerate)[0][0]].tolist()
            raise AssertionError(
                "All bounding boxes should have positive height and width. "
                f"Found invalid box {found} for target at index {i}."
            )


def maps_of(backbone: nn.Module, pictures: Tensor) -> dict[str, Tensor]:
    maps = backbone(pictures)
    return OrderedDict([("0", maps)]) if isinstance(maps, Tensor) else maps


def inputs_of(
    model: nn.Module, images: list[Tensor], targets: list[Target] | None
) -> tuple[ImageList, list[Target] | None, list[tuple[int, int]], dict[str, Tensor]]:
    """What a detector begins with: the batch, its answers, the sizes before, and the maps of the backbone."""
    if model.training:
        check_targets(targets)
    sizes = [(image.shape[-2], image.shape[-1]) for image in images]
    batch, targets = model.transform(images, targets)
    if targets is not None:
        check_boxes(targets)
    return batch, targets, sizes, maps_of(model.backbone, batch.tensors)


class GeneralizedRCNN(nn.Module):
    """Pictures [(C, H, W), ...] to losses, in training with `targets`, or to boxes, labels and scores of each picture."""

    def __init__(self, backbone: nn.Module, rpn: nn.Module, roi_heads: nn.Module, transform: nn.Module) -> None:
        super().__init__()
        self.transform = transform
        self.backbone = backbone
        self.rpn = rpn
        self.roi_heads = roi_heads

    def eager_outputs(self, losses: Target, detections: list[Target]) -> Target | list[Target]:
        return losses if self.training else detections

    def forward(self, images: list[Tensor], targets: list[Target] | None = None) -> Target | list[Target]:
        batch, targets, sizes, maps = inputs_of(self, images, targets)
        proposals, proposal_losses = self.rpn(batch, maps, targets)
        detections, detector_losses = self.roi_heads(maps, proposals, batch.image_sizes, targets)
        detections = self.transform.postprocess(detections, batch.image_sizes, sizes)
        return self.eager_outputs({**detector_losses, **proposal_losses}, detections)
