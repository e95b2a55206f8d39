"""Traces at several sizes laid side by side: one program, if whatever differs between them is an expression of the sizes that is right in all.

This is least general generalization (G. D. Plotkin, "A note on inductive generalization", 1970) with polynomials for variables.
"""

import itertools
from fractions import Fraction
from math import prod

import jax
import numpy as np
from jax.extend import core as jex

from jtorch.jit.expressions import FORMS, Filled, FixedSize, Known, Number, Polynomial, Program, Triangle, array

# A window that moves by two or three gives sizes that are quotients.
_DIVISORS = (1, 2, 3)


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

    def program(self, jaxprs, held, closed=True) -> Program:
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
        return Program(held, constants, inputs, tuple(equations), results, closed)

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
                    return Known(variable, axis, *found, divisor, shift)
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
            return Number("itself", 1, self.integer([int(a) for a in arrays], "a number"), dtype)
        if dtype.kind == "f" and all(np.isfinite(a) and a not in (0, 1) for a in arrays):
            for form, inverse in FORMS.items():
                wanted = [inverse(float(a)) for a in arrays]
                candidates = [(1.0, [round(w) for w in wanted])]
                monomials = [[prod((p[i] for i in m), start=1) for p in self.points] for m in self.monomials[1:]]
                candidates += [(wanted[0] / sizes[0], sizes) for sizes in [*monomials, *self.known]]
                for scale, sizes in candidates:
                    if all(abs(w - scale * s) <= 3e-6 * abs(w) for w, s in zip(wanted, sizes, strict=True)):
                        try:
                            return Number(form, scale, self.integer(sizes), dtype)
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
            made = Triangle(
                shape,
                self.integer(diagonals, "a diagonal"),
                self.number(lowest),
                self.number([a[0, -1] for a in arrays]),
                arrays[0].dtype,
            )
            if self.is_right(made, arrays):
                return made
        start = self.number([a.flat[0] for a in arrays])
        candidates = [Filled(shape, start, None, None, arrays[0].dtype)]
        for axis in range(len(shape)) if arrays[0].dtype.kind in "iuf" else ():
            step = self.number([np.diff(a, axis=axis).flat[0] if a.shape[axis] > 1 else a.flat[0] * 0 for a in arrays])
            candidates.append(Filled(shape, start, step, axis, arrays[0].dtype))
        for made in candidates:
            if self.is_right(made, arrays):
                return made
        raise FixedSize(f"a constant of shape {list(arrays[0].shape)} depends on it")

    def is_right(self, made, arrays) -> bool:
        return all(
            np.array_equal(array(made, p, {}, np), a, equal_nan=a.dtype.kind in "fc")
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
