"""What a program for every size is made of: a jaxpr with expressions where it depends on sizes, and how it runs for some of them."""

from dataclasses import dataclass
from math import prod
from typing import Any

import jax
import numpy as np


class FixedSize(NotImplementedError):
    """A program that is not the same for every size."""


@dataclass(frozen=True)
class Polynomial:
    """A polynomial of sizes: `((coefficient, symbols), ...)`, where symbols are the indices of the sizes multiplied."""

    terms: tuple[tuple[int, tuple[int, ...]], ...]

    def __call__(self, sizes):
        return sum(c * prod((sizes[i] for i in symbols), start=1) for c, symbols in self.terms)


@dataclass(frozen=True)
class Known:
    """`scale * ((size + shift) // divisor) + offset` of a dimension that some array of the program has."""

    variable: int
    axis: int
    scale: int
    offset: int
    divisor: int = 1
    shift: int = 0


@dataclass(frozen=True)
class Number:
    """A number in the program that depends on sizes: `f(scale * size)`, where f is 1, 1 over, or v / (v - 1), which are their own inverses."""

    form: str
    scale: float
    size: Any
    dtype: Any


@dataclass(frozen=True)
class Filled:
    """An array in the program whose shape depends on sizes: one number everywhere, or one that grows along an axis."""

    shape: Any
    start: Any
    step: Any
    axis: int
    dtype: Any


@dataclass(frozen=True)
class Triangle:
    """A matrix in the program with one number up to a diagonal and another beyond, such as the mask of what comes later."""

    shape: Any
    diagonal: Any
    low: Any
    high: Any
    dtype: Any


@dataclass(frozen=True)
class Program:
    """A jaxpr in which `Polynomial` and the like stand for what depends on sizes, and numbers for variables. `held` are what its constants hold."""

    held: tuple
    constants: tuple
    inputs: tuple
    equations: tuple
    results: tuple
    closed: bool = True


FORMS = {"itself": lambda v: v, "reciprocal": lambda v: 1 / v, "unbiased": lambda v: v / (v - 1)}


def run(program, sizes, arrays, shapes):
    """The program over arrays; `shapes` are those of all variables so far, of the programs around this one too."""
    values = {}

    def define(variables, made):
        for (number, _, _), value in zip(variables, made, strict=True):
            values[number], shapes[number] = value, np.shape(value)

    def read(operand):
        kind, value = operand
        if kind == "variable":
            return values[value]
        return _value(value, sizes, shapes) if isinstance(value, Number) else value

    define(
        program.constants,
        [array(c, sizes, shapes) if isinstance(c, (Filled, Triangle)) else c for c in program.held],
    )
    define(program.inputs, arrays)
    for primitive, operands, params, results in program.equations:
        given = [read(operand) for operand in operands]
        if primitive.name in ("jit", "pjit", "closed_call"):
            made = run(params["jaxpr" if "jaxpr" in params else "call_jaxpr"], sizes, given, shapes)
        elif primitive.name == "custom_jvp_call":
            call = _with_tangent if "tangent" in params else _value_alone
            made = call(params, sizes, shapes)(*given)
        else:
            params = {key: _parameter(value, sizes, shapes) for key, value in params.items()}
            made = primitive.bind(*given, **params)
            made = made if primitive.multiple_results else [made]
        define(results, made)
    return [read(operand) for operand in program.results]


def _value_alone(params, sizes, shapes):
    return lambda *values: run(params["value"], sizes, values, shapes)


def _with_tangent(params, sizes, shapes):
    call = jax.custom_jvp(_value_alone(params, sizes, shapes))

    @call.defjvp
    def _(values, tangents):
        made = run(params["tangent"], sizes, [*values, *tangents], shapes)
        return made[: len(made) // 2], made[len(made) // 2 :]

    return call


def _parameter(what, sizes, shapes):
    """A parameter with sizes in the place of their expressions, and a jaxpr in the place of a program."""
    if isinstance(what, Program):
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
    made = jax.make_jaxpr(lambda *arrays: run(program, sizes, arrays, shapes))(*structs)
    return made if program.closed else made.jaxpr


def _substitute(what, sizes, shapes):
    """A parameter with sizes in the place of their expressions."""
    if isinstance(what, Polynomial):
        return what(sizes)
    if isinstance(what, Known):
        return what.scale * ((shapes[what.variable][what.axis] + what.shift) // what.divisor) + what.offset
    if isinstance(what, tuple):
        parts = [_substitute(part, sizes, shapes) for part in what]
        return type(what)(*parts) if hasattr(what, "_fields") else tuple(parts)
    return what


def _value(number, sizes, shapes, xp=jax.numpy):
    """A number, or an array of no dimensions."""
    if isinstance(number, (Polynomial, Known)):
        return xp.asarray(_substitute(number, sizes, shapes))
    if not isinstance(number, Number):
        return number
    size = xp.asarray(_substitute(number.size, sizes, shapes))
    if number.dtype.kind in "iu":
        return size.astype(number.dtype)
    return FORMS[number.form](number.scale * size.astype(np.float64)).astype(number.dtype)


def array(constant, sizes, shapes, xp=jax.numpy):
    """The array of a `Filled` or `Triangle`, in jax.numpy or numpy."""

    def index(axis):
        return xp.expand_dims(xp.arange(shape[axis]), [i for i in range(len(shape)) if i != axis])

    shape, dtype = _substitute(constant.shape, sizes, shapes), constant.dtype
    if isinstance(constant, Triangle):
        low, high, diagonal = (_value(v, sizes, shapes, xp) for v in (constant.low, constant.high, constant.diagonal))
        return xp.where(index(1) - index(0) <= diagonal, low, high).astype(dtype)
    made = xp.full(shape, _value(constant.start, sizes, shapes, xp), dtype)
    if constant.axis is None:
        return made
    return made + (index(constant.axis) * _value(constant.step, sizes, shapes, xp)).astype(dtype)
