"""What the data sets read their files with: pictures, lists, MATLAB files and pickles. Damage is named with its file."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def damaged(path: str | Path, how: object) -> RuntimeError:
    """The error for a file that is there and does not hold what it should."""
    return RuntimeError(f"File not found or corrupted. {path} is damaged: {how}. Delete it and fetch it again.")


def not_found(folder: str | Path, corrupted: bool = False, download: bool = True) -> RuntimeError:
    """The error for files that are not there (or, with `corrupted`, may have the wrong checksum)."""
    words = "Dataset not found or corrupted." if corrupted else "Dataset not found."
    by_hand = f"put its files into {folder} by hand"
    return RuntimeError(f"{words} You can use download=True to download it, or {by_hand}" if download else words)


@contextlib.contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """What parsing a damaged file raises becomes a RuntimeError that names the file."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (ValueError, LookupError, TypeError, EOFError, AttributeError, OSError, zlib.error) as error:
        raise damaged(path, f"{type(error).__name__}: {error}") from error


def open_image(path: str | Path, mode: str | None = None) -> Image.Image:
    """A picture in `mode` (default: the mode it has), its pixels read. A damaged file raises an OSError that names it."""
    with open(path, "rb") as file:
        try:
            image = Image.open(file)
            image.load()
            return image if mode is None else image.convert(mode)
        except (OSError, SyntaxError, ValueError) as error:  # the last two for some damage to PNG and PPM files
            if str(path) in str(error):
                raise
            raise OSError(f"{error} (while reading {path})") from error


def read_png(path: str | Path) -> np.ndarray:
    """The levels (C, H, W) of a PNG file, of 8 or 16 bits as they are."""
    from ..io.image import decode_png, read_file

    data = read_file(path)
    try:
        return decode_png(data).numpy()
    except (RuntimeError, OSError, SyntaxError, ValueError) as error:
        raise damaged(path, error) from error


def read_lines(path: str | Path) -> list[str]:
    """The lines of a text file, without what is blank at their ends."""
    with reading(path), open(path, encoding="utf-8") as file:
        return [line.strip() for line in file]


def read_json(path: str | Path) -> Any:
    """What a JSON file holds."""
    with reading(path), open(path, encoding="utf-8") as file:
        return json.load(file)


def read_mat(path: str | Path, squeeze_me: bool = False) -> dict[str, Any]:
    """The variables of a MATLAB file."""
    from scipy.io import loadmat

    with reading(path):
        return loadmat(os.fspath(path), squeeze_me=squeeze_me)


def _encode(text: str, encoding: str) -> bytes:
    """What Python 3 writes bytes as, in the pickles that Python 2 reads too."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"bytes in the encoding {encoding}")
    return text.encode("latin1")


_ARRAY_PARTS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): _encode,
    **{
        (f"numpy.{core}.{module}", name): getattr(getattr(np._core, module), name)
        for core in ("core", "_core")
        for module, name in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))
    },
}


class ArrayUnpickler(pickle.Unpickler):
    """Reads pickles of numbers, text, lists, dicts and numpy arrays. Anything else in them is refused, never run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ARRAY_PARTS:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")
        return _ARRAY_PARTS[module, name]


def read_pickle(path: str | Path) -> Any:
    """What a pickle of plain values and arrays holds, Python 2's text as Latin-1. Nothing in it is executed."""
    with open(path, "rb") as file, reading(path):
        try:
            return ArrayUnpickler(file, encoding="latin1").load()
        except pickle.UnpicklingError as error:
            raise damaged(path, error) from error
