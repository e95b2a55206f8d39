"""Writing down which leaf modules and functions a model calls, under the names that torchvision gives them."""

import functools
import inspect
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jtorch
from jtorch import nn
from jtorch.nn import functional as F
from jtorch.tensor import Tensor

from . import swin_transformer

_OPERATORS = "add sub mul truediv floordiv mod pow matmul".split()
# Operators have one name, from whichever side or in place they are called.
_SPECIAL = {f"__{side}{name}__": name for name in _OPERATORS for side in ("", "r", "i")}
_SPECIAL |= {f"__{name}__": name for name in ("neg", "abs", "invert", "getitem", "eq", "ne", "lt", "le", "gt", "ge")}
# Functions of a model that are nodes as a whole.
_WHOLE = (
    (swin_transformer, "_patch_merging_pad"),
    (swin_transformer, "_get_relative_position_bias"),
    (swin_transformer, "shifted_window_attention"),
)


class Done(BaseException):
    """All nodes asked for are there. Not an Exception, so that no model catches it."""


@dataclass(frozen=True)
class Node:
    """Where it was called: the path of the leaf module, or that of the module that called the function."""

    path: str
    leaf: bool


class Recording:
    """One run of a model: its nodes by name, and what the wanted ones gave."""

    def __init__(self, model: nn.Module, leaves: tuple[type, ...], wanted: set[str] | None = None) -> None:
        self.nodes: dict[str, Node] = {}
        self.found: dict[str, Any] = {}
        self._model = model
        self._leaves = leaves
        self._wanted = wanted
        self._paths = {module: name for name, module in model.named_modules()}
        self._path = ""
        self._depth = 1  # of calls within a node, or outside of the model
        self._numbers: dict[str, int] = {}

    def call(self, forward: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        """Run the model itself: its arguments are nodes, too."""
        self._depth = 0
        try:
            for name, value in inspect.signature(forward).bind(*args, **kwargs).arguments.items():
                self._add(name, Node("", False), value)
            return forward(*args, **kwargs)
        finally:
            self._depth = 1

    def module(self, module: nn.Module, call: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        if module is self._model:
            return self.call(module.forward, args, kwargs)
        path = self._paths.get(module)
        if self._depth or path is None:
            return call(module, *args, **kwargs)
        outer, self._path = self._path, path
        try:
            if not self._is_leaf(module):
                return call(module, *args, **kwargs)
            value = self._within(call, (module, *args), kwargs)
            self._add(path, Node(path, True), value)
            return value
        finally:
            self._path = outer

    def function(self, name: str, function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        if self._depth or not any(_holds_tensor(value) for value in (*args, *kwargs.values())):
            return function(*args, **kwargs)
        value = self._within(function, args, kwargs)
        if _holds_tensor(value):
            self._add(f"{self._path}.{name}" if self._path else name, Node(self._path, False), value)
        return value

    def _within(self, call: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
        self._depth += 1
        try:
            return call(*args, **kwargs)
        finally:
            self._depth -= 1

    def _is_leaf(self, module: nn.Module) -> bool:
        if isinstance(module, self._leaves):
            return True
        home = type(module).__module__
        return home.startswith(("torch.nn.", "jtorch.nn.")) and not isinstance(module, nn.Sequential)

    def _add(self, name: str, node: Node, value: Any) -> None:
        # torchvision takes any number at the end for a repetition: `ln_1` and `ln_2` are `ln` and `ln_1`.
        if re.fullmatch(r".+_[0-9]+", name):
            name = name.rpartition("_")[0]
        number = self._numbers[name] = self._numbers.get(name, -1) + 1
        if number:
            name = f"{name}_{number}"
        self.nodes[name] = node
        if self._wanted is not None and name in self._wanted:
            self.found[name] = value
            if len(self.found) == len(self._wanted):
                raise Done


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_holds_tensor(part) for part in value)
    return isinstance(value, Tensor)


_running = threading.local()
_lock = threading.Lock()
_users: dict[bool, int] = {False: 0, True: 0}
_originals: dict[bool, list[tuple[Any, str, Any]]] = {False: [], True: []}


@contextmanager
def recorded(recording: Recording, functions: bool) -> Iterator[None]:
    """While it lasts, this thread's calls of modules, and of functions if asked for, go through the recording.

    Functions are replaced where programs look them up, so other threads pass through the replacements as well.
    """
    kinds = (False, True) if functions else (False,)
    outer = getattr(_running, "recording", None)
    with _lock:
        for kind in kinds:
            _users[kind] += 1
            if _users[kind] == 1:
                _replace(kind)
    _running.recording = recording
    try:
        yield
    finally:
        _running.recording = outer
        with _lock:
            for kind in kinds:
                _users[kind] -= 1
                if _users[kind] == 0:
                    for owner, name, original in _originals[kind]:
                        setattr(owner, name, original)
                    _originals[kind].clear()


def _replace(functions: bool) -> None:
    for owner, name, shown in _functions() if functions else [(nn.Module, "__call__", None)]:
        original = vars(owner)[name]
        _originals[functions].append((owner, name, original))
        setattr(owner, name, _around_module(original) if shown is None else _around_function(original, shown))


def _functions() -> Iterator[tuple[Any, str, str]]:
    """Owner and name of the public functions of tensors, and the name of their nodes."""
    for owner in (Tensor, jtorch, F):
        for name, value in list(vars(owner).items()):
            shown = _SPECIAL.get(name, "" if name.startswith("_") else name)
            if shown and inspect.isroutine(value) and not isinstance(value, (staticmethod, classmethod)):
                yield owner, name, shown
    for owner, name in _WHOLE:
        yield owner, name, name


def _around_module(call: Callable) -> Callable:
    @functools.wraps(call)
    def __call__(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        recording = getattr(_running, "recording", None)
        if recording is None:
            return call(self, *args, **kwargs)
        return recording.module(self, call, args, kwargs)

    return __call__


def _around_function(function: Callable, name: str) -> Callable:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        recording = getattr(_running, "recording", None)
        if recording is None:
            return function(*args, **kwargs)
        return recording.function(name, function, args, kwargs)

    return wrapper
