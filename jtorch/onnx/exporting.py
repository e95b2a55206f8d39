"""`torch.onnx.export`: the jaxpr of a module, translated by jax2onnx."""

import contextlib
import io
import logging
import os

import jax

import jtorch
from jtorch.jit import structure
from jtorch.jit.scripted import refuse_looks
from jtorch.onnx import dynamic

OPSET = 18


class OnnxExporterError(RuntimeError):
    """An export that failed."""


def is_in_onnx_export() -> bool:
    """False: an export records what a module computes otherwise, too."""
    return False


def export(model, args=(), f=None, *, kwargs=None, verbose=None, input_names=None, output_names=None, opset_version=None, dynamo=True, dynamic_axes=None, dynamic_shapes=None, export_params=True, **options):  # fmt: skip
    """Write what a module computes, in evaluation mode, as an ONNX model with its parameters inside.

    `args` is a tensor or a tuple of arguments, `f` a path or a file object, or None: the `onnx.ModelProto` is returned. Tensors become inputs, other
    arguments constants. Sizes are those of `args`, but for the dimensions named by `dynamic_axes` (`{"image": {0: "batch"}}` or `{"image": [0]}`) or by
    `dynamic_shapes` (a tuple like the arguments, or a dict by their names, of dicts or lists of names, with None for what is fixed): NotImplementedError
    where the module's Python is not the same for every size of them. Needs `pip install 'jtorch-jax[onnx]'`; further options of torch's exporters change
    nothing here.

        torch.onnx.export(model, torch.randn(1, 3, 224, 224), "model.onnx", input_names=["image"], dynamic_axes={"image": {0: "batch"}})
    """
    if not export_params:
        raise NotImplementedError(
            "torch.onnx.export: export_params=False is not there: parameters are part of the file"
        )
    trace, tensors = _traced(model, args, kwargs or {})
    if dynamic_shapes:
        names = dynamic.by_argument(model, dynamic_shapes, args, kwargs or {})
    else:
        names = dynamic.by_name(dynamic_axes or {}, input_names or [], output_names or [], tensors)

    def translate(shapes):
        structs = [jax.ShapeDtypeStruct(s, t.dtype.numpy) for s, t in zip(shapes, tensors, strict=True)]
        return _translated(trace(shapes), structs, opset_version or OPSET, input_names, output_names)

    proto = dynamic.model(translate, [tuple(t.shape) for t in tensors], names)
    if isinstance(f, (str, os.PathLike)):
        with open(f, "wb") as file:
            file.write(proto.SerializeToString())
    elif f is not None:
        f.write(proto.SerializeToString())
    return proto if f is None else None


def _traced(model, args, kwargs):
    """`(trace, tensors)`: the model's jaxpr for tensors of some shapes, and the tensors among the arguments."""
    args, kwargs = dynamic.arguments(args, kwargs)
    tree, tensors = structure.encode([args, kwargs])
    model = dynamic.original(model)
    is_module = isinstance(model, jtorch.nn.Module)
    function, state = jtorch.to_jax(model) if is_module else (jtorch.to_jax(model), None)

    def call(*arrays):
        args, kwargs = structure.decode(tree, arrays)
        return jax.tree.leaves(function(state, *args, **kwargs) if is_module else function(*args, **kwargs))

    def trace(shapes):
        modes = [(module, module.training) for module in model.modules()] if is_module else []
        structs = [jax.ShapeDtypeStruct(s, t.dtype.numpy) for s, t in zip(shapes, tensors, strict=True)]
        try:
            if is_module:
                model.eval()
            with jax.enable_x64(True), refuse_looks("torch.onnx.export"):
                return jax.make_jaxpr(call)(*structs)
        finally:
            for module, training in modes:
                module.training = training

    return trace, tensors


def _translated(program, structs, opset, input_names, output_names):
    try:
        from jax.extend.core import jaxpr_as_fun

        with _quiet():
            import jax2onnx
    except ImportError as error:
        raise ImportError(f"torch.onnx.export needs jax2onnx ({error}): pip install 'jtorch-jax[onnx]'") from error
    function = jaxpr_as_fun(program)
    # jax2onnx replaces functions of jax.numpy while it traces: what it is given is traced already, so that it sees primitives.
    try:
        with jax.enable_x64(True), _quiet():
            return jax2onnx.to_onnx(
                lambda *arrays: function(*arrays), structs, opset=opset, model_name="jtorch",
                enable_double_precision=any(s.dtype == "float64" for s in structs), input_names=input_names, output_names=output_names,
            )  # fmt: skip
    except Exception as error:  # whatever its converters meet
        raise OnnxExporterError(f"Failed to export the model to ONNX: {type(error).__name__}: {error}") from error


@contextlib.contextmanager
def _quiet():
    """Keep the reports of jax2onnx on its own plugins to itself."""
    loggers = [logging.getLogger(name) for name in ("jax2onnx", "onnx_ir")]
    before = [logger.level for logger in loggers]
    import warnings

    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
