"""The unpickler of `weights_only=True`: a machine for the few pickle instructions that files of tensors need.

Nothing is looked up by name. A GLOBAL instruction gives an entry of a fixed table, or of the one that users extend by
`add_safe_globals`; instructions that call, construct or set state work on those entries alone, and on exact types. Entries that would
act on their arguments beyond making a value (allocate by a number, load a codec, call what they are given) are wrapped or checked.
"""

import warnings
from collections import Counter, OrderedDict
from collections.abc import Callable
from functools import cache
from pickle import UnpicklingError, decode_long
from struct import unpack
from typing import Any

import jtorch
from jtorch import _utils, dtypes
from jtorch.pickling import set_tensor_state
from jtorch.storages import STORAGE_TYPES, TypedStorage, UntypedStorage
from jtorch.tensor import Tensor

from .names import StorageType, torch_qualified_name

__all__ = [
    "Unpickler",
    "add_safe_globals",
    "clear_safe_globals",
    "get_safe_globals",
    "globals_in_pickle",
    "safe_globals",
]

# Never, whoever allows them.
BLOCKED_MODULES = ("sys", "os", "posix", "nt")
# Deeply nested tuples overflow the C stack when they are hashed.
MAX_TUPLE_NESTING = 64

_user_globals: set = set()


def add_safe_globals(safe_globals: list[Callable | tuple[Callable, str]]) -> None:
    """Let `weights_only` loads use these classes and functions; `(object, "module.name")` gives the name files use.

    >>> import jtorch as torch
    >>> class Config: pass
    >>> torch.serialization.add_safe_globals([Config])
    >>> torch.serialization.get_safe_globals() == [Config]
    True
    >>> torch.serialization.clear_safe_globals()
    """
    _user_globals.update(safe_globals)


def get_safe_globals() -> list:
    """What users have added by `add_safe_globals`."""
    return list(_user_globals)


def clear_safe_globals() -> None:
    """Forget what users have added by `add_safe_globals`."""
    _user_globals.clear()


class safe_globals:
    """`add_safe_globals` for the length of a `with` block."""

    def __init__(self, safe_globals: list):
        self.safe_globals = safe_globals

    def __enter__(self):
        add_safe_globals(self.safe_globals)

    def __exit__(self, *exc):
        _user_globals.difference_update(self.safe_globals)


def user_globals() -> dict[str, Any]:
    """Names in files -> what users allowed."""
    table = {}
    for entry in _user_globals:
        if isinstance(entry, tuple):
            if len(entry) != 2:
                raise ValueError(
                    f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(entry)}"
                )
            obj, name = entry
            if type(name) is not str:
                raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(name)}")
            table[name] = obj
        else:
            table[torch_qualified_name(entry)] = entry
    return table


@cache
def default_globals() -> dict[str, Any]:
    """Names in files -> what every `weights_only` load may use."""
    table: dict[str, Any] = {
        "collections.OrderedDict": OrderedDict,
        "collections.Counter": Counter,
        "torch.nn.parameter.Parameter": jtorch.nn.Parameter,
        "torch.serialization._get_layout": dtypes._layout_from_name,
        "torch.Size": jtorch.Size,
        "torch.Tensor": Tensor,
        "torch.device": jtorch.device,
        "_codecs.encode": _encode,
        "builtins.bytearray": _bytearray,
        "builtins.set": set,
        "builtins.complex": complex,
        "torch._tensor._rebuild_from_type_v2": _rebuild_from_type,
        "torch.storage.UntypedStorage": UntypedStorage,
        "torch.storage.TypedStorage": TypedStorage,
    }
    table |= {str(dtype): dtype for dtype in dtypes.BY_NAME.values()}
    table |= {f"torch.{name}": StorageType(name) for name in STORAGE_TYPES}
    table |= {f"torch._utils.{rebuild.__name__}": rebuild for rebuild in _rebuild_functions()}
    return table


def _rebuild_functions() -> tuple:
    return (
        _utils._rebuild_tensor,
        _utils._rebuild_tensor_v2,
        _utils._rebuild_tensor_v3,
        _utils._rebuild_parameter,
        _utils._rebuild_parameter_with_state,
        _utils._rebuild_sparse_tensor,
        _utils._rebuild_device_tensor_from_cpu_tensor,
        _utils._rebuild_meta_tensor_no_storage,
    )


def _rebuild_from_type(func, new_type, args, state):
    """A tensor of a subclass. The function inside must be one that rebuilds tensors, not any object of the file."""
    if not any(func is rebuild for rebuild in _rebuild_functions()):
        raise UnpicklingError(f"Trying to call reduce for unrecognized function {func}")
    return _utils._rebuild_from_type_v2(func, new_type, args, state)


def _encode(text, encoding="latin1"):
    """How protocol 2 writes bytes. Other encodings than pickle's own would import a codec by name."""
    if type(text) is not str or encoding not in ("latin1", "latin-1", "utf-8", "utf8", "ascii"):
        raise UnpicklingError(
            f"_codecs.encode is allowed for strings in latin1, utf-8 and ascii only, got encoding {encoding!r}"
        )
    return text.encode(encoding)


def _bytearray(*args):
    """Never from a number, which would allocate that many bytes."""
    if not args:
        return bytearray()
    if len(args) == 2 and type(args[0]) is str:
        return bytearray(_encode(*args))
    if len(args) != 1 or type(args[0]) not in (bytes, bytearray, list, tuple):
        raise UnpicklingError("bytearray is allowed from bytes only")
    return bytearray(args[0])


class Unpickler:
    """Reads one object from `file`. `persistent_load` gives the storages that the file refers to."""

    def __init__(self, file, *, encoding: str = "bytes"):
        self.file = file
        self.encoding = encoding
        self.memo: dict[int, Any] = {}
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.allowed = default_globals() | user_globals()
        self.allowed_ids = {id(obj) for obj in self.allowed.values()}

    def persistent_load(self, pid):
        raise UnpicklingError("unsupported persistent id encountered")

    def load(self):
        """The object. Instructions outside the set, and streams that make no sense, raise UnpicklingError."""
        while True:
            code = self.file.read(1)
            if not code:
                raise EOFError("Ran out of input")
            if code == b".":
                return self.pop()
            instruction = INSTRUCTIONS.get(code)
            if instruction is None:
                raise UnpicklingError(f"Unsupported operand {code[0]}")
            try:
                instruction(self)
            except (TypeError, ValueError, AttributeError, LookupError, OverflowError) as error:
                raise UnpicklingError(f"{type(error).__name__} while loading: {error}") from error

    # The machine

    def read(self, count: int) -> bytes:
        data = self.file.read(count)
        if len(data) < count:
            raise EOFError("Ran out of input")
        return data

    def number(self, form: str, count: int):
        return unpack(form, self.read(count))[0]

    def push(self, obj) -> None:
        self.stack.append(obj)

    def pop(self):
        if not self.stack:
            raise UnpicklingError("unexpected end of the stack: the pickle is damaged")
        return self.stack.pop()

    def top(self):
        if not self.stack:
            raise UnpicklingError("unexpected end of the stack: the pickle is damaged")
        return self.stack[-1]

    def pop_mark(self) -> list:
        if not self.marks:
            raise UnpicklingError("could not find MARK")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def is_allowed(self, obj) -> bool:
        return id(obj) in self.allowed_ids

    # Risky instructions

    def global_(self) -> None:
        path = read_global(self.file)
        module, name = path
        full = f"{module}.{name}"
        if module in BLOCKED_MODULES:
            raise UnpicklingError(f"Trying to load unsupported GLOBAL {full} whose module {module} is blocked.")
        if full not in self.allowed:
            shown = name if module == "builtins" else full
            raise UnpicklingError(
                f"Unsupported global: GLOBAL {shown} was not an allowed global by default. Please use `torch.serialization.add_safe_globals([{shown}])` or the "
                f"`torch.serialization.safe_globals([{shown}])` context manager to allowlist this global if you trust this class/function."
            )
        self.push(self.allowed[full])

    def reduce(self) -> None:
        args, function = self.pop(), self.pop()
        if not self.is_allowed(function):
            of = f" which belongs to {function.__self__}" if hasattr(function, "__self__") else ""
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}{of}")
        self._check_arguments(function, args)
        self.push(function(*args))

    def new_object(self) -> None:
        args, cls = self.pop(), self.pop()
        if not isinstance(cls, type) or not self.is_allowed(cls):
            raise UnpicklingError(
                f"Can only create new object for nn.Parameter or classes allowlisted via `add_safe_globals` but got {cls}"
            )
        self._check_arguments(cls, args)
        self.push(cls(*args) if cls is jtorch.nn.Parameter else cls.__new__(cls, *args))

    def _check_arguments(self, function, args) -> None:
        if type(args) is not tuple:
            raise UnpicklingError(f"Expected a tuple of arguments for {function}, but got {type(args)}")
        if function is Tensor and any(isinstance(arg, (int, float, tuple, list, jtorch.Size)) for arg in args):
            raise UnpicklingError(
                "Can only create an empty torch.Tensor, since a file's numbers must not allocate memory"
            )
        if function is jtorch.Size and not all(type(n) is int for arg in args for n in arg):
            raise UnpicklingError("Can only create a torch.Size of ints")
        if function in (UntypedStorage, TypedStorage):
            raise UnpicklingError(f"Can only load a {function.__name__} that the file holds, not create one")
        if function in (set, Counter, OrderedDict):
            for arg in args:
                _check_collection(arg)

    def build(self) -> None:
        state, instance = self.pop(), self.top()
        kind = type(instance)
        if kind is Tensor or kind is jtorch.nn.Parameter:
            if type(state) is not tuple:
                raise UnpicklingError(f"Expected a tuple as the state of a tensor, but got {type(state)}")
            set_tensor_state(instance, state)
        elif kind is OrderedDict:
            if type(state) is not dict:
                raise UnpicklingError(f"Expected a dict as the state of an OrderedDict, but got {type(state)}")
            instance.__dict__.update(state)
        elif any(kind is obj for obj in user_globals().values()):
            _set_state(instance, state)
        else:
            raise UnpicklingError(
                f"Can only build Tensor, Parameter, OrderedDict or types allowlisted via `add_safe_globals`, but got {kind}"
            )

    def persistent_id(self) -> None:
        pid = self.pop()
        if type(pid) is not tuple and type(pid) is not int:
            raise UnpicklingError(f"persistent_load id must be tuple or int, but got {type(pid)}")
        if type(pid) is tuple and pid[:1] not in (("storage",), (b"storage",)):
            raise UnpicklingError(
                f"Only persistent_load of storage is allowed, but got {type(pid[0]) if pid else None}"
            )
        self.push(self.persistent_load(pid))

    # Containers

    def append(self) -> None:
        self._extend([self.pop()], "append to")

    def appends(self) -> None:
        self._extend(self.pop_mark(), "extend")

    def _extend(self, items, what) -> None:
        if type(self.top()) is not list:
            raise UnpicklingError(f"Can only {what} lists, but got {type(self.top())}")
        self.top().extend(items)

    def set_item(self) -> None:
        value, key = self.pop(), self.pop()
        self._set_items([key, value], "SETITEM")

    def set_items(self) -> None:
        self._set_items(self.pop_mark(), "SETITEMS")

    def _set_items(self, items, instruction) -> None:
        target = self.top()
        if type(target) not in (dict, OrderedDict, Counter):
            raise UnpicklingError(
                f"Can only {instruction} for dict, collections.OrderedDict, collections.Counter, but got {type(target)}"
            )
        if len(items) % 2:
            raise UnpicklingError("odd number of items for SETITEMS")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[key] = value

    def tuple_of(self, items) -> None:
        _check_nesting(items, MAX_TUPLE_NESTING)
        self.push(tuple(items))

    def tuple_from_stack(self, count) -> None:
        self.tuple_of([self.pop() for _ in range(count)][::-1])

    # Values

    def text(self) -> None:
        self.push(str(self.read(self.number("<I", 4)), "utf-8", "surrogatepass"))

    def short_string(self) -> None:
        data = self.read(self.read(1)[0])
        self.push(data if self.encoding == "bytes" else data.decode(self.encoding, "strict"))

    def get(self, index) -> None:
        if index not in self.memo:
            raise UnpicklingError(f"Memo value not found at index {index}")
        self.push(self.memo[index])

    def put(self, index) -> None:
        self.memo[index] = self.top()

    def protocol(self) -> None:
        protocol = self.read(1)[0]
        if protocol != 2:
            warnings.warn(
                f"Detected pickle protocol {protocol} in the checkpoint, which was not the default pickle protocol used by `torch.load` (2). The weights_only "
                "Unpickler might not support all instructions implemented by this protocol, please file an issue for adding support if you encounter this.",
                stacklevel=2,
            )


INSTRUCTIONS: dict[bytes, Callable[[Unpickler], None]] = {
    b"\x80": Unpickler.protocol,
    b"c": Unpickler.global_,
    b"R": Unpickler.reduce,
    b"\x81": Unpickler.new_object,
    b"b": Unpickler.build,
    b"Q": Unpickler.persistent_id,
    b"(": Unpickler.mark,
    b"a": Unpickler.append,
    b"e": Unpickler.appends,
    b"s": Unpickler.set_item,
    b"u": Unpickler.set_items,
    b"t": lambda self: self.tuple_of(self.pop_mark()),
    b"\x85": lambda self: self.tuple_from_stack(1),
    b"\x86": lambda self: self.tuple_from_stack(2),
    b"\x87": lambda self: self.tuple_from_stack(3),
    b"N": lambda self: self.push(None),
    b"\x89": lambda self: self.push(False),
    b"\x88": lambda self: self.push(True),
    b")": lambda self: self.push(()),
    b"]": lambda self: self.push([]),
    b"}": lambda self: self.push({}),
    b"\x8f": lambda self: self.push(set()),
    b"J": lambda self: self.push(self.number("<i", 4)),
    b"K": lambda self: self.push(self.read(1)[0]),
    b"M": lambda self: self.push(self.number("<H", 2)),
    b"G": lambda self: self.push(self.number(">d", 8)),
    b"\x8a": lambda self: self.push(decode_long(self.read(self.read(1)[0]))),
    b"X": Unpickler.text,
    b"U": Unpickler.short_string,
    b"h": lambda self: self.get(self.read(1)[0]),
    b"j": lambda self: self.get(self.number("<I", 4)),
    b"q": lambda self: self.put(self.read(1)[0]),
    b"r": lambda self: self.put(self.number("<I", 4)),
}

# Names of Python 2, which protocol 2 still writes.
PYTHON_2_MODULES = {
    "__builtin__": "builtins",
    "copy_reg": "copyreg",
    "UserDict": "collections",
    "UserList": "collections",
}


def read_global(file) -> tuple[str, str]:
    """Module and name of a GLOBAL instruction."""
    lines = [file.readline(), file.readline()]
    if not all(line.endswith(b"\n") for line in lines):
        raise EOFError("Ran out of input")
    try:
        module, name = (line[:-1].decode("utf-8") for line in lines)
    except UnicodeDecodeError:
        raise UnpicklingError("the name of a GLOBAL is no text: the pickle is damaged") from None
    return PYTHON_2_MODULES.get(module, module), name


def _check_nesting(items, depth: int) -> None:
    if not depth:
        raise UnpicklingError(f"tuples nested more than {MAX_TUPLE_NESTING} deep are not loaded")
    for item in items:
        if isinstance(item, tuple):
            _check_nesting(item, depth - 1)


def _check_collection(items) -> None:
    if not isinstance(items, (list, tuple, dict, set)):
        raise UnpicklingError(f"Can only make a collection of a list, tuple or dict, but got {type(items)}")


def _set_state(instance, state) -> None:
    """What pickle does with a state, for classes that users have allowed."""
    if hasattr(instance, "__setstate__"):
        instance.__setstate__(state)
        return
    slots = None
    if isinstance(state, tuple) and len(state) == 2:
        state, slots = state
    if state:
        instance.__dict__.update(state)
    for name, value in (slots or {}).items():
        setattr(instance, name, value)


_SKIPPED = dict.fromkeys(b"\x81Rbaesu(t\x85\x86\x87N\x89\x88)]}\x8fQ", 0) | {
    b"J"[0]: 4, b"K"[0]: 1, b"M"[0]: 2, b"G"[0]: 8, b"h"[0]: 1, b"j"[0]: 4, b"q"[0]: 1, b"r"[0]: 4, 0x80: 1,
}  # fmt: skip


def globals_in_pickle(file) -> set[str]:
    """The names that a pickle looks up, without running it."""
    found = set()
    while True:
        code = file.read(1)
        if not code:
            raise EOFError("Ran out of input")
        if code == b".":
            return found
        if code == b"c":
            found.add(".".join(read_global(file)))
        elif code[0] in _SKIPPED:
            file.read(_SKIPPED[code[0]])
        elif code == b"X":
            file.read(unpack("<I", file.read(4))[0])
        elif code in (b"U", b"\x8a"):
            file.read(file.read(1)[0])
        else:
            raise UnpicklingError(f"Unsupported operand {code[0]}")
