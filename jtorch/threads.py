"""How many threads compute. XLA starts its own pool with the process, one thread per processor it may use; the numbers here are kept for code that asks."""

import os

_numbers = {"intra": None, "inter": None}


def get_num_threads() -> int:
    """Threads inside one operation: as set, else `OMP_NUM_THREADS`, else the processors of this process."""
    chosen = _numbers["intra"]
    if chosen is None:
        wished = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
        chosen = _numbers["intra"] = int(wished) if wished.isdigit() and int(wished) else _processors()
    return chosen


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_num_threads(num: int) -> None:
    """Wish for a number of threads. XLA's pool keeps its size: limit it from outside, with `taskset` or a container."""
    if type(num) is not int:
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError("set_num_threads expects a positive integer")
    _numbers["intra"] = num


def get_num_interop_threads() -> int:
    """Threads that run operations side by side."""
    return _numbers["inter"] or _processors()


def set_num_interop_threads(num: int) -> None:
    """Wish, once, for a number of threads that run operations side by side."""
    if type(num) is not int:
        raise RuntimeError(f"set_num_interop_threads expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError("Expected positive number of threads")
    if _numbers["inter"] is not None:
        raise RuntimeError(
            "Error: cannot set number of interop threads after parallel work has started or set_num_interop_threads called"
        )
    _numbers["inter"] = num
