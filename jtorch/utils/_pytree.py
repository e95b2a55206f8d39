"""Trees of containers: tuples, lists, named tuples and dicts (in their own order) with anything else as leaves."""

import dataclasses
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = [
    "Context",
    "MappingKey",
    "PyTree",
    "TreeSpec",
    "register_pytree_node",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
    "treespec_pprint",
]


PyTree = Context = Any


class NodeDef(NamedTuple):
    """How a container is taken apart and built."""

    type: Any
    flatten_fn: Callable  # tree -> (children, context)
    unflatten_fn: Callable  # (children, context) -> tree


SUPPORTED_NODES: dict[Any, NodeDef] = {}


def register_pytree_node(
    cls,
    flatten_fn,
    unflatten_fn,
    *,
    serialized_type_name=None,
    to_dumpable_context=None,
    from_dumpable_context=None,
    flatten_with_keys_fn=None,
) -> None:
    """Make a class a container: `flatten_fn(tree)` gives children and a context, `unflatten_fn(children, context)` the tree.

    The other arguments are for programs that torch exports, and are accepted.

    >>> class Pair:
    ...     def __init__(self, a, b): self.a, self.b = a, b
    >>> register_pytree_node(Pair, lambda pair: ([pair.a, pair.b], None), lambda children, _: Pair(*children))
    >>> tree_flatten([Pair(1, (2, 3))])[0]
    [1, 2, 3]
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn)


_register_pytree_node = register_pytree_node  # its name before torch 2.2


class TreeSpec:
    """How a tree is built: the kind of container, what it needs beside its children, and the children's own specs."""

    __slots__ = ("kind", "context", "children", "num_leaves")

    def __init__(self, kind, context, children):
        self.kind, self.context, self.children = kind, context, tuple(children)
        self.num_leaves = sum(child.num_leaves for child in children) if kind is not None else 1

    def __eq__(self, other):
        return isinstance(other, TreeSpec) and (self.kind, self.context, self.children) == (
            other.kind,
            other.context,
            other.children,
        )

    def __repr__(self):
        if self.kind is None:
            return "*"
        children = ",\n".join(map(repr, self.children)).replace("\n", "\n  ")
        return (
            f"TreeSpec({self.kind.__name__}, {list(self.context) if self.kind is dict else self.context}, [{children}])"
        )


def treespec_pprint(spec: TreeSpec) -> str:
    """A structure as its tree, with `*` for leaves."""
    if spec.kind is None:
        return "*"
    parts = [treespec_pprint(child) for child in spec.children]
    if spec.kind is dict:
        return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(spec.context, parts, strict=True)) + "}"
    if spec.kind is tuple:
        return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
    return f"[{', '.join(parts)}]" if spec.kind is list else f"{spec.kind.__name__}({', '.join(parts)})"


@dataclasses.dataclass(frozen=True)
class MappingKey:
    """A step of a path into a tree: a key of a dictionary."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping):
        return mapping[self.key]


def _dict_flatten(d) -> tuple[list, list]:
    """What classes that behave like dictionaries register: their values, and their keys as the context."""
    return list(d.values()), list(d)


def _dict_flatten_with_keys(d) -> tuple[list, list]:
    return [(MappingKey(key), value) for key, value in d.items()], list(d)


def _dict_unflatten(values, context) -> dict:
    return dict(zip(context, values, strict=True))


LEAF = TreeSpec(None, None, ())


def LeafSpec() -> TreeSpec:
    """The structure of a leaf."""
    return LEAF


def _get_node_type(tree) -> Any:
    """Under which key of `SUPPORTED_NODES` a tree is, if it is no leaf."""
    return namedtuple if isinstance(tree, tuple) and hasattr(tree, "_fields") else type(tree)


def _children(tree):
    """The kind, context and children of a container; None for a leaf."""
    kind = _get_node_type(tree)
    if kind not in SUPPORTED_NODES:
        return None
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    return (context if kind is namedtuple else kind), (None if kind is namedtuple else context), tuple(children)


for _kind in (tuple, list, deque):
    register_pytree_node(_kind, lambda tree: (list(tree), None), lambda children, _, kind=_kind: kind(children))
for _kind in (dict, OrderedDict):
    register_pytree_node(
        _kind,
        lambda tree: (list(tree.values()), tuple(tree)),
        lambda children, keys, kind=_kind: kind(zip(keys, children, strict=True)),
    )
register_pytree_node(
    defaultdict,
    lambda tree: (list(tree.values()), (tree.default_factory, tuple(tree))),
    lambda children, context: defaultdict(context[0], zip(context[1], children, strict=True)),
)
register_pytree_node(namedtuple, lambda tree: (list(tree), type(tree)), lambda children, kind: kind(*children))


def tree_flatten(tree, is_leaf=None) -> tuple[list, TreeSpec]:
    """Leaves in order, and the structure.

    >>> tree_flatten({"a": (1, 2), "b": 3})[0]
    [1, 2, 3]
    """
    found = None if is_leaf is not None and is_leaf(tree) else _children(tree)
    if found is None:
        return [tree], LEAF
    kind, context, children = found
    leaves: list = []
    specs = []
    for child in children:
        more, spec = tree_flatten(child, is_leaf)
        leaves += more
        specs.append(spec)
    return leaves, TreeSpec(kind, context, tuple(specs))


def tree_unflatten(leaves, treespec: TreeSpec):
    """The tree of a structure with these leaves."""
    given = iter(leaves)
    return _build(treespec, given)


def _build(spec, given):
    if spec.kind is None:
        return next(given)
    children = [_build(child, given) for child in spec.children]
    if spec.kind in SUPPORTED_NODES:
        return SUPPORTED_NODES[spec.kind].unflatten_fn(children, spec.context)
    return spec.kind(*children)


def tree_leaves(tree, is_leaf=None) -> list:
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree, is_leaf=None) -> TreeSpec:
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func, tree, *rests, is_leaf=None):
    """The tree with `func` applied to its leaves (and those of trees of the same structure)."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten([func(*row) for row in zip(leaves, *others, strict=True)], spec)


def tree_map_only(kind, func, tree):
    """The tree with `func` applied to its leaves of a type."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


def _broadcast_to_and_flatten(tree, treespec: TreeSpec) -> list | None:
    """One leaf of `tree` per leaf of a structure, where `tree` may stop short of it; None where they do not fit."""
    found = _children(tree)
    if found is None:
        return [tree] * treespec.num_leaves
    kind, context, children = found
    if kind is not treespec.kind or context != treespec.context or len(children) != len(treespec.children):
        return None
    leaves: list = []
    for child, spec in zip(children, treespec.children, strict=True):
        more = _broadcast_to_and_flatten(child, spec)
        if more is None:
            return None
        leaves += more
    return leaves
