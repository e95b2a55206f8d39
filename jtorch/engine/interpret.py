"""Running a primitive in numpy, equation by equation, instead of compiling a program for it.

A program pays for itself when it runs often; shapes that come once (the first batches, a sequence that grows, a short last batch) would each cost a
compilation of tens of milliseconds for microseconds of work. `interpretation` turns a jaxpr into a Python function of numpy arrays, as far as
`numpy_rules` knows its equations.
"""

import numpy as np
from jax.extend.core import Literal

from .numpy_rules import RULES, Unknown

# Milliseconds, measured on 2 CPU cores: what an equation costs in Python, and an element of a cheap elementwise function.
COST_STEP, COST_ELEMENT = 0.003, 1.5e-6
# Primitives that are a jaxpr of their own, and the parameter that holds it.
INNER = {"jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr"}  # fmt: skip


class Interpretation:
    """`run(arrays, numbers)` gives what the primitive's program would, up to rounding; `cost` estimates its milliseconds."""

    __slots__ = ("run", "cost")

    def __init__(self, closed, number_format):
        body, cost = _build(closed.jaxpr, closed.consts)
        self.cost = cost + 2 * COST_ELEMENT * sum(aval.size for aval in closed.out_avals)
        types = [np.float64 if letter == "d" else np.int64 for letter in number_format]

        def run(arrays, numbers):
            arguments = [*map(np.asarray, arrays), *(t(x) for t, x in zip(types, numbers, strict=True))]
            with np.errstate(all="ignore"):
                return [_apart(np.asarray(out, order="C")) for out in body(*arguments)]

        self.run = run


def _apart(array):
    """A small part of something big does not keep all of it alive."""
    base = array.base
    return array.copy() if base.__class__ is np.ndarray and base.nbytes > 2 * array.nbytes else array


def interpretation(closed, number_format: str) -> Interpretation | None:
    """How to run the closed jaxpr of a primitive in numpy; None where one of its equations is not known."""
    try:
        return Interpretation(closed, number_format)
    except Unknown:
        return None


def _build(jaxpr, consts):
    """The jaxpr as a function of its arguments, and its cost."""
    places, known = {}, []

    def place(atom):
        if isinstance(atom, Literal):
            known.append(np.asarray(atom.val, atom.aval.dtype)[()])
            return len(known) - 1
        return places[atom]

    for var, const in zip(jaxpr.constvars, consts, strict=True):
        places[var] = len(known)
        known.append(np.asarray(const))
    # Arguments and results are numbered from the end of the list backwards, so that constants may be found while it is built.
    for k, var in enumerate(jaxpr.invars):
        places[var] = -1 - k
    steps, total, taken = [], 0.0, len(jaxpr.invars)
    for equation in _used(jaxpr):
        fn, cost = _step(equation)
        ins = tuple(place(atom) for atom in equation.invars)
        outs = []
        for var in equation.outvars:
            places[var] = -1 - taken
            outs.append(-1 - taken)
            taken += 1
        steps.append((fn, ins, outs[0] if len(outs) == 1 else outs))
        total += cost
    results = [place(atom) for atom in jaxpr.outvars]
    room = taken - len(jaxpr.invars)

    def body(*arguments):
        env = [*known, *([None] * room), *reversed(arguments)]
        for fn, ins, out in steps:
            made = fn(*[env[i] for i in ins])
            if out.__class__ is int:
                env[out] = made
            else:
                for slot, array in zip(out, made, strict=True):
                    env[slot] = array
        return [env[i] for i in results]

    return body, total


def _used(jaxpr):
    """The equations that results depend on."""
    wanted = {v for v in jaxpr.outvars if not isinstance(v, Literal)}
    kept = []
    for equation in reversed(jaxpr.eqns):
        if wanted.isdisjoint(equation.outvars):
            continue
        wanted.update(v for v in equation.invars if not isinstance(v, Literal))
        kept.append(equation)
    return reversed(kept)


def _step(equation):
    """A function for one equation, and its cost."""
    name, params = equation.primitive.name, equation.params
    if name in INNER:
        inner = params[INNER[name]]
        jaxpr, consts = (inner.jaxpr, inner.consts) if hasattr(inner, "consts") else (inner, ())
        body, cost = _build(jaxpr, consts)
        if len(equation.outvars) == 1:
            return (lambda *arrays: body(*arrays)[0]), cost
        return body, cost
    if name == "cond":
        branches = [_build(branch.jaxpr, branch.consts) for branch in params["branches"]]
        bodies = [body for body, _ in branches]
        single = len(equation.outvars) == 1

        def choose(index, *arrays):
            made = bodies[min(max(int(index), 0), len(bodies) - 1)](*arrays)
            return made[0] if single else made

        return choose, max(cost for _, cost in branches)
    if name == "scan":
        return _scan(params)
    build = RULES.get(name)
    if build is None:
        raise Unknown(name)
    made = build(equation)
    fn, factor = made if isinstance(made, tuple) else (made, 1)
    size = max((v.aval.size for v in (*equation.invars, *equation.outvars)), default=0)
    return fn, COST_STEP + COST_ELEMENT * factor * size


def _scan(params):
    """A loop over the first dimension of some operands."""
    body, cost = _build(params["jaxpr"].jaxpr, params["jaxpr"].consts)
    consts, carried, length = params["num_consts"], params["num_carry"], params["length"]
    steps = range(length - 1, -1, -1) if params["reverse"] else range(length)
    stacked = [v.aval for v in params["jaxpr"].jaxpr.outvars[carried:]]
    single = carried + len(stacked) == 1

    def run(*arrays):
        fixed, carry, sequences = arrays[:consts], arrays[consts : consts + carried], arrays[consts + carried :]
        collected = [np.empty((length, *aval.shape), aval.dtype) for aval in stacked]
        for i in steps:
            made = body(*fixed, *carry, *(x[i] for x in sequences))
            carry = made[:carried]
            for whole, part in zip(collected, made[carried:], strict=True):
                whole[i] = part
        results = [*carry, *collected]
        return results[0] if single else results

    return run, COST_STEP + length * cost
