"""Deprecated functions of kinds of devices that torch itself has no backend for: `get_autocast_xla_dtype` and its kin."""

from jtorch.amp.autocast_mode import (
    _deprecated,
    get_autocast_dtype,
    is_autocast_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
)


def _of(device: str) -> dict:
    def get_dtype():
        _deprecated(f"get_autocast_{device}_dtype()", f"get_autocast_dtype('{device}')")
        return get_autocast_dtype(device)

    def set_dtype(dtype) -> None:
        _deprecated(f"set_autocast_{device}_dtype(dtype)", f"set_autocast_dtype('{device}', dtype)")
        set_autocast_dtype(device, dtype)

    def is_enabled() -> bool:
        _deprecated(f"is_autocast_{device}_enabled()", f"is_autocast_enabled('{device}')")
        return is_autocast_enabled(device)

    def set_enabled(enabled: bool) -> None:
        _deprecated(f"set_autocast_{device}_enabled(enabled)", f"set_autocast_enabled('{device}', enabled)")
        set_autocast_enabled(device, enabled)

    return {
        f"get_autocast_{device}_dtype": get_dtype,
        f"set_autocast_{device}_dtype": set_dtype,
        f"is_autocast_{device}_enabled": is_enabled,
        f"set_autocast_{device}_enabled": set_enabled,
    }


globals().update(_of("ipu") | _of("xla"))
