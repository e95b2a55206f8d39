"""Marks for NVIDIA's profiler: in traces of `jax.profiler` they show as annotations."""

import contextlib

from jtorch.cuda.properties import is_available

_open: list = []


def _demand() -> None:
    if not is_available():
        raise RuntimeError("NVTX functions not installed. Are you sure you have a CUDA build?")


def range_push(msg: str) -> int:
    """Begin a nested range; returns its depth."""
    _demand()
    import jax

    annotation = jax.profiler.TraceAnnotation(msg)
    annotation.__enter__()
    _open.append(annotation)
    return len(_open) - 1


def range_pop() -> int:
    """End the innermost range."""
    _demand()
    if _open:
        _open.pop().__exit__(None, None, None)
    return len(_open)


_ranges: dict[int, object] = {}


def range_start(msg: str, stream: int = 0) -> int:
    """Begin a range that need not be nested; returns its handle."""
    _demand()
    import jax

    annotation = jax.profiler.TraceAnnotation(msg)
    annotation.__enter__()
    _ranges[id(annotation)] = annotation
    return id(annotation)


def range_end(range_id: int, stream: int = 0) -> None:
    """End the range of a handle."""
    _demand()
    annotation = _ranges.pop(range_id, None)
    if annotation is not None:
        annotation.__exit__(None, None, None)  # type: ignore[attr-defined]


def mark(msg: str) -> None:
    """An instant of its own."""
    range_push(msg)
    range_pop()


@contextlib.contextmanager
def range(msg: str, *args, **kwargs):
    """A range as context manager and decorator."""
    range_push(msg.format(*args, **kwargs))
    try:
        yield
    finally:
        range_pop()
