"""Programs for every size of some dimensions, made from traces at a few sizes.

While a module runs, sizes are ints: Python and the engine need them. So its program is traced at several sizes, and the traces are laid side by side:
whatever differs (the sizes in a reshape, the divisor of a mean, zeros to begin with) must be an expression of the sizes that is right in all of them. This is
least general generalization (G. D. Plotkin, "A note on inductive generalization", 1970) with polynomials for variables. What results is run again over
arrays whose sizes are symbols of `jax.export`.
"""

import itertools
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import jax
import numpy as np
from jax.extend import core as jex

MAX_SYMBOLS = 3
# Added to a size for two traces and a third that only checks: large enough that no two expressions in use agree by chance. If Python refuses such sizes,
# their multiples are tried, for networks that halve their images.
_STEPS, _MULTIPLES = (3, 8, 14, 21), (2, 5, 6, 9)


# A window that moves by two or three gives sizes that are quotients.
_DIVISORS = (1, 2, 3)


class FixedSize(NotImplementedError):
    """A program that is not the same for every size."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial of sizes: `((coefficient, symbols), ...)`, where symbols are the indices of the sizes multiplied."""

    terms: tuple[tuple[int, tuple[int, ...]], ...]

    def __call__(self, sizes):
        return sum(c * prod((sizes[i] for i in symbols), start=1) for c, symbols in self.terms)


@dataclass(frozen=True)
class _Known:
    """`scale * ((size + shift) // divisor) + offset` of a dimension that some array of the program has."""

    variable: int
    axis: int
    scale: int
    offset: int
    divisor: int = 1
    shift: int = 0


@dataclass(frozen=True)
class _Number:
    """A number in the program that depends on sizes: `f(scale * size)`, where f is 1, 1 over, or v / (v - 1), which are their own inverses."""

    form: str
    scale: float
    size: Any
    dtype: Any


@dataclass(frozen=True)
class _Filled:
    """An array in the program whose shape depends on sizes: one number everywhere, or one that grows along an axis."""

    shape: Any
    start: Any
    step: Any
    axis: int
    dtype: Any


@dataclass(frozen=True)
class _Triangle:
    """A matrix in the program with one number up to a diagonal and another beyond, such as the mask of what comes later."""

    shape: Any
    diagonal: Any
    low: Any
    high: Any
    dtype: Any


@dataclass(frozen=True)
class _Program:
    """A jaxpr in which `Polynomial` and the like stand for what depends on sizes, and numbers for variables. `held` are what its constants hold."""

    held: tuple
    constants: tuple
    inputs: tuple
    equations: tuple
    results: tuple
    closed: bool = True


_FORMS = {"itself": lambda v: v, "reciprocal": lambda v: 1 / v, "unbiased": lambda v: v / (v - 1)}


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
    return lambda sizes, *arrays: _run(program, sizes, arrays, {})


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


class Matching:
    """Traces at `points` laid side by side; `known` are dimensions of arrays seen so far, by their sizes in all traces."""

    def __init__(self, points):
        self.points, self.known, self.count, self.in_tangent = points, {}, 0, False
        symbols = range(len(points[0]))
        self.monomials = [c for n in range(len(points[0]) + 1) for c in itertools.combinations(symbols, n)]
        rows = [
            [Fraction(prod((p[i] for i in m), start=1)) for m in self.monomials] for p in points[: len(self.monomials)]
        ]
        self.inverse = _inverse(rows)

    def program(self, jaxprs, held, closed=True) -> _Program:
        self.same([len(j.eqns) for j in jaxprs], "the number of operations")
        numbers: list[dict] = [{} for _ in jaxprs]
        held = tuple(map(self.constant, zip(*held, strict=True)))
        constants = self.define([j.constvars for j in jaxprs], numbers)
        inputs = self.define([j.invars for j in jaxprs], numbers)
        equations = []
        for eqns in zip(*(j.eqns for j in jaxprs), strict=True):
            name = self.same([e.primitive.name for e in eqns], "the operation")
            operands = self.operands([e.invars for e in eqns], numbers)
            if name == "custom_jvp_call":
                params = {"value": self.match([e.params["call_jaxpr"] for e in eqns], name)}
                if not self.in_tangent:  # programs in files have gradients, and those have none
                    self.in_tangent = True
                    params["tangent"] = self.match(list(map(_tangent, eqns)), name)
                    self.in_tangent = False
            elif name.startswith("custom_vjp"):
                raise FixedSize("a function of JAX with a gradient of its own (jax.custom_vjp) is traced for one size")
            else:
                params = {key: self.match([e.params[key] for e in eqns], f"{key} of {name}") for key in eqns[0].params}
            equations.append((eqns[0].primitive, operands, params, self.define([e.outvars for e in eqns], numbers)))
        results = self.operands([j.outvars for j in jaxprs], numbers)
        return _Program(held, constants, inputs, tuple(equations), results, closed)

    def define(self, variables, numbers):
        """Number the variables of all traces alike, and remember their sizes."""
        made = []
        for group in zip(*variables, strict=True):
            number, self.count = self.count, self.count + 1
            for seen, variable in zip(numbers, group, strict=True):
                seen[variable] = number
            shapes = [getattr(v.aval, "shape", ()) for v in group]
            self.same([len(s) for s in shapes], "the number of dimensions")
            for axis, sizes in enumerate(zip(*shapes, strict=True)):
                if len(set(sizes)) > 1:
                    self.known.setdefault(sizes, (number, axis))
            made.append((number, self.shape(shapes), group[0].aval))
        return tuple(made)

    def operands(self, groups, numbers):
        made = []
        for group in zip(*groups, strict=True):
            literal = self.same([isinstance(v, jex.Literal) for v in group], "an operand")
            if literal:
                made.append(("literal", self.number([v.val for v in group])))
            else:
                made.append(("variable", self.same([n[v] for n, v in zip(numbers, group, strict=True)], "an operand")))
        return tuple(made)

    def same(self, values, what):
        if any(value != values[0] for value in values[1:]):
            raise FixedSize(f"{what} depends on it: {values[0]} and {next(v for v in values if v != values[0])}")
        return values[0]

    def shape(self, shapes):
        """The shape of a variable, or None where it has to be computed: only programs inside others need it."""
        try:
            return tuple(self.integer(sizes) for sizes in zip(*shapes, strict=True))
        except FixedSize:
            return None

    def match(self, values, what):
        first = values[0]
        if isinstance(first, (jex.ClosedJaxpr, jex.Jaxpr)):
            closed = isinstance(first, jex.ClosedJaxpr)
            jaxprs = [v.jaxpr if closed else v for v in values]
            return self.program(jaxprs, [v.consts if closed else () for v in values], closed)
        if isinstance(first, tuple) and any(isinstance(v, (tuple, jex.ClosedJaxpr, int, np.integer)) for v in first):
            self.same([len(v) for v in values], what)
            parts = [self.match(list(group), what) for group in zip(*values, strict=True)]
            return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
        if isinstance(first, (int, np.integer)) and not isinstance(first, bool):
            return self.integer(values, what)
        if callable(first) and not isinstance(first, type):
            return first
        return self.same(values, what)

    def integer(self, values, what="a size"):
        """An int, or the expression that has these values: a polynomial, or one of a dimension already known, such as that of a pooled image."""
        values = tuple(map(int, values))
        if len(set(values)) == 1:
            return values[0]
        terms = [sum(a * v for a, v in zip(row, values, strict=False)) for row in self.inverse]
        if all(t.denominator == 1 for t in terms):
            made = Polynomial(tuple((int(t), m) for t, m in zip(terms, self.monomials, strict=True) if t))
            if all(made(p) == v for p, v in zip(self.points, values, strict=True)):
                return made
        for divisor in _DIVISORS:
            for (sizes, (variable, axis)), shift in itertools.product(self.known.items(), range(divisor)):
                parts = [(s + shift) // divisor for s in sizes]
                found = _affine(parts, values)
                if found:
                    return _Known(variable, axis, *found, divisor, shift)
        raise FixedSize(f"{what} is no expression of it: {', '.join(map(str, values))} for {self.shown()}")

    def shown(self) -> str:
        return ", ".join(str(p[0] if len(p) == 1 else p) for p in self.points)

    def number(self, values):
        """A literal, or the expression of a number that has these values."""
        arrays = [np.asarray(v) for v in values]
        if all(a.tobytes() == arrays[0].tobytes() for a in arrays):
            return values[0]
        dtype = arrays[0].dtype
        if dtype.kind in "iu":
            return _Number("itself", 1, self.integer([int(a) for a in arrays], "a number"), dtype)
        if dtype.kind == "f" and all(np.isfinite(a) and a not in (0, 1) for a in arrays):
            for form, inverse in _FORMS.items():
                wanted = [inverse(float(a)) for a in arrays]
                candidates = [(1.0, [round(w) for w in wanted])]
                monomials = [[prod((p[i] for i in m), start=1) for p in self.points] for m in self.monomials[1:]]
                candidates += [(wanted[0] / sizes[0], sizes) for sizes in [*monomials, *self.known]]
                for scale, sizes in candidates:
                    if all(abs(w - scale * s) <= 3e-6 * abs(w) for w, s in zip(wanted, sizes, strict=True)):
                        try:
                            return _Number(form, scale, self.integer(sizes), dtype)
                        except FixedSize:
                            continue
        raise FixedSize(f"a number is no expression of it: {', '.join(map(str, values))} for {self.shown()}")

    def constant(self, arrays):
        first, arrays = arrays[0], [np.asarray(a) for a in arrays]
        self.same([a.ndim for a in arrays], "the number of dimensions of a constant")
        if all(a.shape == arrays[0].shape and a.tobytes() == arrays[0].tobytes() for a in arrays):
            return first
        shape = tuple(
            self.integer(sizes, "the size of a constant") for sizes in zip(*(a.shape for a in arrays), strict=True)
        )
        if len(shape) == 2 and all(a[-1, 0] != a[0, -1] for a in arrays):
            lowest = [a[-1, 0] for a in arrays]
            diagonals = [int((np.argwhere(a == low) @ (-1, 1)).max()) for a, low in zip(arrays, lowest, strict=True)]
            made = _Triangle(
                shape,
                self.integer(diagonals, "a diagonal"),
                self.number(lowest),
                self.number([a[0, -1] for a in arrays]),
                arrays[0].dtype,
            )
            if self.is_right(made, arrays):
                return made
        start = self.number([a.flat[0] for a in arrays])
        candidates = [_Filled(shape, start, None, None, arrays[0].dtype)]
        for axis in range(len(shape)) if arrays[0].dtype.kind in "iuf" else ():
            step = self.number([np.diff(a, axis=axis).flat[0] if a.shape[axis] > 1 else a.flat[0] * 0 for a in arrays])
            candidates.append(_Filled(shape, start, step, axis, arrays[0].dtype))
        for made in candidates:
            if self.is_right(made, arrays):
                return made
        raise FixedSize(f"a constant of shape {list(arrays[0].shape)} depends on it")

    def is_right(self, made, arrays) -> bool:
        return all(
            np.array_equal(_filled(made, p, {}, np), a, equal_nan=a.dtype.kind in "fc")
            for p, a in zip(self.points, arrays, strict=True)
        )


def _affine(sizes, values):
    """`(scale, offset)`, ints, that make these values of the sizes, or None."""
    i = next(i for i, v in enumerate(values) if v != values[0])
    if sizes[i] == sizes[0] or (values[i] - values[0]) % (sizes[i] - sizes[0]):
        return None
    scale = (values[i] - values[0]) // (sizes[i] - sizes[0])
    offset = values[0] - scale * sizes[0]
    return (scale, offset) if all(scale * s + offset == v for s, v in zip(sizes, values, strict=True)) else None


def _tangent(eqn):
    """The jaxpr of `jax.jvp` of an equation that has its own."""

    def call(*operands):
        made = eqn.primitive.bind(*operands, **eqn.primitive.get_bind_params(eqn.params))
        return made if eqn.primitive.multiple_results else [made]

    avals = [v.aval for v in eqn.invars]
    if not all(jax.numpy.issubdtype(a.dtype, np.inexact) for a in avals):
        raise FixedSize("a function of JAX with a gradient of its own (jax.custom_jvp) takes integers")
    structs = tuple(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in avals)
    return jax.make_jaxpr(lambda values, tangents: jax.jvp(call, values, tangents))(structs, structs)


def _value_alone(params, sizes, shapes):
    return lambda *values: _run(params["value"], sizes, values, shapes)


def _with_tangent(params, sizes, shapes):
    call = jax.custom_jvp(_value_alone(params, sizes, shapes))

    @call.defjvp
    def _(values, tangents):
        made = _run(params["tangent"], sizes, [*values, *tangents], shapes)
        return made[: len(made) // 2], made[len(made) // 2 :]

    return call


def _inverse(rows):
    """The inverse of a matrix of fractions, by Gauss and Jordan."""
    n = len(rows)
    work = [[*row, *(Fraction(i == j) for j in range(n))] for i, row in enumerate(rows)]
    for column in range(n):
        pivot = next(r for r in range(column, n) if work[r][column])
        work[column], work[pivot] = work[pivot], work[column]
        work[column] = [value / work[column][column] for value in work[column]]
        for r in range(n):
            if r != column:
                work[r] = [a - work[r][column] * b for a, b in zip(work[r], work[column], strict=True)]
    return [row[n:] for row in work]


def _filled(constant, sizes, shapes, xp=jax.numpy):
    """The array of a `_Filled` or `_Triangle`, in jax.numpy or numpy."""

    def index(axis):
        return xp.expand_dims(xp.arange(shape[axis]), [i for i in range(len(shape)) if i != axis])

    shape, dtype = _substitute(constant.shape, sizes, shapes), constant.dtype
    if isinstance(constant, _Triangle):
        low, high, diagonal = (_value(v, sizes, shapes, xp) for v in (constant.low, constant.high, constant.diagonal))
        return xp.where(index(1) - index(0) <= diagonal, low, high).astype(dtype)
    made = xp.full(shape, _value(constant.start, sizes, shapes, xp), dtype)
    if constant.axis is None:
        return made
    return made + (index(constant.axis) * _value(constant.step, sizes, shapes, xp)).astype(dtype)


def _value(number, sizes, shapes, xp=jax.numpy):
    """A number, or an array of no dimensions."""
    if isinstance(number, (Polynomial, _Known)):
        return xp.asarray(_substitute(number, sizes, shapes))
    if not isinstance(number, _Number):
        return number
    size = xp.asarray(_substitute(number.size, sizes, shapes))
    if number.dtype.kind in "iu":
        return size.astype(number.dtype)
    return _FORMS[number.form](number.scale * size.astype(np.float64)).astype(number.dtype)


def _substitute(what, sizes, shapes):
    """A parameter with sizes in the place of their expressions."""
    if isinstance(what, Polynomial):
        return what(sizes)
    if isinstance(what, _Known):
        return what.scale * ((shapes[what.variable][what.axis] + what.shift) // what.divisor) + what.offset
    if isinstance(what, tuple):
        parts = [_substitute(part, sizes, shapes) for part in what]
        return type(what)(*parts) if hasattr(what, "_fields") else tuple(parts)
    return what


def _run(program, sizes, arrays, shapes):
    """The program over arrays; `shapes` are those of all variables so far, of the programs around this one too."""
    values = {}

    def define(variables, made):
        for (number, _, _), value in zip(variables, made, strict=True):
            values[number], shapes[number] = value, np.shape(value)

    def read(operand):
        kind, value = operand
        if kind == "variable":
            return values[value]
        return _value(value, sizes, shapes) if isinstance(value, _Number) else value

    define(
        program.constants,
        [_filled(c, sizes, shapes) if isinstance(c, (_Filled, _Triangle)) else c for c in program.held],
    )
    define(program.inputs, arrays)
    for primitive, operands, params, results in program.equations:
        given = [read(operand) for operand in operands]
        if primitive.name in ("jit", "pjit", "closed_call"):
            made = _run(params["jaxpr" if "jaxpr" in params else "call_jaxpr"], sizes, given, shapes)
        elif primitive.name == "custom_jvp_call":
            call = _with_tangent if "tangent" in params else _value_alone
            made = call(params, sizes, shapes)(*given)
        else:
            params = {key: _parameter(value, sizes, shapes) for key, value in params.items()}
            made = primitive.bind(*given, **params)
            made = made if primitive.multiple_results else [made]
        define(results, made)
    return [read(operand) for operand in program.results]


def _parameter(what, sizes, shapes):
    """A parameter with sizes in the place of their expressions, and a jaxpr in the place of a program."""
    if isinstance(what, _Program):
        return _jaxpr(what, sizes, shapes)
    if isinstance(what, tuple):
        parts = [_parameter(part, sizes, shapes) for part in what]
        return type(what)(*parts) if hasattr(what, "_fields") else tuple(parts)
    return _substitute(what, sizes, shapes)


def _jaxpr(program, sizes, shapes):
    structs = []
    for _, shape, aval in program.inputs:
        if shape is None:
            raise FixedSize("the size of an operand of a loop is no expression of it")
        structs.append(jax.ShapeDtypeStruct(_substitute(shape, sizes, shapes), aval.dtype, weak_type=aval.weak_type))
    made = jax.make_jaxpr(lambda *arrays: _run(program, sizes, arrays, shapes))(*structs)
    return made if program.closed else made.jaxpr
