"""How placements pass through views: which dimension of the result a dimension of the tensor becomes."""

import math


def result_shape(name: str, shape, statics):
    """The shape of the result of a view of these statics; None where only the operation knows."""
    if name in ("view", "expand"):
        return tuple(statics[0])
    if name == "permute":
        return tuple(shape[d] for d in statics[0])
    if name == "index_basic":
        sizes, made = iter(shape), []
        for item in statics[0]:
            if item[0] == "new":
                made.append(1)
                continue
            n = next(sizes)
            if item[0] != "int":
                made.append(n if item[0] == "all" else item[1])
        return tuple(made)
    return tuple(shape) if name in ("alias", "real", "imag") else None


def becomes(name: str, shape, dim: int, count: int, statics) -> int | None:
    """The dimension of the result along which it is cut where the tensor is cut along `dim` into `count` equal pieces; None where it is not cut then."""
    if name in ("alias", "real", "imag"):
        return dim
    if name == "permute":
        return tuple(statics[0]).index(dim)
    if name == "expand":
        return (
            dim + len(statics[0]) - len(shape) if shape[dim] == statics[0][dim + len(statics[0]) - len(shape)] else None
        )
    if name == "index_basic":
        source, target = -1, -1
        for item in statics[0]:
            source += item[0] != "new"
            target += item[0] != "int"
            if item[0] != "new" and source == dim:
                return target if item[0] == "all" else None
    if name == "view":
        return _reshaped(shape, tuple(statics[0]), dim, count)
    return None


def _reshaped(shape, wanted, dim: int, count: int) -> int | None:
    """A reshape keeps a cut where the dimensions before it have as many elements in the result, and what it is cut into is whole there too."""
    before, after = math.prod(shape[:dim]), math.prod(shape[dim + 1 :])
    total = 1
    for d, n in enumerate(wanted):
        if total == before:
            rest = math.prod(wanted[d + 1 :])
            if n == shape[dim] and rest == after and n != 1:
                return d  # the dimension itself
            if n != 1:
                # Split into several, or joined with what follows: pieces of one size stay pieces.
                return d if shape[dim] % count == 0 and n % count == 0 else None
            if shape[dim] == 1:
                return d
        if total > before:
            return None
        total *= n
    return None
