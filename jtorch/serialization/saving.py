"""`torch.save`: a pickle of the object in which storages are references, and the storages beside it."""

import contextlib
import io
import os
import pickle
import pickletools
import re
import secrets
import stat
import sys

import numpy as np

from jtorch.storages import STORAGE_TYPES, TypedStorage, UntypedStorage, is_storage, storage_type_name

from . import settings
from .archive import ArchiveWriter
from .locations import location_tag
from .names import torch_path

__all__ = ["save"]

DEFAULT_PROTOCOL = 2
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001


def save(
    obj: object,
    f,
    pickle_module=pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save an object to a file in torch's format: PyTorch can load it.

    `f` is a path or a file-like object with `write`. Tensors that share a storage share it again after loading. Classes of jtorch are
    written under torch's names. A file that exists is replaced when the new one is complete: a process that is killed while it saves, or an object that cannot be
    pickled, leaves it as it was.

    >>> import io, jtorch as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2)}, file); _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.])}
    """
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    record = Record(pickle_module, pickle_protocol)
    if not _use_new_zipfile_serialization and settings.STATE.skip_data:
        raise RuntimeError("Cannot use skip_data=True with _use_new_zipfile_serialization=False")
    data = record.dump(obj, legacy=not _use_new_zipfile_serialization)
    if isinstance(f, (str, os.PathLike)):
        path = os.fspath(f)
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(parent):
            raise RuntimeError(f"Parent directory {parent} does not exist.")
        with _replacing(path) as file:
            _write(record, data, file, _folder(path), _use_new_zipfile_serialization, _disable_byteorder_record)
    else:
        _write(record, data, f, "archive", _use_new_zipfile_serialization, _disable_byteorder_record)
        if hasattr(f, "flush"):
            f.flush()


@contextlib.contextmanager
def _replacing(path):
    """A file that takes the place of `path` when it is complete: an end in between, by a signal or a full disk, leaves the old one whole."""
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    beside_is_possible = mode is None or os.access(os.path.dirname(target) or ".", os.W_OK)
    if mode is not None and not (stat.S_ISREG(mode) and os.access(target, os.W_OK) and beside_is_possible):
        # A device or a pipe, what cannot be written anyway, and a file in a folder where there can be no other.
        with _opened(path, "wb", path) as file:
            yield file
        return
    beside = f"{target}.{os.getpid()}-{secrets.token_hex(4)}.part"
    try:
        with _opened(beside, "xb", path) as file:
            if mode is not None:
                os.chmod(beside, stat.S_IMODE(mode))
            yield file
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise


def _opened(path, mode, named):
    try:
        return open(path, mode)
    except OSError as error:
        raise RuntimeError(f"open file failed with strerror: {error.strerror}: {named}") from error


def _folder(path) -> str:
    """The folder inside the archive: the file's name without its ending."""
    name = os.path.basename(os.fsdecode(path))
    return (name.rpartition(".")[0] if "." in name else name) or "archive"


def _write(record, data, file, folder, zipped, without_byteorder) -> None:
    if not zipped:
        _write_legacy(record, data, file)
        return
    archive = ArchiveWriter(file, folder, settings.get_crc32_options())
    archive.write("data.pkl", data)
    archive.write(".format_version", b"1")
    archive.write(".storage_alignment", b"64")
    if not without_byteorder:
        archive.write("byteorder", sys.byteorder.encode())
    for key, (storage, _) in record.storages.items():
        if settings.STATE.skip_data:
            archive.write(f"data/{key}", b"", absent=storage.nbytes())
        else:
            archive.write(f"data/{key}", np.ascontiguousarray(storage.bytes()))
    archive.close()


def _write_legacy(record, data, file) -> None:
    """The format before PyTorch 1.6: pickles one after another, then the storages in the order of their keys."""
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": PROTOCOL_VERSION, "little_endian": sys.byteorder == "little", "type_sizes": sizes}
    keys = sorted(record.storages)
    for value in (MAGIC_NUMBER, PROTOCOL_VERSION, system):
        file.write(pickle.dumps(value, protocol=DEFAULT_PROTOCOL))
    file.write(data)
    file.write(pickle.dumps(keys, protocol=DEFAULT_PROTOCOL))
    for key in keys:
        storage, dtype = record.storages[key]
        file.write((storage.nbytes() // dtype.itemsize).to_bytes(8, "little"))
        file.write(np.ascontiguousarray(storage.bytes()).tobytes())


class Record:
    """One `save`: the pickle and the storages that it refers to, in the order they were met."""

    def __init__(self, pickle_module, protocol):
        self.pickle_module, self.protocol = pickle_module, protocol
        self.storages: dict[str, tuple[UntypedStorage, object]] = {}
        self.keys: dict[int, str] = {}
        self.names: list[tuple[str, str]] = []
        # Stands in front of a number in the pickle until `_with_names` puts a name there; no user's string can contain it.
        self.token = secrets.token_hex(16)

    def dump(self, obj, legacy: bool) -> bytes:
        record = self

        class Pickler(self.pickle_module.Pickler):
            def persistent_id(self, obj):
                if is_storage(obj):
                    return record.storage_id(obj, legacy)
                path = torch_path(obj)
                return None if path is None else record.name_id(path)

        buffer = io.BytesIO()
        Pickler(buffer, protocol=self.protocol).dump(obj)
        return self._with_names(buffer.getvalue())

    def storage_id(self, obj, legacy) -> tuple:
        if isinstance(obj, TypedStorage):
            storage, dtype, kind = (
                obj.untyped(),
                obj.dtype,
                STORAGE_TYPES.get(storage_type_name(obj.dtype), UntypedStorage),
            )
        else:
            import jtorch

            storage, dtype, kind = obj, jtorch.uint8, UntypedStorage
        identity = storage._cdata
        key = self.keys.setdefault(identity, str(len(self.keys)))
        known = self.storages.setdefault(key, (storage, dtype))
        if known[1] is not dtype:
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        numel = storage.nbytes() // dtype.itemsize
        found = ("storage", kind, key, location_tag(storage), numel)
        return (*found, None) if legacy else found

    def name_id(self, path) -> str:
        self.names.append(path)
        return f"{self.token}{len(self.names) - 1:08x}"

    def _with_names(self, data: bytes) -> bytes:
        """The pickle with torch's names in it.

        A pickler writes a class by its module's name, after importing it. Torch's modules need not exist here, so classes go into the
        pickle as persistent ids (a string, put into the memo, then BINPERSID), which become GLOBAL instructions in this step.
        """
        if not self.names:
            return data
        if self.protocol >= 4:
            data = _without_frames(data)
        token = re.escape(self.token.encode())
        places = {}

        def name(match) -> bytes:
            path = self.names[int(match[1], 16)]
            memo = match[2]
            if path in places and memo != b"\x94":
                return places[path]  # seen before: fetch it from the memo
            if memo[:1] == b"q":
                places[path] = b"h" + memo[1:]
            elif memo[:1] == b"r":
                places[path] = b"j" + memo[1:]
            return b"c%b\n%b\n%b" % (path[0].encode(), path[1].encode(), memo)

        text = rb"(?:X\x28\x00\x00\x00|\x8c\x28)" + token + rb"([0-9a-f]{8})"
        return re.sub(text + rb"(q.|r....|\x94)Q", name, data, flags=re.DOTALL)


def _without_frames(data: bytes) -> bytes:
    """A pickle of protocol 4 or 5 without its frames, whose lengths would no longer be right. Unpicklers do not need them."""
    kept, last = [], 0
    for instruction, _, position in pickletools.genops(data):
        if instruction.name == "FRAME":
            kept.append(data[last:position])
            last = position + 9
    return b"".join([*kept, data[last:]])
