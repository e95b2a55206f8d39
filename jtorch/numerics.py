"""Settings of arithmetic for the whole process: how exactly float32 matrices multiply, denormal numbers, repeated warnings."""

import warnings

from jtorch import once, precision


def set_float32_matmul_precision(precision: str) -> None:
    """'highest': float32 matrices multiply in float32; 'high' and 'medium' allow fewer bits where the device is faster that way.

    On NVIDIA GPUs both mean TF32, on TPUs three passes of bfloat16 and one. CPUs always compute in float32.
    """
    if type(precision) is not str:
        raise RuntimeError(f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}")
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the currentsetFloat32MatmulPrecision call has no effect.",
            UserWarning,
            stacklevel=2,
        )
        return
    _precision.set_matmul(precision)


_precision = precision


def get_float32_matmul_precision() -> str:
    return _precision.Precision.matmul


def set_flush_denormal(mode: bool) -> bool:
    """Whether tiny numbers may be taken as zero was switched: False, XLA decides that for itself."""
    return False


def set_warn_always(b: bool, /) -> None:
    """Let warnings that are given once per process be given each time. Python's own filters still apply."""
    if type(b) is not bool:
        raise RuntimeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    once.always[0] = b


def is_warn_always_enabled() -> bool:
    return once.always[0]
