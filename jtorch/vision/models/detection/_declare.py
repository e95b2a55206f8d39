"""From a row to what users call: a detector with weights of its own, or of its backbone."""

import inspect
from collections.abc import Callable
from typing import Any

from jtorch import nn

from ...ops.misc import FrozenBatchNorm2d
from .._api import WeightsEnum
from .._declare import load, publish, weights_enum
from .._utils import _ovewrite_value_param
from ._utils import overwrite_eps
from .backbone_utils import _validate_trainable_layers

Layer = Callable[..., nn.Module]
COCO_CLASSES = 91


def declare(
    name: str,
    module: str,
    backbone_weights: type[WeightsEnum],
    make: Callable[..., nn.Module],
    *,
    stages: int = 5,
    frozen_norm: bool = True,
    pretrained_backbone: bool = True,
    without_eps: bool = False,
    first_backbone: str = "IMAGENET1K_V1",
    trained_by_default: int = 3,
    defaults: dict[str, Any] | None = None,
    further: dict[str, Any] | None = None,
) -> tuple[type[WeightsEnum], Callable[..., nn.Module]]:
    """The enumeration `{name}_Weights`, and the function that builds `make(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs)`.

    `trained` says how many of the backbone's `stages` are trained; `frozen_norm` that a trained backbone's normalizations
    are frozen. `without_eps`: the weights COCO_V1 belong to normalizations with an eps of 0. `further` are arguments of
    this model alone, which users see, with their defaults.
    """
    weights_class = weights_enum(f"{name}_Weights", module)
    older_backbone = backbone_weights[first_backbone]
    default_backbone = older_backbone if pretrained_backbone else None

    def function(
        *,
        weights: weights_class | None = None,
        progress: bool = True,
        num_classes: int | None = None,
        weights_backbone: backbone_weights | None = default_backbone,
        trainable_backbone_layers: int | None = None,
        **kwargs: Any,
    ) -> nn.Module:
        weights = weights_class.verify(weights)
        weights_backbone = backbone_weights.verify(weights_backbone)
        if weights is not None:
            weights_backbone = None
            num_classes = _ovewrite_value_param("num_classes", num_classes, len(weights.meta["categories"]))
        elif num_classes is None:
            num_classes = COCO_CLASSES
        is_trained = weights is not None or weights_backbone is not None
        trained = _validate_trainable_layers(is_trained, trainable_backbone_layers, stages, trained_by_default)
        norm_layer = FrozenBatchNorm2d if is_trained and frozen_norm else nn.BatchNorm2d
        kwargs = {**(defaults or {}), **kwargs}
        model = make(weights_backbone, progress, num_classes, trained, norm_layer, **kwargs)
        if weights is not None:
            load(model, weights, progress)
            if without_eps and weights is weights_class["COCO_V1"]:
                overwrite_eps(model, 0.0)
        return model

    if further:
        *known, last = inspect.signature(function).parameters.values()
        known += [inspect.Parameter(name, last.KEYWORD_ONLY, default=value) for name, value in further.items()]
        function.__signature__ = inspect.Signature([*known, last])
    rest = (
        f"Without `weights` the backbone has\n`weights_backbone` ({backbone_weights.__name__}); of one that has weights "
        "the last `trainable_backbone_layers` are trained."
    )
    older = {
        "weights": ("pretrained", weights_class["COCO_V1"]),
        "weights_backbone": ("pretrained_backbone", older_backbone),
    }
    return weights_class, publish(function, weights_class, module, rest, **older)
