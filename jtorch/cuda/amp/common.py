"""Whether mixed precision on cuda makes sense here."""

from jtorch.cuda.properties import is_available


def amp_definitely_not_available() -> bool:
    return not is_available()
