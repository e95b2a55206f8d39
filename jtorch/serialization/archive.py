"""The zip archive that torch's files are: uncompressed records in one folder, each aligned so that it can be mapped.

The writer lays a file out as torch does, byte for byte. The reader accepts any zip archive of such records and trusts nothing in it.
"""

import hashlib
import io
import os
import struct
import zipfile
import zlib

import numpy as np

__all__ = ["ArchiveReader", "ArchiveWriter", "is_zip"]

ALIGNMENT = 64
FILE_FORMAT_VERSION = b"3\n"
MAX_FILE_FORMAT_VERSION = 10
# From this size on a number is written in an extra field, and its own field holds IN_EXTRA_FIELD.
ZIP64_LIMIT = IN_EXTRA_FIELD = 0xFFFFFFFF
# A deflated byte stands for at most 1032 bytes: an archive that claims more lies about its sizes.
MAX_DEFLATE_RATIO = 1032

CORRUPT_HELP = (
    " This is an internal miniz error. If you are seeing this error, there is a high likelihood that your checkpoint file is corrupted. This can happen if "
    "the checkpoint was not saved properly, was transferred incorrectly, or the file was modified after saving."
)


def is_zip(file) -> bool:
    """Whether a zip archive starts at the position of a file."""
    start = file.tell()
    found = file.read(4) == b"PK\x03\x04"
    file.seek(start)
    return found


def _reader_error(what: str) -> RuntimeError:
    return RuntimeError(f"PytorchStreamReader failed {what}.{CORRUPT_HELP}")


class ArchiveReader:
    """Records of an archive by name, without the folder's name in front."""

    def __init__(self, file):
        self.file = file
        self.start = file.tell()
        self.file_size = file.seek(0, os.SEEK_END)
        file.seek(self.start)
        try:
            self.zip = zipfile.ZipFile(file)
        except (
            zipfile.BadZipFile,
            struct.error,
            NotImplementedError,
            UnicodeDecodeError,
            ValueError,
            OSError,
        ) as error:
            small = self.file_size - self.start < 22
            reason = "not a ZIP archive" if small else "failed finding central directory"
            raise _reader_error(f"reading zip archive: {reason}") from error
        infos = self.zip.infolist()
        if not infos:
            raise _reader_error("reading zip archive: archive is empty")
        folder, slash, _ = infos[0].filename.partition("/")
        if not slash:
            raise RuntimeError(
                f"[enforce fail at inline_container.cc:180] . file in archive is not in a subdirectory: {folder}"
            )
        self.records = {
            info.filename[len(folder) + 1 :]: info for info in infos if info.filename.startswith(f"{folder}/")
        }
        self.unread = self.file_size
        self.seen: set[str] = set()
        self._check_version()

    def _check_version(self):
        if "version" not in self and ".data/version" not in self:
            raise RuntimeError('Expected hasRecord("version") to be true, but got false.  The file has no version record: it is not a file of torch.save.')  # fmt: skip
        text = self.read("version" if "version" in self else ".data/version")
        try:
            version = int(text)
        except ValueError:
            raise RuntimeError(
                f"Couldn't parse the version {text[:40].decode('ascii', 'replace')} as Long Long."
            ) from None
        if version < 1:
            raise RuntimeError(f"Attempted to read a PyTorch file with version {version}, but the minimum supported version for reading is 1. Your PyTorch script module file is too old.")  # fmt: skip
        if version > MAX_FILE_FORMAT_VERSION:
            raise RuntimeError(
                f"Attempted to read a PyTorch file with version {version}, but the maximum supported version for reading is {MAX_FILE_FORMAT_VERSION}. "
                "The version of your PyTorch installation may be too old, please upgrade PyTorch to latest version to mitigate this issue."
            )

    def __contains__(self, name: str) -> bool:
        return name in self.records

    def read(self, name: str) -> bytes:
        return self.read_array(name).tobytes()

    def read_array(self, name: str, nbytes: int | None = None) -> np.ndarray:
        """The bytes of a record; `nbytes` is the size it must have."""
        info = self._info(name, nbytes)
        if info.compress_type != zipfile.ZIP_STORED:
            return self._inflated(name, info)
        array = np.empty(info.file_size, np.uint8)
        self.file.seek(self.offset(name))
        filled, view = 0, memoryview(array)
        while filled < info.file_size:
            count = self._read_into(view[filled:])
            if not count:
                raise _reader_error(f"reading file {name}: file read failed")
            filled += count
        # torch leaves the checksum out (0) when told to or when the data is written later, and else a mismatch is damage.
        if info.CRC and zlib.crc32(array) != info.CRC:
            raise _reader_error(f"reading file {name}: CRC-32 check failed")
        return array

    def _read_into(self, view) -> int:
        if hasattr(self.file, "readinto"):
            return self.file.readinto(view)
        data = self.file.read(len(view))
        view[: len(data)] = data
        return len(data)

    def _info(self, name, nbytes):
        info = self.records.get(name)
        if info is None:
            raise _reader_error(f"locating file {name}: file not found")
        if nbytes is not None and info.file_size != nbytes:
            raise RuntimeError(
                f"record size ({info.file_size} bytes) does not match expected size ({nbytes} bytes = {nbytes} elements * 1 bytes/element) for dtype Byte: "
                f"the record {name} of the file is not what its index says"
            )
        stored = info.compress_type == zipfile.ZIP_STORED
        limit = info.compress_size * (1 if stored else MAX_DEFLATE_RATIO)
        if name not in self.seen:
            # Records that overlap would multiply a small file: together they are not longer than it.
            self.seen.add(name)
            self.unread -= info.compress_size
        if self.unread < 0 or info.file_size > limit or info.flag_bits & 0x1:
            raise _reader_error(f"reading file {name}: invalid header or archive is corrupted")
        return info

    def _inflated(self, name, info) -> np.ndarray:
        try:
            return np.frombuffer(self.zip.read(info), np.uint8).copy()
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
            raise _reader_error(f"reading file {name}: {error}") from error

    def offset(self, name: str) -> int:
        """Where the bytes of an uncompressed record begin in the file."""
        info = self.records[name]
        self.file.seek(max(info.header_offset, 0))
        header = self.file.read(30)
        if info.header_offset < 0 or len(header) < 30 or header[:4] != b"PK\x03\x04":
            raise _reader_error(f"reading file {name}: invalid header or archive is corrupted")
        name_length, extra_length = struct.unpack("<HH", header[26:30])
        begin = info.header_offset + 30 + name_length + extra_length
        if begin + info.compress_size > self.file_size:
            raise _reader_error(f"reading file {name}: invalid header or archive is corrupted")
        return begin

    def map_array(self, path: str, name: str, nbytes: int) -> np.ndarray:
        """The bytes of a record as copy-on-write memory mapped from the file."""
        info = self._info(name, nbytes)
        if info.compress_type != zipfile.ZIP_STORED or not nbytes:
            return self.read_array(name, nbytes)
        return np.memmap(path, np.uint8, "c", self.offset(name), (nbytes,))


class ArchiveWriter:
    """Writes records one after another to a file object; `close` adds the directory."""

    def __init__(self, file, folder: str, checksums: bool = True):
        self.file, self.folder, self.checksums = file, folder, checksums
        self.position = 0
        self.directory = io.BytesIO()
        self.names: list[str] = []
        self.combined_checksum = 0

    def write(self, name: str, data, absent: int = 0) -> None:
        """Add a record: bytes or a contiguous array of them. `absent` bytes of zeros stand for data that is written later."""
        size = absent or len(data)
        checksum = zlib.crc32(data) if self.checksums and not absent else 0
        self.combined_checksum = (self.combined_checksum * 31 + checksum) % 2**64
        self.names.append(name)
        path = f"{self.folder}/{name}".encode()
        begin = self.position
        big_size, big_begin = size >= ZIP64_LIMIT, begin >= ZIP64_LIMIT
        extra = b""
        if big_size or big_begin:
            numbers = [size] * 2 * big_size + [begin] * big_begin
            extra = struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
        padding = -(begin + 30 + len(path) + len(extra) + 4) % ALIGNMENT
        local_extra = extra + struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        self._put(
            struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 0, 0x0808, 0, 0, 0, 0, 0, 0, len(path), len(local_extra))
            + path
            + local_extra
        )
        if absent:
            self._skip(absent)
        else:
            self._put(data)
        if size:
            kind = "<4sIQQ" if big_size or big_begin else "<4sIII"
            self._put(struct.pack(kind, b"PK\x07\x08", checksum, size, size))
        shown = IN_EXTRA_FIELD if big_size else size
        entry = (
            b"PK\x01\x02",
            0,
            0,
            0x0808,
            0,
            0,
            0,
            checksum,
            shown,
            shown,
            len(path),
            len(extra),
            0,
            0,
            0,
            0,
            IN_EXTRA_FIELD if big_begin else begin,
        )
        self.directory.write(struct.pack("<4sHHHHHHIIIHHHHHII", *entry) + path + extra)

    def _put(self, data) -> None:
        # A file-like object of the user's may know only bytes.
        self.file.write(data if isinstance(self.file, io.IOBase) else bytes(data))
        self.position += len(data)

    def _skip(self, count: int) -> None:
        for begin in range(0, count, 1 << 20):
            self._put(bytes(min(1 << 20, count - begin)))

    def close(self) -> None:
        """Add the records that close every file of torch, and the directory."""
        self.write("version", FILE_FORMAT_VERSION)
        names = hashlib.sha256("\n".join(self.names).encode()).digest()
        identity = f"{int.from_bytes(names[:8], 'little'):020d}{self.combined_checksum:020d}"
        self.write(".data/serialization_id", identity.encode())
        begin, directory, count = self.position, self.directory.getvalue(), len(self.names)
        self._put(directory)
        end64 = self.position
        self._put(struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 0x031E, 45, 0, 0, count, count, len(directory), begin))
        self._put(struct.pack("<4sIQI", b"PK\x06\x07", 0, end64, 1))
        few, length, low = (
            min(count, 0xFFFF),
            min(len(directory), IN_EXTRA_FIELD),
            begin if begin < ZIP64_LIMIT else IN_EXTRA_FIELD,
        )
        self._put(struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, few, few, length, low, 0))
