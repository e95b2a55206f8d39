"""Saving and loading in torch's file formats.

    saving.py       torch.save: the pickle and the storages beside it
    loading.py      torch.load: the zip format and the one before it
    archive.py      the zip archive, its records and their alignment
    restricted.py   the unpickler of weights_only=True and what it allows
    names.py        torch's names for jtorch's classes, both ways
    locations.py    location tags and map_location
    settings.py     options

How a tensor itself is taken apart and rebuilt is in jtorch/pickling.py, storages are in jtorch/storages.py.
"""

from .loading import get_unsafe_globals_in_checkpoint, load
from .locations import MAP_LOCATION, default_restore_location, location_tag, register_package, validate_cuda_device
from .names import StorageType
from .restricted import add_safe_globals, clear_safe_globals, get_safe_globals, safe_globals
from .saving import DEFAULT_PROTOCOL, save
from .settings import (
    LoadEndianness,
    get_crc32_options,
    get_default_load_endianness,
    get_default_mmap_options,
    set_crc32_options,
    set_default_load_endianness,
    set_default_mmap_options,
    skip_data,
)
