"""Arguments and results as text: which containers, where the tensors go, and the Python values in between."""

import json
from math import prod

import jax

from jtorch.tensor import Tensor


def encode(tree) -> tuple:
    """`(structure, tensors)`: lists, tuples, dicts with names, numbers, texts and None around tensors or arrays; TypeError for anything else."""
    tensors: list = []
    return _encode(tree, tensors), tensors


def _encode(tree, tensors):
    if isinstance(tree, (Tensor, jax.Array)):
        tensors.append(tree)
        return {"tensor": len(tensors) - 1}
    if tree is None or isinstance(tree, (bool, int, float, str)):
        return {"value": tree}
    if isinstance(tree, (list, tuple)):
        return {"list" if isinstance(tree, list) else "tuple": [_encode(item, tensors) for item in tree]}
    if isinstance(tree, dict) and all(isinstance(name, str) for name in tree):
        return {"dict": {name: _encode(item, tensors) for name, item in tree.items()}}
    raise TypeError(
        f"a program takes and gives tensors, numbers, texts and containers of them, got {type(tree).__name__}"
    )


def decode(structure, tensors, sizes=()):
    """The tree again, with these tensors; `sizes` are those that numbers in it depend on."""
    if not isinstance(structure, dict) or len(structure) != 1:
        raise ValueError("the structure of arguments or results is damaged")
    ((kind, content),) = structure.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "value":
        return content
    if kind in ("list", "tuple"):
        items = [decode(item, tensors, sizes) for item in content]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {name: decode(item, tensors, sizes) for name, item in content.items()}
    if kind == "size":
        return sum(int(factor) * prod(sizes[i] for i in symbols) for factor, symbols in content)
    raise ValueError(f"the structure of arguments or results has an unknown kind {kind!r}")


def merge(structures, expression):
    """The structure that all of these are, with the polynomial `expression(values)` for an int that differs."""
    first = structures[0]
    if all(s == first for s in structures):
        return first
    kinds = {next(iter(s)) for s in structures}
    contents = [next(iter(s.values())) for s in structures]
    if len(kinds) == 1 and all(type(c) is int for c in contents) and "value" in kinds:
        return {"size": expression(contents)}
    if kinds <= {"list"} or kinds <= {"tuple"}:
        if len({len(c) for c in contents}) == 1:
            return {kinds.pop(): [merge(parts, expression) for parts in zip(*contents, strict=True)]}
    elif kinds == {"dict"} and all(c.keys() == contents[0].keys() for c in contents):
        return {"dict": {name: merge([c[name] for c in contents], expression) for name in contents[0]}}
    return expression(None)


def key(structure) -> str:
    """Equal for equal structures."""
    return json.dumps(structure, sort_keys=True)
