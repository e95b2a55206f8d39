"""Weights as enumerations, and the registry of models by name."""

import fnmatch
import importlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import ModuleType
from typing import Any, TypeVar, get_args

import jtorch.hub
from jtorch import nn

__all__ = ["Weights", "WeightsEnum", "get_model", "get_model_builder", "get_model_weights", "get_weight", "list_models"]

Builder = TypeVar("Builder", bound=Callable[..., nn.Module])


@dataclass(eq=False)
class Weights:
    """Where weights are (`url`), how their pictures are prepared (`transforms()`), and facts about them (`meta`)."""

    url: str
    transforms: Callable
    meta: dict[str, Any]

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """By content: a copied or unpickled `Weights` has to find its member of the enumeration, and partials compare by identity."""
        if not isinstance(other, Weights):
            return NotImplemented
        return (self.url, self.meta, _parts(self.transforms)) == (other.url, other.meta, _parts(other.transforms))


def _parts(function: Callable) -> Any:
    return (function.func, function.args, function.keywords) if isinstance(function, partial) else function


class WeightsEnum(Enum):
    """The weights there are for one model; each member's value is a `Weights`."""

    @classmethod
    def verify(cls, obj: Any) -> Any:
        """The member that `obj` is or names, or None for None. Raises TypeError for a member of another enumeration."""
        if isinstance(obj, str):
            return cls[obj.replace(f"{cls.__name__}.", "")]
        if obj is not None and not isinstance(obj, cls):
            raise TypeError(
                f"Invalid Weight class provided; expected {cls.__name__} but received {obj.__class__.__name__}."
            )
        return obj

    def get_state_dict(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The weights, by `torch.hub.load_state_dict_from_url`: from its cache folder, else from the web."""
        return jtorch.hub.load_state_dict_from_url(self.url, *args, **kwargs)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}.{self._name_}"

    @property
    def url(self) -> str:
        return self.value.url

    @property
    def transforms(self) -> Callable:
        return self.value.transforms

    @property
    def meta(self) -> dict[str, Any]:
        return self.value.meta


def get_weight(name: str) -> WeightsEnum:
    """The weights of that full name.

    >>> get_weight("ResNet50_Weights.IMAGENET1K_V2")
    ResNet50_Weights.IMAGENET1K_V2
    """
    try:
        enum_name, value_name = name.split(".")
    except ValueError:
        raise ValueError(f"Invalid weight name provided: '{name}'.") from None
    models = importlib.import_module(__package__)
    packages = [module for _, module in inspect.getmembers(models, inspect.ismodule) if hasattr(module, "__path__")]
    for module in [models, *packages]:
        found = vars(module).get(enum_name)
        if isinstance(found, type) and issubclass(found, WeightsEnum):
            return found[value_name]
    raise ValueError(f"The weight enum '{enum_name}' for the specific method couldn't be retrieved.")


def get_model_weights(name: Callable | str) -> type[WeightsEnum]:
    """The enumeration of weights for a model, given its function or the name of it."""
    return _get_enum_from_fn(get_model_builder(name) if isinstance(name, str) else name)


def _get_enum_from_fn(fn: Callable) -> type[WeightsEnum]:
    parameters = inspect.signature(fn).parameters
    if "weights" not in parameters:
        raise ValueError("The method is missing the 'weights' argument.")
    annotation = parameters["weights"].annotation
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, WeightsEnum):
            return kind
    raise ValueError(
        "The WeightsEnum class for the specific method couldn't be retrieved. Make sure the typing info is correct."
    )


BUILTIN_MODELS: dict[str, Callable[..., nn.Module]] = {}


def register_model(name: str | None = None) -> Callable[[Builder], Builder]:
    """Make a function that builds a model known to `get_model` and `list_models`, under its own name or another."""

    def register(fn: Builder) -> Builder:
        key = name if name is not None else fn.__name__
        if key in BUILTIN_MODELS:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        BUILTIN_MODELS[key] = fn
        return fn

    return register


def list_models(
    module: ModuleType | None = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
) -> list[str]:
    """Sorted names of the registered models.

    `module` is the package they are in; `include` and `exclude` are patterns (`fnmatch`) or several of them, of which
    one has to match.

    >>> list_models(include=["resnet*", "vgg1?"], exclude="*1")
    ['resnet152', 'resnet18', 'resnet34', 'resnet50', 'vgg13', 'vgg16', 'vgg19']
    """
    names = {
        name
        for name, fn in BUILTIN_MODELS.items()
        if module is None or fn.__module__.rpartition(".")[0] == module.__name__
    }
    if include:
        names = _matching(names, include)
    if exclude:
        names -= _matching(names, exclude)
    return sorted(names)


def _matching(names: set[str], patterns: Iterable[str] | str) -> set[str]:
    patterns = [patterns] if isinstance(patterns, str) else patterns
    return {name for pattern in patterns for name in fnmatch.filter(names, pattern)}


def get_model_builder(name: str) -> Callable[..., nn.Module]:
    """The function that builds the model of that name, in any case of letters."""
    name = name.lower()
    if name not in BUILTIN_MODELS:
        raise ValueError(f"Unknown model {name}")
    return BUILTIN_MODELS[name]


def get_model(name: str, **config: Any) -> nn.Module:
    """The model of that name, built with `config`.

    >>> get_model("squeezenet1_1", num_classes=10).classifier[1].out_channels
    10
    """
    return get_model_builder(name)(**config)
