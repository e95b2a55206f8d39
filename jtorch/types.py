"""torch.types: names for annotations."""

import builtins
import os
from typing import IO, TypeAlias, Union

from jtorch.devices import device
from jtorch.size import Size
from jtorch.storages import TypedStorage, UntypedStorage

__all__ = ["Device", "FileLike", "Number", "Storage"]

Number: TypeAlias = int | float | bool
Device: TypeAlias = device | str | int | None
FileLike: TypeAlias = Union[str, os.PathLike[str], IO[bytes]]  # noqa: UP007  as torch shows it
Storage: TypeAlias = UntypedStorage | TypedStorage

_bool, _int, _float, _complex = builtins.bool, builtins.int, builtins.float, builtins.complex
_size = Size | list[int] | tuple[int, ...]
