"""Dimensions that a file of `torch.onnx.export` leaves open: how the user names them, and the model for all their sizes."""

import inspect

import jtorch
from jtorch.jit import sizes
from jtorch.jit.scripted import RecursiveScriptModule, ScriptFunction
from jtorch.onnx import merging


def original(called):
    """The module or function that was traced or scripted."""
    if isinstance(called, RecursiveScriptModule):
        return called._original
    return called._function if isinstance(called, ScriptFunction) else called


def arguments(args, kwargs) -> tuple:
    """`(args, kwargs)`; torch's older way to give named arguments is a dict at the end of `args`."""
    args = args if isinstance(args, tuple) else (args,)
    if args and isinstance(args[-1], dict) and not kwargs:
        return args[:-1], args[-1]
    return args, kwargs


def by_name(axes, inputs, outputs, tensors) -> list[dict[int, str]]:
    """The names of dimensions, for each tensor, of `dynamic_axes`: `{"x": {0: "batch"}}`, or `{"x": [0]}` where names are made up."""
    for name in axes:
        if name not in inputs and name not in outputs:
            raise ValueError(
                f"torch.onnx.export: dynamic_axes names {name!r}, which is none of input_names {list(inputs)} and output_names {list(outputs)}"
            )
    names: list[dict[int, str]] = []
    for number, tensor in enumerate(tensors):
        name = inputs[number] if number < len(inputs) else None
        given = axes.get(name, {})
        given = (
            given if isinstance(given, dict) else {axis: f"{name}_dynamic_axes_{i + 1}" for i, axis in enumerate(given)}
        )
        names.append(_checked(given, tuple(tensor.shape), name))
    return names


def by_argument(called, shapes, args, kwargs) -> list[dict[int, str]]:
    """The same of `dynamic_shapes`: a container like the arguments, positional or by the names of parameters."""
    args, kwargs = arguments(args, kwargs)
    target = original(called)
    target = target.forward if isinstance(target, jtorch.nn.Module) else target
    named = inspect.signature(target).bind(*args, **kwargs).arguments
    if isinstance(shapes, dict):
        unknown = set(shapes) - set(named)
        if unknown:
            raise ValueError(
                f"torch.onnx.export: dynamic_shapes names {sorted(unknown)}, the arguments are {list(named)}"
            )
        given = [shapes.get(name) for name in named]
    else:
        given = list(shapes)
        if len(given) != len(named):
            raise ValueError(f"torch.onnx.export: dynamic_shapes has {len(given)} items for {len(named)} arguments")
    made: list[dict[int, str]] = []
    for name, value, item in zip(named, named.values(), given, strict=True):
        _collect(value, item, name, made)
    return made


def _collect(value, given, name, made) -> None:
    if isinstance(value, jtorch.Tensor):
        given = dict(enumerate(given)) if isinstance(given, (list, tuple)) else dict(given or {})
        free = {axis: f"{name}_{axis}" for axis in given}
        named = {axis: _name(item, free[axis]) for axis, item in given.items()}
        made.append(_checked({axis: n for axis, n in named.items() if n}, tuple(value.shape), name))
    elif isinstance(value, (list, tuple)):
        for i, part in enumerate(value):
            _collect(part, given[i] if given else None, f"{name}_{i}", made)
    elif isinstance(value, dict):
        for key, part in value.items():
            _collect(part, given.get(key) if given else None, f"{name}_{key}", made)


def _name(item, free: str) -> str | None:
    """The name of a dimension: a text, or a `Dim`, which has one; None for a fixed one, which a number or None says."""
    if item is None or isinstance(item, int):
        return None
    if isinstance(item, str):
        return item
    name = getattr(item, "__name__", None) or getattr(item, "name", None)
    if name in ("STATIC", None):
        return None
    return free if name in ("AUTO", "DYNAMIC") else name


def _checked(given, shape, name) -> dict[int, str]:
    for axis, dimension in given.items():
        if not isinstance(axis, int) or not -len(shape) <= axis < len(shape):
            raise ValueError(
                f"torch.onnx.export: {name} has {len(shape)} dimensions, there is no {axis!r} to leave open"
            )
        if not str(dimension).isidentifier():
            raise ValueError(f"torch.onnx.export: {dimension!r} is no name for a dimension: letters, digits and _ are")
    return {axis % len(shape): str(dimension) for axis, dimension in given.items()}


def model(translate, shapes, names):
    """The `onnx.ModelProto` of `translate(shapes)`, for every size of the dimensions that have names."""
    if not any(names):
        return translate(shapes)
    open_ = list(dict.fromkeys(name for tensor in names for name in tensor.values()))
    pattern = [
        tuple(f"n{open_.index(n[axis])}" if axis in n else size for axis, size in enumerate(s))
        for s, n in zip(shapes, names, strict=True)
    ]
    places = [next((i, axis) for i, n in enumerate(names) for axis in n if n[axis] == name) for name in open_]
    try:
        models, points = sizes.sampled(
            lambda *point: translate([sizes.filled(p, point) for p in pattern]), [shapes[i][axis] for i, axis in places]
        )
        return merging.merged(models, points, open_, places, names)
    except sizes.FixedSize as error:
        where = "; ".join(
            f"dimension {a} ({n!r}) of tensor {i}" for i, tensor in enumerate(names) for a, n in tensor.items()
        )
        raise NotImplementedError(
            f"torch.onnx.export: {where} cannot be left open: {error}. Leave it out of dynamic_axes and dynamic_shapes, and export once for each size"
        ) from error
