"""`torch.load`: files of PyTorch and of jtorch, in the zip format and in the one before it."""

import contextlib
import io
import os
import pickle
import re
import sys
import warnings

import numpy as np

import jtorch.storage
from jtorch.pickling import before_storages_are_filled
from jtorch.storages import TypedStorage, UntypedStorage

from . import restricted, settings
from .archive import ArchiveReader, is_zip
from .locations import restore_function
from .names import StorageType, find_global
from .saving import MAGIC_NUMBER, PROTOCOL_VERSION

__all__ = ["get_unsafe_globals_in_checkpoint", "load"]

UNSAFE_MESSAGE = (
    "In PyTorch 2.6, we changed the default value of the `weights_only` argument in `torch.load` from `False` to `True`. Re-running `torch.load` with "
    "`weights_only` set to `False` will likely succeed, but it can result in arbitrary code execution. Do it only if you got the file from a trusted source."
)
DOCS_MESSAGE = (
    "\n\nCheck the documentation of torch.load to learn more about types accepted by default with weights_only "
    "https://pytorch.org/docs/stable/generated/torch.load.html."
)
FOREIGN_ROOTS = ("torch", "torchvision")


def load(
    f,
    map_location=None,
    pickle_module=None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args,
):
    """The object that `torch.save` put into a file: jtorch's or PyTorch's.

    `f` is a path or a seekable binary file. `map_location` (device, string, dict of tags, or function of storage and tag) says where
    tensors go. With `weights_only` (the default) tensors, containers of them and what `torch.serialization.add_safe_globals` allows are
    loaded and nothing is executed; `weights_only=False` runs what the file says, so only for files you trust.

    Differences from PyTorch: a record whose checksum does not fit raises RuntimeError, and TorchScript archives are not read.

    >>> import io, jtorch as torch
    >>> file = io.BytesIO()
    >>> torch.save([torch.zeros(2), "text"], file); _ = file.seek(0)
    >>> torch.load(file)
    [tensor([0., 0.]), 'text']
    """
    weights_only, pickle_module = _trust(weights_only, pickle_module)
    if weights_only and pickle_load_args:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", UserWarning, stacklevel=2)
    pickle_load_args.setdefault("encoding", "utf-8")
    if isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(os.fspath(f), map_location)
    with _opened(f) as file:
        reader = _ZipLoad if is_zip(file) else _LegacyLoad
        if mmap:
            _check_mmap(f, reader is _ZipLoad)
        loading = reader(file, map_location, weights_only, pickle_module, pickle_load_args, f if mmap else None)
        if not weights_only:
            return loading.load()
        try:
            return loading.load()
        except pickle.UnpicklingError as error:
            raise pickle.UnpicklingError(_weights_only_message(str(error))) from error.__cause__


def _trust(weights_only, pickle_module):
    """Whether to restrict the load, after torch's environment variables, and the module that unpickles otherwise."""
    unset = weights_only is None
    if unset:
        weights_only = pickle_module is None
    true_values = ("1", "y", "yes", "true")
    force = os.environ.get("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "0").lower() in true_values
    force_not = os.environ.get("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "0").lower() in true_values
    if force and force_not:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` should be set, but both were set."
        )
    if force:
        weights_only = True
    elif force_not and unset:
        warnings.warn(
            "Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the`weights_only` argument was not explicitly passed to `torch.load`, "
            "forcing weights_only=False.",
            UserWarning,
            stacklevel=3,
        )
        weights_only = False
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    return weights_only, pickle_module or pickle


def _weights_only_message(message: str) -> str:
    if re.search(r"GLOBAL (\S+) was not an allowed global by default.", message):
        return (
            "Weights only load failed. This file can still be loaded, to do so you have two options, "
            "\033[1mdo those steps only if you trust the source of the checkpoint\033[0m. "
            f"\n\t(1) {UNSAFE_MESSAGE}\n\t(2) Alternatively, to load with `weights_only=True` please check the recommended steps in the following "
            f"error message.\n\tWeightsUnpickler error: {message}{DOCS_MESSAGE}"
        )
    text = f"Weights only load failed. {UNSAFE_MESSAGE}\n"
    if not re.search(r"whose module (\S+) is blocked", message):
        text += "Please file an issue with the following so that we can make `weights_only=True` compatible with your use case: WeightsUnpickler error: "
    return f"{text}\n\n{message}{DOCS_MESSAGE}"


@contextlib.contextmanager
def _opened(f):
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield file
        return
    try:
        f.seek(f.tell())
    except (io.UnsupportedOperation, AttributeError) as error:
        if "seek" not in str(error) and "tell" not in str(error):
            raise
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
        ) from None
    yield f


def _check_mmap(f, zipped) -> None:
    if not zipped:
        name = f"{f}, " if isinstance(f, str) else ""
        raise RuntimeError(
            f"mmap can only be used with files saved with `torch.save({name}_use_new_zipfile_serialization=True), "
            "please torch.save your checkpoint with this option in order to use mmap."
        )
    if not isinstance(f, (str, os.PathLike)):
        raise ValueError("f must be a file path in order to use the mmap argument")


def _load_safetensors(path, map_location):
    if isinstance(map_location, dict) or callable(map_location):
        kind = "dict" if isinstance(map_location, dict) else "callable"
        raise RuntimeError(
            f"Loading safetensors file with {kind} map_location is not supported. Use a device string or torch.device instead."
        )
    from .safetensors import load_file

    try:
        return load_file(path, "cpu" if map_location is None else map_location)
    except ImportError as error:
        raise RuntimeError("Attempting to load a safetensors file but safetensors is not installed. Please install safetensors with: pip install safetensors") from error  # fmt: skip


class _Load:
    """One `load`: storages by key, and an unpickler that finds them and jtorch's classes."""

    def __init__(self, file, map_location, weights_only, pickle_module, pickle_load_args, mmap_path):
        self.file, self.weights_only, self.pickle_module = file, weights_only, pickle_module
        self.pickle_load_args, self.mmap_path = pickle_load_args, mmap_path
        self.restore = restore_function(map_location)
        self.storages: dict = {}

    def unpickle(self, file, with_storages=True):
        """The next pickled object of a file."""
        if self.weights_only:
            unpickler = restricted.Unpickler(file, encoding=self.pickle_load_args["encoding"])
        else:
            unpickler = _unpickler_class(self.pickle_module)(file, **self.pickle_load_args)
        if with_storages:
            unpickler.persistent_load = self.persistent_load
        return unpickler.load()

    def restored(self, storage: UntypedStorage, location) -> UntypedStorage:
        """The storage where its tag and `map_location` put it."""
        if isinstance(location, bytes):
            location = location.decode("ascii")
        if not isinstance(location, str):
            raise pickle.UnpicklingError(f"the location of a storage must be a string, got {type(location).__name__}")
        return self.restore(storage, location).untyped()


def _unpickler_class(pickle_module):
    class Unpickler(pickle_module.Unpickler):
        def find_class(self, module, name):
            if module.partition(".")[0] in FOREIGN_ROOTS:
                return find_global(module, name)
            return super().find_class(module, name)

    return Unpickler


def _dtype_of(storage_type):
    if storage_type is UntypedStorage or storage_type is TypedStorage:
        return jtorch.uint8
    if not isinstance(storage_type, StorageType):
        raise pickle.UnpicklingError(f"expected the type of a storage, got {storage_type!r}")
    return storage_type.dtype


def _check_count(numel) -> int:
    if type(numel) is not int or numel < 0:
        raise pickle.UnpicklingError(f"the size of a storage must be a number of elements, got {numel!r}")
    return numel


class _ZipLoad(_Load):
    """The zip format: the pickle is one record, each storage another."""

    def load(self):
        self.archive = ArchiveReader(self.file)
        if "constants.pkl" in self.archive:
            _refuse_torchscript(self.weights_only)
        self.byteorder = self._byteorder()
        return self.unpickle(io.BytesIO(self.archive.read("data.pkl")))

    def _byteorder(self) -> str:
        if "byteorder" in self.archive:
            named = self.archive.read("byteorder")
            if named not in (b"little", b"big"):
                raise ValueError(f"Unknown endianness type: {named[:40].decode('ascii', 'replace')}")
            return named.decode()
        default = settings.get_default_load_endianness()
        return {settings.LoadEndianness.BIG: "big", settings.LoadEndianness.NATIVE: sys.byteorder}.get(
            default, "little"
        )

    def persistent_load(self, saved_id):
        if len(saved_id) != 5 or saved_id[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError(
                f"Unknown typename for persistent_load, expected 'storage' but got {saved_id!r}"
            )
        _, storage_type, key, location, numel = saved_id
        dtype = _dtype_of(storage_type)
        storage = self.storages.get(key)
        if storage is None:
            nbytes = _check_count(numel) * dtype.itemsize
            storage = self.restored(UntypedStorage.from_bytes(self._bytes(key, nbytes, dtype)), location)
            self.storages[key] = storage
        return TypedStorage(wrap_storage=storage, dtype=dtype)

    def _bytes(self, key, nbytes, dtype) -> np.ndarray:
        name = f"data/{key}"
        if settings.STATE.skip_data:
            self.archive._info(name, nbytes)
            return np.zeros(nbytes, np.uint8)
        if self.mmap_path is not None:
            array = self.archive.map_array(os.fspath(self.mmap_path), name, nbytes)
        else:
            array = self.archive.read_array(name, nbytes)
        if self.byteorder != sys.byteorder and dtype.itemsize > 1:
            array = array.view(dtype.numpy).byteswap().view(np.uint8)
        return array


def _refuse_torchscript(weights_only):
    warnings.warn(
        "'torch.load' received a zip file that looks like a TorchScript archive dispatching to 'torch.jit.load' (call 'torch.jit.load' directly to silence this warning)",
        UserWarning,
        stacklevel=4,
    )
    if weights_only:
        raise RuntimeError(
            f"Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. {UNSAFE_MESSAGE}"
        )
    raise NotImplementedError(
        "jtorch does not run TorchScript; save the state_dict of the module with PyTorch and load that"
    )


class _LegacyLoad(_Load):
    """The format before PyTorch 1.6: a few pickles one after another, then the storages that they referred to."""

    def load(self):
        self._refuse_tar()
        self.room = self._bytes_left()
        if self.unpickle(self.file, False) != MAGIC_NUMBER:
            raise RuntimeError("Invalid magic number; corrupt file?")
        version = self.unpickle(self.file, False)
        if version != PROTOCOL_VERSION:
            raise RuntimeError(f"Invalid protocol version: {version}")
        system = self.unpickle(self.file, False)
        little = not isinstance(system, dict) or system.get("little_endian", True)
        self.byteorder = "little" if little else "big"
        with before_storages_are_filled():
            result = self.unpickle(self.file)
            keys = self.unpickle(self.file, False)
            if not isinstance(keys, (list, tuple)):
                raise pickle.UnpicklingError(f"the keys of the storages must be a list, got {type(keys).__name__}")
            if not settings.STATE.skip_data:
                for key in keys:
                    self._fill(key)
        return result

    def _refuse_tar(self):
        """The first format of all, a tar archive, is only recognised."""
        start = self.file.tell()
        self.file.seek(start + 257)
        is_tar = self.file.read(5) == b"ustar"
        self.file.seek(start)
        if is_tar and self.weights_only:
            raise RuntimeError(
                f"Cannot use ``weights_only=True`` with files saved in the legacy .tar format. {UNSAFE_MESSAGE}"
            )
        if is_tar:
            raise NotImplementedError(
                "jtorch does not read the .tar format of PyTorch 0.1; load and save the file again with PyTorch"
            )

    def _bytes_left(self) -> int:
        position = self.file.tell()
        end = self.file.seek(0, os.SEEK_END)
        self.file.seek(position)
        # Some file-like objects, like those that decompress, do not say where the end is.
        return (self.file.tell() if end is None else end) - position

    def persistent_load(self, saved_id):
        kind = saved_id[0] if isinstance(saved_id, tuple) and saved_id else saved_id
        if kind in ("module", b"module") and not self.weights_only:
            return saved_id[1]
        if kind not in ("storage", b"storage") or len(saved_id) != 6:
            raise RuntimeError(f"Unknown saved id type: {kind!r}")
        _, storage_type, key, location, numel, view = saved_id
        dtype = _dtype_of(storage_type)
        if key not in self.storages:
            nbytes = _check_count(numel) * dtype.itemsize
            self.room -= nbytes
            if self.room < 0:
                raise RuntimeError(
                    f"the file says that storage {key!r} has {nbytes} bytes, more than the file holds; corrupt file?"
                )
            storage = self.restored(UntypedStorage.from_bytes(np.zeros(nbytes, np.uint8)), location)
            self.storages[key] = TypedStorage(wrap_storage=storage, dtype=dtype)
        whole = self.storages[key]
        if view is None:
            return whole
        view_key, offset, _ = view
        return self.storages.setdefault(
            view_key, TypedStorage(wrap_storage=whole.untyped(), dtype=dtype, start=_check_count(offset))
        )

    def _fill(self, key):
        """Read the contents of a storage whose tensors exist already."""
        typed = self.storages.get(key)
        if typed is None:
            raise pickle.UnpicklingError(f"storage key {key!r} not found in deserialized_objects")
        storage, dtype = typed.untyped(), typed.dtype
        count = int.from_bytes(self._exactly(8), self.byteorder, signed=True)
        if count * dtype.itemsize != storage.nbytes():
            raise RuntimeError(f"storage has wrong byte size: expected {storage.nbytes()} got {count * dtype.itemsize}")
        array = np.frombuffer(self._exactly(storage.nbytes()), np.uint8).copy()
        if self.byteorder != sys.byteorder and dtype.itemsize > 1:
            array = array.view(dtype.numpy).byteswap().view(np.uint8)
        storage.fill(array)

    def _exactly(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise RuntimeError(f"unexpected EOF, expected {count - len(data)} more bytes. The file might be corrupted.")
        return data


def _load_from_bytes(data: bytes):
    """A storage inside a pickle that PyTorch's tensors made with plain `pickle`."""
    return load(io.BytesIO(data), weights_only=False)


jtorch.storage._load_from_bytes = _load_from_bytes  # the name under which those pickles look for it


def get_unsafe_globals_in_checkpoint(f) -> list[str]:
    """Names in a file of `torch.save` that a `weights_only` load would refuse. The file is read, not run."""
    with _opened(f) as file:
        if not is_zip(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        archive = ArchiveReader(file)
        if "constants.pkl" in archive:
            raise ValueError(
                "Expected input to be a checkpoint returned by torch.save but got a torchscript checkpoint"
            )
        found = restricted.globals_in_pickle(io.BytesIO(archive.read("data.pkl")))
    return list(found - set(restricted.default_globals()) - set(restricted.user_globals()))
