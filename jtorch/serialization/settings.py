"""Options of saving and loading that torch keeps in `torch.serialization`."""

import enum
import mmap
import threading

__all__ = [
    "LoadEndianness",
    "get_crc32_options",
    "get_default_load_endianness",
    "get_default_mmap_options",
    "set_crc32_options",
    "set_default_load_endianness",
    "set_default_mmap_options",
    "skip_data",
]


class LoadEndianness(enum.Enum):
    NATIVE = 1
    LITTLE = 2
    BIG = 3


class _Options:
    endianness: LoadEndianness | None = None
    checksums = True
    mmap_flags = getattr(mmap, "MAP_PRIVATE", None)


class _State(threading.local):
    skip_data = False


STATE = _State()


def get_default_load_endianness() -> LoadEndianness | None:
    """The byte order taken for files that do not name theirs; None is little."""
    return _Options.endianness


def set_default_load_endianness(endianness) -> None:
    """Set the byte order taken for files that do not name theirs."""
    if not isinstance(endianness, LoadEndianness) and endianness is not None:
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _Options.endianness = endianness


def get_crc32_options() -> bool:
    """Whether `torch.save` writes a checksum for each record."""
    return _Options.checksums


def set_crc32_options(compute_crc32: bool) -> None:
    """Set whether `torch.save` writes a checksum for each record. Without one `torch.load` cannot notice damage."""
    _Options.checksums = compute_crc32


def get_default_mmap_options() -> int | None:
    """The flags of the mapping of `torch.load(mmap=True)`."""
    return _Options.mmap_flags


class set_default_mmap_options:
    """Set the flags of the mapping of `torch.load(mmap=True)`, for good or for a `with` block.

    Both kinds read the same; jtorch never writes into the file, also with `MAP_SHARED`.
    """

    def __init__(self, flags: int):
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                f"Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got {flags}"
            )
        self.previous, _Options.mmap_flags = _Options.mmap_flags, flags

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        _Options.mmap_flags = self.previous


class skip_data:
    """Within the block `torch.save` leaves room for the bytes of storages without writing them, and `torch.load` does not read them."""

    def __init__(self, materialize_fake_tensors: bool = False):
        self.materialize_fake_tensors = materialize_fake_tensors

    def __enter__(self):
        self.previous, STATE.skip_data = STATE.skip_data, True

    def __exit__(self, *exc):
        STATE.skip_data = self.previous
