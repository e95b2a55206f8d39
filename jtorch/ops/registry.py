"""The table of operations: one pure JAX function per torch operation, registered once.

An operation is a function of `jax.Array`s and static Python values::

    @op(promote="float", variants="function method inplace out", aliases=("special.expit",))
    def sigmoid(input: Array):
        "Logistic function 1 / (1 + exp(-input)), elementwise."
        return jax.nn.sigmoid(input)

    @sigmoid.backward
    def sigmoid_backward(grad, result):
        return grad * result * (1 - result)

The annotations say what a parameter is; everything that is not annotated with one of the markers
below is a static Python value (hashable after lists have become tuples). From the specification the layers above derive
the function, the method, the in-place and `out=` variants, the gradient and the documentation.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class Marker:
    """Kind of a parameter of an operation, used as its annotation."""

    def __init__(self, name: str, doc: str):
        self.name, self.__doc__ = name, doc

    def __repr__(self):
        return self.name


Array = Marker("Array", "a tensor")
OptionalArray = Marker("OptionalArray", "a tensor or None")
Operand = Marker("Operand", "a tensor or a Python number; a number is a run-time 0-dim array of the promoted dtype")
Arrays = Marker("Arrays", "a sequence of tensors, received as a list")
Number = Marker("Number", "a Python number at run time: a 0-dim float64/int64 array, or the untouched default value")
Dim = Marker(
    "Dim", "one dimension of the first array (or None): wrapped to 0..ndim-1 and checked before the function sees it"
)
Dims = Marker("Dims", "dimensions of the first array: a tuple of wrapped, checked ints, or None")
Size = Marker("Size", "a shape: a tuple of ints; also accepted as separate positional ints when it comes last")
DType = Marker("DType", "a torch dtype or None; the function receives the numpy dtype")

ARRAY_KINDS = (Array, OptionalArray, Operand, Arrays)

PROMOTIONS = {
    "arith": "operands take their common dtype by torch's promotion rules",
    "float": "as arith, and integers become the default float dtype",
    "compare": "operands take their common dtype; the result is bool",
    "same": "floating operands must already agree in dtype; a mismatch is torch's error",
    "none": "operands reach the function as they are",
}


@dataclass(frozen=True)
class Param:
    """One parameter of an operation."""

    name: str
    kind: Any
    default: Any
    keyword_only: bool

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


@dataclass(eq=False)
class Op:
    """Specification of an operation; `fn` is its pure JAX function.

    `residuals` counts trailing results of `fn` that callers never see and that the backward rule receives as
    `residuals`. `outputs` is None for a function that returns one array, else the fields of its result.
    """

    name: str
    fn: Callable
    promote: str
    variants: tuple[str, ...]
    aliases: tuple[str, ...]
    params: tuple[Param, ...]
    node: str
    outputs: tuple[str, ...] | None
    residuals: int
    differentiable: bool
    elementwise: bool
    wide_scalar: str | None = None
    edges: tuple[str, ...] | None = None
    backward_fn: Callable | None = None
    accepts_fn: Callable | None = None
    check_fn: Callable | None = None
    host_fn: Callable | None = None
    results_fn: Callable | None = None
    inverse_fn: Callable | None = None
    layout_fn: Callable | None = None
    doc: str = ""
    extra: dict = field(default_factory=dict)

    def backward(self, fn: Callable) -> Callable:
        """Register the gradient of this operation.

        The parameter names of `fn` say what is saved for backward: `grad` (or `grads`, a tuple, for several outputs),
        any parameters of the forward function, `NAME_shape` for the shape of one, `result` (`results` for all of several, `result1` for the second), `residuals` (a tuple), and `needs` (a static tuple of bools, one per array operand).
        It returns the gradient of the one array operand, or a tuple with one entry (or None) per array operand in order
        (an `Arrays` parameter takes one tuple entry: a list). Gradients are summed to the operand's shape and cast to its dtype by the caller.
        """
        self.backward_fn = fn
        return fn

    def accepts(self, fn: Callable) -> Callable:
        """Register a look at the operands before promotion: `fn(*kinds)` raises for what torch refuses.

        A kind is the name of a tensor's dtype, or of a Python number's type ("bool", "int", "float", "complex").
        """
        self.accepts_fn = fn
        return fn

    def check(self, fn: Callable) -> Callable:
        """Register a value check `fn(xp, *, names...) -> (bad, error class, message)`.

        Its parameters name the operands (`NAME_shape`: only the shape) and static values it looks at; `xp` is numpy or jax.numpy; `bad` is a 0-dim bool; message is a
        text or a function of the same (numpy) values.
        """
        self.check_fn = fn
        return fn

    def host(self, fn: Callable) -> Callable:
        """Register a numpy implementation, used when the operands are on the host and nothing is being compiled."""
        self.host_fn = fn
        return fn

    def results(self, fn: Callable) -> Callable:
        """Register what comes out, for an operation that numpy runs: `fn(operands, **statics)`, structs in and out, or None.

        It is then traced for XLA when a program wants it, not when it is recorded: tracing takes longer than a small draw.
        """
        self.results_fn = fn
        return fn

    def inverse(self, fn: Callable) -> Callable:
        """Register how a write through this view reaches its base: `fn(base, update, *statics) -> base`."""
        self.inverse_fn = fn
        return fn

    def layout(self, fn: Callable) -> Callable:
        """Register the memory order of results that are not contiguous: `fn(shapes, *, names...)` gives the strides of each.

        `shapes` are those of the results; None among the strides stands for contiguous. The names are those of static values, and
        `NAME_shape` and `NAME_strides` of array operands (None for one that is not given; a list for a sequence of tensors).
        """
        self.layout_fn = fn
        return fn

    def __call__(self, *args, **kwargs):
        """Apply the pure function to arrays; operations may be built from operations."""
        return self.fn(*args, **kwargs)


OPS: dict[str, Op] = {}


def op(
    name: str | None = None,
    *,
    promote: str = "arith",
    variants: str = "function method",
    aliases: tuple[str, ...] = (),
    node: str | None = None,
    outputs: tuple[str, ...] | None = None,
    residuals: int = 0,
    differentiable: bool = True,
    elementwise: bool | None = None,
    wide_scalar: str | None = None,
    edges: tuple[str, ...] | None = None,
) -> Callable[[Callable], Op]:
    """Register a pure JAX function as the operation `name` (the function's own name by default).

    `name` and `aliases` may be dotted: `linalg.norm` appears in `jtorch.linalg`; a plain name in `jtorch` itself. `variants` lists which of
    function, method, inplace, out exist. `node` is the class of the autograd node without `Backward0` (`Addmm`). `elementwise` says that the
    result takes the memory format of the operands; by default true for the promoting categories. `wide_scalar` names the operand that is not
    rounded to a 16-bit common dtype where it is a number or a 0-dim tensor of another dtype: it arrives in float32.
    `edges` names the operands in the order in which torch's node shows them, where that is another; `weight.T` is one that torch transposes first.
    """
    if promote not in PROMOTIONS:
        raise ValueError(f"unknown promotion category {promote!r}; one of {', '.join(PROMOTIONS)}")

    def register(fn: Callable) -> Op:
        op_name = name or fn.__name__
        params = _parameters(fn)
        node_name = node or "".join(part[:1].upper() + part[1:] for part in op_name.split(".")[-1].split("_"))
        spec = Op(
            name=op_name,
            fn=fn,
            promote=promote,
            variants=tuple(variants.split()),
            aliases=tuple(aliases),
            params=params,
            node=node_name,
            outputs=outputs,
            residuals=residuals,
            differentiable=differentiable,
            elementwise=promote in ("arith", "float", "compare") if elementwise is None else elementwise,
            wide_scalar=wide_scalar,
            edges=edges,
            doc=fn.__doc__ or "",
        )
        for known in (op_name, *spec.aliases):
            if known in OPS:
                raise ValueError(f"operation {known!r} is registered twice")
            OPS[known] = spec
        return spec

    return register


def _parameters(fn: Callable) -> tuple[Param, ...]:
    """What `inspect.signature` says, in a tenth of its time: there are hundreds of operations to import."""
    code = getattr(fn, "__code__", None)
    if code is None or hasattr(fn, "__wrapped__") or code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        found = inspect.signature(fn).parameters.values()
        return tuple(Param(p.name, p.annotation, p.default, p.kind is inspect.Parameter.KEYWORD_ONLY) for p in found)
    positional, empty = code.co_argcount, inspect.Parameter.empty
    names = code.co_varnames[: positional + code.co_kwonlyargcount]
    defaults = dict(fn.__kwdefaults__ or {})
    given = fn.__defaults__ or ()
    defaults.update(zip(names[positional - len(given) : positional], given, strict=True))
    kinds = fn.__annotations__
    return tuple(Param(n, kinds.get(n, empty), defaults.get(n, empty), i >= positional) for i, n in enumerate(names))
