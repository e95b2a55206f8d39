"""From a call to the engine: operands, promotion, recording, autograd. Every operation of torch passes through `apply`."""

import inspect

import jax.numpy as jnp
import numpy as np

from . import dtypes, engine, precision, promotion
from .autograd.mode import STATE
from .autograd.node import Origin, Saved, accumulator, node_class, rule_for
from .dtypes import PYTHON, dtype
from .engine import Prim
from .layout import elementwise_strides, normal
from .ops.kinds import SCALAR_NAMES
from .ops.registry import Array, Arrays, Dim, Dims, DType, Number, Op, Operand, OptionalArray, Size
from .overlap import DEPRECATED, is_expanded, refuse_shared
from .overloads import OF_NUMBERS, called, no_overload, overloads, type_name, wrong_kind
from .subclass import DisableTorchFunctionSubclass, call_torch_function, convert, deciders
from .tensor import Tensor
from .transfer import move

_prims: dict = {}
MAX_PRIMS = 16384
dtypes.Defaults.changed.append(_prims.clear)
precision.Precision.changed.append(_prims.clear)

_A, _O, _OPT, _LIST, _N, _S = range(6)
_CODES = {Array: _A, Operand: _O, OptionalArray: _OPT, Arrays: _LIST, Number: _N}
_KEEP = object()  # in a key: the parameter has its default value

# Names of C++ types as torch's checks on operands print them; its matrix functions have other ones (`ops.kinds.C_NAMES`).
CPP_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "int64": "long int", "int32": "int", "int16": "short",
    "int8": "signed char", "uint8": "unsigned char", "bool": "bool", "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
}  # fmt: skip


class Plan:
    """What dispatch needs to know of an operation's parameters, worked out once. (The engine's plans are something else: `engine/program.py`.)"""

    __slots__ = ("codes", "defaults", "names")

    def __init__(self, op: Op):
        self.codes = tuple(_CODES.get(p.kind, _S) for p in op.params)
        self.defaults = tuple(p.default for p in op.params)
        self.names = tuple(p.name for p in op.params)


_plans: dict[Op, Plan] = {}


def apply(op: Op, args: tuple, target: Tensor | None = None):
    """Apply an operation to bound arguments (one per parameter, defaults filled in).

    With `target` the result is computed for an in-place write: it must have the target's shape and is cast to its dtype.
    """
    plan = _plans.get(op)
    if plan is None:
        plan = _plans[op] = Plan(op)
    if STATE.modes and target is None and op in public_functions:
        return _torch_function(op, args, deciders(args))
    if STATE.autocast is not None and target is None:
        args = STATE.autocast(op, args)
    key, tensors, values, numbers = [op], [], [], []
    for code, arg, default in zip(plan.codes, args, plan.defaults, strict=True):
        if code <= _OPT:
            if isinstance(arg, Tensor):
                value = arg._read()
                tensors.append(arg)
                values.append(value)
                key.append(value.aval)
            elif code == _O and isinstance(arg, (bool, int, float, complex, np.generic)):
                if isinstance(arg, np.generic):
                    arg = arg.item()
                kind = arg.__class__
                if kind is complex:
                    key.append((complex, arg))
                else:
                    key.append(kind)
                    numbers.append(arg)
            elif arg is None and (code == _OPT or default is None):
                key.append(None)
            else:
                found = deciders(args) if target is None and op in public_functions else ()
                if found:
                    return _torch_function(op, args, found)
                raise _not_a_tensor(op, plan, args, arg, len(key) - 1)
        elif code == _LIST:
            if not isinstance(arg, (list, tuple)):
                given, arg = arg, _tensor_sequence(op, arg, len(key))
                args = tuple(arg if a is given else a for a in args)
            key.append(len(arg))
            for position, item in enumerate(arg):
                if not isinstance(item, Tensor):
                    found = deciders(args) if op in public_functions else ()
                    if found:
                        return _torch_function(op, args, found)
                    raise TypeError(
                        f"expected Tensor as element {position} in argument {len(key) - 2 - position}, but got {type(item).__name__}"
                    )
                value = item._read()
                tensors.append(item)
                values.append(value)
                key.append(value.aval)
        elif code == _N:
            if arg is default:
                key.append(_KEEP)
                continue
            if isinstance(arg, Tensor):
                arg = arg.item()
            elif isinstance(arg, np.generic):
                arg = arg.item()
            if arg is None:
                key.append(None)
            elif arg.__class__ is complex:
                key.append((complex, arg))
            else:
                key.append(arg.__class__)
                numbers.append(arg)
        else:
            key.append(arg)
            key.append(arg.__class__)
    if target is not None:
        key.append(target._aval)
    for tensor in tensors:
        if tensor._plain is False:
            if tensor._dispatcher is not None:
                return tensor._dispatcher.apply(op, args)
            if target is None and not STATE.plain:
                for other in tensors:
                    if other._dispatcher is not None:
                        return other._dispatcher.apply(op, args)
                return _torch_function(op, args, tensors)
    key = tuple(key)
    try:
        prim = _prims.get(key)
    except TypeError:
        prim = None
    if prim is None:
        if not values and op.name in OF_NUMBERS:
            from .creation import tensor  # which is built on this file

            return apply(op, (tensor(args[0]), *args[1:]), target)
        if any(value.__class__ is not engine.Value for value in values):
            from .sparse import table  # which is built on this file

            return table.apply(op, args, target)
        prim = _build(op, plan, key, args, target)
    place = values[0].place if values else None
    for value in values:
        if value.place is not place:
            place, values = _settle_places(op, values)
            break
    if prim.check is not None:
        prim = _check_now(prim, values, numbers)
    return apply_prim(prim, tensors, values, tuple(numbers), place, op.elementwise)


def apply_prim(prim: Prim, tensors, values, numbers, place, elementwise=False) -> list[Tensor]:
    """Record a primitive applied to tensors whose values have been read; give its visible results as tensors with history."""
    results = engine.record(prim, values, numbers, place)
    node = None
    if STATE.grad and prim.origin is not None and prim.origin.differentiable:
        for tensor in tensors:
            if tensor._requires or (tensor._base is not None and tensor._base._requires):
                node = make_node(prim, tensors, values, results, numbers, place)
                break
    strides = declared = None
    if elementwise:
        for tensor in tensors:
            if tensor._strides is not None:
                strides = elementwise_strides([t for t in tensors if t._aval.shape], results[0].aval.shape)
                break
    elif prim.origin is not None and prim.origin.layout is not None:
        declared = prim.origin.layout(tensors)
    visible = prim.visible()
    outs = []
    for value in results if visible == len(results) else results[:visible]:
        out = Tensor.__new_plain__(value, strides if declared is None else declared[len(outs)])
        if node is not None and value.aval.dtype.priority >= 2:
            out._requires, out._node = True, node
            if outs:
                out._out = len(outs)
        outs.append(out)
    if node is not None and node.rule.saves_results:
        for i, saved in enumerate(node.saved):
            if saved.counter is _LATER:  # a result: version-checked through the tensor just made
                _bind_saved(saved, outs[saved.out])
                if STATE.saved_hooks is not None:
                    node.saved[i] = STATE.saved_hooks.pack(outs[saved.out], saved)
    return outs


_LATER = object()


def make_node(prim, tensors, values, results, numbers, place, wanted=None):
    """The autograd node of a recorded primitive, with what its gradient needs saved. `wanted` says of which operands, where not of all that require gradients."""
    edges = []
    for i, tensor in enumerate(tensors):
        if wanted is not None and not wanted[i]:
            edges.append(None)
            continue
        if tensor._base is not None:
            edges.append(tensor._edge() if tensor._requires or tensor._base._requires else None)
        elif not tensor._requires:
            edges.append(None)
        elif tensor._node is not None:
            edges.append((tensor._node, tensor._out))
        else:
            edges.append((accumulator(tensor), 0))
    needs = tuple([edge is not None for edge in edges])
    rule = prim.derived.get(needs)
    if rule is None:
        rule = rule_for(prim, needs)
    saved = []
    hooks = STATE.saved_hooks
    for kind, i in rule.slots:
        item = Saved()
        if kind == "in":
            tensor = tensors[i]
            if tensor._made_in_inference:
                raise RuntimeError(INFERENCE_SAVED)
            item.value, item.counter, item.tensor_storage = values[i], tensor._counter, tensor._storage
            item.version, item.writes, item.chain = item.counter.version, item.tensor_storage.writes, tensor._chain
            item.node, item.out = tensor._node, tensor._out
            item.leaf = tensor if tensor._requires and tensor._node is None else None
            if hooks is not None:
                item = hooks.pack(tensor, item)
        else:
            item.value = results[i]
            item.out, item.leaf, item.node = i, None, None
            item.counter = _LATER if i < prim.visible() else None
        saved.append(item)
    node = prim.origin.node_class(rule, edges, saved, numbers, place)
    if STATE.anomaly:
        node.trace = inspect.stack()
    return node


INFERENCE_SAVED = (
    "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked by autograd. To work around "
    "this, you can make a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
)


def _bind_saved(item, tensor):
    # The node is not referred to from here (it would keep itself alive): backward of backward finds it as the running node.
    item.counter, item.tensor_storage, item.chain = tensor._counter, tensor._storage, tensor._chain
    item.version, item.writes = item.counter.version, item.tensor_storage.writes


def tensor_of(value, node=None, out=0, leaf=None) -> Tensor:
    """A tensor around a value, with the given place in the graph."""
    if leaf is not None:
        return leaf
    if value.__class__ is not engine.Value:
        return value.tensor(node, out)
    tensor = Tensor.__new_plain__(value)
    if node is not None and value.aval.dtype.priority >= 2:
        tensor._requires, tensor._node, tensor._out = True, node, out
    return tensor


def _build(op: Op, plan: Plan, key: tuple, args: tuple, target):
    """Make (or find, after normalising static arguments) the primitive of a call not seen before."""
    _refuse_kinds(op, plan, args)
    static_args = [
        a if code != _S else _static(a, p, args, plan) for code, a, p in zip(plan.codes, args, op.params, strict=True)
    ]
    if any(a is not b for a, b in zip(static_args, args, strict=True)):
        position, rebuilt = 1, [op]
        for code, old, new in zip(plan.codes, args, static_args, strict=True):
            if code == _S:
                rebuilt += [new, new.__class__]
                position += 2
            else:
                step = 1 + (len(old) if code == _LIST else 0)
                rebuilt += key[position : position + step]
                position += step
        key = (*rebuilt, *key[position:])
        prim = _prims.get(key)
        if prim is not None:
            return prim
        args = tuple(static_args)

    in_avals, formats, layout = [], [], []
    dimensioned, zero_dim, kinds, named = [], [], [], []
    origin = Origin()
    origin.params, origin.operand_kinds = {}, []
    position = 1
    for code, arg, name in zip(plan.codes, args, plan.names, strict=True):
        item = key[position]
        position += 1
        if code <= _OPT and isinstance(item, engine.Aval):
            layout.append(("array", len(in_avals)))
            (dimensioned if item.shape else zero_dim).append(item.dtype)
            origin.operand_kinds.append((Array, 1))
            in_avals.append(item)
            named.append(item.dtype.name)
        elif code == _LIST:
            avals = key[position : position + item]
            position += item
            layout.append(("arrays", tuple(range(len(in_avals), len(in_avals) + item))))
            for a in avals:
                (dimensioned if a.shape else zero_dim).append(a.dtype)
            origin.operand_kinds.append((Arrays, item))
            in_avals += avals
        elif code == _S:
            layout.append(("static", arg))
            position += 1
        elif item is _KEEP or item is None:
            layout.append(("static", arg if item is _KEEP else None))
            if code <= _OPT:
                origin.operand_kinds.append((Array, None))
        elif isinstance(item, tuple):
            layout.append(("static", item[1]))
            kinds.append(complex)
            if code == _O:
                origin.operand_kinds.append((Array, None))
                named.append("complex")
        else:
            layout.append(("number" if code == _O else "parameter", len(formats)))
            formats.append("d" if item is float else "q")
            if code == _O:
                kinds.append(item)
                origin.operand_kinds.append((Array, None))
                named.append(item.__name__)
        origin.params[name] = layout[-1]

    if not in_avals and _O in plan.codes:
        raise _not_a_tensor(op, plan, args, args[0], 0)
    if op.accepts_fn is not None:
        op.accepts_fn(*named)
    compute = None
    if op.promote in ("arith", "float", "compare"):
        compute = promotion.result_type(dimensioned, zero_dim, kinds)
        if op.promote == "float" and compute is not None and compute.priority < 2:
            compute = dtypes.default_dtype()
    elif op.promote == "same" and len(set(dimensioned + zero_dim)) > 1:
        a, b = [CPP_NAMES.get(d.name, d.name) for d in dict.fromkeys(dimensioned + zero_dim)][:2]
        if op.name in ("_linear_matrix", "_linear_batch"):
            a, b = [SCALAR_NAMES[d.name] for d in dict.fromkeys(dimensioned + zero_dim)][:2]
            raise RuntimeError(f"mat1 and mat2 must have the same dtype, but got {a} and {b}")
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {a} != {b}\nConvert one of them with .to(dtype)."
        )
    if any(d.is_float8 for d in dimensioned + zero_dim):
        _refuse_float8(op, dimensioned + zero_dim, origin.params)
    origin.op, origin.compute = op, compute
    origin.differentiable = op.differentiable
    keyword = {p.name for p in op.params if p.keyword_only}
    numpy_compute = compute.numpy if compute is not None else None

    def bind(arrays, numbers):
        bound, kwargs = [], {}
        for (how, what), name in zip(layout, plan.names, strict=True):
            if how == "array":
                arg = origin.promoted(arrays[what], name)
            elif how == "arrays":
                arg = [origin.promoted(arrays[i]) for i in what]
            elif how == "number":
                arg = origin.number(numbers[what], name)
            elif how == "parameter":
                arg = numbers[what]
            elif isinstance(what, complex) and numpy_compute is not None:
                arg = jnp.asarray(what, numpy_compute)
            else:
                arg = what
            if name in keyword:
                kwargs[name] = arg
            else:
                bound.append(arg)
        return bound, kwargs

    n_results = len(op.outputs) if op.outputs else None

    def fn(arrays, numbers):
        bound, kwargs = bind(arrays, numbers)
        outs = op.fn(*bound, **kwargs)
        outs = tuple(outs) if isinstance(outs, (tuple, list)) else (outs,)
        if target is not None:
            outs = (_into(op, outs[0], target._aval), *outs[1:])
        return [jnp.asarray(o) for o in outs]

    prim = Prim(
        op.name,
        fn,
        tuple(in_avals),
        "".join(formats),
        check=_bind_check(op, plan, layout) if op.check_fn else None,
        host=_bind_host(op, bind) if op.host_fn else None,
        inplace=0 if target is not None else None,
        origin=origin,
        results=_known_results(op, plan, layout, in_avals) if op.results_fn and target is None else None,
    )
    origin.visible = n_results if n_results is not None else len(prim.out_avals) - op.residuals
    origin.node_class = node_class(_label(op, origin.params))
    if op.layout_fn is not None:
        origin.layout = _bind_layout(op, origin.params, prim)
    make_room(_prims)
    _prims[key] = prim
    return prim


# What is done with floating numbers of 8 bits: they are moved (operations of these files) and little else.
_MOVING = frozenset("views shape indexing memory padding gather_scatter blocks masked random".split())
_WITH_FLOAT8 = frozenset("abs all any cat eq isnan mul ne stack where".split())


def _refuse_float8(op, kinds, params):
    moves = op.fn.__module__.rpartition(".")[2] in _MOVING
    if moves or called(op) in _WITH_FLOAT8 or params.get("dtype", ("static", None))[1] is not None:
        return
    kind = next(d for d in kinds if d.is_float8)
    raise NotImplementedError(
        f"\"{called(op)}_cpu\" not implemented for '{SCALAR_NAMES[kind.name]}'; compute in another dtype, .to(torch.float32)"
    )


def _refuse_kinds(op, plan, args):
    """torch's TypeError for a text where a number belongs, and the like."""
    for code, arg, p in zip(plan.codes, args, op.params, strict=True):
        wanted = None
        if code == _S and p.kind is inspect.Parameter.empty and op.variants:
            wanted = wrong_kind(p.default, arg)
        elif code == _N and arg is not p.default and not isinstance(arg, (int, float, complex, np.generic, Tensor)):
            wanted = "Number"
        if wanted is not None:
            raise TypeError(f"{called(op)}(): argument '{p.name}' must be {wanted}, not {type(arg).__name__}")


def make_room(table: dict) -> None:
    """Bound a table of primitives, which shapes that keep changing would fill: the oldest quarter of a full one is forgotten."""
    if len(table) >= MAX_PRIMS:
        for old in list(table)[: MAX_PRIMS // 4]:
            del table[old]


def _label(op, params):
    """The autograd node's class. Torch numbers those of overloads: a `node` that is a function is told each static value and
    of every operand whether it is an "array" or a "number"."""
    node = (
        op.node({name: what if how == "static" else how for name, (how, what) in params.items()})
        if callable(op.node)
        else op.node
    )
    return node if "Backward" in node or node == "CopySlices" else f"{node}Backward0"


def _into(op, out, aval):
    """The result of an in-place operation: the target's shape is demanded, its dtype is given."""
    if out.shape != aval.shape:
        raise RuntimeError(f"output with shape {list(aval.shape)} doesn't match the broadcast shape {list(out.shape)}")
    result = dtypes.BY_NUMPY[out.dtype]
    if not promotion.can_cast(result, aval.dtype):
        raise RuntimeError(
            f"result type {SCALAR_NAMES[result.name]} can't be cast to the desired output type {SCALAR_NAMES[aval.dtype.name]}"
        )
    if aval.dtype.is_complex and result.is_floating_point:  # magnitudes
        raise RuntimeError(f"In-place {op.name} is not supported for complex tensors.")
    return out.astype(aval.dtype.numpy)


def _known_results(op, plan, layout, in_avals):
    statics = {name: what for (how, what), name in zip(layout, plan.names, strict=True) if how == "static"}
    return op.results_fn([a.struct for a in in_avals], **statics)


def _bind_host(op, bind):
    def host(arrays, numbers):
        bound, kwargs = bind(arrays, [np.asarray(n) for n in numbers])
        outs = op.host_fn(*bound, **kwargs)
        return list(outs) if isinstance(outs, (tuple, list)) else [outs]

    return host


def _bind_layout(op, params, prim):
    """The strides of a primitive's results, given the operands; found once where they are a matter of shapes alone."""
    shapes = tuple(a.shape for a in prim.out_avals[: prim.visible()])
    known, asked = {}, {}
    for name in list(inspect.signature(op.layout_fn).parameters)[1:]:
        operand, _, what = name.rpartition("_")
        if name in params:
            known[name] = params[name][1]
        elif params[operand][0] == "arrays":
            places = params[operand][1]
            if what == "shape":
                known[name] = [prim.in_avals[i].shape for i in places]
            else:
                asked[name] = places
        elif params[operand][0] != "array":
            known[name] = None
        elif what == "shape":
            known[name] = prim.in_avals[params[operand][1]].shape
        else:
            asked[name] = params[operand][1]

    def strides(tensors):
        given = {
            name: [tensors[i].stride() for i in place] if isinstance(place, tuple) else tensors[place].stride()
            for name, place in asked.items()
        }
        found = op.layout_fn(shapes, **known, **given)
        return [None if s is None else normal(shape, s) for shape, s in zip(shapes, found, strict=True)]

    if asked:
        return strides
    fixed = strides(())
    return lambda tensors: fixed


class Check:
    """A value check bound to a primitive: called as the engine does, and before recording when its operands are known."""

    __slots__ = ("fn", "sources", "operands", "unchecked")

    def __call__(self, xp, arrays, numbers):
        kwargs = {}
        for name, (how, what) in self.sources:
            if how == "array":
                kwargs[name] = arrays[what]
            elif how == "arrays":
                kwargs[name] = [arrays[i] for i in what]
            elif how == "shape":
                kwargs[name] = arrays[what].shape if arrays[what] is not None else None
            elif how in ("number", "parameter"):
                kwargs[name] = xp.asarray(numbers[what])
            else:
                kwargs[name] = what
        return self.fn(xp, **kwargs)


def _bind_check(op, plan, layout):
    check = Check()
    check.fn, check.unchecked = op.check_fn, None
    where = dict(zip(plan.names, layout, strict=True))
    check.sources, operands = [], []
    for name in list(inspect.signature(op.check_fn).parameters)[1:]:
        if name not in where and name.endswith("_shape"):
            how, what = where[name.removesuffix("_shape")]
            check.sources.append((name, ("shape", what) if how == "array" else ("static", None)))
            continue
        check.sources.append((name, where[name]))
        if where[name][0] == "array":
            operands.append(where[name][1])
        elif where[name][0] == "arrays":
            operands += where[name][1]
    check.operands = tuple(operands)
    return check


def _check_now(prim, values, numbers):
    """Check operands that are known while recording; the primitive without check where that was possible.

    A result that a CPU program is still computing is waited for: whether it is ready by now must not decide what is recorded.
    """
    check = prim.check
    arrays = [value.aval.struct for value in values]
    for i in check.operands:
        array = values[i].array
        if array is None or values[i].traced or not (isinstance(array, np.ndarray) or values[i].place.is_cpu):
            return prim if not any(v.traced for v in values) else _unchecked(prim)
        arrays[i] = np.asarray(array)
    bad, error, message = check(np, arrays, numbers)
    if bad:
        raise error(message() if callable(message) else message)
    return _unchecked(prim)


def _unchecked(prim):
    twin = prim.check.unchecked
    if twin is None:
        twin = prim.check.unchecked = Prim(
            prim.name, prim, prim.in_avals, prim.number_format, host=prim.host, inplace=prim.inplace, origin=prim.origin
        )
    return twin


def _static(arg, param, args, plan):
    """A static argument in hashable, canonical form."""
    if param.kind in (Dim, Dims):
        return _wrap_dims(arg, param, args, plan)
    if param.kind is DType:
        arg = PYTHON.get(arg, arg)
        if isinstance(arg, dtype):
            return arg.numpy
        if arg is None or isinstance(arg, np.dtype):
            return arg
        raise TypeError(f"argument '{param.name}' must be torch.dtype, not {type(arg).__name__}")
    if param.kind is Size:
        return tuple(_as_int(n) for n in arg) if isinstance(arg, (list, tuple)) else (_as_int(arg),)
    return hashable(arg)


def hashable(arg):
    if isinstance(arg, Tensor):
        return arg.item()
    if isinstance(arg, np.generic):
        return arg.item()
    if isinstance(arg, (list, tuple)):
        made = tuple(hashable(a) for a in arg)
        return made if made != arg or type(arg) is not tuple else arg
    return arg


def _as_int(n):
    return n if type(n) is int else n.__index__()


def _wrap_dims(arg, param, args, plan):
    if arg is None:
        return None
    first = next(
        (a for code, a in zip(plan.codes, args, strict=True) if code in (_A, _O, _LIST, _OPT) and a is not None), None
    )
    if isinstance(first, (list, tuple)):
        first = next((t for t in first if t._aval.shape != (0,)), first[0] if first else None)
    ndim = len(first._aval.shape) if isinstance(first, Tensor) else 0
    if param.kind is Dim:
        return wrap_dim(arg, ndim, param.name)
    if ndim > 64:
        raise RuntimeError("only tensors with up to 64 dims are supported")
    if isinstance(arg, (list, tuple)):
        dims = tuple(wrap_dim(d, ndim) for d in arg)
        if len(set(dims)) < len(dims):
            repeated = next(d for d in dims if dims.count(d) > 1)
            raise RuntimeError(f"dim {repeated} appears multiple times in the list of dims")
        return dims
    return (wrap_dim(arg, ndim),)


def wrap_dim(dim, ndim: int, name="dim") -> int:
    """A dimension counted from the front; torch's IndexError when there is no such dimension."""
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"argument '{name}' must be int, not {type(dim).__name__}")
    dim = dim.__index__()
    extent = max(ndim, 1)
    if not -extent <= dim < extent:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-extent}, {extent - 1}], but got {dim})"
        )
    return dim % extent


def _not_a_tensor(op, plan, args, arg, position):
    signatures = overloads(op)
    if signatures:
        given = [a for a, p in zip(args, op.params, strict=True) if p.required or a is not p.default]
        return no_overload(called(op), given, signatures)
    name = plan.names[min(position, len(plan.names) - 1)]
    return TypeError(
        f"{called(op)}(): argument '{name}' (position {position + 1}) must be Tensor, not {type_name(arg)}"
    )


def _tensor_sequence(op, arg, position):
    if isinstance(arg, Tensor):
        raise TypeError(
            f"{op.name.split('.')[-1]}(): argument 'tensors' (position {position}) must be tuple of Tensors, not Tensor"
        )
    try:
        return tuple(arg)
    except TypeError:
        raise TypeError(
            f"{op.name.split('.')[-1]}(): argument 'tensors' (position {position}) must be tuple of Tensors, not {type(arg).__name__}"
        ) from None


def _settle_places(op, values):
    """One device for all operands: 0-dim CPU tensors and CPU indices follow the others; anything else is torch's error."""
    place = next((v.place for v in values if v.aval.shape or not v.place.is_cpu), values[0].place)
    indices = {"index": range(1, len(values)), "index_put": range(1, len(values) - 1)}.get(op.name, ())
    settled = []
    for position, value in enumerate(values):
        if value.place is not place:
            follows = str(value.place) == "cpu" if position in indices else not value.aval.shape and value.place.is_cpu
            if not follows:
                a, b = str(place), str(value.place)
                raise RuntimeError(
                    f"Expected all tensors to be on the same device, but found at least two devices, {a} and {b}! ({op.name}); move one with .to(device)"
                )
            value = move(value, place)
        settled.append(value)
    return place, settled


def _torch_function(op, args, tensors):
    """Let the subclasses among the operands decide; gives results as `apply` does."""
    public = public_functions.get(op)
    if public is None:
        with DisableTorchFunctionSubclass():
            results = apply(op, args)
        kind = next(type(t) for t in tensors if t._plain is False)
        return [convert(r, kind) for r in results]
    positional = [
        (p, a)
        for p, a in zip(op.params, args, strict=True)
        if not p.keyword_only and (p.required or a is not p.default)
    ]
    keywords = {p.name: a for p, a in zip(op.params, args, strict=True) if p.keyword_only and a is not p.default}
    result = call_torch_function(public, tensors, tuple(a for _, a in positional), keywords)
    several = isinstance(result, (tuple, list)) and all(isinstance(r, Tensor) for r in result)
    return list(result) if several else [result]  # what is no tensors is one result, whatever the operation has


public_functions: dict[Op, object] = {}


# In-place variants; those with `out=` are in `outs.py`


# The tensor that is written to says in which dtype these compute: sums of small integers are as small as it is.
COMPUTED_IN_GIVEN = frozenset("cumprod cumsum nansum prod sum".split())


def in_dtype(op: Op, args: tuple, dtype) -> tuple:
    """The arguments with this `dtype` where the caller named none."""
    position = next(i for i, p in enumerate(op.params) if p.name == "dtype")
    return (*args[:position], dtype, *args[position + 1 :]) if args[position] is None else args


def apply_inplace(op: Op, args: tuple) -> Tensor:
    """Compute an operation and write its (first) result into its first operand."""
    target = args[0]
    if not isinstance(target, Tensor):
        raise TypeError(f"{op.name}_(): argument 'input' (position 1) must be Tensor, not {type(target).__name__}")
    if target._dispatcher is not None:
        return target._dispatcher.apply_inplace(op, args)
    target._check_writable(op.name + "_", overlap=op.name not in DEPRECATED)
    if op.name in COMPUTED_IN_GIVEN:
        args = in_dtype(op, args, target.dtype)
    if op.name in DEPRECATED and is_expanded(target):
        from .expanded import write  # which is built on this file

        return write(op.name, *args)
    if op.elementwise:
        for other in args[1:]:
            if isinstance(other, Tensor) and other._storage is target._storage and other is not target:
                refuse_shared(target, other)
    out = apply(op, args, target)[0]
    from .views import write_through  # views are built on this file

    write_through(target, out)
    return target


# Operations over lists of tensors: an optimizer's update of all parameters of a group


def apply_inplace_lists(fn, targets: list, inputs: list, numbers: dict, statics: dict) -> None:
    """Record `fn(*targets, *inputs, **numbers, **statics)` as one operation and write its results over `targets`.

    `targets` and `inputs` are lists of lists of tensors; `fn` is a pure function of lists of arrays that gives one list per target list, `numbers` reach it as
    0-dim arrays at run time. Version counters move on, nothing is recorded for backward.
    """
    rows = [[t._read() for t in row] for row in targets]
    rows += [[t._read() for t in row] for row in inputs]
    for i, row in enumerate(rows[: len(targets)]):
        if not row[0].aval.shape and row[0] is not row[-1]:
            rows[i] = _as_one(row)
    # Tensors of one list that hold one value (the step counts of an optimizer) are computed once and go on holding one value.
    shared = tuple([len(row) > 1 and row[0] is row[-1] and row.count(row[0]) == len(row) for row in rows])
    values = [value for row, one in zip(rows, shared, strict=True) for value in (row[:1] if one else row)]
    key = (
        fn, shared, *[v.aval for v in values], *map(len, rows), len(targets), *numbers, *[n.__class__ for n in numbers.values()], *statics.items()
    )  # fmt: skip
    prim = _prims.get(key)
    if prim is None:
        prim = _prims[key] = _list_prim(fn, rows, shared, len(targets), numbers, statics)
    prim, counts = prim
    results = engine.record(prim, values, tuple(numbers.values()), values[0].place)
    first = 0
    for tensors, count in zip(targets, counts, strict=True):
        made = results[first : first + count]
        first += count
        for tensor, result in zip(tensors, made if count == len(tensors) else made * len(tensors), strict=True):
            storage = tensor._storage
            if (
                tensor._chain is None and storage.alias is None and result.array is None
            ):  # as `_write`, which is three calls
                engine.note_write(storage, storage.value, result)
                storage.value = result
                storage.writes += 1
                tensor._counter.version += 1
            else:
                tensor._write(result)


def _as_one(row):
    """Equal numbers in host memory as one value."""
    first = row[0]
    same = first.array.__class__ is np.ndarray and all(
        v.array.__class__ is np.ndarray and v.aval is first.aval and v.array == first.array for v in row
    )
    return [first] * len(row) if same else row


def _list_prim(fn, rows, shared, n_targets, numbers, statics):
    """The primitive, and how many results it has for each list of targets: one for each tensor, or one for all."""
    names = tuple(numbers)
    formats = "".join("d" if isinstance(n, float) else "q" for n in numbers.values())
    lengths = [len(row) for row in rows]
    target_avals = [[v.aval for v in row] for row in rows[:n_targets]]
    counts = []

    def update(arrays, given):
        arrays = iter(arrays)
        lists = [
            [next(arrays)] * n if one else [next(arrays) for _ in range(n)]
            for n, one in zip(lengths, shared, strict=True)
        ]
        made = fn(*lists, **dict(zip(names, given, strict=True)), **statics)
        flat = []
        for row, wanted in zip(made, target_avals, strict=True):
            distinct = row[:1] if all(a is row[0] for a in row) else row
            counts.append(len(distinct))
            flat += [a.astype(aval.dtype.numpy) for a, aval in zip(distinct, wanted, strict=False)]
        return flat

    avals = [v.aval for row, one in zip(rows, shared, strict=True) for v in (row[:1] if one else row)]
    name = getattr(fn, "__name__", "") or getattr(getattr(fn, "func", None), "__name__", "update")
    return Prim(name, update, tuple(avals), formats), counts
