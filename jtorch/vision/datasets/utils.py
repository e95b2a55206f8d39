"""Fetching the files of a data set: download with resume and checksum, archives, argument checks."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import re
import shutil
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from ._readers import reading

USER_AGENT = "jtorch/vision"

_OPENERS = {".bz2": bz2.open, ".gz": gzip.open, ".xz": lzma.open}
_SHORT_ENDINGS = {".tbz": ".tar.bz2", ".tbz2": ".tar.bz2", ".tgz": ".tar.gz"}


def calculate_md5(fpath: str | Path, chunk_size: int = 1024 * 1024) -> str:
    """The MD5 of a file, in hexadecimal digits. It guards against damage, not against malice."""
    digest = hashlib.md5(usedforsecurity=False)
    with open(fpath, "rb") as file:
        while chunk := file.read(chunk_size):
            digest.update(chunk)
    return digest.hexdigest()


def check_md5(fpath: str | Path, md5: str, **kwargs) -> bool:
    """Whether a file has that MD5."""
    return md5 == calculate_md5(fpath, **kwargs)


def check_integrity(fpath: str | Path, md5: str | None = None) -> bool:
    """Whether a file is there and, where an MD5 is given, has it."""
    return os.path.isfile(fpath) and (md5 is None or check_md5(fpath, md5))


def download_url(
    url: str,
    root: str | Path,
    filename: str | Path | None = None,
    md5: str | None = None,
    max_redirect_hops: int = 3,
) -> None:
    """Fetch `url` to `root/filename` unless a file with that MD5 is there.

    What has arrived is kept in `filename.part`; a later call goes on from there if the server can. A URLError names
    the address and where to put the file by hand; RuntimeError: what arrived does not have the MD5.
    """
    root = os.path.expanduser(root)
    path = os.path.join(root, filename or os.path.basename(url))
    if check_integrity(path, md5):
        return
    address = urllib.parse.urlparse(url)
    if address.netloc in ("drive.google.com", "docs.google.com") and address.path.startswith("/file/d/"):
        return download_file_from_google_drive(address.path.split("/")[3], root, filename, md5)
    os.makedirs(root, exist_ok=True)
    partial = f"{path}.part"
    try:
        _fetch(url, partial, max_redirect_hops)
    except OSError as error:  # URLError is one too
        reason = getattr(error, "reason", error)
        raise urllib.error.URLError(
            f"{reason}: could not download {url}. Without a network, fetch it elsewhere and put it at {path}"
        ) from error
    if not check_integrity(partial, md5):
        os.remove(partial)
        raise RuntimeError(f"File not found or corrupted. What arrived from {url} does not have the MD5 {md5}.")
    os.replace(partial, path)


def download_file_from_google_drive(
    file_id: str, root: str | Path, filename: str | Path | None = None, md5: str | None = None
) -> None:
    """Fetch a file of Google Drive to `root/filename` (default: its id) with the package gdown, unless it is there.

    RuntimeError: gdown is not installed, or the file did not arrive; it says what to put where by hand.
    """
    root = os.path.expanduser(root)
    path = os.path.join(root, filename or file_id)
    if check_integrity(path, md5):
        return
    by_hand = f"Without it, fetch https://drive.google.com/uc?id={file_id} in a browser and put it at {path}"
    try:
        import gdown
    except ModuleNotFoundError as error:
        raise RuntimeError(
            "To download files from GDrive, 'gdown' is required. You can install it with 'pip install gdown'. "
            + by_hand
        ) from error
    os.makedirs(root, exist_ok=True)
    try:
        gdown.download(id=file_id, output=path, quiet=False, user_agent=USER_AGENT)
    except Exception as error:  # gdown raises many kinds: its own, those of requests, OSError
        raise RuntimeError(f"{error}: gdown could not download {file_id}. {by_hand}") from error
    if not check_integrity(path, md5):
        raise RuntimeError(f"File not found or corrupted. {by_hand}")


def _fetch(url: str, path: str, max_redirect_hops: int) -> None:
    """Append to `path` what it lacks of `url`."""
    redirects = urllib.request.HTTPRedirectHandler()
    redirects.max_redirections = max_redirect_hops
    opener = urllib.request.build_opener(redirects)
    have = os.path.getsize(path) if os.path.exists(path) else 0
    request = urllib.request.Request(url, headers={"User-Agent": USER_AGENT})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = opener.open(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send; the checksum tells whether it is all right
            return
        raise
    with response:
        resumed = response.status == 206
        if not resumed:
            have = 0
        with open(path, "ab" if resumed else "wb") as file, ProgressBar(have, response.length, url) as progress:
            left = response.length
            while chunk := response.read(64 * 1024):
                file.write(chunk)
                progress.advance(len(chunk))
                left = None if left is None else left - len(chunk)
    if left:
        raise ConnectionError(f"the connection ended {left} bytes early; call again to go on from there")


class ProgressBar:
    """How much of a download has arrived, on one line of standard error if that is a terminal."""

    def __init__(self, done: int, left: int | None, url: str):
        self.done = done
        self.total = None if left is None else done + left
        self.name = os.path.basename(url)
        self.shown = sys.stderr.isatty()
        self.text = ""

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exception) -> None:
        if self.shown:
            print(file=sys.stderr)

    def advance(self, count: int) -> None:
        self.done += count
        if not self.shown:
            return
        megabytes = f"{self.done / 1e6:.1f} MB"
        text = f"{self.name}: {megabytes}"
        if self.total:
            filled = 30 * self.done // self.total
            text = f"{self.name} [{'#' * filled}{'.' * (30 - filled)}] {megabytes} of {self.total / 1e6:.1f} MB"
        if text != self.text:
            self.text = text
            print(f"\r{text}", end="", file=sys.stderr, flush=True)


def extract_archive(
    from_path: str | Path, to_path: str | Path | None = None, remove_finished: bool = False
) -> str | Path:
    """Unpack a tar or zip archive, or a single compressed file, into the folder `to_path` (default: its own folder).

    Returns that folder, or the path of the single file, as str or Path like `from_path`.
    """
    folder, name = os.path.split(from_path)
    folder = folder if to_path is None else os.fspath(to_path)
    for short, long in _SHORT_ENDINGS.items():
        if name.endswith(short):
            name = name[: -len(short)] + long
    stem, ending = os.path.splitext(name)

    unpacked = folder
    try:
        if ending == ".zip":
            with zipfile.ZipFile(from_path) as archive:
                archive.extractall(folder)
        elif ending == ".tar" or (ending in _OPENERS and stem.endswith(".tar")):
            with tarfile.open(from_path) as archive:
                archive.extractall(folder, filter="data")
        elif ending in _OPENERS:
            unpacked = os.path.join(folder, stem)
            with _OPENERS[ending](from_path, "rb") as source, open(unpacked, "wb") as target:
                shutil.copyfileobj(source, target)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise RuntimeError(
            f"File not found or corrupted. {from_path} cannot be unpacked ({error}). Delete it and fetch it again."
        ) from error
    if ending not in (".zip", ".tar", *_OPENERS):
        known = sorted([".tar", ".zip", *_OPENERS, *_SHORT_ENDINGS])
        raise RuntimeError(f"Unknown compression or archive type: '{ending}'.\nKnown suffixes are: '{known}'.")
    if remove_finished:
        os.remove(from_path)
    return unpacked if isinstance(from_path, str) else Path(unpacked)


def download_and_extract_archive(
    url: str,
    download_root: str | Path,
    extract_root: str | Path | None = None,
    filename: str | Path | None = None,
    md5: str | None = None,
    remove_finished: bool = False,
) -> None:
    """`download_url` to `download_root`, then `extract_archive` into `extract_root` (default: the same folder)."""
    download_root = os.path.expanduser(download_root)
    filename = filename or os.path.basename(url)
    download_url(url, download_root, filename, md5)
    extract_archive(os.path.join(download_root, filename), extract_root or download_root, remove_finished)


def list_dir(root: str | Path, prefix: bool = False) -> list[str]:
    """The folders in `root`, in alphabetical order (torchvision: in the file system's); with `prefix` as paths."""
    return [entry.path if prefix else entry.name for entry in _entries(root) if entry.is_dir()]


def list_files(root: str | Path, suffix: str | tuple[str, ...], prefix: bool = False) -> list[str]:
    """The files in `root` that end in `suffix`, in alphabetical order; with `prefix` as paths."""
    files = (entry for entry in _entries(root) if entry.is_file() and entry.name.endswith(suffix))
    return [entry.path if prefix else entry.name for entry in files]


def _entries(root: str | Path) -> list[os.DirEntry]:
    return sorted(os.scandir(os.path.expanduser(root)), key=lambda entry: entry.name)


def iterable_to_str(iterable: Iterable) -> str:
    """The items in quotes, with commas between."""
    return "'" + "', '".join(map(str, iterable)) + "'"


def verify_str_arg(
    value: str,
    arg: str | None = None,
    valid_values: Iterable[str] | None = None,
    custom_msg: str | None = None,
) -> str:
    """`value` if it is one of `valid_values`, else a ValueError that names the argument."""
    if not isinstance(value, str):
        where = "" if arg is None else f" for argument {arg}"
        raise ValueError(f"Expected type str{where}, but got type {type(value)}.")
    if valid_values is not None and value not in valid_values:
        listed = iterable_to_str(valid_values)
        raise ValueError(custom_msg or f"Unknown value '{value}' for argument {arg}. Valid values are {{{listed}}}.")
    return value


def _read_pfm(file_name: str | Path, slice_channels: int = 2) -> np.ndarray:
    """The first channels of a PFM file, float32 (C, H, W): 2 are a flow, 1 is a disparity.

    Its header says PF for 3 channels and Pf for 1, the width and height, and a number whose sign is that of the byte order:
    negative for little-endian. Rows come from the bottom up (https://www.pauldebevec.com/Research/HDR/PFM).
    """
    content = Path(file_name).read_bytes()
    kind, *rest = content.split(b"\n", 3)
    if kind.rstrip() not in (b"PF", b"Pf"):
        raise ValueError(f"Invalid PFM file: {file_name}")
    channels = 3 if kind.rstrip() == b"PF" else 1
    sides = re.fullmatch(rb"(\d+)\s(\d+)\s?", rest[0]) if len(rest) == 3 else None
    if sides is None:
        raise RuntimeError(f"Malformed PFM header. {file_name} is damaged. Fetch it again.")
    width, height = map(int, sides.groups())
    with reading(file_name):
        order = "<" if float(rest[1]) < 0 else ">"
        values = np.frombuffer(rest[2], f"{order}f4").reshape(height, width, channels)
    return values.transpose(2, 0, 1)[:slice_channels, ::-1].astype(np.float32)
