"""An exception caught in one process and raised again in another."""

import sys
import traceback

__all__ = ["ExceptionWrapper", "KeyErrorMessage"]


class KeyErrorMessage(str):
    """A text whose repr is itself: `KeyError` shows the repr of its argument, which would garble a traceback."""

    def __repr__(self):
        return str(self)


class ExceptionWrapper:
    """The class and the formatted traceback of the exception being handled; `reraise` raises it anew.

    The exception object stays where it was caught: its traceback holds frames, and frames do not travel.
    """

    def __init__(self, exc_info=None, where="in background"):
        exc_type, value, trace = exc_info or sys.exc_info()
        self.exc_type = exc_type
        self.exc_msg = "".join(traceback.format_exception(exc_type, value, trace))
        self.where = where

    def reraise(self):
        """Raise an exception of the original class whose message holds the original traceback."""
        message = f"Caught {self.exc_type.__name__} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            raise KeyError(KeyErrorMessage(message))
        if getattr(self.exc_type, "message", None):
            # Such classes take the text by name and something else by position.
            raise self.exc_type(message=message)
        try:
            exception = self.exc_type(message)
        except Exception:
            # A class that wants other arguments cannot be built from a text alone.
            raise RuntimeError(message) from None
        raise exception
