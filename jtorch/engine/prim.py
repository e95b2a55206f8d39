"""Primitives: an operation with its shapes, dtypes and static arguments fixed, ready to be recorded."""

import itertools
import struct
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .settings import XLA_OPTIONS
from .value import aval_of

_ids = itertools.count()
UNASKED = object()
# What has not been traced is a draw of random numbers, which numpy makes: about so many equations.
UNTRACED_EQUATIONS = 120


class Prim:
    """A pure function of arrays and run-time numbers with known result shapes.

    `number_format` has one letter per run-time number: `d` for a float, `q` for an int. `jaxpr` is the function traced once; every program is
    built from it; where `results` says what shapes and dtypes come out, that waits until somebody asks. `inplace` names the operand whose buffer an op-by-op run may reuse. `writes_part` marks one that gives its first operand with the
    second written to some of its positions.
    """

    __slots__ = ("id", "name", "in_avals", "out_avals", "number_format", "_function", "_jaxpr", "check", "host", "inplace", "compiled", "derived", "origin", "_used",
        "_visible", "_pack", "_interpretation", "_equations", "spent", "writes_part", "awaits")  # fmt: skip

    def __init__(
        self,
        name: str,
        fn: Callable,
        in_avals: tuple,
        number_format: str = "",
        *,
        check=None,
        host=None,
        inplace=None,
        origin=None,
        writes_part=False,
        results=None,
    ):
        self.id = next(_ids)
        self.name = name
        self.in_avals = in_avals
        self.number_format = number_format
        self.check, self.host, self.inplace, self.writes_part = check, host, inplace, writes_part
        self.origin = origin  # what the layer above wants to remember: how this primitive was built
        self.awaits = None  # what calls other processes while it runs; its `failed` is the error that ended that
        self.derived = {}  # primitives made from this one: gradients by the operands they are for
        self.compiled = {}
        self._used = self._visible = None
        self._interpretation, self._equations, self.spent = UNASKED, None, 0.0
        self._function, self._jaxpr = fn, None
        if results is None:
            results = self.jaxpr.out_avals
            self._function = None
        self.out_avals = tuple(map(aval_of, results))
        self._pack = struct.Struct("=" + number_format).pack if number_format else None

    @property
    def jaxpr(self):
        if self._jaxpr is None:
            self._jaxpr = self._traced()
        return self._jaxpr

    def _traced(self):
        fn = self._function
        structs = [a.struct for a in self.in_avals]
        numbers = [jax.ShapeDtypeStruct((), np.float64 if c == "d" else np.int64) for c in self.number_format]
        try:
            with jax.enable_x64(True):
                return jax.make_jaxpr(lambda arrays, numbers: tuple(fn(arrays, numbers)))(structs, numbers)
        except Exception as error:
            # JAX's remark on its own frames would stand below the message, which is the last line that users of torch look at.
            notes = getattr(error, "__notes__", None)
            if notes:
                notes[:] = [note for note in notes if "JAX_TRACEBACK_FILTERING" not in note]
            raise

    def __call__(self, arrays, numbers) -> list:
        """Apply to arrays or tracers."""
        return jax.core.eval_jaxpr(self.jaxpr.jaxpr, self.jaxpr.consts, *arrays, *numbers)

    def visible(self) -> int:
        """How many results callers see; those after are kept for the gradient alone."""
        if self._visible is None:
            shown = None if self.origin is None else self.origin.visible
            self._visible = len(self.out_avals) if shown is None else shown
        return self._visible

    def used_inputs(self) -> tuple[bool, ...]:
        """Which array operands the results depend on (the others matter by their shape alone)."""
        if self._used is None:
            from jax.interpreters import partial_eval as pe

            _, used = pe.dce_jaxpr(self.jaxpr.jaxpr, [True] * len(self.jaxpr.out_avals))
            self._used = tuple(used[: len(self.in_avals)])
        return self._used

    def interpretation(self):
        """How it runs in numpy, or None."""
        if self._interpretation is UNASKED:
            from .interpret import interpretation

            self._interpretation = interpretation(self.jaxpr, self.number_format)
        return self._interpretation

    def leave_to_xla(self) -> None:
        """A rule could not do what it had promised."""
        self._interpretation = None

    def equations(self) -> int:
        """How many equations its jaxpr has, those of loops and calls in it included."""
        if self._equations is None:
            if self._jaxpr is None:
                return UNTRACED_EQUATIONS
            self._equations = _count(self.jaxpr)
        return self._equations

    def run(self, arrays, numbers, donate: bool):
        """Run at once, as a program of its own. `donate` lets it overwrite the operand named by `inplace`."""
        if self.host is not None and all(
            isinstance(a, np.ndarray) or next(iter(a.devices())).platform == "cpu" for a in arrays
        ):
            return self.host([np.asarray(a) for a in arrays], numbers)
        donate = donate and self.inplace is not None
        program = self.compiled.get(donate)
        if program is None:
            program = self.compiled[donate] = _donating(self) if donate else _plain(self)
        words = np.frombuffer(self._pack(*numbers), np.int64) if self._pack else None
        if donate:
            base = arrays[self.inplace]
            rest = [a for i, a in enumerate(arrays) if i != self.inplace]
            return program(base, rest, words)
        return program(arrays, words)

    def __repr__(self):
        return f"{self.name}({', '.join(map(repr, self.in_avals))})"


def _count(jaxpr) -> int:
    count = 0
    for equation in jaxpr.eqns:
        count += 1
        for param in equation.params.values():
            for inner in param if isinstance(param, (tuple, list)) else (param,):
                if hasattr(inner, "eqns"):
                    count += _count(inner)
    return count


def _plain(prim: Prim):
    return jax.jit(lambda arrays, words: prim(arrays, unpack(words, prim.number_format)), compiler_options=XLA_OPTIONS)


def _donating(prim: Prim):
    def run(base, rest, words):
        arrays = list(rest)
        arrays.insert(prim.inplace, base)
        return prim(arrays, unpack(words, prim.number_format))

    return jax.jit(run, donate_argnums=(0,), compiler_options=XLA_OPTIONS)


def unpack(words, number_format: str) -> list:
    """The run-time numbers out of the packed int64 words."""
    return [
        lax.bitcast_convert_type(words[i], jnp.float64) if letter == "d" else words[i]
        for i, letter in enumerate(number_format)
    ]
