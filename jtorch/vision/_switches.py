"""Switches of torchvision's that turn nothing any more, neither there nor here."""


def get_video_backend() -> str:
    """The name torchvision has for its last decoder of videos; neither library decodes any now."""
    return "pyav"


def set_video_backend(backend: str) -> None:
    """Changes nothing, as in torchvision 0.28."""


def disable_beta_transforms_warning() -> None:
    """Changes nothing, as in torchvision 0.28: `transforms.v2` no longer warns."""
