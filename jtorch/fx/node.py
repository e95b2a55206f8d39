"""Nodes of a graph: one placeholder, call, attribute or output each, and who uses whom."""

import operator
from collections.abc import Callable
from typing import Any

import jtorch

__all__ = ["Argument", "Node", "Target", "has_side_effect", "map_aggregate", "map_arg"]

Argument = Any
Target = Callable | str
OPCODES = ("placeholder", "get_attr", "call_module", "call_method", "call_function", "output", "root")

_side_effects: set = set()


def has_side_effect(fn):
    """Mark a function whose calls stay in a graph though nobody uses what they give."""
    _side_effects.add(fn)
    return fn


def map_aggregate(a, fn):
    """`a` with `fn` applied to all that is in its tuples, lists, dictionaries and slices.

    >>> from jtorch.fx.node import map_aggregate
    >>> map_aggregate((1, [2, {"a": 3}]), lambda x: x * 10)
    (10, [20, {'a': 30}])
    """
    if isinstance(a, tuple):
        items = [map_aggregate(item, fn) for item in a]
        return type(a)(*items) if hasattr(a, "_fields") else tuple(items)
    if isinstance(a, list):
        return [map_aggregate(item, fn) for item in a]
    if isinstance(a, dict):
        return {key: map_aggregate(value, fn) for key, value in a.items()}
    if isinstance(a, slice):
        return slice(*(map_aggregate(part, fn) for part in (a.start, a.stop, a.step)))
    return fn(a)


def map_arg(a, fn):
    """`a` with `fn` applied to the nodes in it."""
    return map_aggregate(a, lambda x: fn(x) if isinstance(x, Node) else x)


def qualified_name(fn) -> str:
    """The name under which generated code finds a function: `torch.relu`, `operator.add`, `package.module.function`."""
    module, name = getattr(fn, "__module__", None) or type(fn).__module__, fn.__name__
    if module == "builtins":
        return name
    if module == "_operator":
        return f"operator.{name}"
    if module.partition(".")[0] != "jtorch":
        return f"{module}.{name}"
    # Functions of torch by the path that users know.
    home = jtorch
    for part in module.split(".")[1:]:
        home = getattr(home, part, None)
    named = {"jtorch": jtorch, "jtorch.nn.functional": jtorch.nn.functional, "jtorch.linalg": jtorch.linalg}
    spaces = {**named, module: home}
    for path, space in spaces.items():
        for known in dict.fromkeys((name, fn.__qualname__, name.removeprefix("linalg_"))):
            if getattr(space, known, None) is fn:
                return f"torch{path.removeprefix('jtorch')}.{known}" if path != "jtorch" else f"torch.{known}"
    return f"torch{module.removeprefix('jtorch')}.{name}"


class Node:
    """One step of a graph. `op` says what it is, `target` what it calls or names, `users` (a dictionary, for its order) who takes its result."""

    def __init__(self, graph, name, op, target, args, kwargs, return_type=None):
        if op not in OPCODES:
            raise ValueError(f"Node.__init__(): invalid op '{op}', expected one of {OPCODES}")
        if op == "call_function" and not callable(target):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a Callable is expected"
            )
        if op != "call_function" and not isinstance(target, str):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {type(target)} but a str is expected"
            )
        self.graph, self.name, self.op, self.target, self.type = graph, name, op, target, return_type
        self.users: dict[Node, None] = {}
        self.meta: dict[str, Any] = {}
        self._input_nodes: dict[Node, None] = {}
        self._args, self._kwargs = (), {}
        self._prev = self._next = self
        self._erased = False
        self._repr_fn = None
        self._set(args, kwargs)

    # What it is given

    @property
    def args(self) -> tuple:
        return self._args

    @args.setter
    def args(self, value):
        self._set(value, self._kwargs)

    @property
    def kwargs(self) -> dict:
        return self._kwargs

    @kwargs.setter
    def kwargs(self, value):
        self._set(self._args, value)

    def _set(self, args, kwargs):
        for old in self._input_nodes:
            old.users.pop(self, None)
        self._input_nodes = {}

        def use(node):
            self._input_nodes[node] = None
            node.users[self] = None
            return node

        self._args = map_arg(tuple(args), use)
        self._kwargs = map_arg(dict(kwargs), use)

    @property
    def all_input_nodes(self) -> list["Node"]:
        """The nodes whose results it takes, each once."""
        return list(self._input_nodes)

    def update_arg(self, idx: int, arg) -> None:
        """Replace one positional argument."""
        self.args = (*self._args[:idx], arg, *self._args[idx + 1 :])

    def insert_arg(self, idx: int, arg) -> None:
        """Put another positional argument before the one at `idx`."""
        if not 0 <= idx <= len(self._args):
            raise AssertionError("insert_args index must be between 0 and len(self.args)")
        self.args = (*self._args[:idx], arg, *self._args[idx:])

    def update_kwarg(self, key: str, arg) -> None:
        self.kwargs = {**self._kwargs, key: arg}

    def replace_input_with(self, old_input: "Node", new_input: "Node") -> None:
        """Take another node's result where it took one's."""
        self._set(*map_arg((self._args, self._kwargs), lambda n: new_input if n is old_input else n))

    def replace_all_uses_with(
        self, replace_with: "Node", delete_user_cb=lambda user: True, *, propagate_meta=False
    ) -> list["Node"]:
        """Let those that use this node (and for which `delete_user_cb` says so) use another one; gives them."""
        if propagate_meta:
            replace_with.meta.update(self.meta)
        changed = [user for user in self.users if delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    # Where it stands

    @property
    def next(self) -> "Node":
        return self._next

    @property
    def prev(self) -> "Node":
        return self._prev

    def _unlink(self):
        self._prev._next, self._next._prev = self._next, self._prev

    def prepend(self, x: "Node") -> None:
        """Move `x` to right before this node."""
        if x.graph is not self.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if x is self:
            return
        x._unlink()
        before = self._prev
        before._next, x._prev = x, before
        x._next, self._prev = self, x

    def append(self, x: "Node") -> None:
        """Move `x` to right after this node."""
        self._next.prepend(x)

    # What it looks like

    @property
    def stack_trace(self) -> str | None:
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace):
        self.meta["stack_trace"] = trace

    def is_impure(self, impure_random: bool = True) -> bool:
        """Whether the node does more than give a result, so that it stays though nobody uses it."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_function":
            return self.target in _side_effects or self.target in (jtorch._assert, jtorch._assert_async)
        if self.op == "call_module" and self.graph.owning_module is not None:
            return getattr(self.graph.owning_module.get_submodule(self.target), "_is_impure", False)
        return False

    def _pretty_print_target(self, target) -> str:
        if isinstance(target, str):
            return target
        return (
            f"builtins.{target.__name__}" if getattr(target, "__module__", "") == "builtins" else qualified_name(target)
        )

    def format_node(
        self, placeholder_names=None, maybe_return_typename=None, *, include_tensor_metadata=False
    ) -> str | None:
        """The node as a line of the graph's text."""
        from .graph import type_repr

        typed = f"{type_repr(self.type)} " if self.type else ""
        users = f"[num_users={len(self.users)}]"
        if self.op == "placeholder":
            if placeholder_names:
                placeholder_names.append(self.target + (f": {type_repr(self.type)}" if self.type else ""))
            default = f"(default={self.args[0]})" if self.args else ""
            return f"%{self.name} : {typed}{users} = placeholder[target={self.target}]{default}"
        if self.op == "get_attr":
            return f"%{self.name} : {typed}{users} = get_attr[target={self.target}]"
        if self.op == "output":
            return f"return {self.args[0]}"
        return (
            f"%{self.name} : {typed}{users} = {self.op}[target={self._pretty_print_target(self.target)}]"
            f"(args = {_shown(self.args)}, kwargs = {_shown(self.kwargs)})"
        )

    def __repr__(self):
        return self._repr_fn(self) if self._repr_fn else self.name

    def __lt__(self, other):
        return self._before(other)

    def _before(self, other):
        for node in self.graph.nodes:
            if node is self or node is other:
                return node is self and other is not self
        return False


def listed(arg, leaf, key) -> str:
    """An argument as Python writes it: tuples, lists, dictionaries and slices by what is in them, which `leaf` writes, and `key` for keys."""

    def text(arg):
        return listed(arg, leaf, key)

    if isinstance(arg, tuple) and not hasattr(arg, "_fields"):
        return "(" + ", ".join(map(text, arg)) + (",)" if len(arg) == 1 else ")")
    if isinstance(arg, list):
        return "[" + ", ".join(map(text, arg)) + "]"
    if isinstance(arg, dict):
        return "{" + ", ".join(f"{key(k)}: {text(v)}" for k, v in arg.items()) + "}"
    if isinstance(arg, slice):
        return f"slice({text(arg.start)}, {text(arg.stop)}, {text(arg.step)})"
    return leaf(arg)


def _shown(arg) -> str:
    """An argument in the text of a graph: nodes with a percent sign."""
    return listed(arg, _leaf, str)


def _leaf(arg) -> str:
    if isinstance(arg, tuple):  # a named one
        return _shown(tuple(arg))
    return f"%{arg.name}" if isinstance(arg, Node) else str(arg)


# Operators as Python writes them, in generated code.
OPERATORS = {
    "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "gt": "{} > {}", "le": "{} <= {}", "ge": "{} >= {}", "pos": "+{}", "neg": "-{}",
    "invert": "~{}", "add": "{} + {}", "sub": "{} - {}", "mul": "{} * {}", "floordiv": "{} // {}", "truediv": "{} / {}", "mod": "{} % {}",
    "pow": "{} ** {}", "lshift": "{} << {}", "rshift": "{} >> {}", "and_": "{} & {}", "or_": "{} | {}", "xor": "{} ^ {}", "getitem": "{}[{}]",
    "matmul": "{} @ {}",
}  # fmt: skip
WRITING_OPERATORS = {
    "iadd": "{} += {}", "iand": "{} &= {}", "ifloordiv": "{} //= {}", "ilshift": "{} <<= {}", "imod": "{} %= {}", "imul": "{} *= {}",
    "imatmul": "{} @= {}", "ior": "{} |= {}", "ipow": "{} **= {}", "irshift": "{} >>= {}", "isub": "{} -= {}", "itruediv": "{} /= {}",
    "ixor": "{} ^= {}", "setitem": "{}[{}] = {}",
}  # fmt: skip
_side_effects.add(operator.setitem)
