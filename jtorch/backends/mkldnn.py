"""torch.backends.mkldnn (oneDNN): XLA chooses its kernels; the switches are kept and change nothing."""

import sys

from jtorch.backends.switches import Switch, changed, install


def is_available() -> bool:
    return False


def is_acl_available() -> bool:
    return False


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
    },
)
