"""torch.backends.opt_einsum: how the products of an `einsum` of three operands and more are ordered."""

import functools
import sys

from jtorch.backends.switches import Switch, changed, install
from jtorch.functions.einsum import PLANNING


def is_available() -> bool:
    return True


def get_opt_einsum():
    """The package that orders the products."""
    import opt_einsum

    return opt_einsum


def set_flags(_enabled=None, _strategy=None):
    """Set several switches; gives what they were before."""
    module = sys.modules[__name__]
    previous = (module.enabled, module.strategy)
    if _enabled is not None:
        module.enabled = _enabled
    if _strategy is not None:
        module.strategy = _strategy
    return previous


def flags(enabled=None, strategy=None):
    """Context in which the switches have other values."""
    wanted = {"enabled": enabled, "strategy": strategy}
    return changed(sys.modules[__name__], {name: value for name, value in wanted.items() if value is not None})


def _plan(name, value):
    PLANNING[name] = value


install(
    __name__,
    {
        "enabled": Switch(True, act=functools.partial(_plan, "enabled")),
        "strategy": Switch("auto", kind=None, act=functools.partial(_plan, "strategy")),
    },
)
