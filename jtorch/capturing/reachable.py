"""What a function can reach: the tensors it may read and write, and the Python state that decides what it does.

A walk starts from the function and the objects it is given, and goes through closures, globals, defaults, attributes and containers. Attributes of users' objects
count where users' code that can be reached names them; modules, optimizers and other objects of jtorch count whole. The *fingerprint* of a walk is equal for
two states in which the function records the same; its *guards* say quickly whether anything has changed since.
"""

import functools
import os
import sys
import types
from collections import deque
from itertools import chain
from operator import attrgetter, getitem, is_

import numpy as np

import jtorch
from jtorch import devices, dtypes
from jtorch.optim import Optimizer
from jtorch.size import Size
from jtorch.tensor import Tensor

PLAIN = (type(None), bool, int, str, bytes, complex, type(Ellipsis), type(NotImplemented), range, slice, Size)
# Their objects hold no state that a captured function is asked to follow.
_LIBRARIES = frozenset("jax jaxlib numpy scipy flax optax orbax ml_dtypes PIL".split()) | sys.stdlib_module_names
_NAMESPACES = ("argparse.Namespace", "types.SimpleNamespace")
_BY_NAME_AT_RUN_TIME = frozenset("getattr setattr hasattr delattr".split())
_ALL_NAMES = frozenset("vars __dict__ dir globals eval exec".split())
MOST_OBJECTS = 200_000
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

_contents = attrgetter("cell_contents")
_value, _aval, _place, _storage = map(attrgetter, ("value", "aval", "place", "_storage"))


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
    """A place that holds an object: `table[key]`, or a closure's cell."""

    __slots__ = ("table", "key", "where")

    def __init__(self, table, key, where):
        self.table, self.key, self.where = table, key, where

    def get(self):
        return self.table.cell_contents if self.key is _CELL else self.table[self.key]

    def set(self, thing) -> None:
        if self.key is _CELL:
            self.table.cell_contents = thing
        else:
            self.table[self.key] = thing


_CELL = object()


class Reached:
    """The result of a walk: `fingerprint`, `tensors` in the order found, `storages` they look at, slots that hold what was found, and `numbers`: slots of
    options that are run-time values of an update, each with its optimizer."""

    def __init__(self):
        self.tensors, self.storages, self.slots, self.sized, self.arrays, self.numbers = [], [], [], [], [], []
        self.fingerprint = None
        self._objects = []  # kept alive: the fingerprint knows some by their ids

    def key(self, arguments) -> tuple:
        """The fingerprint, with which arguments look at memory that was reached."""
        number = {id(storage): i for i, storage in enumerate(self.storages)}
        return (*self.fingerprint, *(number.get(id(tensor._storage)) for tensor in arguments))

    def take_guards(self, without=frozenset()) -> None:
        """Remember what is there now; tensors `without` (ids) may be replaced by any other ones."""
        tables = [slot for slot in self.slots if slot.key is not _CELL]
        cells = [slot for slot in self.slots if slot.key is _CELL]
        self._tables, self._keys = [s.table for s in tables], [s.key for s in tables]
        self._position = {id(slot): i for i, slot in enumerate(tables)}
        self._held = list(map(getitem, self._tables, self._keys))
        self._cells = [slot.table for slot in cells]
        self._cell_position = {id(slot): i for i, slot in enumerate(cells)}
        self._in_cells = list(map(_contents, self._cells))
        self._lengths = list(map(len, self.sized))
        self._guarded = [tensor for tensor in self.tensors if id(tensor) not in without]
        self._states = [tensor.__dict__ for tensor in self._guarded]
        self._own_storages = [tensor._storage for tensor in self._guarded]
        self._flags = list(map(_flags, self._states))
        self._memory = list({id(storage): storage for storage in self._own_storages}.values())
        self._avals = [storage.value.aval for storage in self._memory]
        self._places = [storage.value.place for storage in self._memory]

    def assign(self, slot: Slot, thing) -> None:
        """Put a tensor where the function would have put it."""
        slot.set(thing)
        if slot.key is _CELL:
            self._in_cells[self._cell_position[id(slot)]] = thing
        else:
            self._held[self._position[id(slot)]] = thing

    def replace(self, old: Tensor, new: Tensor) -> None:
        """A tensor that was reached has given its place to another one like it."""
        for tensors in (self.tensors, self._guarded):
            at = next((i for i, tensor in enumerate(tensors) if tensor is old), None)
            if at is not None:
                tensors[at] = new
                if tensors is self._guarded:
                    self._states[at], self._own_storages[at] = new.__dict__, new._storage
                    self._memory[next(i for i, s in enumerate(self._memory) if s is old._storage)] = new._storage

    def unchanged(self) -> bool:
        """Whether every guard holds: the objects are the same ones, and the tensors are what they were but for their contents."""
        try:
            return (
                list(map(len, self.sized)) == self._lengths
                and all(map(is_, map(getitem, self._tables, self._keys), self._held))
                and all(map(is_, map(_contents, self._cells), self._in_cells))
                and all(map(is_, map(_storage, self._guarded), self._own_storages))
                and list(map(_flags, self._states)) == self._flags
                and list(map(_aval, values := list(map(_value, self._memory)))) == self._avals
                and list(map(_place, values)) == self._places
                and all(_digest(array) == digest for array, digest in self.arrays)
            )
        except (KeyError, IndexError, ValueError):
            return False


def _flags(tensor_dict):
    get = tensor_dict.get
    return (
        get("_requires"),
        get("_grad") is None,
        get("_hooks") or None,
        get("_post_accumulate") or None,
        get("_node") is None,
    )


def _digest(array):
    return hash((array.shape, array.dtype.str, array.tobytes()))


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
        self.reached._objects.append(thing)
        tokens.append(kind)
        if isinstance(thing, Tensor):
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
            tokens.append(frozenset(item if type(item) in (*PLAIN, float) else id(item) for item in thing))
            self.reached.sized.append(thing)
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
            self._named(thing, vars(thing), where, thing.__name__, sized=False)
        elif isinstance(thing, type):
            self._class(thing, where)
        elif isinstance(thing, np.ndarray):
            tokens.append(_digest(thing))
            self.reached.arrays.append((thing, tokens[-1]))
        elif isinstance(thing, (devices.device, dtypes.dtype)):
            tokens.append(repr(thing))
        else:
            self._object(thing, where)

    def _slot(self, table, key, where):
        self.reached.slots.append(Slot(table, key, where))

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

    def _dict(self, table, where):
        optimizer, numbers = self.groups.get(id(table), (None, {}))
        self.reached.sized.append(table)
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
        names = _names(code)
        self.names |= names
        table = function.__globals__
        for name in sorted(names):
            if name in table:
                self._slot(table, name, f"global {name!r}")
                self.visit(table[name], f"global {name!r}")
        if function.__dict__:
            self._named(function, function.__dict__, where, where)

    def _named(self, owner, table, where, label, sized=True):
        """The attributes that users' code names, of something that is theirs."""
        self.tokens.append(id(owner))
        if is_library(getattr(owner, "__name__", None) if isinstance(owner, types.ModuleType) else None):
            return
        if sized:
            self.reached.sized.append(table)
        for name in list(table):
            if name in self.known or (self.everything and sized):
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
            if table is None:
                self.tokens.append(id(thing))
                return
            if isinstance(thing, Optimizer) and not self.options_are_read:
                self.groups.update((id(group), (thing, run_time_options(thing, group))) for group in thing.param_groups)
            own = table
        elif is_library(cls.__module__) and f"{cls.__module__}.{cls.__qualname__}" not in _NAMESPACES:
            self.tokens.append(id(thing))
            return
        else:
            self.visit(cls, where)
            standard = (
                _OF_MODULES
                if isinstance(thing, jtorch.nn.Module)
                else _OF_OPTIMIZERS
                if isinstance(thing, Optimizer)
                else ()
            )
            table = table or {}
            own = [name for name in table if name in self.known or name in standard or self.everything]
            for name in _slot_names(cls):
                if (name in self.known or self.everything) and hasattr(thing, name):
                    self.tokens.append(name)
                    self.visit(getattr(thing, name), f"{where}.{name}")
        if table:
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
_OF_OPTIMIZERS = frozenset(vars(jtorch.optim.SGD([jtorch.zeros(1)], 0.1)))


@functools.lru_cache(4096)
def _names(code) -> frozenset:
    """Names of globals and attributes in a function's code and in that of the functions inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    if names & _BY_NAME_AT_RUN_TIME:
        names.update(chain.from_iterable(_strings(c) for c in code.co_consts))
    return frozenset(names)


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
