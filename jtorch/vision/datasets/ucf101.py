"""UCF101: films of 101 kinds of actions."""

from __future__ import annotations

from ._video import FoldedFilms


class UCF101(FoldedFilms):
    """Not there: its films would have to be decoded. It raises NotImplementedError and says what to use instead."""
