"""How the engine executes, from the environment: read once, changeable from code."""

import os
from pathlib import Path

from jaxlib.version import __version_info__ as _jaxlib

MODES = ("deferred", "eager", "compile")
# Each operation rounds to its dtype, as torch's do: XLA would drop the steps through bfloat16 and float16 between fused operations.
XLA_OPTIONS: dict[str, bool | str] = {"xla_allow_excess_precision": False}
# Since jaxlib 0.10.2 XLA on the CPU hands groups of operations to YNNPACK, whose sums of products of many axes, and of
# products of matrices, come out wrong, or crash (https://github.com/jax-ml/jax/issues/39103, 39257, 40412). Single products
# of matrices and convolutions, where it is fast, are right.
if (0, 10, 2) <= _jaxlib < (0, 12):
    _RIGHT = "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT,LIBRARY_FUSION_TYPE_INDIVIDUAL_CONVOLUTION"
    XLA_OPTIONS["xla_cpu_experimental_ynn_fusion_type"] = _RIGHT


class Settings:
    """`execution`: deferred (in numpy first, as a program once that pays), eager (each operation at once) or compile (whole traces at first sight).
    `log` holds the names of the logs wanted; `observer` is called with (name, start, end) of everything that is run, while a profile is on; `reporter` is told of flushes and compilations (`log.py`). `max_trace` operations at most wait in a trace, which keeps about `max_held` bytes alive that nobody else does; `max_programs` compiled traces are kept.
    """

    execution = os.environ.get("JTORCH_EXECUTION", "deferred")
    log = frozenset(filter(None, os.environ.get("JTORCH_LOG", "").split(",")))
    observer = None
    reporter = None
    max_trace = 8192
    max_held = 128 << 20
    max_programs = 256
    max_prims = 4096


LOGS = frozenset({"recompiles"})

if unknown := Settings.log - LOGS:
    raise ValueError(f"JTORCH_LOG={','.join(sorted(unknown))!r}: expected {', '.join(sorted(LOGS))}")
if Settings.execution not in MODES:
    raise ValueError(f"JTORCH_EXECUTION={Settings.execution!r}: expected one of {', '.join(MODES)}")


def set_execution(mode: str) -> str:
    """Choose how operations execute: 'deferred', 'eager' or 'compile'. Returns the previous mode."""
    if mode not in MODES:
        raise ValueError(f"execution mode {mode!r}: expected one of {', '.join(MODES)}")
    previous, Settings.execution = Settings.execution, mode
    return previous


def persist_programs() -> None:
    """Keep compiled programs on disk between runs, in the user's cache folder, unless the user has chosen a place or `JTORCH_CACHE=0`."""
    import jax

    wanted = os.environ.get("JTORCH_CACHE", "1")
    if wanted == "0" or jax.config.jax_compilation_cache_dir or os.environ.get("JAX_COMPILATION_CACHE_DIR"):
        return
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    jax.config.update("jax_compilation_cache_dir", str(base / "jtorch" / "xla"))
    if not os.environ.get("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.05)
