"""Anomaly mode: which forward line made the node whose backward failed."""

import traceback
import warnings
from pathlib import Path

import numpy as np

from .. import engine
from .mode import STATE


class _Quiet:
    def __enter__(self):
        return None

    def __exit__(self, *exc):
        return False


_ROOT = Path(__file__).parents[1]


def _is_ours(filename: str) -> bool:
    """Whether a frame is of the machinery below the layers, which says nothing to the user."""
    path = Path(filename)
    return filename.startswith("<jtorch") or (_ROOT in path.parents and path.relative_to(_ROOT).parts[0] != "nn")


class _Explain:
    def __init__(self, node):
        self.node = node

    def __enter__(self):
        return self

    def __exit__(self, kind, error, tb):
        if error is not None and self.node.trace:
            frames = [
                (f.filename, f.lineno, f.function, (f.code_context or [""])[0]) for f in reversed(self.node.trace)
            ]
            while len(frames) > 1 and _is_ours(frames[-1][0]):
                frames.pop()
            lines = "".join(traceback.format_list(frames))
            warnings.warn(
                f"Error detected in {self.node.name()}. Traceback of forward call that caused the error:\n{lines}",
                UserWarning,
                stacklevel=2,
            )
        return False

    @staticmethod
    def check(node, grads) -> None:
        """torch's error for a gradient with NaN in it."""
        if not STATE.check_nan:
            return
        for i, grad in enumerate(grads):
            if grad is None:
                continue
            values = (grad if isinstance(grad, engine.Value) else grad._read()).numpy()
            if (
                values.dtype.kind in "fcV"
                and np.isnan(values.astype(np.float32) if values.dtype.kind == "V" else values).any()
            ):
                raise RuntimeError(f"Function '{node.name()}' returned nan values in its {i}th output.")


_quiet = _Quiet()


def explain(node):
    """A context that, in anomaly mode, reports the forward line of a node whose backward raises."""
    return _Explain(node) if STATE.anomaly else _quiet


class detect_anomaly:
    """Report the forward line behind a failing backward, and raise when a gradient is NaN. Slow: for debugging."""

    def __init__(self, check_nan: bool = True):
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )
        self.check_nan = check_nan

    def __enter__(self):
        self._previous = (STATE.anomaly, STATE.check_nan)
        STATE.anomaly, STATE.check_nan = True, self.check_nan

    def __exit__(self, *exc):
        STATE.anomaly, STATE.check_nan = self._previous


class set_detect_anomaly:
    """Switch anomaly mode on or off, as a function or a context manager."""

    def __init__(self, mode: bool, check_nan: bool = True):
        self._previous = (STATE.anomaly, STATE.check_nan)
        STATE.anomaly, STATE.check_nan = mode, check_nan

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        STATE.anomaly, STATE.check_nan = self._previous


def set_anomaly_enabled(mode: bool, check_nan: bool = True) -> None:
    """Switch anomaly mode on or off."""
    STATE.anomaly, STATE.check_nan = mode, check_nan


def is_anomaly_enabled() -> bool:
    return STATE.anomaly


def is_anomaly_check_nan_enabled() -> bool:
    return STATE.check_nan
