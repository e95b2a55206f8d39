"""Sections that Ctrl-C must not tear apart: a donated input is gone before its successor is in place."""

import threading
from signal import SIGINT

try:  # without the module's conversions to enumerations, which take 15 µs a block
    from _signal import getsignal, signal
except ImportError:
    from signal import getsignal, signal


class shielded:
    """Within the block SIGINT is only noted; it is delivered when the block has ended."""

    __slots__ = ("_handler", "_noted")

    def __enter__(self):
        self._noted = None
        self._handler = None
        if threading.current_thread() is threading.main_thread():
            handler = getsignal(SIGINT)
            if callable(handler):
                signal(SIGINT, self._note)
                self._handler = handler

    def _note(self, number, frame):
        self._noted = (number, frame)

    def __exit__(self, *exc):
        if self._handler is not None:
            signal(SIGINT, self._handler)
            if self._noted is not None:
                self._handler(*self._noted)
