"""Sizes that are not known yet, which no program here has: a program is recorded while it runs, and its sizes are ints."""

import sys


class _Unknown:
    def __init__(self, *args):
        name = type(self).__name__
        raise NotImplementedError(f"torch.{name}: what is known when a program runs is a Python {name[3:].lower()}")


class SymInt(_Unknown):
    """torch's class of a size that is not known yet. Nothing is one here; `isinstance(size, (int, torch.SymInt))` works.

    >>> import jtorch as torch
    >>> isinstance(torch.ones(3).size(0), torch.SymInt)
    False
    """


class SymFloat(_Unknown):
    """A float that is not known yet: see `SymInt`."""


class SymBool(_Unknown):
    """A bool that is not known yet: see `SymInt`."""


def sym_constrain_range(size, *, min: int | None = None, max: int | None = None) -> None:
    """Refuse a size outside min..max."""
    low = -sys.maxsize - 1 if min is None else min
    high = sys.maxsize if max is None else max
    if not low <= size <= high:
        raise RuntimeError(f"Invalid value range for {size} between [{low}, {high}].")


def sym_constrain_range_for_size(size, *, min: int | None = None, max: int | None = None) -> None:
    """Refuse a size outside min..max, which begins at 0."""
    if max is not None and max <= 2:
        raise RuntimeError(f"Max value to constrain_range_for_size must be greater than 2. got: {max}")
    sym_constrain_range(size, min=0 if min is None else min, max=max)
