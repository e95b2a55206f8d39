"""Sections that Ctrl-C must not tear apart: a donated input is gone before its successor is in place."""

import threading
from signal import SIGINT

try:  # without the module's conversions to enumerations, which take 15 µs a block
    from _signal import getsignal, signal
except ImportError:
    from signal import getsignal, signal


class shielded:
    """Within the block SIGINT is only noted; it is delivered when the block has ended, or where the block says that nothing is half done."""

    __slots__ = ("_handler", "_noted")

    def __enter__(self):
        self._noted = None
        self._handler = None
        if threading.current_thread() is threading.main_thread():
            handler = getsignal(SIGINT)
            if callable(handler):
                signal(SIGINT, self._note)
                self._handler = handler
        return self

    def _note(self, number, frame):
        self._noted = (number, frame)

    def deliver(self):
        """Call the handler now, if a SIGINT was noted: most raise KeyboardInterrupt, here."""
        if self._noted is not None:
            noted, self._noted = self._noted, None
            self._handler(*noted)

    def __exit__(self, *exc):
        if self._handler is not None:
            signal(SIGINT, self._handler)
            self.deliver()
