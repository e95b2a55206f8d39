"""torch.backends.mha: whether attention layers may take a faster way in inference. There is one way; the switch is kept."""

_enabled = [True]


def get_fastpath_enabled() -> bool:
    return _enabled[0]


def set_fastpath_enabled(value: bool) -> None:
    _enabled[0] = bool(value)
