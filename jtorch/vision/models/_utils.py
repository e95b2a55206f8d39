"""What the functions that build models share: rounding of widths, older ways to ask for weights, outputs of layers."""

import functools
import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from jtorch import nn

from ._api import WeightsEnum

Result = TypeVar("Result")
Value = TypeVar("Value")


class IntermediateLayerGetter(nn.ModuleDict):
    """A model cut after the last layer asked for, which returns what its layers give.

    `return_layers` maps names of the model's own children (not of their children) to names in the result. The children
    are called one after the other, in the order in which they were registered.

    >>> import jtorch as torch
    >>> model = torch.nn.Sequential(OrderedDict(first=torch.nn.Linear(2, 4), last=torch.nn.Linear(4, 2)))
    >>> outputs = IntermediateLayerGetter(model, {"first": "wide"})(torch.ones(1, 2))
    >>> [(name, output.shape) for name, output in outputs.items()]
    [('wide', torch.Size([1, 4]))]
    """

    _version = 2
    __annotations__ = {"return_layers": dict[str, str]}

    def __init__(self, model: nn.Module, return_layers: dict[str, str]) -> None:
        children = dict(model.named_children())
        wanted = {str(name) for name in return_layers}
        if not wanted <= set(children):
            raise ValueError("return_layers are not present in model")
        names = list(children)
        # With nothing wanted torchvision keeps the first child.
        end = max((names.index(name) for name in wanted), default=0) + 1
        super().__init__(OrderedDict((name, children[name]) for name in names[:end]))
        self.return_layers = return_layers

    def forward(self, x):
        outputs = OrderedDict()
        for name, module in self.items():
            x = module(x)
            if name in self.return_layers:
                outputs[self.return_layers[name]] = x
        return outputs


def _make_divisible(v: float, divisor: int, min_value: int | None = None) -> int:
    """The multiple of `divisor` nearest to a number of channels, at least `min_value` and nine tenths of the number.

    >>> _make_divisible(37, 8), _make_divisible(3, 8), _make_divisible(19, 16)
    (40, 8, 32)
    """
    nearest = max(divisor if min_value is None else min_value, int(v + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * v else nearest + divisor


def _quoted(names: list[str]) -> str:
    """`'a'`, `'a' and 'b'`, `'a', 'b', and 'c'`"""
    quoted = [f"'{name}'" for name in names]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"


def kwonly_to_pos_or_kw(fn: Callable[..., Result]) -> Callable[..., Result]:
    """Let arguments that `fn` takes by keyword only be given by position as well, with a warning."""
    parameters = inspect.signature(fn).parameters
    names = [name for name, parameter in parameters.items() if parameter.kind is parameter.KEYWORD_ONLY]
    if not names:
        raise TypeError(f"Found no keyword-only parameter on function '{fn.__name__}'")
    first = list(parameters).index(names[0])

    @functools.wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Result:
        by_position = dict(zip(names, args[first:], strict=False))
        if by_position:
            warnings.warn(
                f"Using {_quoted(list(by_position))} as positional parameter(s) is deprecated since 0.13 and may be "
                "removed in the future. Please use keyword parameter(s) instead.",
                stacklevel=2,
            )
        return fn(*args[:first], **kwargs, **by_position)

    return wrapper


def handle_legacy_interface(**weights: tuple[str, Any]) -> Callable[[Callable[..., Result]], Callable[..., Result]]:
    """Let a function that takes `weights=` understand the older `pretrained=True`, with torchvision's warnings.

    `weights=("pretrained", default)` names the older argument and the weights that True stands for: a member of an
    enumeration, None where there are none, or a function of the keyword arguments that returns one of these.
    """

    def decorate(builder: Callable[..., Result]) -> Callable[..., Result]:
        @kwonly_to_pos_or_kw
        @functools.wraps(builder)
        def wrapper(*args: Any, **kwargs: Any) -> Result:
            for name, (older_name, default) in weights.items():
                _translate(kwargs, name, older_name, default, builder.__name__)
            return builder(*args, **kwargs)

        return wrapper

    return decorate


def _is_current(weights: Any) -> bool:
    """Whether it can be meant as weights. `pretrained` given by position arrives under their name, as a bool."""
    if isinstance(weights, str):
        return weights != "legacy"  # torchvision's word for the older behaviour of its segmentation models
    return weights is None or isinstance(weights, WeightsEnum)


def _translate(kwargs: dict[str, Any], name: str, older_name: str, default: Any, model: str) -> None:
    if name in kwargs:
        if _is_current(kwargs[name]):
            return
        kwargs[older_name] = kwargs.pop(name)
    elif older_name in kwargs:
        warnings.warn(
            f"The parameter '{older_name}' is deprecated since 0.13 and may be removed in the future, "
            f"please use '{name}' instead.",
            stacklevel=4,
        )
    else:
        return
    chosen, advice = None, ""
    if kwargs[older_name]:
        chosen = default(kwargs) if callable(default) else default
        if not isinstance(chosen, WeightsEnum):
            raise ValueError(f"No weights available for model {model}")
        advice = f" You can also use `{name}={type(chosen).__name__}.DEFAULT` to get the most up-to-date weights."
    warnings.warn(
        f"Arguments other than a weight enum or `None` for '{name}' are deprecated since 0.13 and may be removed in "
        f"the future. The current behavior is equivalent to passing `{name}={chosen}`.{advice}",
        stacklevel=4,
    )
    del kwargs[older_name]
    kwargs[name] = chosen


def _ovewrite_named_param(kwargs: dict[str, Any], param: str, new_value: Any) -> None:
    """Set an argument that the weights prescribe; the caller may have given the same value, but no other."""
    kwargs[param] = _ovewrite_value_param(param, kwargs.get(param, new_value), new_value)


def _ovewrite_value_param(param: str, actual: Value | None, expected: Value) -> Value:
    if actual is not None and actual != expected:
        raise ValueError(f"The parameter '{param}' expected value {expected} but got {actual} instead.")
    return expected
