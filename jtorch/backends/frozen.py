"""The switches of all backends: one precision for all, and a way to forbid changes of any."""

import sys

from jtorch.backends import switches


def set_flags(_fp32_precision: str = "none") -> tuple[str]:
    """Set the precision that is asked of all backends; gives what it was before."""
    module = sys.modules["jtorch.backends"]
    previous = module.fp32_precision
    if _fp32_precision is not None:
        module.fp32_precision = _fp32_precision
    return (previous,)


def flags(fp32_precision: str = "none"):
    """Context in which another precision is asked for."""
    return switches.changed(sys.modules["jtorch.backends"], {"fp32_precision": fp32_precision})


def disable_global_flags() -> None:
    """Forbid to assign switches from now on, except in the `flags` contexts: torch's tests ask for that."""
    switches.frozen[0] = True


def flags_frozen() -> bool:
    """Whether assigning switches is forbidden."""
    return switches.frozen[0]
