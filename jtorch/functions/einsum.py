"""Sums of products in Einstein's notation, as products of two operands at a time, in the memory order that gives."""

import math

from .composite import composite, operation
from .views import diagonal, movedim, permute, view

_bmm, _mul, _sum = operation("bmm"), operation("mul"), operation("sum")

# What `torch.backends.opt_einsum` says about the order of several products.
PLANNING = {"enabled": True, "strategy": "auto"}


def _operands_apart(args):
    equation, *operands = args
    one_list = len(operands) == 1 and isinstance(operands[0], (list, tuple))
    return (equation, *(operands[0] if one_list else operands))


@composite("einsum", variants="function", arguments=_operands_apart)
def einsum(equation, *operands):
    """Sum of products, written in Einstein's notation; or as operands each followed by its list of dimensions.

    More than two operands are multiplied in the order that opt_einsum finds, unless `torch.backends.opt_einsum.enabled` is False.
    A diagonal or another order of one operand's dimensions is a view of it.

    >>> import jtorch as torch
    >>> torch.einsum("ij,j->i", torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    if not isinstance(equation, str):
        equation, operands = _from_lists((equation, *operands))
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise RuntimeError("einsum(): must provide at least one operand")
    equation = _checked_equation(equation.replace(" ", ""), operands)
    terms, output, summed = _labels(equation, [x.dim() for x in operands])
    aligned = [_aligned(x, term, output + summed) for x, term in zip(operands, terms, strict=True)]
    if len(aligned) == 1:
        (only,) = aligned
        return _sum(only, tuple(range(len(output), only.dim()))) if summed else only
    remaining = [sum(x.shape[d] != 1 for x in aligned) for d in range(len(output + summed))]
    for i, j in _path(equation, operands):
        b, a = aligned.pop(j), aligned.pop(i)
        aligned.append(_pair(a, b, len(output), remaining))
    return view(aligned[0], aligned[0].shape[: len(output)]) if summed else aligned[0]


def _labels(equation, ndims):
    """The label of each dimension of each operand, of the result, and those that are summed over.

    Dimensions under an ellipsis are labelled by their place from the right, as they broadcast.
    """
    inputs, arrow, output = equation.partition("->")
    terms, hidden = [], 0
    for term, ndim in zip(inputs.split(","), ndims, strict=True):
        before, dots, after = term.partition("...")
        covered = ndim - len(before) - len(after) if dots else 0
        hidden = max(hidden, covered)
        terms.append([*before, *range(-covered, 0), *after])
    under = list(range(-hidden, 0))
    letters = sorted({label for term in terms for label in term if isinstance(label, str)})
    if arrow:
        before, dots, after = output.partition("...")
        result = [*before, *(under if dots else ()), *after]
    else:
        result = under + [letter for letter in letters if sum(term.count(letter) for term in terms) == 1]
    return terms, result, [label for label in [*under, *letters] if label not in result]


def _aligned(x, term, labels):
    """An operand with a dimension for each of `labels`, of size 1 for those it lacks, and diagonals of those it repeats."""
    places: dict = {}
    for label in term:
        if label not in places:
            places[label] = len(places)
        else:
            x = movedim(diagonal(x, 0, places[label], len(places)), -1, places[label])
    missing = [label for label in labels if label not in places]
    for number, label in enumerate(missing, len(places)):
        x, places[label] = x.unsqueeze(-1), number
    return permute(x, tuple(places[label] for label in labels))


def _path(equation, operands):
    """Which two operands to multiply next, the result going to the end; from left to right where nobody plans."""
    if len(operands) < 3 or not PLANNING["enabled"]:
        return [(0, 1)] + [(0, count - 1) for count in range(len(operands) - 1, 1, -1)]
    from opt_einsum import contract_path

    shapes = [tuple(x.shape) for x in operands]
    path, _ = contract_path(equation, *shapes, shapes=True, optimize=PLANNING["strategy"] or "auto")
    return [tuple(sorted(pair)) for pair in path]


def _pair(a, b, kept, remaining):
    """The product of two aligned operands, summed over what no other operand needs. `remaining` counts, for each dimension, the
    operands in which it is not of size 1."""
    both = []
    for d in range(kept, len(remaining)):
        if a.shape[d] != 1 and b.shape[d] != 1:
            remaining[d] -= 1
            if remaining[d] == 1:
                both.append(d)
                remaining[d] = 0
        elif remaining[d] == 1 and (a.shape[d] != 1 or b.shape[d] != 1):
            remaining[d] = 0
            a, b = (_sum(x, d, True) if x.shape[d] != 1 else x for x in (a, b))
    if not both:
        return _mul(a, b)
    # As stacks of matrices: dimensions of both that stay, of the left alone, summed ones, and the rest, which the right has.
    own = [d for d in range(a.dim()) if d not in both]
    shared = [d for d in own if a.shape[d] != 1 and b.shape[d] != 1]
    left = [d for d in own if a.shape[d] != 1 and b.shape[d] == 1]
    right = [d for d in own if a.shape[d] == 1]
    if left and right and right[-1] < left[0]:  # the result is contiguous this way round
        a, b, left, right = b, a, right, left

    def size(x, dims):
        return math.prod(x.shape[d] for d in dims)

    rows = permute(a, (*shared, *left, *both, *right)).reshape(size(a, shared), size(a, left), size(a, both))
    columns = permute(b, (*shared, *both, *right, *left)).reshape(size(a, shared), size(a, both), size(b, right))
    order = [*shared, *left, *both, *right]
    shape = [a.shape[d] for d in shared + left] + [1] * len(both) + [b.shape[d] for d in right]
    return permute(view(_bmm(rows, columns), tuple(shape)), tuple(order.index(d) for d in range(a.dim())))


def _letter(number: int) -> str:
    if not 0 <= number < 52:
        raise RuntimeError(f"einsum(): subscript {number} is not within the valid range [0, 52)")
    return chr(ord("A") + number) if number < 26 else chr(ord("a") + number - 26)


def _from_lists(given):
    """The form einsum(x, [0, 1], y, [1, 2], [0, 2]) as an equation and its operands."""
    operands, dimensions = given[0::2], given[1::2]
    output = None
    if len(given) % 2:
        output, operands = operands[-1], operands[:-1]

    def term(numbers):
        return "".join("..." if n is Ellipsis else _letter(n) for n in numbers)

    equation = ",".join(term(numbers) for numbers in dimensions)
    return equation if output is None else f"{equation}->{term(output)}", operands


def _checked_equation(equation: str, operands) -> str:
    """Torch's errors for an equation that does not fit its operands."""
    inputs, arrow, output = equation.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(operands):
        more = "more" if len(terms) < len(operands) else "fewer"
        raise RuntimeError(f"einsum(): {more} operands were provided than specified in the equation")
    sizes: dict[str, int] = {}
    for place, (term, x) in enumerate(zip(terms, operands, strict=True)):
        before, dots, after = term.partition("...")
        letters = before + after
        for letter in letters:
            if not (letter.isascii() and letter.isalpha()):
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {equation.index(letter)} in the equation string, subscripts must be in [a-zA-Z]"
                )
        ndim = len(x._aval.shape)
        if (len(letters) > ndim) or (not dots and len(letters) != ndim):
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(letters)}) "
                + ("is more than the number of dimensions" if dots else "does not match the number of dimensions")
                + f" ({ndim}) for operand {place}"
                + ("" if dots else " and no ellipsis was given")
            )
        shape = x._aval.shape
        placed = list(zip(before, shape, strict=False)) + list(zip(after, shape[ndim - len(after) :], strict=False))
        for letter, size in placed:
            known = sizes.setdefault(letter, size)
            if known == 1:
                sizes[letter] = size
            elif size not in (1, known):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {size} for operand {place} which does not broadcast with "
                    f"previously seen size {known}"
                )
    for letter in output.replace("...", ""):
        if letter not in sizes:
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )
        if output.count(letter) > 1:
            raise RuntimeError(f"einsum(): output subscript {letter} appears more than once in the output")
    return equation
