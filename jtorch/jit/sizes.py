"""Programs for every size of some dimensions, made from traces at a few sizes.

While a module runs, sizes are ints: Python and the engine need them. So its program is traced at several sizes, and `generalization` finds the one program
that all of the traces are. It is run again over arrays whose sizes are symbols of `jax.export`.
"""

import itertools

import jax

from jtorch.jit.expressions import FixedSize, Polynomial, run
from jtorch.jit.generalization import Matching

MAX_SYMBOLS = 3
# Added to a size for two traces and a third that only checks: large enough that no two expressions in use agree by chance. If Python refuses such sizes,
# their multiples are tried, for networks that halve their images.
_STEPS, _MULTIPLES = (3, 8, 14, 21), (2, 5, 6, 9)


def sampled(trace, sizes):
    """`(traces, points)`: `trace(*sizes)` at several sizes around the given ones; the last two points are no corners of the grid of the others.

    Raises FixedSize where the Python refuses other sizes than those given.
    """
    if len(sizes) > MAX_SYMBOLS:
        raise FixedSize(f"at most {MAX_SYMBOLS} different sizes may vary, not {len(sizes)}")
    refusal = None
    ladders = [
        [[size + step + i for step in _STEPS] for i, size in enumerate(sizes)],
        [[size * times for times in _MULTIPLES] for size in sizes],
    ]
    for ladder in ladders:
        points = [
            *itertools.product(*(steps[:2] for steps in ladder)),
            *zip(*(steps[2:] for steps in ladder), strict=True),
        ]
        try:
            return [trace(*point) for point in points], points
        except Exception as error:  # whatever the Python says to a size that it does not take
            refusal = refusal or error
    raise FixedSize(f"with another size, {type(refusal).__name__}: {refusal}") from refusal


def general(traces, points):
    """The program that all traces (closed jaxprs) are, as a function `call(sizes, *arrays)`; FixedSize where they are not one."""
    matching = Matching(points)
    program = matching.program([t.jaxpr for t in traces], [t.consts for t in traces])
    return lambda sizes, *arrays: run(program, sizes, arrays, {})


def named(calls):
    """`(shapes, sizes)`: the shapes of the tensors of some calls with names for what may vary, n0, n1, ..., and the sizes of these in the first call.

    That is what differs between the calls, and the first dimension: of the first tensor that has one, and of those that agree with it.

    >>> named([[(5, 3), (5,), (3,)]])
    ([('n0', 3), ('n0',), (3,)], [5])
    >>> named([[(5, 3)], [(5, 4)]])
    ([('n0', 'n1')], [5, 3])
    """
    names: dict = {}
    first = next(([call[i][0] for call in calls] for i, shape in enumerate(calls[0]) if shape), None)

    def size(values, axis):
        if len(set(values)) == 1 and (axis or [*values] != first):
            return values[0]
        return names.setdefault(values, f"n{len(names)}")

    shapes = [
        tuple(size(values, axis) for axis, values in enumerate(zip(*shapes, strict=True)))
        for shapes in zip(*calls, strict=True)
    ]
    return shapes, [values[0] for values in names]


def filled(shape, point):
    """A shape with sizes in the place of names."""
    return tuple(point[int(size[1:])] if isinstance(size, str) else size for size in shape)


def structs(shapes, dtypes):
    """What `jax.export` takes for arrays of these shapes with names."""
    from jax import export

    scope = export.SymbolicScope()
    return [
        jax.ShapeDtypeStruct(export.symbolic_shape(", ".join(map(str, shape)), scope=scope), dtype)
        for shape, dtype in zip(shapes, dtypes, strict=True)
    ]


def matched(shapes, given):
    """`(sizes, None)` of the names in these shapes; `(sizes, (tensor, axis, wanted, size))` for the first dimension that is another."""
    known: dict = {}
    for tensor, (shape, sizes) in enumerate(zip(shapes, given, strict=True)):
        for axis, (wanted, size) in enumerate(zip(shape, sizes, strict=True)):
            wanted = known.setdefault(wanted, size) if isinstance(wanted, str) and size != 0 else wanted
            if isinstance(wanted, int) and wanted != size or isinstance(wanted, str):
                return [], (tensor, axis, wanted, size)
    return [known[name] for name in sorted(known)], None


def measured(program, shapes, skip=0):
    """`program` as a function of arrays alone: sizes are read off those after the first `skip`."""
    return lambda *arrays: program(matched(shapes, [a.shape for a in arrays[skip:]])[0], *arrays)


def expression(values, points):
    """The terms of the polynomial with these values."""
    made = None if values is None else Matching(points).integer(values, "a number in the result")
    if not isinstance(made, Polynomial):
        raise FixedSize("the structure of the result depends on it")
    return made.terms
