"""What models of segmentation share: a backbone's maps, classified and brought to the size of the picture."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import jtorch.nn.functional as F
from jtorch import nn
from jtorch.tensor import Tensor

from .._api import WeightsEnum
from .._declare import load, publish, weights_enum
from .._utils import _ovewrite_value_param

VOC_CLASSES = 21


def resized(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


class _SimpleSegmentationModel(nn.Module):
    """Logits of the classes at each pixel, as `{"out": ...}`, and with an `aux_classifier` of an earlier map, `"aux"`."""

    __constants__ = ["aux_classifier"]

    def __init__(self, backbone: nn.Module, classifier: nn.Module, aux_classifier: nn.Module | None = None) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = classifier
        self.aux_classifier = aux_classifier

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        maps = self.backbone(x)
        result = OrderedDict(out=resized(self.classifier(maps["out"]), x))
        if self.aux_classifier is not None:
            result["aux"] = resized(self.aux_classifier(maps["aux"]), x)
        return result


def taps(features: nn.Sequential) -> list[int]:
    """Where the resolution of a MobileNet's layers falls: its first layer, each that strides, its last."""
    strided = [i for i, block in enumerate(features) if getattr(block, "_is_cn", False)]
    return [0, *strided, len(features) - 1]


def declare(
    name: str, module: str, backbone_weights: type[WeightsEnum], make: Callable[..., nn.Module]
) -> tuple[type[WeightsEnum], Callable[..., nn.Module]]:
    """The enumeration `{name}_Weights` and the function that builds `make(weights_backbone, num_classes, aux_loss)`."""
    weights_class = weights_enum(f"{name}_Weights", module)
    first, first_backbone = weights_class["COCO_WITH_VOC_LABELS_V1"], backbone_weights["IMAGENET1K_V1"]

    def function(
        *,
        weights: weights_class | None = None,
        progress: bool = True,
        num_classes: int | None = None,
        aux_loss: bool | None = None,
        weights_backbone: backbone_weights | None = first_backbone,
        **kwargs: Any,
    ) -> nn.Module:
        weights = weights_class.verify(weights)
        weights_backbone = backbone_weights.verify(weights_backbone)
        if weights is not None:
            weights_backbone = None
            num_classes = _ovewrite_value_param("num_classes", num_classes, len(weights.meta["categories"]))
            aux_loss = _ovewrite_value_param("aux_loss", aux_loss, True)
        elif num_classes is None:
            num_classes = VOC_CLASSES
        model = make(weights_backbone, num_classes, aux_loss)
        if weights is not None:
            load(model, weights, progress)
        return model

    rest = (
        f"Without `weights` the backbone has\n`weights_backbone` ({backbone_weights.__name__}); `aux_loss` adds a "
        "classifier of an earlier map."
    )
    older = {"weights": ("pretrained", first), "weights_backbone": ("pretrained_backbone", first_backbone)}
    return weights_class, publish(function, weights_class, module, rest, **older)
