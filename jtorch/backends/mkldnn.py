"""torch.backends.mkldnn (oneDNN): XLA chooses its kernels; the switches are kept and change nothing."""

import sys

from jtorch.backends.switches import Switch, changed, install


def is_available() -> bool:
    return False


def is_acl_available() -> bool:
    return False


class _Operation:
    """`torch.backends.mkldnn.matmul`, `.conv`, `.rnn`: the precision asked for, which changes nothing."""

    def __init__(self):
        self.fp32_precision = "none"


matmul, conv, rnn = _Operation(), _Operation(), _Operation()


def set_flags(_enabled=None, _deterministic=None, _allow_tf32=None, _fp32_precision="none"):
    """Set several switches; gives what they were before."""
    module = sys.modules[__name__]
    names = ("enabled", "deterministic", "allow_tf32")
    previous = tuple(getattr(module, name) for name in names)
    for name, value in zip(names, (_enabled, _deterministic, _allow_tf32), strict=True):
        if value is not None:
            setattr(module, name, value)
    return (*previous, module.fp32_precision)


def flags(enabled=False, deterministic=False, allow_tf32=True, fp32_precision="none"):
    """Context in which the switches have other values."""
    return changed(
        sys.modules[__name__], {"enabled": enabled, "deterministic": deterministic, "allow_tf32": allow_tf32}
    )


install(
    __name__,
    {
        "enabled": Switch(True, error="set_enabled_mkldnn"),
        "deterministic": Switch(False, error="set_deterministic_mkldnn"),
        "allow_tf32": Switch(True, error="set_allow_tf32_onednn"),
        "fp32_precision": Switch("none", kind=str),
    },
)
