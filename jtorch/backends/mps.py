"""torch.backends.mps: Apple's GPUs are not among the devices here."""


def is_available() -> bool:
    return False


def is_built() -> bool:
    return False


def is_macos_or_newer(major: int, minor: int) -> bool:
    return False


def is_macos13_or_newer(minor: int = 0) -> bool:
    return False


def _missing() -> RuntimeError:
    return RuntimeError("torch.backends.mps: there is no Apple GPU among the devices here")


def get_name() -> str:
    raise _missing()


def get_core_count() -> int:
    raise _missing()
