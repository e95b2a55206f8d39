"""Decisions and loops that a program makes by itself, under the name that torch keeps them."""

from jtorch.capturing import cond, scan, while_loop

from .associative_scan import associative_scan

__all__ = ["associative_scan", "cond", "scan", "while_loop"]
