"""What a function can reach: the tensors it may read and write, and the Python state that decides what it does.

A walk starts from the function and the objects it is given, and goes through closures, globals, defaults, attributes and containers. Attributes of users' objects
count where users' code that can be reached names them; modules, optimizers and other objects of jtorch count whole. The *fingerprint* of a walk is equal for
two states in which the function records the same; its *guards* say quickly whether anything has changed since.
"""

import array
import contextvars
import dis
import functools
import os
import sys
import types
import weakref
from collections import deque
from itertools import chain, repeat
from operator import attrgetter, getitem, is_, is_not

import numpy as np

import jtorch
from jtorch import devices, dtypes
from jtorch.attributes import state_of
from jtorch.optim import Optimizer
from jtorch.size import Size
from jtorch.tensor import Tensor

PLAIN = (type(None), bool, int, str, bytes, complex, type(Ellipsis), type(NotImplemented), range, slice, Size)
# Their objects hold no state that a captured function is asked to follow.
_LIBRARIES = frozenset("jax jaxlib numpy scipy flax optax orbax ml_dtypes PIL".split()) | sys.stdlib_module_names
# Libraries whose objects are mere data: containers, configurations, numbers.
_PLAIN_DATA = frozenset(
    "argparse array collections configparser dataclasses decimal fractions functools os pathlib string threading types uuid _thread".split()
)
_MAKE_STRINGS = frozenset("BUILD_STRING FORMAT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC BINARY_OP".split())
_CAPTURED_MODULE = "jtorch.capturing.captured"
_BY_NAME_AT_RUN_TIME = frozenset("getattr setattr hasattr delattr".split())
_ALL_NAMES = frozenset("vars __dict__ dir globals eval exec".split())
MOST_OBJECTS = 200_000
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

_contents = attrgetter("cell_contents")
_value, _grad, _node = map(attrgetter, ("value", "_grad", "_node"))
_kept_where = attrgetter("aval", "place")
_state = attrgetter("_storage", "_requires", "_hooks", "_post_accumulate")


_OURS = frozenset(("jtorch", "torch", "torchvision"))  # classes show torch's names


def _root(module) -> str:
    return (module or "").partition(".")[0]


def is_library(module: str | None) -> bool:
    root = _root(module)
    return root in _OURS or root in _LIBRARIES


def _is_library_code(file: str, module: str | None) -> bool:
    """Whether a function is no user's; examples in docstrings bear the name of the module they are in."""
    return file.startswith(PACKAGE) if _root(module) in _OURS else is_library(module)


class Slot:
    """A place that holds an object: `table[key]`, a closure's cell, or (`named`) an attribute of an object with `__slots__`."""

    __slots__ = ("table", "key", "where", "named")

    def __init__(self, table, key, where, named=False):
        self.table, self.key, self.where, self.named = table, key, where, named

    def get(self):
        if self.named:
            return getattr(self.table, self.key)
        return self.table.cell_contents if self.key is _CELL else self.table[self.key]

    def set(self, thing) -> None:
        if self.named:
            setattr(self.table, self.key, thing)
        elif self.key is _CELL:
            self.table.cell_contents = thing
        else:
            self.table[self.key] = thing


_CELL = object()


class Reached:
    """The result of a walk: `fingerprint`, `tensors` in the order found, `storages` they look at, slots that hold what was found, and `numbers`: slots of
    options that are run-time values of an update, each with its optimizer."""

    def __init__(self):
        self.tensors, self.storages, self.slots, self.sized, self.numbers = [], [], [], [], []
        self.contents = []  # (object, how to look at it, what it gave): compared as a whole
        self.ordered = []  # dictionaries whose keys stay in their order
        self.fingerprint = None
        self._objects = []  # kept alive: the fingerprint knows some by their ids

    def key(self, arguments) -> tuple:
        """The fingerprint, with which arguments look at memory that was reached."""
        number = {id(storage): i for i, storage in enumerate(self.storages)}
        return (*self.fingerprint, *(number.get(id(tensor._storage)) for tensor in arguments))

    def take_guards(self, without=frozenset()) -> None:
        """Remember what is there now; tensors `without` (ids) may be replaced by any other ones."""
        kinds = ([], [], [])  # by key, cells, attributes
        for slot in self.slots:
            kinds[2 if slot.named else 1 if slot.key is _CELL else 0].append(slot)
        tables, cells, attributes = kinds
        self._tables, self._keys = [s.table for s in tables], [s.key for s in tables]
        self._cells = [slot.table for slot in cells]
        self._objects_with_slots, self._names = [s.table for s in attributes], [s.key for s in attributes]
        self._held = [[slot.get() for slot in of_kind] for of_kind in kinds]
        self._positions = {
            id(slot): (held, i)
            for of_kind, held in zip(kinds, self._held, strict=True)
            for i, slot in enumerate(of_kind)
        }
        self._lengths = list(map(len, self.sized))
        self._order = list(chain.from_iterable(self.ordered))
        self._guarded = guarded = [tensor for tensor in self.tensors if id(tensor) not in without]
        self._states = list(map(_state, guarded))
        self._has_node = list(map(is_not, map(_node, guarded), repeat(None)))
        with_gradient = [tensor for tensor in guarded if tensor._grad is not None]
        self._without_gradient = [tensor for tensor in guarded if tensor._grad is None]
        self._with_any_gradient = [tensor for tensor in with_gradient if id(tensor._grad) in without]
        self._with_gradient = [tensor for tensor in with_gradient if id(tensor._grad) not in without]
        self._gradients = list(map(_grad, self._with_gradient))
        self._memory = list({id(tensor._storage): tensor._storage for tensor in guarded}.values())
        self._values_kept = list(map(_kept_where, map(_value, self._memory)))

    def assign(self, slot: Slot, thing) -> None:
        """Put a tensor where the function would have put it."""
        slot.set(thing)
        held, i = self._positions[id(slot)]
        held[i] = thing

    def replace(self, new: dict) -> None:
        """Tensors that were reached have given their places to other ones like them: by the id of the old one."""
        storages = {id(tensor._storage): new[id(tensor)]._storage for tensor in self._guarded if id(tensor) in new}
        self._guarded, self._without_gradient, self._with_any_gradient, self._with_gradient = (
            [new.get(id(tensor), tensor) for tensor in tensors]
            for tensors in (self._guarded, self._without_gradient, self._with_any_gradient, self._with_gradient)
        )
        self._states = list(map(_state, self._guarded))
        self._memory = [storages.get(id(storage), storage) for storage in self._memory]

    def unchanged(self) -> bool:
        """Whether every guard holds: the objects are the same ones, and the tensors are what they were but for their contents."""
        try:
            return (
                list(map(len, self.sized)) == self._lengths
                and all(map(is_, map(getitem, self._tables, self._keys), self._held[0]))
                and all(map(is_, map(_contents, self._cells), self._held[1]))
                and all(map(is_, map(getattr, self._objects_with_slots, self._names), self._held[2]))
                and all(map(is_, chain.from_iterable(self.ordered), self._order))
                and list(map(_state, self._guarded)) == self._states
                and list(map(is_not, map(_node, self._guarded), repeat(None))) == self._has_node
                and all(map(is_, map(_grad, self._without_gradient), repeat(None)))
                and all(map(is_not, map(_grad, self._with_any_gradient), repeat(None)))
                and all(map(is_, map(_grad, self._with_gradient), self._gradients))
                and list(map(_kept_where, map(_value, self._memory))) == self._values_kept
                and all(look(thing) == found for thing, look, found in self.contents)
            )
        except (KeyError, IndexError, ValueError, AttributeError):
            return False


def _digest(array):
    return hash((array.shape, array.dtype.str, array.tobytes()))


def _members(things):
    return frozenset(item if type(item) in (*PLAIN, float) else id(item) for item in things)


def _of_context(variable):
    return repr(variable.get(None))


def reach(roots) -> Reached:
    """Walk from these objects."""
    names: frozenset = frozenset()
    while True:
        walk = _Walk(names)
        for root in roots:
            walk.visit(root, "")
        if walk.names <= names:
            walk.reached.fingerprint = tuple(walk.tokens)
            return walk.reached
        names |= walk.names


class _Walk:
    def __init__(self, names):
        self.known = names  # what the code found by the last walk names
        self.everything = bool(names & _ALL_NAMES)
        self.names = set()
        self.tokens, self.memo, self.reached = [], {}, Reached()
        self.storages, self.values, self.groups = {}, {}, {}
        self.options_are_read = bool(names & {"param_groups", "get_last_lr", "defaults"})
        saves = self.everything or any("state_dict" in name for name in names)
        self.unread = frozenset() if saves else _READ_BY_STATE_DICT

    def visit(self, thing, where: str) -> None:
        """Add an object, unless it is there, to the tokens of the fingerprint."""
        kind, tokens = type(thing), self.tokens
        if kind is float:
            tokens += (float, thing.hex())
            return
        if kind in PLAIN:
            tokens += (kind, thing)
            return
        seen = self.memo.get(id(thing))
        if seen is not None:
            tokens += (_Walk, seen)
            return
        self.memo[id(thing)] = len(self.memo)
        if len(self.memo) > MOST_OBJECTS:
            raise RuntimeError(
                f"jtorch.capture: the function can reach more than {MOST_OBJECTS} objects (the last one at {where}); give it what it needs as arguments"
            )
        if not isinstance(thing, Tensor):
            self.reached._objects.append(thing)
        tokens.append(kind)
        if (
            kind.__module__ != "builtins"
            and isinstance(thing, (Tensor, dict, list, tuple))
            and not is_library(kind.__module__)
        ):
            self.visit(kind, kind.__qualname__)  # its methods
        if kind.__module__ == _CAPTURED_MODULE and "captures" in thing.__dict__:
            self.visit(thing.captures, where)  # and nothing of what is known of its calls
        elif isinstance(thing, Tensor):
            self._tensor(thing, where)
        elif isinstance(thing, dict):
            self._dict(thing, where)
        elif isinstance(thing, (list, deque)):
            self._sequence(thing, where)
        elif isinstance(thing, tuple):
            tokens.append(len(thing))
            for i, item in enumerate(thing):
                self.visit(item, f"{where}[{i}]")
        elif isinstance(thing, (set, frozenset)):
            self._content(thing, _members)
        elif isinstance(thing, types.MappingProxyType):
            self._dict(thing, where)
        elif isinstance(thing, (bytearray, array.array)):
            self._content(thing, bytes)
        elif isinstance(thing, contextvars.ContextVar):
            self._content(thing, _of_context)
        elif isinstance(thing, weakref.ref):
            self.visit(thing(), where)
        elif isinstance(thing, functools._lru_cache_wrapper):
            self.visit(thing.__wrapped__, where)
        elif isinstance(thing, types.FunctionType):
            self._function(thing, where)
        elif isinstance(thing, types.MethodType):
            self.visit(thing.__func__, where)
            self.visit(thing.__self__, where)
        elif isinstance(thing, functools.partial):
            for part in (thing.func, thing.args, thing.keywords):
                self.visit(part, where)
        elif isinstance(thing, (staticmethod, classmethod)):
            self.visit(thing.__func__, where)
        elif isinstance(thing, property):
            for part in (thing.fget, thing.fset):
                self.visit(part, where)
        elif isinstance(thing, types.BuiltinFunctionType):
            tokens.append(id(thing) if isinstance(thing.__self__, (types.ModuleType, type(None))) else thing.__name__)
            if not isinstance(thing.__self__, types.ModuleType):
                self.visit(thing.__self__, where)
        elif isinstance(thing, types.ModuleType):
            self._module(thing)
        elif isinstance(thing, type):
            self._class(thing, where)
        elif isinstance(thing, np.ndarray):
            self._content(thing, _digest)
        elif isinstance(thing, (devices.device, dtypes.dtype)):
            tokens.append(repr(thing))
        else:
            self._object(thing, where)

    def _slot(self, table, key, where, named=False):
        self.reached.slots.append(Slot(table, key, where, named))

    def _content(self, thing, look):
        """Something that is compared as a whole."""
        found = look(thing)
        self.tokens.append(found)
        self.reached.contents.append((thing, look, found))

    def _module(self, module):
        """The attributes of a module that code names; of a library's, only whether somebody has put something else there."""
        table, ours = vars(module), is_library(module.__name__)
        self.tokens.append(id(module))
        if ours and _root(module.__name__) not in _OURS:
            return
        if not ours:
            self.reached.sized.append(table)
        for name in sorted(self.known & table.keys()):
            self.tokens.append(name)
            self._slot(table, name, f"{module.__name__}.{name}")
            if not ours or (isinstance(table[name], types.FunctionType) and not is_library(table[name].__module__)):
                self.visit(table[name], f"{module.__name__}.{name}")
            else:
                self.tokens.append(id(table[name]))

    def _tensor(self, tensor, where):
        tensor_storage = tensor._storage
        value = tensor_storage.value
        if tensor._aval.layout is not dtypes.strided:
            raise NotImplementedError(
                f"jtorch.capture: {where or 'an argument'} is a sparse tensor, which cannot be captured yet; leave what uses it outside"
            )
        storage = self.storages.get(id(tensor_storage))
        if storage is None:
            storage = self.storages[id(tensor_storage)] = len(self.storages)
            self.reached.storages.append(tensor_storage)
            self.tokens += (value.aval, value.place, self.values.setdefault(id(value), len(self.values)))
        self.reached.tensors.append(tensor)
        chain = tensor._chain
        self.tokens += (
            storage, tensor._aval, tensor._strides, tensor._offset, None if chain is None else tuple(map(id, chain)),
            tensor._requires, tensor._node is None, tensor._plain,
        )  # fmt: skip
        self.reached._objects.append(chain)
        for part in (tensor._hooks, tensor._post_accumulate, tensor._grad):
            self.visit(part, where)
        for name in [name for name in state_of(tensor) if not name.startswith("_") and name in self.known]:
            self.tokens.append(name)
            self._slot(state_of(tensor), name, f"{where}.{name}")
            self.visit(state_of(tensor)[name], f"{where}.{name}")

    def _dict(self, table, where):
        optimizer, numbers = self.groups.get(id(table), (None, {}))
        self.reached.sized.append(table)
        if len(table) > 1:
            self.reached.ordered.append(table)
        self.tokens.append(len(table))
        for key, item in table.items():
            place = f"{where}[{key!r}]" if type(key) in PLAIN else f"{where}[...]"
            self.visit(key, place)
            if key in numbers:
                self.tokens.append(numbers[key])
                self.reached.numbers.append((Slot(table, key, place), optimizer))
            else:
                self._slot(table, key, place)
                self.visit(item, place)
        if type(table).__module__ != "collections" and getattr(table, "__dict__", None):
            self._object(table, where)

    def _sequence(self, items, where):
        self.reached.sized.append(items)
        self.tokens.append(len(items))
        for i, item in enumerate(items):
            place = f"{where}[{i}]"
            self._slot(items, i, place)
            self.visit(item, place)

    def _function(self, function, where):
        code = function.__code__
        self.tokens.append(id(code))
        where = where or function.__qualname__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            try:
                inside = cell.cell_contents
            except ValueError:
                self.tokens.append(_CELL)
                continue
            self._slot(cell, _CELL, f"{name!r} in {where}")
            self.visit(inside, f"{name!r} in {where}")
        self.visit(function.__defaults__, f"defaults of {where}")
        self.visit(function.__kwdefaults__, f"defaults of {where}")
        if _is_library_code(code.co_filename, function.__module__):
            return
        names, imports, dynamic = _names(code)
        self.names |= names
        if dynamic:
            self.names |= _ALL_NAMES
        for name in imports:
            if name in sys.modules:
                self.visit(sys.modules[name], name)
        table = function.__globals__
        self.reached.sized.append(table)
        for name in sorted(names):
            if name in table:
                self._slot(table, name, f"global {name!r}")
                self.visit(table[name], f"global {name!r}")
        if function.__dict__:
            self._named(function, function.__dict__, where)

    def _named(self, owner, table, label):
        """The attributes that users' code names, of something that is theirs."""
        self.tokens.append(id(owner))
        self.reached.sized.append(table)
        for name in list(table):
            if name in self.known or self.everything:
                self.tokens.append(name)
                self._slot(table, name, f"{label}.{name}")
                self.visit(table[name], f"{label}.{name}")

    def _class(self, cls, where):
        self.tokens.append(id(cls))
        if is_library(cls.__module__):
            return
        inherits = any(is_library(base.__module__) and base is not object for base in cls.__mro__)
        for owner in cls.__mro__:
            if is_library(owner.__module__):
                continue
            table = vars(owner)
            self.reached.sized.append(table)
            for name in list(table):
                item = table[name]
                code = isinstance(item, (types.FunctionType, staticmethod, classmethod, property))
                if name in self.known or (code and (inherits or name.startswith("__"))):
                    self.tokens.append(name)
                    self._slot(table, name, f"{cls.__qualname__}.{name}")
                    self.visit(item, f"{cls.__qualname__}.{name}")

    def _object(self, thing, where):
        cls, table = type(thing), getattr(thing, "__dict__", None)
        where = where or cls.__qualname__
        if _root(cls.__module__) in _OURS:
            if table is None or getattr(cls, "captured_as_one", False):
                self.tokens.append(id(thing))
                return
            if isinstance(thing, Optimizer) and not self.options_are_read:
                self.groups.update((id(group), (thing, run_time_options(thing, group))) for group in thing.param_groups)
            own = [name for name in table if name not in self.unread]
        elif is_library(cls.__module__):
            if table is None or _root(cls.__module__) not in _PLAIN_DATA:
                self.tokens.append(id(thing))
                return
            own = table
        else:
            self.visit(cls, where)
            standard = (
                _OF_MODULES
                if isinstance(thing, jtorch.nn.Module)
                else _OF_OPTIMIZERS
                if isinstance(thing, Optimizer)
                else ()
            )
            table = {} if table is None else table
            own = [
                name
                for name in table
                if name in self.known or (name in standard and name not in self.unread) or self.everything
            ]
            for name in _slot_names(cls):
                if (name in self.known or self.everything) and hasattr(thing, name):
                    self.tokens.append(name)
                    self._slot(thing, name, f"{where}.{name}", named=True)
                    self.visit(getattr(thing, name), f"{where}.{name}")
        if table is not None:
            self.reached.sized.append(table)
        for name in list(own):
            self.tokens.append(name)
            self._slot(table, name, f"{where}.{name}")
            self.visit(table[name], f"{where}.{name}")


def _slot_names(cls):
    for owner in cls.__mro__:
        names = owner.__dict__.get("__slots__", ())
        yield from (names,) if isinstance(names, str) else names


_OF_MODULES = frozenset(vars(jtorch.nn.Module()))
# What only saving and loading look at.
_READ_BY_STATE_DICT = frozenset(name for name in _OF_MODULES if "state_dict" in name) | {"_non_persistent_buffers_set"}
_OF_OPTIMIZERS = frozenset(vars(jtorch.optim.SGD([jtorch.zeros(1)], 0.1)))


@functools.lru_cache(4096)
def _names(code) -> tuple:
    """Of a function's code and the functions inside it: names of globals and attributes, modules it imports, and whether it makes up names at run time."""
    names, imports, dynamic = set(code.co_names), set(), False
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            inner = _names(constant)
            names |= inner[0]
            imports |= inner[1]
            dynamic |= inner[2]
    operations = set()
    for instruction in dis.get_instructions(code):
        operations.add(instruction.opname)
        if instruction.opname == "IMPORT_NAME":
            imports.add(instruction.argval)
    strings = set(chain.from_iterable(_strings(c) for c in code.co_consts))
    if names & _BY_NAME_AT_RUN_TIME:
        dynamic |= bool(operations & _MAKE_STRINGS) or not strings
    if names & _BY_NAME_AT_RUN_TIME or operations & {"MATCH_CLASS", "MATCH_KEYS"}:
        names |= strings
    return frozenset(names), frozenset(imports), dynamic


def _strings(constant):
    if isinstance(constant, str):
        return [constant] if constant.isidentifier() else []
    return chain.from_iterable(map(_strings, constant)) if isinstance(constant, tuple) else []


def run_time_options(optimizer, group) -> dict:
    """Which options of a group its update takes as numbers at run time and for nothing else: found by changing each and looking at what the rule is given."""
    cls = type(optimizer)
    if optimizer._rule is None or not is_library(cls.__module__) or optimizer.defaults.get("differentiable"):
        return {}
    if cls._update_group is not Optimizer._update_group or cls._update is not Optimizer._update:
        return {}
    found = {}
    numbers, switches = optimizer._settings(group)
    for key, option in group.items():
        parts = option if type(option) is tuple else (option,)
        if not parts or set(map(type, parts)) != {float}:
            continue
        others = tuple(part * 0.75 + 1e-3 for part in parts)
        new_numbers, new_switches = optimizer._settings({**group, key: others if parts is option else others[0]})
        differing = [name for name in numbers if new_numbers.get(name) != numbers[name]]
        if (
            new_switches == switches
            and new_numbers.keys() == numbers.keys()
            and all((numbers[name], new_numbers[name]) in zip(parts, others, strict=True) for name in differing)
            and len(differing) == len(parts)
        ):
            found[key] = len(option) if parts is option else float
    return found
