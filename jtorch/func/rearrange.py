"""`torch.func.rearrange`: dimensions named in a pattern, as in einops (A. Rogozhnikov, "Einops", ICLR 2022)."""

import math
import re
from collections.abc import Sequence

import jtorch
from jtorch.tensor import Tensor

_ELLIPSIS = "..."


def rearrange(tensor, pattern: str, **axes_lengths: int) -> Tensor:
    """Permute, split, join, add and drop dimensions by name: `"b (h s) -> (b s) h"`. A list of tensors counts as their stack.

    Raises:
        ValueError: a pattern that is no pattern, or does not fit the tensor.

    Example:
        >>> import jtorch as torch
        >>> torch.func.rearrange(torch.arange(6).view(2, 3), "a b -> b a").shape
        torch.Size([3, 2])
        >>> torch.func.rearrange(torch.arange(6), "(a b) -> a 1 b", b=3).shape
        torch.Size([2, 1, 3])
    """
    if isinstance(tensor, (tuple, list)):
        tensor = jtorch.stack(tuple(tensor))
    left, right = _sides(pattern)
    _check(left, right, axes_lengths)
    left, names = _without_ellipsis(left, tensor.dim())
    right = [
        part
        for group in right
        for part in ([[name] for name in names] if group == [_ELLIPSIS] else [_replaced(group, names)])
    ]
    lengths = _lengths(left, tensor.shape, axes_lengths)
    flat = [name for group in left for name in group]
    wanted = [name for group in right for name in group]
    made = tensor.reshape([lengths[name] for name in flat]).permute([flat.index(name) for name in wanted])
    return made.reshape([math.prod(lengths[name] for name in group) for group in right])


def _sides(pattern: str) -> tuple[list, list]:
    parts = pattern.split("->")
    if len(parts) != 2:
        raise ValueError("Pattern must contain a single '->' separator")
    return _groups(parts[0]), _groups(parts[1])


def _groups(side: str) -> list[Sequence[str]]:
    """A side as its dimensions: a list of one name (of none for a 1), or a tuple of the names that parentheses join."""
    groups: list[Sequence[str]] = []
    inside: list[str] | None = None
    for token in re.findall(r"\.\.\.|[()]|[^\s()]+?(?=\.\.\.|[\s()]|$)", side):
        if token == "(" and inside is None:
            inside = []
        elif token == ")" and inside is not None:
            groups.append(tuple(inside))
            inside = None
        elif token in "()":
            raise ValueError(f"Imbalanced parentheses in expression: '{side}'")
        elif token == _ELLIPSIS or token == "1" or token.isidentifier():
            group = [] if token == "1" else [token]
            if inside is None:
                groups.append(group)
            else:
                inside += group
        else:
            raise ValueError(f"Invalid axis identifier: '{token}'\n{_reason(token)}")
    if inside is not None:
        raise ValueError(f"Imbalanced parentheses in expression: '{side}'")
    return groups


def _reason(token: str) -> str:
    return "not a valid python identifier" if not token.isdigit() else "Non-unitary anonymous axes are not supported"


def _check(left: list, right: list, lengths: dict[str, int]) -> None:
    sides = [[name for group in side for name in group] for side in (left, right)]
    for names in sides:
        for name in names:
            if names.count(name) > 1:
                raise ValueError(
                    "Expression may not contain dots outside ellipsis"
                    if name == _ELLIPSIS
                    else f"Indexing expression contains duplicate dimension '{name}'"
                )
    if [_ELLIPSIS] not in left and any(_ELLIPSIS in group for group in left):
        raise ValueError("Ellipsis is parenthesis in the left side is not allowed")
    alone = {*sides[0]} ^ {*sides[1]}
    if alone:
        raise ValueError(f"Identifiers only on one side of rearrange expression (should be on both): {alone}")
    unknown = {*lengths} - {*sides[0]}
    if unknown:
        raise ValueError(f"Identifiers not found in rearrange expression: {unknown}")


def _without_ellipsis(left: list, ndim: int) -> tuple[list, list[str]]:
    """The left side with a name for each dimension that `...` stands for, and these names."""
    if [_ELLIPSIS] not in left:
        if len(left) != ndim:
            raise ValueError(
                f"Number of dimensions in pattern ({len(left)}) must be equal to the number of dimensions in the tensor ({ndim})"
            )
        return left, []
    hidden = ndim - (len(left) - 1)
    if hidden < 0:
        raise ValueError(
            f"Number of dimensions in pattern ({len(left) - 1}) must be less than or equal to the number of dimensions in the tensor ({ndim})"
        )
    names = [f"...{i}" for i in range(hidden)]
    at = left.index([_ELLIPSIS])
    return [*left[:at], *([name] for name in names), *left[at + 1 :]], names


def _replaced(group: Sequence[str], names: list[str]) -> list[str]:
    return [part for name in group for part in (names if name == _ELLIPSIS else [name])]


def _lengths(left: list, shape, given: dict[str, int]) -> dict[str, int]:
    """The length of each name; one name of a joined dimension may be left to be found."""
    lengths = dict(given)
    for group, size in zip(left, shape, strict=True):
        open_ones = [name for name in group if name not in lengths]
        known = math.prod(lengths[name] for name in group if name in lengths)
        if len(open_ones) > 1:
            raise ValueError(f"cannot infer the sizes of two dimensions at once {open_ones[0]} and {open_ones[1]}")
        if open_ones:
            if known == 0 or size % known:
                raise ValueError(f"inferred dimension does not evenly fit into larger dimension: {size} vs {known}")
            lengths[open_ones[0]] = size // known
        elif known != size:
            raise ValueError(f"Dimension sizes do not match ({size} != {known}) when matching dimension pack {group}")
    return lengths
