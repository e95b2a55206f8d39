"""From a row of a table to what users call: the enumeration of weights and the function that builds the model."""

import json
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

from jtorch import nn

from ..transforms import _presets
from ..transforms.functional import InterpolationMode
from ._api import Weights, WeightsEnum, register_model
from ._meta import _IMAGENET_CATEGORIES, categories
from ._utils import _ovewrite_named_param, handle_legacy_interface

# The weights that `pretrained=True` stands for, where a model has them.
_PRETRAINED = ("IMAGENET1K_V1", "KINETICS400_V1", "C_T_SKHT_V2", "C_T_V2")


@cache
def _recorded() -> dict[str, dict[str, Any]]:
    """Addresses, preprocessing and figures of all weights, written down by `compat_tests/vision/record_weights.py`."""
    return json.loads(Path(__file__).with_name("weights.json").read_text(encoding="utf-8"))


def weights_enum(name: str, module: str) -> type[WeightsEnum]:
    """The enumeration of that name, as recorded. `meta` lacks torchvision's prose (`_docs`)."""
    recorded = _recorded()[name]
    members: dict[str, Weights] = {}
    for member, facts in recorded.items():
        members[member] = members[facts] if isinstance(facts, str) else _weights(**facts)
    return WeightsEnum(name, members, module=module)  # type: ignore[call-arg]


def _weights(
    url: str, transforms: dict[str, Any], meta: dict[str, Any], preset: str = "ImageClassification"
) -> Weights:
    if "interpolation" in transforms:
        transforms = transforms | {"interpolation": InterpolationMode[transforms["interpolation"]]}
    if preset != "OpticalFlow":  # which has no classes
        meta = {"categories": _IMAGENET_CATEGORIES} | meta
    for key in ("categories", "keypoint_names"):
        if isinstance(meta.get(key), str):
            meta[key] = categories()[meta[key]]
    if "min_size" in meta:
        meta["min_size"] = tuple(meta["min_size"])
    prepare = getattr(_presets, preset)
    return Weights(url, partial(prepare, **transforms) if transforms else prepare, meta)


def publish(
    function: Callable[..., nn.Module],
    weights_class: type[WeightsEnum],
    module: str,
    rest: str = "Further arguments go to\nthe model's class.",
    **older: tuple[str, Any],
) -> Callable[..., nn.Module]:
    """Make `function` the one that users call, and register it; `older` names older ways to ask for its weights.

    Its name is that of the enumeration: `ResNet18_Weights` belongs to `resnet18`.
    """
    name = weights_class.__name__.removesuffix("_Weights").lower()
    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    function.__doc__ = (
        f"{name}, untrained or with `weights` of {weights_class.__name__} (a member, its name, or 'DEFAULT').\n\n"
        f"Weights are fetched once, into `torch.hub.get_dir()`, with a bar of `progress`. {rest}"
    )
    return register_model()(handle_legacy_interface(**older)(function))


def builder(weights_class: type[WeightsEnum], module: str) -> Callable[[Callable[..., nn.Module]], Callable]:
    """Make `build(weights, progress, **kwargs)` the function that users call, and register it.

    `weights` are checked before, and older ways to ask for them understood; `build` loads them.
    """
    members = weights_class.__members__

    def decorate(build: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        def function(*, weights: weights_class | None = None, progress: bool = True, **kwargs: Any) -> nn.Module:
            return build(weights_class.verify(weights), progress, **kwargs)

        pretrained = next((members[name] for name in _PRETRAINED if name in members), None)
        return publish(function, weights_class, module, weights=("pretrained", pretrained))

    return decorate


def load(model: nn.Module, weights: WeightsEnum, progress: bool) -> None:
    """Fetch weights, check that they are whole, and put them into the model."""
    model.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))


def nothing_else(weights: WeightsEnum) -> dict[str, Any]:
    """Weights prescribe no arguments but the number of classes."""
    return {}


def declare(
    name: str,
    make: Callable[..., nn.Module],
    *args: Any,
    fixed: dict[str, Any] | None = None,
    defaults: dict[str, Any] | None = None,
    overridden: dict[str, Any] | None = None,
    prescribed: Callable[[WeightsEnum], dict[str, Any]] = nothing_else,
    load: Callable[[nn.Module, WeightsEnum, bool], None] = load,
) -> tuple[type[WeightsEnum], Callable[..., nn.Module]]:
    """The enumeration `{name}_Weights`, and the function that calls `make(*args, **kwargs)` and loads weights.

    Of the keyword arguments a user may give, `fixed` ones have one value, and so have those that the weights
    prescribe; `defaults` can be changed; `overridden` ones hold with weights, whatever was given.
    """
    module = sys._getframe(1).f_globals["__name__"]
    weights_class = weights_enum(f"{name}_Weights", module)

    @builder(weights_class, module)
    def build(weights: WeightsEnum | None, progress: bool, **kwargs: Any) -> nn.Module:
        required = dict(fixed or {})
        if weights is not None:
            kwargs |= overridden or {}
            required |= prescribed(weights)
            if weights.meta.get("categories") is not None:
                required["num_classes"] = len(weights.meta["categories"])
        for argument, value in required.items():
            _ovewrite_named_param(kwargs, argument, value)
        model = make(*args, **{**(defaults or {}), **kwargs})
        if weights is not None:
            load(model, weights, progress)
        return model

    return weights_class, build
