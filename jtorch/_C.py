"""What libraries ask torch's compiled part for, where there is an answer without it."""

from jtorch.random import Generator

__all__ = ["Generator", "_log_api_usage_once"]


def _log_api_usage_once(event: str) -> None:
    """Nobody listens, as in torch unless a program installs a listener in C++."""
