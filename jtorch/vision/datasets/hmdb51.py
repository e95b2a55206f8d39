"""HMDB51: films of 51 kinds of movements."""

from __future__ import annotations

from ._video import FoldedFilms


class HMDB51(FoldedFilms):
    """Not there: its films would have to be decoded. It raises NotImplementedError and says what to use instead."""

    data_url = "https://serre-lab.clps.brown.edu/wp-content/uploads/2013/10/hmdb51_org.rar"
    splits = {
        "url": "https://serre-lab.clps.brown.edu/wp-content/uploads/2013/10/test_train_splits.rar",
        "md5": "15e67781e70dcfbdce2d7dbb9b3344b5",
    }
    TRAIN_TAG = 1
    TEST_TAG = 2
