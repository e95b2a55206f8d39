"""`use_deterministic_algorithms`: XLA's programs give the same bits each time; under this setting the same steps also run as the same programs.

Otherwise a step runs operation by operation when first seen and as one fused program later, which rounds a little differently; a run
resumed from a checkpoint then differs in the last bits from one that was never interrupted.
"""

from jtorch.engine import Settings

_MODES = {"default": 0, "warn": 1, "error": 2}


class _State:
    mode = 0
    execution = "deferred"


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Run equal steps as equal programs from the first on (True), or choose by how often they were seen (False)."""
    if type(mode) is not bool:
        raise TypeError(
            f"_set_deterministic_algorithms(): argument 'mode' (position 1) must be bool, not {type(mode).__name__}"
        )
    _set(0 if not mode else 1 if warn_only else 2)


def _set(mode: int) -> None:
    if mode and not _State.mode:
        _State.execution = Settings.execution
        if Settings.execution == "deferred":  # eager is one tier already
            Settings.execution = "compile"
    elif _State.mode and not mode and Settings.execution == "compile":
        Settings.execution = _State.execution
    _State.mode = mode


def are_deterministic_algorithms_enabled() -> bool:
    return _State.mode > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    return _State.mode == 1


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """The same setting as a number or a word: 0 default, 1 warn, 2 error."""
    if isinstance(debug_mode, bool) or not isinstance(debug_mode, (int, str)):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = _MODES[debug_mode]
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _set(debug_mode)


def get_deterministic_debug_mode() -> int:
    return _State.mode
